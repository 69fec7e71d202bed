//! `inspect`: what a program is, without running it.

mod component;
mod grants;
mod module;

use crate::caught::caught;
use crate::failure::{Failure, print};
use crate::run::on_file;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wasm_metadata::Producers;
use wayleave::{ProgramKind, Runtime};

/// Show what a program is: its WASI version, what it imports and exports, and what it may need.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Show the interfaces in full, not only their names
    #[arg(long)]
    full: bool,
    /// The program: a module or component (.wasm), or its text (.wat)
    file: PathBuf,
}

/// What is found out about a program.
#[derive(Default)]
struct Found {
    /// WASI versions that it is made for.
    versions: Vec<String>,
    /// Lines about what it consists of, imports and exports.
    body: String,
    /// Grants that it may need.
    grants: Vec<&'static str>,
    /// Imports that are not provided, and why.
    missing: Vec<(String, String)>,
}

impl Found {
    /// Nothing but a remark.
    fn unknown(body: String) -> Self {
        Self { body, ..Self::default() }
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let file = &args.file;
    if wayleave::is_compiled(file).map_err(Failure::other)? {
        let line = format!("{}: compiled by `wayleave compile`, for this user\n", file.display());
        return print(line.as_bytes());
    }
    let bytes = std::fs::read(file)
        .map_err(|error| Failure::other(format!("can not read {}: {error}", file.display())))?;
    let runtime = Runtime::new().map_err(Failure::other)?;
    print(describe(file, &bytes, &runtime, args.full)?.as_bytes())
}

/// What there is to be said of a program.
fn describe(file: &Path, bytes: &[u8], runtime: &Runtime, full: bool) -> Result<String, Failure> {
    let (kind, binary) = wayleave::to_binary(bytes).map_err(|error| on_file(file, error))?;
    let found = caught(|| match kind {
        ProgramKind::Module => module::inspect(&binary, runtime),
        ProgramKind::Component => component::inspect(&binary, runtime, full),
    });
    let found = found.flatten().map_err(|error| {
        let line = error.lines().next().unwrap_or_default();
        Failure::other(format!("{}: not a valid {kind}: {line}", file.display()))
    })?;
    let mut text = format!("{}: a {kind} of {}", file.display(), size(binary.len()));
    match found.versions.as_slice() {
        [] => text.push('\n'),
        versions => {
            let _ = writeln!(text, ", for WASI {}", versions.join(" and "));
        }
    }
    if let Some(makers) = makers(&binary) {
        let _ = writeln!(text, "made by {makers}");
    }
    text.push_str(&found.body);
    if !found.grants.is_empty() {
        text.push_str("\nit may need:\n");
        for grant in found.grants {
            let _ = writeln!(text, "  {grant}");
        }
    }
    if !found.missing.is_empty() {
        text.push_str("\nnot provided:\n");
        for (name, why) in found.missing {
            let _ = writeln!(text, "  {name}: {why}");
        }
    }
    Ok(text)
}

/// The tools that made a program, as far as it says so.
fn makers(binary: &[u8]) -> Option<String> {
    let producers = Producers::from_wasm(binary).ok()??;
    let mut makers = Vec::new();
    for field in ["language", "processed-by", "sdk"] {
        for (name, version) in producers.get(field).iter().flat_map(|field| field.iter()) {
            makers.push(match version.as_str() {
                "" => name.clone(),
                version => format!("{name} {version}"),
            });
        }
    }
    (!makers.is_empty()).then(|| makers.join(", "))
}

fn size(bytes: usize) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes.div_ceil(1024)),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damaged::{in_one_line, program, programs};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

    fn about(bytes: &[u8], full: bool) -> Result<String, Failure> {
        describe(Path::new("program"), bytes, &RUNTIME, full)
    }

    #[test]
    fn what_is_whole_is_described() {
        for name in ["guests/wat/reactor.wat", "guests/built/components/fixed_clocks.wasm"] {
            assert!(about(&program(name), true).is_ok(), "{name}");
        }
    }

    /// The decoder of WIT takes a name like this for an interface's.
    #[test]
    fn what_has_a_wrong_name_is_refused() {
        let text = r#"(component
            (core module $main (func (export "run")))
            (core instance $main (instantiate $main))
            (func $run (canon lift (core func $main "run")))
            (export "a:b/c" (func $run)))"#;
        let error = about(text.as_bytes(), false).unwrap_err().to_string();
        assert!(error.contains("a library fails on it"), "{error}");
        in_one_line(about(text.as_bytes(), false));
    }

    /// Types in types, so deep that the validator itself fails.
    #[test]
    fn what_is_nested_deep_is_refused() {
        let types = (1..800).map(|n| {
            let inside = format!(r#"(instance (type $t{}))"#, n - 1);
            format!(r#"(type $t{n} (instance (export "a" {inside})))"#)
        });
        let text = format!("(component (type $t0 (instance)) {})", types.collect::<String>());
        in_one_line(about(text.as_bytes(), false));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn what_is_damaged_is_described_or_refused(bytes in programs(), full in any::<bool>()) {
            in_one_line(about(&bytes, full));
        }

        #[test]
        fn any_bytes(kind in 0..3_usize, rest in prop::collection::vec(any::<u8>(), 0..100)) {
            let start: [&[u8]; 3] = [b"", b"\0asm\x01\0\0\0", b"\0asm\x0d\0\x01\0"];
            in_one_line(about(&[start[kind], &rest[..]].concat(), true));
        }
    }
}
