//! What settings mean, in plain sentences.

use crate::units::{format_bytes, format_duration};
use crate::{
    Access, ClockGrant, DirGrant, EnvGrant, LimitSettings, MemoryGrant, MountLimits, RandomGrant,
    Settings, Stream, StreamGrant,
};
use std::fmt::Display;
use std::path::Path;
use wayleave_system::stdio::printable;

impl Settings {
    /// What a program may do that is given this, in plain sentences: first what it is given, then
    /// what it may use. What is not there it does not have.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut said = files(self);
        said.extend(streams(self));
        said.extend(environment(self));
        said.extend(network(self));
        said.extend(determinism(self));
        said.extend(limits(&self.limits));
        // A name must not look like a sentence, nor hide one.
        let line = |sentence: String| printable(&sentence.replace('\n', "\\n")).into_owned();
        said.into_iter().map(line).collect()
    }
}

fn files(settings: &Settings) -> Vec<String> {
    let mut said: Vec<String> = settings.dirs.iter().map(folder).collect();
    said.extend(settings.images.iter().map(|image| {
        format!("It may read what is in {}, as {}.", image.file.display(), image.guest)
    }));
    said.extend(settings.memories.iter().map(|memory| {
        let size = bytes(memory.limits.bytes.unwrap_or(MemoryGrant::DEFAULT_BYTES));
        let rest = limited(&MountLimits { bytes: None, ..memory.limits });
        format!("It has an empty folder in memory for {size}, as {}{rest}.", memory.guest)
    }));
    said.extend(settings.files.iter().map(|file| {
        let what = if file.read_only { "read" } else { "read and write" };
        format!("It may {what} the file {}{}.", file.host.display(), named(&file.host, &file.guest))
    }));
    if said.is_empty() {
        said.push("It has no files.".to_owned());
    }
    said
}

fn folder(dir: &DirGrant) -> String {
    let (what, kept) = match &dir.access {
        Access::ReadOnly => ("read files", String::new()),
        Access::ReadWrite => ("read and write files", String::new()),
        Access::Overlay => ("read and write files", "; what it changes is in memory only".into()),
        Access::OverlayIn(upper) => {
            ("read and write files", format!("; what it changes goes to {}", upper.display()))
        }
    };
    let named = named(&dir.host, &dir.guest);
    format!("It may {what} below {}{named}{kept}{}.", dir.host.display(), limited(&dir.limits))
}

/// Where the guest finds it, unless that is said already.
fn named(host: &Path, guest: &str) -> String {
    if host == Path::new(guest) { String::new() } else { format!(", as {guest}") }
}

fn limited(limits: &MountLimits) -> String {
    let mut said = Vec::new();
    said.extend(limits.bytes.map(|size| format!("{} more", bytes(size))));
    said.extend(limits.files.map(|files| format!("{files} more files")));
    said.extend(limits.file_size.map(|size| format!("{} in a file", bytes(size))));
    said.extend(limits.open.map(|open| format!("{open} open at a time")));
    if said.is_empty() { String::new() } else { format!("; at most {}", said.join(", ")) }
}

fn streams(settings: &Settings) -> Vec<String> {
    let sentence = |(stream, grant): (Stream, &Option<StreamGrant>)| match (stream, grant) {
        (Stream::Stdin, Some(StreamGrant::Inherit)) => "It reads the host's standard input.".into(),
        (Stream::Stdin, Some(StreamGrant::File(path))) => {
            format!("Its standard input is the file {}.", path.display())
        }
        (Stream::Stdin, _) => "Its standard input is empty.".into(),
        (_, Some(StreamGrant::Inherit)) => format!("It writes to the host's {}.", name(stream)),
        (_, Some(StreamGrant::File(path))) => {
            format!("Its {} goes to the file {}, which is made anew.", name(stream), path.display())
        }
        (_, _) => format!("Its {} vanishes.", name(stream)),
    };
    let all = [
        (Stream::Stdin, &settings.stdin),
        (Stream::Stdout, &settings.stdout),
        (Stream::Stderr, &settings.stderr),
    ];
    all.into_iter().map(sentence).collect()
}

fn name(stream: Stream) -> &'static str {
    match stream {
        Stream::Stdin => "standard input",
        Stream::Stdout => "standard output",
        Stream::Stderr => "standard error",
    }
}

fn environment(settings: &Settings) -> Vec<String> {
    let mut said = Vec::new();
    if !settings.args.is_empty() {
        let args: Vec<_> = settings.args.iter().map(|arg| format!("{arg:?}")).collect();
        said.push(format!("Its arguments are {}.", join(&args)));
    }
    if settings.inherit_env {
        said.push("It sees all variables of the host.".to_owned());
    }
    // Values may be secret, and who asked for them knows them.
    let (mut set, mut inherited) = (Vec::new(), Vec::new());
    for (index, variable) in settings.env.iter().enumerate() {
        let later = &settings.env[index + 1..];
        if later.iter().any(|other| other.name() == variable.name()) {
            continue;
        }
        match variable {
            EnvGrant::Set { name, .. } => set.push(name),
            EnvGrant::Inherit { name } => inherited.push(name),
        }
    }
    if !set.is_empty() {
        said.push(format!("It sees {}, as set for it.", variables("the", &set)));
    }
    if !inherited.is_empty() {
        said.push(format!("It sees {}.", variables("the host's", &inherited)));
    }
    if settings.env.is_empty() && !settings.inherit_env {
        said.push("It sees no variables.".to_owned());
    }
    said
}

fn variables(whose: &str, names: &[&String]) -> String {
    let word = if names.len() == 1 { "variable" } else { "variables" };
    format!("{whose} {word} {}", join(names))
}

fn network(settings: &Settings) -> Vec<String> {
    let mut said = Vec::new();
    let mut list = |texts: Vec<String>, sentence: &dyn Fn(String) -> String| {
        if !texts.is_empty() {
            said.push(sentence(join(&texts)));
        }
    };
    list(texts(&settings.http), &|hosts| format!("It may send HTTP requests to {hosts}."));
    list(texts(&settings.outbound), &|rules| format!("It may connect and send to {rules}."));
    list(texts(&settings.deny_outbound), &|rules| format!("It may never reach {rules}."));
    list(texts(&settings.inbound), &|rules| format!("It may listen and receive at {rules}."));
    list(texts(&settings.resolve), &|names| format!("It may look up {names}."));
    list(texts(&settings.listeners), &|at| format!("It finds listeners open at {at}."));
    if said.is_empty() {
        return vec!["It reaches nothing in the network.".to_owned()];
    }
    if settings.limits.sockets == Some(0) {
        said.push("It reaches none of it, as it may have no connections (`max-sockets`).".into());
    }
    if settings.public_only {
        said.push(
            "Of addresses that are not in the Internet it reaches those that are named.".into(),
        );
    }
    said
}

fn determinism(settings: &Settings) -> Vec<String> {
    let (clock, random) = (&settings.clock, &settings.random);
    if settings.deterministic {
        let start = match clock {
            Some(ClockGrant::Fixed(start)) => *start,
            _ => Settings::FIRST_MOMENT,
        };
        let seed = match random {
            Some(RandomGrant::Seed(seed)) => *seed,
            _ => 0,
        };
        return vec![
            format!("Its time begins at {start} and passes as it looks at it, or waits."),
            format!("Its random numbers follow from the seed {seed}."),
            "Its folders are sorted, and files show no times or numbers of the host.".to_owned(),
        ];
    }
    let clock = match clock {
        None | Some(ClockGrant::Real) => "It reads the host's clocks.".to_owned(),
        Some(ClockGrant::Fixed(moment)) => {
            format!("The time of day is always {moment}; other clocks are the host's.")
        }
        Some(ClockGrant::Offset(nanoseconds)) => {
            let by = std::time::Duration::from_nanos(nanoseconds.unsigned_abs());
            let way = if *nanoseconds < 0 { "behind" } else { "ahead of" };
            format!("Its time of day is {} {way} the host's.", format_duration(by))
        }
        Some(ClockGrant::Coarse(step)) => {
            format!("It reads the host's clocks in steps of {}.", format_duration(*step))
        }
    };
    let random = match random {
        None | Some(RandomGrant::Secure) => "Its random numbers are the system's.".to_owned(),
        Some(RandomGrant::Seed(seed)) => {
            format!("Its random numbers follow from the seed {seed}, and are no secret.")
        }
    };
    vec![clock, random]
}

fn limits(asked: &LimitSettings) -> Vec<String> {
    let limits = asked.limits();
    let mut said = vec![match limits.timeout {
        Some(time) => format!("It is ended after {}.", format_duration(time)),
        None => "It may run for as long as it likes.".to_owned(),
    }];
    if let Some(fuel) = limits.fuel {
        said.push(format!("It is ended when it has used {fuel} units of fuel."));
    }
    said.push(format!("It may use {} of memory.", bytes(limits.memory_bytes as u64)));
    // The others are seldom met: told when they were asked for.
    for (number, what) in [
        (asked.table_elements, "elements in tables"),
        (asked.instances, "instances"),
        (asked.handles, "handles of each kind open at once"),
        (asked.sockets, "connections and other sockets open at once"),
    ] {
        said.extend(number.map(|number| format!("It may have {number} {what}.")));
    }
    let held = asked.buffers.map(bytes);
    said.extend(held.map(|held| format!("The host may hold {held} for one of its calls.")));
    for (number, what) in [(asked.bytes_in, "receive"), (asked.bytes_out, "send")] {
        said.extend(number.map(|number| format!("It may {what} {} in all.", bytes(number))));
    }
    said
}

/// As units are called where there is room for it.
fn bytes(bytes: u64) -> String {
    let text = format_bytes(bytes);
    match text.split_at(text.len() - 1) {
        (number, unit @ ("K" | "M" | "G" | "T")) => format!("{number} {unit}iB"),
        _ => format!("{text} bytes"),
    }
}

fn texts<V: Display>(list: &[V]) -> Vec<String> {
    list.iter().map(V::to_string).collect()
}

/// `a`, `a and b`, `a, b and c`.
fn join<V: AsRef<str>>(texts: &[V]) -> String {
    let texts: Vec<_> = texts.iter().map(AsRef::as_ref).collect();
    match texts.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_is_a_sentence_or_hides_one() {
        let mut settings = Settings::default();
        let guest = "/a.\nIt has no files.\x1b[1A\x1b[2K\u{202e}";
        settings.dirs.push(DirGrant::new("/home", guest, Access::ReadWrite));
        let said = settings.sentences();
        let expected = r"It may read and write files below /home, as /a.\nIt has no files.\u{1b}[1A\u{1b}[2K\u{202e}.";
        assert_eq!(said[0], expected);
    }

    #[test]
    fn a_network_without_sockets_is_none() {
        let mut settings = Settings::default();
        settings.limits.sockets = Some(0);
        assert_eq!(network(&settings), ["It reaches nothing in the network."]);
        settings.outbound.push("tcp://a:1".parse().unwrap());
        let said = network(&settings);
        assert!(said.len() == 2 && said[1].starts_with("It reaches none of it"), "{said:?}");
    }

    #[test]
    fn every_kind_of_mount_is_told() {
        let mut settings = Settings::default();
        assert_eq!(files(&settings), ["It has no files."]);
        settings.dirs = ["a::ro", "b::/b::open=3", "c::/c::overlay", "d::/d::overlay=up,files=2"]
            .map(|text| text.parse().unwrap())
            .into();
        settings.images.push("i.tar::/i".parse().unwrap());
        settings.memories.push("/tmp::bytes=1M,file-size=1K".parse().unwrap());
        settings.files.push("f::/f::ro".parse().unwrap());
        settings.files.push("g".parse().unwrap());
        assert_eq!(
            files(&settings),
            [
                "It may read files below a.",
                "It may read and write files below b, as /b; at most 3 open at a time.",
                "It may read and write files below c, as /c; what it changes is in memory only.",
                "It may read and write files below d, as /d; what it changes goes to up; at most 2 \
                 more files.",
                "It may read what is in i.tar, as /i.",
                "It has an empty folder in memory for 1 MiB, as /tmp; at most 1 KiB in a file.",
                "It may read the file f, as /f.",
                "It may read and write the file g.",
            ]
        );
    }
}
