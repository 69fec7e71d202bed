use super::GrantArgs;
use crate::failure::{Failure, print};
use clap::Subcommand;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wayleave::grants::Settings;
use wayleave::system::stdio::printable;

/// Look at what programs would be given.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    Check(Box<CheckArgs>),
    /// Print the JSON schema of manifests, for editors
    Schema,
}

/// Check a manifest or options, and say in plain sentences what they grant.
///
/// Opens nothing and runs nothing. Exits with 2 when something is wrong.
#[derive(clap::Args)]
struct CheckArgs {
    /// The manifest; `wayleave.toml` where there are no options either
    #[arg(value_name = "FILE", conflicts_with_all = ["manifest", "beside"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    grants: GrantArgs,
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    match args.what {
        What::Check(args) => check(*args),
        What::Schema => {
            let schema = wayleave_serve::manifest_schema();
            print(format!("{schema:#}\n").as_bytes())
        }
    }
}

fn check(mut args: CheckArgs) -> Result<ExitCode, Failure> {
    let asked = args.grants.settings_of_options();
    let manifest = args.file.or_else(|| {
        let wanted = asked == Settings::default() || args.grants.manifest.is_narrowed();
        let unnamed = args.grants.manifest.path().is_none();
        (wanted && unnamed).then(|| PathBuf::from("wayleave.toml"))
    });
    if let Some(path) = manifest {
        if is_of_server(&path) {
            return check_server(&path);
        }
        args.grants.manifest.name(path);
    }
    let settings = args.grants.settings(None)?;
    settings.check().map_err(Failure::usage)?;
    print(text("", &settings).as_bytes())
}

/// Whether a manifest is one of `wayleave serve`: whatever else is wrong with it.
fn is_of_server(path: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(path) else { return false };
    let document = wayleave::grants::manifest::Document::parse(path, &text);
    document.is_ok_and(|document| {
        let root = document.root();
        wayleave::grants::manifest::SERVER_TABLES.iter().any(|table| root.has(table))
    })
}

fn check_server(path: &Path) -> Result<ExitCode, Failure> {
    let settings = wayleave_serve::Settings::from_manifest(path).map_err(Failure::usage)?;
    let mut all = String::new();
    for app in &settings.apps {
        // Writing to a string can not fail.
        let _ = writeln!(all, "{}:", printable(&app.name.replace('\n', "\\n")));
        all += &text("  ", &app.grants);
    }
    print(all.as_bytes())
}

fn text(indent: &str, settings: &Settings) -> String {
    settings.sentences().iter().map(|sentence| format!("{indent}{sentence}\n")).collect()
}
