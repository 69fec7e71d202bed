use crate::failure::Failure;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use wayleave::grants::OverlayMount;
use wayleave::system::fs::ChangeKind;
use wayleave::system::stdio::printable;

/// What is told of overlays when a program has ended.
#[derive(clap::Args)]
#[command(next_help_heading = "Grants")]
pub(crate) struct OverlayArgs {
    /// Tell at the end what differs in folders given as overlays, on standard error or in a file:
    /// a line `A PATH` for what was added, `M PATH` modified, `D PATH` deleted
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    overlay_diff: Option<Option<PathBuf>>,
}

impl OverlayArgs {
    /// Tells it, if that was asked for.
    pub(crate) fn report(&self, overlays: &[OverlayMount]) -> Result<(), Failure> {
        let Some(place) = &self.overlay_diff else { return Ok(()) };
        let mut lines = String::new();
        for mount in overlays {
            lines += &differences(mount)?;
        }
        match place {
            None => eprint!("{lines}"),
            Some(path) => std::fs::write(path, lines)
                .map_err(|error| Failure::other(format!("{}: {error}", path.display())))?,
        }
        Ok(())
    }
}

fn differences(mount: &OverlayMount) -> Result<String, Failure> {
    let guest = Path::new(&mount.guest);
    let changes = mount.overlay.changes().map_err(|error| {
        Failure::other(format!("what changed in {:?} can not be told: {error}", mount.guest))
    })?;
    let mut lines = String::new();
    for change in changes {
        let letter = match change.change {
            ChangeKind::Added => 'A',
            ChangeKind::Modified => 'M',
            ChangeKind::Deleted => 'D',
        };
        // A name must not look like two lines, nor do anything to a terminal.
        let path = guest.join(&change.path).display().to_string();
        let shown = path.replace('\n', "\\n").replace('\t', "\\t");
        let _ = writeln!(lines, "{letter} {}", printable(&shown));
    }
    Ok(lines)
}
