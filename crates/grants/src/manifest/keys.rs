//! The words of `[grants]` and `[limits]`: those of the command line.

use super::Key;
use crate::check::mount_error;
use crate::units::{format_bytes, format_duration, parse_address, parse_bytes, parse_timeout};
use crate::{
    AddressRule, DirGrant, EnvGrant, FileGrant, ImageGrant, LimitSettings, MemoryGrant,
    NetworkRules, Settings, StreamGrant,
};
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

/// The keys of `[grants]`.
#[must_use]
pub fn grants() -> Vec<Key<Settings>> {
    let mut keys = files();
    keys.extend(environment());
    keys.extend(network());
    keys.extend(determinism());
    keys
}

fn files() -> Vec<Key<Settings>> {
    vec![
        Key::list(
            "dir",
            |settings: &mut Settings, text, folder| {
                let dir: DirGrant = parse(text)?;
                not_mounted(settings, &dir.guest, false)?;
                settings.dirs.push(dir.rooted(folder));
                Ok(())
            },
            |settings| texts(&settings.dirs),
        )
        .about(
            "HOST[::GUEST][::MODE]",
            "Folders; MODE is ro, rw or overlay, and limits: bytes=1G, files=1000.",
        ),
        Key::list(
            "image",
            |settings: &mut Settings, text, folder| {
                let image: ImageGrant = parse(text)?;
                not_mounted(settings, &image.guest, false)?;
                settings.images.push(image.rooted(folder));
                Ok(())
            },
            |settings| texts(&settings.images),
        )
        .about("FILE::GUEST", "Tar or zip files as folders to read."),
        Key::list(
            "mem",
            |settings: &mut Settings, text, _| {
                let memory: MemoryGrant = parse(text)?;
                not_mounted(settings, &memory.guest, false)?;
                settings.memories.push(memory);
                Ok(())
            },
            |settings| texts(&settings.memories),
        )
        .about("GUEST[::LIMITS]", "Empty folders in memory."),
        Key::list(
            "file",
            |settings: &mut Settings, text, folder| {
                let file: FileGrant = parse(text)?;
                not_mounted(settings, &file.guest, true)?;
                settings.files.push(file.rooted(folder));
                Ok(())
            },
            |settings| texts(&settings.files),
        )
        .about("HOST[::GUEST][::ro]", "Single files."),
    ]
}

/// Where a mount can not be, or what is there already.
fn not_mounted(settings: &Settings, guest: &str, is_file: bool) -> Result<(), String> {
    // What is there was found to be right.
    let Ok(mut paths) = settings.mount_paths() else { return Ok(()) };
    let added = if is_file { paths.file(guest) } else { paths.dir(guest) };
    added.map_err(|error| mount_error(guest, error).to_string())
}

fn environment() -> Vec<Key<Settings>> {
    vec![
        Key::list(
            "args",
            |settings: &mut Settings, text, _| {
                settings.args.push(text.to_owned());
                Ok(())
            },
            |settings| settings.args.clone(),
        )
        .about("ARG", "Arguments, before those of the command line."),
        Key::list(
            "env",
            |settings: &mut Settings, text, _| {
                let variable: EnvGrant = parse(text)?;
                if settings.env.iter().any(|other| other.name() == variable.name()) {
                    return Err(format!("the variable {:?} is there already", variable.name()));
                }
                settings.env.push(variable);
                Ok(())
            },
            |settings| texts(&settings.env),
        )
        .about("NAME[=VALUE]", "Variables, set or inherited from the host."),
        flag("inherit-env", |settings| &mut settings.inherit_env)
            .about("", "All variables of the host."),
        stream("stdin", |settings| &mut settings.stdin).about(STREAM, "Standard input."),
        stream("stdout", |settings| &mut settings.stdout).about(STREAM, "Standard output."),
        stream("stderr", |settings| &mut settings.stderr).about(STREAM, "Standard error."),
    ]
}

const STREAM: &str = "inherit, null or file:PATH";

fn network() -> Vec<Key<Settings>> {
    vec![
        Key::list(
            "allow-http",
            |settings: &mut Settings, text, _| {
                add(&mut settings.http, parse(text)?)?;
                in_vain(settings)
            },
            |settings| texts(&settings.http),
        )
        .about("HOST[:PORT]", "Hosts that may be sent HTTP requests; * is every host."),
        Key::list(
            "tls-ca",
            |settings: &mut Settings, text, folder| {
                settings.tls_ca.push(folder.join(text));
                Ok(())
            },
            |settings| settings.tls_ca.iter().map(|path| path.display().to_string()).collect(),
        )
        .about("FILE", "Certificates of authorities to trust besides the system's."),
        Key::list(
            "allow-outbound",
            |settings: &mut Settings, text, _| {
                let rule: AddressRule = parse(text)?;
                add(&mut settings.outbound, rule)?;
                in_vain(settings)
            },
            |settings| texts(&settings.outbound),
        )
        .about("tcp://HOST:PORTS", "Addresses to connect and send to; https://HOST for requests."),
        Key::list(
            "deny-outbound",
            |settings: &mut Settings, text, _| {
                let rule: AddressRule = parse(text)?;
                let checked = NetworkRules::default().deny_outbound(rule.clone());
                checked.map_err(|error| error.to_string())?;
                add(&mut settings.deny_outbound, rule)?;
                in_vain(settings)
            },
            |settings| texts(&settings.deny_outbound),
        )
        .about("tcp://HOST:PORTS", "What is denied of that, whatever allows it."),
        flag("public-only", |settings| &mut settings.public_only)
            .about("", "Addresses that are not in the Internet have to be named."),
        Key::list(
            "allow-inbound",
            |settings: &mut Settings, text, _| {
                let rule: AddressRule = parse(text)?;
                let checked = NetworkRules::default().allow_inbound(rule.clone());
                checked.map_err(|error| error.to_string())?;
                add(&mut settings.inbound, rule)
            },
            |settings| texts(&settings.inbound),
        )
        .about("tcp://HOST:PORTS", "Addresses of this machine to listen and receive at."),
        list("allow-resolve", |settings| &mut settings.resolve)
            .about("NAME", "Names that may be looked up, *.NAME for all below one."),
        Key::list(
            "tcp-listen",
            |settings: &mut Settings, text, _| add(&mut settings.listeners, parse_address(text)?),
            |settings| texts(&settings.listeners),
        )
        .about("ADDR:PORT", "Addresses of listeners that are open from the start."),
    ]
}

fn determinism() -> Vec<Key<Settings>> {
    vec![
        value("clock", |settings| &mut settings.clock)
            .about("real, fixed:TIME, offset:DURATION or coarse:DURATION", "What clocks show."),
        value("random", |settings| &mut settings.random)
            .about("secure or seed:N", "Where random numbers come from."),
        flag("deterministic", |settings| &mut settings.deterministic).about(
            "",
            "Nothing that differs from run to run: simulated time, random numbers from a seed, \
             sorted folders, no network.",
        ),
    ]
}

/// The keys of `[limits]`.
#[must_use]
pub fn limits() -> Vec<Key<Settings>> {
    vec![
        time("timeout", |limits| &mut limits.timeout)
            .about("10s", "Wall-clock time until the program is ended."),
        number("fuel", |limits| &mut limits.fuel).about("", "Fuel, roughly instructions."),
        size("max-memory", |limits| &mut limits.memory)
            .about("64M", "Bytes of its memories; 4 GiB without."),
        number("max-table-elements", |limits| &mut limits.table_elements)
            .about("", "Elements of its tables; 1,000,000 without."),
        number("max-instances", |limits| &mut limits.instances)
            .about("", "Instances of modules; 10,000 without."),
        number("max-handles", |limits| &mut limits.handles).about(
            "",
            "Descriptors, and other handles of each kind, open at once; 65,536 without.",
        ),
        size("max-buffers", |limits| &mut limits.buffers)
            .about("1M", "Bytes that the host holds for one call; 64 MiB without."),
        number("max-sockets", |limits| &mut limits.sockets)
            .about("", "Connections and other sockets open at once; 65,536 without."),
        size("max-bytes-in", |limits| &mut limits.bytes_in)
            .about("1G", "Bytes received from the network."),
        size("max-bytes-out", |limits| &mut limits.bytes_out)
            .about("1G", "Bytes sent to the network."),
    ]
}

// Settings are written seldom: a copy of them is cheaper than a second accessor for each key.

fn list<V>(name: &'static str, place: fn(&mut Settings) -> &mut Vec<V>) -> Key<Settings>
where
    V: FromStr<Err: Display> + Display + PartialEq + 'static,
{
    Key::list(
        name,
        move |settings, text, _| add(place(settings), parse(text)?),
        move |settings| texts(place(&mut settings.clone())),
    )
}

fn flag(name: &'static str, place: fn(&mut Settings) -> &mut bool) -> Key<Settings> {
    Key::flag(
        name,
        move |settings, on| *place(settings) = on,
        move |settings| place(&mut settings.clone()).then_some(true),
    )
}

fn value<V>(name: &'static str, place: fn(&mut Settings) -> &mut Option<V>) -> Key<Settings>
where
    V: FromStr<Err: Display> + Display + 'static,
{
    Key::value(
        name,
        move |settings, value| *place(settings) = Some(value),
        move |settings| place(&mut settings.clone()).take(),
    )
}

fn stream(
    name: &'static str,
    place: fn(&mut Settings) -> &mut Option<StreamGrant>,
) -> Key<Settings> {
    Key::text(
        name,
        move |settings, text, folder| {
            *place(settings) = Some(parse::<StreamGrant>(text)?.rooted(folder));
            Ok(())
        },
        move |settings| place(&mut settings.clone()).as_ref().map(StreamGrant::to_string),
    )
}

fn time(
    name: &'static str,
    place: fn(&mut LimitSettings) -> &mut Option<Duration>,
) -> Key<Settings> {
    Key::amount(
        name,
        parse_timeout,
        |time| format_duration(*time),
        move |settings: &mut Settings, time| *place(&mut settings.limits) = Some(time),
        move |settings| *place(&mut settings.limits.clone()),
    )
}

fn size(name: &'static str, place: fn(&mut LimitSettings) -> &mut Option<u64>) -> Key<Settings> {
    Key::amount(
        name,
        parse_bytes,
        |bytes| format_bytes(*bytes),
        move |settings: &mut Settings, bytes| *place(&mut settings.limits) = Some(bytes),
        move |settings| *place(&mut settings.limits.clone()),
    )
}

fn number(name: &'static str, place: fn(&mut LimitSettings) -> &mut Option<u64>) -> Key<Settings> {
    Key::number(
        name,
        0,
        move |settings: &mut Settings, number| *place(&mut settings.limits) = Some(number),
        move |settings| *place(&mut settings.limits.clone()),
    )
}

fn in_vain(settings: &Settings) -> Result<(), String> {
    settings.allowed_in_vain().map_or(Ok(()), Err)
}

fn add<V: PartialEq + Display>(list: &mut Vec<V>, value: V) -> Result<(), String> {
    if list.contains(&value) {
        return Err(format!("{:?} is there already", value.to_string()));
    }
    list.push(value);
    Ok(())
}

fn parse<V: FromStr<Err: Display>>(text: &str) -> Result<V, String> {
    text.parse().map_err(|error: V::Err| error.to_string())
}

fn texts<V: Display>(list: &[V]) -> Vec<String> {
    list.iter().map(V::to_string).collect()
}
