//! The ways to run a guest: natively, with Wayleave, and with the peers found on `PATH`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Result, target_folder};

/// The folder's name inside a guest, where a runner can give it one.
const GUEST_FOLDER: &str = "/bench";

/// Every runner there is, in the order of the tables. The first is what the others are compared with.
pub(crate) const NAMES: [&str; 13] = [
    "native",
    "wayleave",
    "wayleave-0.2",
    "wayleave-0.2-direct",
    "wayleave-static",
    "wayleave-wasmi",
    "wayleave-wasmi-0.2",
    "wasmtime",
    "wasmtime-0.2",
    "wasmtime-0.2-direct",
    "wasmer",
    "wasmi",
    "node",
];

/// A guest program, built natively, for WASI 0.1 and for 0.2, and perhaps with bindings of its own in
/// place of the C library of 0.2.
pub(crate) struct Guest {
    pub(crate) native: PathBuf,
    pub(crate) wasm: PathBuf,
    pub(crate) component: PathBuf,
    pub(crate) direct: PathBuf,
}

impl Guest {
    /// The committed wasm of `name`, and `source` (below `guests`) compiled for this machine.
    ///
    /// # Errors
    /// When rustc fails.
    pub(crate) fn prepare(workspace: &Path, source: &str, name: &str) -> Result<Self> {
        let native =
            work_folder(workspace)?.join(name).with_extension(std::env::consts::EXE_EXTENSION);
        let source = workspace.join("guests").join(source);
        // The settings of the guests' own build.
        let settings =
            ["opt-level=3", "lto=fat", "codegen-units=1", "panic=abort", "strip=symbols"];
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.args(["--edition=2024", "--crate-name=guest"]).arg(source).arg("-o").arg(&native);
        for setting in settings {
            rustc.args(["-C", setting]);
        }
        let status = rustc.status().map_err(|error| format!("{rustc:?}: {error}"))?;
        if !status.success() {
            return Err(format!("{rustc:?}: {status}").into());
        }
        let built = workspace.join("guests/built");
        let wasm = built.join(name).with_extension("wasm");
        let component = built.join("p2").join(name).with_extension("wasm");
        let direct = built.join("p2").join(format!("{name}_direct.wasm"));
        Ok(Self { native, wasm, component, direct })
    }
}

/// What the names of runners end in that run the guest as a component, or the one with bindings.
const COMPONENTS: &str = "-0.2";
const DIRECT: &str = "-0.2-direct";

/// One way to run a guest.
pub(crate) struct Runner {
    pub(crate) name: &'static str,
    /// Its own words about its version; empty for native.
    pub(crate) version: String,
    /// What to execute; empty for native.
    program: PathBuf,
    /// Folder for caches, settings and the shim.
    work: PathBuf,
}

impl Runner {
    /// The runners of `wanted`, or all but those that tell nothing here; what is not installed is
    /// left out, with a note.
    ///
    /// # Errors
    /// When a name in `wanted` is unknown, or settings can not be written.
    pub(crate) fn find(
        workspace: &Path,
        wanted: Option<&[String]>,
        but: &[&str],
    ) -> Result<Vec<Self>> {
        if let Some(unknown) =
            wanted.unwrap_or(&[]).iter().find(|name| !NAMES.contains(&name.as_str()))
        {
            return Err(format!("unknown runner {unknown}: there are {}", NAMES.join(", ")).into());
        }
        let work = work_folder(workspace)?;
        let mut found: Vec<Self> = Vec::new();
        for name in NAMES {
            // Native is always there: the others are compared with it.
            if name != "native" && wanted.is_some_and(|wanted| !wanted.iter().any(|w| w == name)) {
                continue;
            }
            if wanted.is_none() && but.contains(&name) {
                continue;
            }
            let program = match name {
                "native" => PathBuf::new(),
                // Cargo has built it, optimised, before this benchmark.
                "wayleave"
                | "wayleave-wasmi"
                | "wayleave-0.2"
                | "wayleave-wasmi-0.2"
                | "wayleave-0.2-direct" => env!("CARGO_BIN_EXE_wayleave").into(),
                "wayleave-static" => match static_build(&work) {
                    Some(program) => program,
                    None => {
                        eprintln!("the C library's static half is not installed: left out");
                        continue;
                    }
                },
                _ => PathBuf::from(name.split_once(COMPONENTS).map_or(name, |(name, _)| name)),
            };
            let Some(mut version) = version(&program) else {
                eprintln!("{name} is not installed: left out");
                continue;
            };
            if name == "node" {
                version.insert_str(0, "node "); // it says the number alone
            }
            found.push(Self { name, version, program, work: work.clone() });
        }
        fs::write(work.join("wasmtime.toml"), wasmtime_settings(&work))?;
        fs::write(work.join("wasi.mjs"), NODE_SHIM)?;
        Ok(found)
    }

    /// A command that runs `guest`, with `folder` granted; arguments are still to be added.
    pub(crate) fn command(&self, guest: &Guest, folder: Option<&Path>) -> Command {
        if self.name == "native" {
            return Command::new(&guest.native);
        }
        let mut command = Command::new(&self.program);
        let (name, wasm) = match self.name {
            name if name.ends_with(DIRECT) => (name.trim_end_matches(DIRECT), &guest.direct),
            name if name.ends_with(COMPONENTS) => {
                (name.trim_end_matches(COMPONENTS), &guest.component)
            }
            name => (name, &guest.wasm),
        };
        match name {
            "wayleave-wasmi" => command.args(["run", "--engine", "wasmi"]),
            "wasmtime" => command
                .args(["run", "-C"])
                .arg(format!("cache=y,cache-config={}", self.work.join("wasmtime.toml").display())),
            "node" => command.arg("--no-warnings").arg(self.work.join("wasi.mjs")),
            // Wayleave among them: its engine is Wasmtime where nothing else is said.
            _ => command.arg("run"),
        };
        command.env("WAYLEAVE_CACHE_DIR", self.work.join("wayleave-cache"));
        if let Some(folder) = folder {
            self.grant(&mut command, folder);
        }
        command.arg(wasm);
        if self.name == "wasmer" {
            command.arg("--"); // the guest's arguments follow
        }
        command
    }

    /// What the granted folder is called inside the guest.
    pub(crate) fn guest_folder(&self, folder: &Path) -> PathBuf {
        match self.name {
            "native" | "wasmi" => folder.to_owned(), // these give it no other name
            _ => GUEST_FOLDER.into(),
        }
    }

    fn grant(&self, command: &mut Command, folder: &Path) {
        let folder = folder.display();
        match self.name {
            "wasmi" => command.arg(format!("--dir={folder}")),
            "wasmer" => command.arg(format!("--volume={folder}:{GUEST_FOLDER}")),
            "node" => {
                command.env("GUEST_FOLDER", GUEST_FOLDER).env("HOST_FOLDER", folder.to_string())
            }
            _ => command.arg(format!("--dir={folder}::{GUEST_FOLDER}")),
        };
    }
}

/// The command as `cargo static` links it, in a folder of its own: the ordinary one has to stay.
fn static_build(work: &Path) -> Option<PathBuf> {
    let ordinary = PathBuf::from(env!("CARGO_BIN_EXE_wayleave"));
    let (kept, linked) = (work.join("wayleave-kept"), work.join("wayleave-static"));
    fs::copy(&ordinary, &kept).ok()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo).args(["--quiet", "static"]).status();
    let copied = fs::copy(&ordinary, &linked);
    fs::rename(&kept, &ordinary).ok()?;
    (built.ok()?.success() && copied.is_ok()).then_some(linked)
}

/// Node has no command for this, only a module.
const NODE_SHIM: &str = "\
import { readFile } from 'node:fs/promises';
import { WASI } from 'node:wasi';

const [file, ...args] = process.argv.slice(2);
const { GUEST_FOLDER, HOST_FOLDER } = process.env;
const preopens = GUEST_FOLDER ? { [GUEST_FOLDER]: HOST_FOLDER } : {};
const wasi = new WASI({ version: 'preview1', args: [file, ...args], preopens, returnOnExit: true });
const module = await WebAssembly.compile(await readFile(file));
process.exitCode = wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));
";

/// Wasmtime's cache, in a folder of our own: what others have cached or not must not matter.
fn wasmtime_settings(work: &Path) -> String {
    format!("[cache]\ndirectory = {:?}\n", work.join("wasmtime-cache"))
}

/// A folder below `target` for what the benchmarks make.
///
/// # Errors
/// When it can not be created.
pub(crate) fn work_folder(workspace: &Path) -> Result<PathBuf> {
    let folder = target_folder(workspace).join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The first line of `--version`; `None` when there is no such program.
fn version(program: &Path) -> Option<String> {
    if program.as_os_str().is_empty() {
        return Some(String::new());
    }
    let output = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Some(text.lines().next().unwrap_or_default().trim().to_owned())
}
