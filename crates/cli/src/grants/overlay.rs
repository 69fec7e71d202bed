use crate::failure::Failure;
use crate::files::{self, OwnFiles, Readers};
use std::fmt::Write as _;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use wayleave::grants::{Access, DirGrant, OverlayMount};
use wayleave::system::fs::ChangeKind;
use wayleave::system::stdio::printable;

/// What is told of overlays when a program has ended.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Grants")]
pub(crate) struct OverlayArgs {
    /// Tell at the end what differs in folders given as overlays, on standard error or in a file:
    /// a line `A PATH` for what was added, `M PATH` modified, `D PATH` deleted
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    overlay_diff: Option<Option<PathBuf>>,
}

impl OverlayArgs {
    /// Opens what is to be written to: before the program runs, which could put a link in its place.
    pub(crate) fn open(
        &self,
        dirs: &[DirGrant],
        own: &mut OwnFiles,
    ) -> Result<OverlayDiff, Failure> {
        let changes = |dir: &DirGrant| matches!(dir.access, Access::Overlay | Access::OverlayIn(_));
        if self.overlay_diff.is_some() && !dirs.iter().any(changes) {
            let line =
                "--overlay-diff: no folder is given as an overlay (`--dir HOST::GUEST::overlay`)";
            return Err(Failure::usage(line));
        }
        let to: Option<Box<dyn Write>> = match &self.overlay_diff {
            None => None,
            Some(None) => Some(Box::new(stderr())),
            Some(Some(path)) => {
                let opened = files::create(path, Readers::Usual, own).map_err(|error| {
                    let path = path.display();
                    Failure::usage(format!("--overlay-diff: {path} can not be written: {error}"))
                });
                own.using(path, "what --overlay-diff writes");
                Some(Box::new(opened?))
            }
        };
        Ok(OverlayDiff { to })
    }
}

/// Where it is told what differs, if that was asked for.
pub(crate) struct OverlayDiff {
    to: Option<Box<dyn Write>>,
}

impl OverlayDiff {
    /// Tells it.
    pub(crate) fn report(self, overlays: &[OverlayMount]) -> Result<(), Failure> {
        let Some(mut to) = self.to else { return Ok(()) };
        let mut lines = String::new();
        for mount in overlays {
            lines += &differences(mount)?;
        }
        let written = to.write_all(lines.as_bytes());
        written.map_err(|error| Failure::other(format!("--overlay-diff: {error}")))
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
