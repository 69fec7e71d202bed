//! `wayleave.toml`: what it means, which mistakes are told where, and that it can be written.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use proptest::prelude::*;
use std::path::{Path, PathBuf};
use std::time::Duration;
use wayleave_grants::manifest::Manifest;
use wayleave_grants::{Error, Settings, Stream, StreamGrant};

fn parse(text: &str) -> Result<Manifest, String> {
    let manifest = Manifest::parse(Path::new("base/wayleave.toml"), text);
    manifest.map_err(|error| error.to_string())
}

fn settings(text: &str) -> Settings {
    parse(text).unwrap().settings(None).unwrap()
}

const EVERYTHING: &str = r#"
    [grants]
    args = ["--quiet"]
    dir = ["data::/data::ro", "/tmp::/tmp"]
    env = ["A=b", "HOME"]
    inherit-env = true
    stdin = "null"
    stdout = "file:out.txt"
    tcp-listen = ["127.0.0.1:8080"]
    allow-http = ["api.example.com"]
    tls-ca = ["ca.pem"]
    allow-outbound = ["tcp://10.0.0.0/8:5432", "udp://*:53"]
    deny-outbound = ["tcp://10.0.0.1:*"]
    public-only = true
    allow-inbound = ["tcp://localhost:9000"]
    allow-resolve = ["*.example.com"]
    clock = "offset:-1h"
    random = "seed:7"

    [limits]
    timeout = "2s"
    max-memory = "64M"
    fuel = 1_000

    [profile.quick.limits]
    timeout = 1

    [profile.quick.grants]
    dir = ["other::/data"]
    env = ["A=c"]
"#;

#[test]
fn everything() {
    let asked = settings(EVERYTHING);
    assert_eq!(asked.args, ["--quiet"]);
    let dirs: Vec<_> = asked.dirs.iter().map(ToString::to_string).collect();
    assert_eq!(dirs, ["base/data::/data::ro", "/tmp"]);
    assert_eq!(asked.env.len(), 2);
    assert!(asked.inherit_env && !asked.deterministic);
    assert_eq!(asked.stdin, Some(StreamGrant::Null));
    assert_eq!(asked.stdout, Some(StreamGrant::File("base/out.txt".into())));
    assert_eq!(asked.stderr, None);
    assert_eq!(asked.tls_ca, [PathBuf::from("base/ca.pem")]);
    let rules = (asked.outbound.len(), asked.inbound.len(), asked.resolve.len(), asked.http.len());
    assert_eq!(rules, (2, 1, 1, 1));
    assert_eq!(asked.clock.unwrap().to_string(), "offset:-1h");
    assert_eq!(asked.random.unwrap().to_string(), "seed:7");
    assert_eq!(asked.limits.timeout, Some(Duration::from_secs(2)));
    assert_eq!((asked.limits.memory, asked.limits.fuel), (Some(64 << 20), Some(1_000)));
}

#[test]
fn a_profile_extends_what_is_always_asked_for() {
    let manifest = parse(EVERYTHING).unwrap();
    assert_eq!(manifest.profiles().collect::<Vec<_>>(), ["quick"]);
    let quick = manifest.settings(Some("quick")).unwrap();
    let dirs: Vec<_> = quick.dirs.iter().map(ToString::to_string).collect();
    assert_eq!(dirs, ["/tmp", "base/other::/data"]);
    let env: Vec<_> = quick.env.iter().map(ToString::to_string).collect();
    assert_eq!(env, ["HOME", "A=c"]);
    assert_eq!(quick.limits.timeout, Some(Duration::from_secs(1)));
    assert_eq!(quick.limits.fuel, Some(1_000));
    let error = manifest.settings(Some("slow")).unwrap_err().to_string();
    assert_eq!(error, "base/wayleave.toml: there is no profile `slow`; it has `quick` (line 25)");
    let error = parse("").unwrap().settings(Some("slow")).unwrap_err().to_string();
    assert_eq!(error, "base/wayleave.toml: there is no profile `slow`; it has none");
}

#[test]
fn an_empty_manifest_asks_for_nothing() {
    assert_eq!(settings(""), Settings::default());
    assert_eq!(settings("[grants]\n[limits]\n[profile]\n[profile.a]"), Settings::default());
}

#[test]
fn mistakes_are_told_where_they_are() {
    for (text, message) in [
        ("[grants", "1:8: not TOML: unclosed table, expected `]`"),
        ("[grant]", "1:2: unknown key `grant`; did you mean `grants`?"),
        ("dir = []", "1:1: unknown key `dir`; expected one of `grants`"),
        ("grants = 1", "1:10: `grants` is a table; this is a whole number"),
        ("[grants]\noutbound = []", "2:1: unknown key `outbound`; did you mean `allow-outbound`?"),
        ("[grants]\ntimeout = \"1s\"", "2:1: unknown key `timeout`; expected one of `dir`"),
        ("[limits]\nmemory = 1", "2:1: unknown key `memory`; did you mean `max-memory`?"),
        (
            "[grants]\n  dir = \"data\"",
            "2:9: `dir` is a list of texts, [\"HOST[::GUEST][::MODE]\"]; this is a text",
        ),
        ("[grants]\ndir = [\n  \"a\",\n  1]", "4:3: `dir` is a list of texts"),
        (
            "[grants]\ndir = [\"a\", \"b::/c::r\"]",
            "2:13: folder grant \"b::/c::r\": \"r\" is none of ro, rw,",
        ),
        ("[grants]\ndir = [\"a::/d\", \"b::/d::ro\"]", "2:17: two grants are for \"/d\""),
        ("[grants]\nenv = [\"A=1\", \"A\"]", "2:15: the variable \"A\" is there already"),
        ("[grants]\nenv = [\"=1\"]", "2:8: environment grant \"=1\": the name is empty"),
        ("[grants]\nallow-outbound = [\"ftp://a:1\"]", "2:19: network rule \"ftp://a:1\""),
        (
            "[grants]\nallow-outbound = [\"tcp://a:1\", \"tcp://a:1\"]",
            "2:32: \"tcp://a:1\" is there already",
        ),
        (
            "[grants]\nallow-inbound = [\"tcp://a.example:1\"]",
            "2:18: network rule \"tcp://a.example:1\": what is inbound",
        ),
        (
            "[grants]\nallow-outbound = [\"tcp://a:1\"]\ndeny-outbound = [\"tcp://b:1\", \"tcp://a:1\"]",
            "3:31: \"tcp://a:1\" is allowed and denied",
        ),
        (
            "[grants]\ndeny-outbound = [\"tcp://a:*\"]\nallow-outbound = [\"tcp://a:1\"]",
            "3:19: \"tcp://a:1\" is allowed and denied (by \"tcp://a:*\")",
        ),
        (
            "[grants]\nallow-http = [\"a\"]\ndeny-outbound = [\"http://a\", \"https://a\"]",
            "3:30: \"a\" is allowed and denied",
        ),
        ("[grants]\nmem = [\"/a\", \"/a/\"]", "2:14: two grants are for \"/a/\""),
        ("[grants]\nmem = [\"//a\", \"/./a\"]", "2:15: two grants are for \"/./a\""),
        (
            "[grants]\nfile = [\"x.toml::/a/\"]",
            "2:9: guest path \"/a/\": the guest path is no file's",
        ),
        (
            "[grants]\nfile = [\"x.toml::../a\"]",
            "2:9: guest path \"../a\": the guest path is no file's",
        ),
        (
            "[grants]\nmem = [\"/a/b\"]\nfile = [\"x::/a\"]",
            "3:9: guest path \"/a\": the guest path leads through a file",
        ),
        ("[grants]\nargs = [\"-v\", \"a\\u0000b\"]", "2:15: a text has no NUL byte"),
        ("[grants]\nenv = [\"A=b\\u0000c\"]", "2:8: a text has no NUL byte"),
        ("[grants]\nmem = [\"/a\\u0000b\"]", "2:8: a text has no NUL byte"),
        ("[grants]\nstdin = \"file:a\\u0000b\"", "2:9: a text has no NUL byte"),
        ("[grants]\ndeny-outbound = [\"tcp://a:1->1.2.3.4:5\"]", "2:18: network rule"),
        ("[grants]\ntcp-listen = [\"8080\"]", "2:15: "),
        ("[grants]\nstdin = \"keyboard\"", "2:9: stream grant \"keyboard\" is not understood"),
        ("[grants]\ninherit-env = \"yes\"", "2:15: `inherit-env` is true or false; this is a text"),
        ("[grants]\nclock = \"fixed:now\"", "2:9: clock grant \"fixed:now\": \"now\" is no time"),
        (
            "[grants]\nrandom = 7",
            "2:10: `random` is a text, \"secure or seed:N\"; this is a whole number",
        ),
        ("[grants]\ntls-ca = [\"a\"]", "2:1: `tls-ca` is for HTTP requests"),
        ("[limits]\ntimeout = \"2 weeks\"", "2:11: \"2 weeks\": unknown unit"),
        (
            "[limits]\ntimeout = true",
            "2:11: `timeout` is a text, \"10s\", or a whole number; this is",
        ),
        ("[limits]\ntimeout = 1.5", "2:11: `timeout` is a text"),
        ("[limits]\ntimeout = 0", "2:11: \"0\": nothing can be done in no time"),
        ("[limits]\nfuel = -1", "2:8: -1 is too large, or below 0"),
        ("[limits]\nfuel = \"1\"", "2:8: `fuel` is a whole number; this is a text"),
        ("[limits]\nfuel = 1\nfuel = 2", "3:1: not TOML: duplicate key"),
        ("[grants]\ndeterministic = true\nclock = \"real\"", "3:1: `deterministic` means a clock"),
        (
            "[grants]\nrandom = \"secure\"\ndeterministic = true",
            "2:1: `deterministic` means random",
        ),
        (
            "[grants]\ndeterministic = true\nallow-resolve = [\"a\"]",
            "3:1: `deterministic` means no network",
        ),
        ("[profile.a.grants]\ndir = [\"\"]", "2:8: folder grant"),
        ("[profile.a.grant]", "1:12: unknown key `grant`"),
        ("[profile]\na = 1", "2:5: `a` is a table"),
        ("[[app]]\ncomponent = \"a\"", "1:3: `app` is for `wayleave serve`"),
        ("[serve]\n", "1:2: `serve` is for `wayleave serve`"),
        (
            "[grants]\ndeterministic = true\n[profile.a.grants]\nallow-resolve = [\"a\"]",
            "4:1: `deterministic` means no network",
        ),
        ("# é\n[grants]\nenv = [\"é=1\", \"é=2\"]", "3:15: the variable"),
    ] {
        let error = parse(text).unwrap_err();
        let expected = format!("base/wayleave.toml:{message}");
        assert!(error.starts_with(&expected), "{text}\n  {error}\n  {expected}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn the_first_mistake_is_told() {
    let error = parse("[limits]\nzzz = 1\n[grants]\naaa = 1").unwrap_err();
    assert!(error.contains("wayleave.toml:4:1: unknown key `aaa`"), "{error}");
    let error = parse("[grants]\nzzz = 1\naaa = 1").unwrap_err();
    assert!(error.contains("wayleave.toml:2:1: unknown key `zzz`"), "{error}");
}

#[test]
fn what_text_can_not_say_is_not_written() {
    let mut settings = Settings::default();
    settings.dirs.push("data::/data".parse().unwrap());
    settings.dirs[0].host = "a::b".into();
    let error = settings.to_manifest().unwrap_err().to_string();
    assert!(error.contains("can not be written as a manifest"), "{error}");
}

#[test]
fn what_is_written_reads_well() {
    let mut asked = settings(EVERYTHING);
    asked.args = vec!["a \"quoted\"\n\\line\u{1b}".to_owned()];
    let text = asked.to_manifest().unwrap();
    let expected = r#"[grants]
dir = [
    "base/data::/data::ro",
    "/tmp",
]
args = ["a \"quoted\"\n\\line\u001B"]
env = [
    "A=b",
    "HOME",
]
inherit-env = true
stdin = "null"
stdout = "file:base/out.txt"
allow-http = ["api.example.com"]
tls-ca = ["base/ca.pem"]
allow-outbound = [
    "tcp://10.0.0.0/8:5432",
    "udp://*:53",
]
deny-outbound = ["tcp://10.0.0.1:*"]
public-only = true
allow-inbound = ["tcp://localhost:9000"]
allow-resolve = ["*.example.com"]
tcp-listen = ["127.0.0.1:8080"]
clock = "offset:-1h"
random = "seed:7"

[limits]
timeout = "2s"
fuel = 1000
max-memory = "64M"
"#;
    assert_eq!(text, expected);
}

/// Any settings, of entries that people could have written.
fn any_settings() -> impl Strategy<Value = Settings> {
    let entry = prop_oneof![
        "dir=[a-z/]{1,6}::/[a-z]{1,6}(::ro|::rw|::overlay(=[a-z]{1,3})?|::bytes=[1-9]M,open=[1-9])?",
        "mem=/[a-z]{1,6}(::files=[1-9])?",
        "file=[a-z/]{1,6}::/[a-z]{1,6}(::ro)?",
        "image=[a-z/]{1,6}::/[a-z]{1,6}",
        "env=[A-Z]{1,3}=\\PC{0,8}",
        "env=[A-Z]{1,3}",
        "allow-http=[a-z]{1,5}(:[1-9][0-9]{0,3})?",
        "allow-outbound=(tcp|udp)://[a-z]{1,5}:([1-9][0-9]{0,3}|\\*)",
        "allow-inbound=(tcp|udp)://127\\.0\\.0\\.[0-9]:[1-9][0-9]{0,3}",
        "deny-outbound=(tcp|udp)://[a-z]{6}:([1-9][0-9]{0,3}|\\*)",
        "allow-outbound=https?://[a-z]{1,5}",
        "allow-resolve=(\\*\\.)?[a-z]{1,5}",
        "tcp-listen=127\\.0\\.0\\.[0-9]:[1-9][0-9]{0,3}",
        "std(in|out|err)=(null|inherit|file:[a-z./]{1,6})",
        "clock=(real|fixed:20[0-9]{2}-01-02T03:04:05Z|offset:-?[1-9][0-9]{0,2}m|coarse:[1-9]us)",
        "random=(secure|seed:[0-9]{1,10})",
        "args=\\PC{0,8}",
    ];
    let limits = (any::<Option<u32>>(), any::<Option<u64>>(), any::<Option<u64>>());
    (prop::collection::vec(entry, 0..12), any::<bool>(), limits).prop_map(
        |(entries, inherit_env, (timeout, memory, fuel))| {
            let mut settings = Settings::default();
            settings.inherit_env = inherit_env;
            settings.limits.timeout = timeout.map(|ms| Duration::from_millis(ms.into()));
            settings.limits.memory = memory;
            settings.limits.fuel = fuel;
            settings.limits.table_elements = fuel.map(|fuel| fuel / 3);
            settings.limits.instances = memory.map(|memory| memory / 3);
            settings.limits.handles = timeout.map(u64::from);
            settings.limits.buffers = memory;
            settings.limits.sockets = fuel;
            settings.limits.bytes_in = memory.map(|memory| memory / 5);
            settings.limits.bytes_out = timeout.map(u64::from);
            for entry in entries {
                let (key, value) = entry.split_once('=').unwrap();
                let mut one = Settings::default();
                match key {
                    "dir" => one.dirs.push(value.parse().unwrap()),
                    "mem" => one.memories.push(value.parse().unwrap()),
                    "file" => one.files.push(value.parse().unwrap()),
                    "image" => one.images.push(value.parse().unwrap()),
                    "env" => one.env.push(value.parse().unwrap()),
                    "allow-http" => one.http.push(value.parse().unwrap()),
                    "allow-outbound" => one.outbound.push(value.parse().unwrap()),
                    "deny-outbound" => one.deny_outbound.push(value.parse().unwrap()),
                    "allow-inbound" => one.inbound.push(value.parse().unwrap()),
                    "allow-resolve" => one.resolve.push(value.parse().unwrap()),
                    "tcp-listen" => one.listeners.push(value.parse().unwrap()),
                    "stdin" => one.stdin = Some(value.parse().unwrap()),
                    "stdout" => one.stdout = Some(value.parse().unwrap()),
                    "stderr" => one.stderr = Some(value.parse().unwrap()),
                    "clock" => one.clock = Some(value.parse().unwrap()),
                    "random" => one.random = Some(value.parse().unwrap()),
                    _ => one.args.push(value.to_owned()),
                }
                settings = settings.extended_by(one);
            }
            settings
        },
    )
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(settings in any_settings()) {
        let text = settings.to_manifest().unwrap();
        let read = Manifest::parse(Path::new("wayleave.toml"), &text).unwrap();
        prop_assert_eq!(read.settings(None).unwrap(), settings);
    }

    /// Whatever the text, there are no half-read manifests, and no panics.
    #[test]
    fn any_text_is_a_manifest_or_a_mistake(text in "(\\[grants\\]\n)?[a-z=\\[\\]\" \n:/.#-]{0,60}") {
        if let Err(error) = parse(&text) {
            prop_assert!(error.starts_with("base/wayleave.toml:"), "{}", error);
        }
    }
}

#[test]
fn what_can_not_be_granted_is_told_with_its_place() {
    let manifest = parse(
        "[grants]\ndir = [\n  \"here::/a\", \"missing::/b\",\n]\nstdin = \"file:in\"\n\
         [profile.p.grants]\nfile = [\"missing::/c\"]\n",
    )
    .unwrap();
    let code = wayleave_system::ErrorCode::NoEntry;
    let place = |profile, error: Error| manifest.place(profile, &error).map(|at| at.to_string());
    let path = PathBuf::from("base/missing");
    assert_eq!(
        place(None, Error::OpenDir { path: path.clone(), code }).unwrap(),
        "base/wayleave.toml:3:15: folder base/missing can not be granted: no such file or folder"
    );
    let file = || Error::OpenFile { path: path.clone(), code };
    assert_eq!(place(None, file()), None);
    let told = place(Some("p"), file()).unwrap();
    assert!(told.starts_with("base/wayleave.toml:7:9: file base/missing"), "{told}");
    let stream = Error::OpenStream { stream: Stream::Stdin, path: "base/in".into(), code };
    assert!(place(None, stream).unwrap().starts_with("base/wayleave.toml:5:9: "));
    assert_eq!(place(None, Error::Env { text: "HOME".into(), reason: String::new() }), None);
}

#[test]
fn a_key_that_is_nearly_right_is_named() {
    for (wrong, right) in [("alow-outbound", "allow-outbound"), ("dirs", "dir"), ("evn", "env")] {
        let told = parse(&format!("[grants]\n{wrong} = []")).unwrap_err();
        assert!(told.ends_with(&format!("did you mean `{right}`?")), "{told}");
    }
    let told = parse("[limit]").unwrap_err();
    assert!(told.ends_with("unknown key `limit`; did you mean `limits`?"), "{told}");
    let told = parse("[grants]\nwindows = []").unwrap_err();
    assert!(told.contains("expected one of `dir`"), "{told}");
}

#[test]
fn a_file_that_is_no_text_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wayleave.toml");
    std::fs::write(&path, b"[grants]\nenv = [\"\xc3\xa4=\xff\"]\n").unwrap();
    let told = Manifest::read(&path).unwrap_err().to_string();
    let expected = format!("{}:2:11: not UTF-8, which a manifest is written in", path.display());
    assert_eq!(told, expected);
    let told = Manifest::read(folder.path()).unwrap_err().to_string();
    assert!(told.starts_with("can not read "), "{told}");
}
