use crate::failure::{Failure, print};
use crate::runtime::open_cache;
use clap::Subcommand;
use std::process::ExitCode;
use wayleave::grants::units::parse_bytes;

/// Show, prune or clear the compiled code that is kept between starts.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Show where it is and how much there is (the default)
    Show,
    /// Remove what was not used for longest, down to a size
    Prune {
        /// Most that is left (500M, 2G); the cache's own limit if not given
        #[arg(long, value_name = "SIZE", value_parser = parse_bytes)]
        max_size: Option<u64>,
    },
    /// Remove all of it
    Clear,
}

pub(crate) fn run(args: Args) -> Result<ExitCode, Failure> {
    let cache = open_cache().map_err(Failure::other)?;
    let text = match args.action.unwrap_or(Action::Show) {
        Action::Show => {
            let stats = cache.stats().map_err(Failure::other)?;
            format!(
                "folder   {}\nentries  {}\nsize     {} of at most {}\n",
                stats.dir.display(),
                stats.entries,
                bytes(stats.bytes),
                bytes(stats.max_bytes),
            )
        }
        Action::Prune { max_size } => {
            let limit = max_size.unwrap_or(wayleave::cache::DEFAULT_MAX_BYTES);
            removed(&cache.prune(limit).map_err(Failure::other)?)
        }
        Action::Clear => removed(&cache.clear().map_err(Failure::other)?),
    };
    print(text.as_bytes())
}

fn removed(removed: &wayleave::cache::Removed) -> String {
    format!("removed {} entries, {}\n", removed.entries, bytes(removed.bytes))
}

/// A size for people.
fn bytes(bytes: u64) -> String {
    indicatif::BinaryBytes(bytes).to_string()
}
