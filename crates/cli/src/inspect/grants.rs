//! Which of the command's options give what a program imports.

const DIR: &str = "--dir HOST::GUEST   it opens files and folders";
const ENV: &str = "--env NAME=VALUE    it reads environment variables";
const LISTEN: &str = "--tcp-listen ADDR   it accepts connections on a listener that it is given";
const TCP: &str =
    "--allow-outbound, --allow-inbound tcp://HOST:PORTS   it connects, or accepts connections";
const UDP: &str =
    "--allow-outbound, --allow-inbound udp://HOST:PORTS   it sends datagrams, or receives them";
const HTTP: &str = "--allow-http HOST   it sends HTTP requests";
const RESOLVE: &str = "--allow-resolve NAME   it looks up names of hosts";

/// What a function of WASI 0.1 may need.
pub(super) fn of_function(name: &str) -> Option<&'static str> {
    match name {
        "environ_get" => Some(ENV),
        "sock_accept" => Some(LISTEN),
        name if name.starts_with("path_") || name.starts_with("fd_prestat") => Some(DIR),
        _ => None,
    }
}

/// What an interface of WASI 0.2 may need, of which these functions are imported.
pub(super) fn of_interface<'a>(
    name: &str,
    mut functions: impl Iterator<Item = &'a str>,
) -> Option<&'static str> {
    let (base, _) = name.split_once('@').unwrap_or((name, ""));
    match base {
        // Its other functions tell the program's arguments and its folder.
        "wasi:cli/environment" => functions.any(|name| name == "get-environment").then_some(ENV),
        // What is open was given by whoever opened it: it is paths that lead to files.
        "wasi:filesystem/types" => functions.any(is_about_paths).then_some(DIR),
        "wasi:sockets/tcp-create-socket" => Some(TCP),
        "wasi:sockets/udp-create-socket" => Some(UDP),
        "wasi:sockets/ip-name-lookup" => Some(RESOLVE),
        "wasi:http/outgoing-handler" => Some(HTTP),
        _ => None,
    }
}

/// Whether it takes paths, or finds them.
fn is_about_paths(function: &str) -> bool {
    function.ends_with("-at") || function == "[method]descriptor.read-directory"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_imported_of_an_interface_decides() {
        let of = |name, functions: &[&'static str]| of_interface(name, functions.iter().copied());
        let environment = "wasi:cli/environment@0.2.3";
        assert_eq!(of(environment, &["get-arguments", "get-environment"]), Some(ENV));
        assert_eq!(of(environment, &["get-arguments", "initial-cwd"]), None);
        let files = "wasi:filesystem/types@0.2.0";
        assert_eq!(of(files, &["[method]descriptor.stat", "filesystem-error-code"]), None);
        assert_eq!(of(files, &["[method]descriptor.open-at"]), Some(DIR));
        assert_eq!(of(files, &["[method]descriptor.read-directory"]), Some(DIR));
        assert_eq!(of("wasi:filesystem/preopens@0.2.0", &["get-directories"]), None);
        assert_eq!(of("wasi:http/outgoing-handler@0.2.4", &["handle"]), Some(HTTP));
        assert_eq!(of("my:own/environment", &["get-environment"]), None);
    }
}
