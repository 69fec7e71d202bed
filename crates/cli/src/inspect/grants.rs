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

/// What an interface of WASI 0.2 may need.
pub(super) fn of_interface(name: &str) -> Option<&'static str> {
    let (base, _) = name.split_once('@').unwrap_or((name, ""));
    match base {
        "wasi:cli/environment" => Some(ENV),
        "wasi:filesystem/preopens" => Some(DIR),
        "wasi:sockets/tcp-create-socket" => Some(TCP),
        "wasi:sockets/udp-create-socket" => Some(UDP),
        "wasi:sockets/ip-name-lookup" => Some(RESOLVE),
        "wasi:http/outgoing-handler" => Some(HTTP),
        _ => None,
    }
}
