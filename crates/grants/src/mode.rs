//! What is behind the last `::` of a mount: how much of it is granted, and its limits.

use crate::units::{format_bytes, parse_bytes};
use std::fmt;
use std::path::{Path, PathBuf};

/// How much of a folder is granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading and listing.
    ReadOnly,
    /// Everything.
    ReadWrite,
    /// Everything, as the guest sees it; the changes are in memory, and gone with the guest.
    Overlay,
    /// Everything, as the guest sees it; the changes are in this folder of the host.
    OverlayIn(PathBuf),
}

/// How much may be done through one mount. What is `None` is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MountLimits {
    /// By how many bytes its files may grow, together.
    pub bytes: Option<u64>,
    /// How many files, folders and links may be made.
    pub files: Option<u64>,
    /// To how many bytes one file may grow.
    pub file_size: Option<u64>,
    /// How many files and folders may be open at a time.
    pub open: Option<u64>,
}

/// `ro`, `overlay,bytes=1G`: at most one access, and limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mode {
    pub(crate) access: Option<Access>,
    pub(crate) limits: MountLimits,
}

impl Access {
    /// With what it names on the host taken from a folder, where that is relative.
    #[must_use]
    pub(crate) fn rooted(self, folder: &Path) -> Self {
        match self {
            Self::OverlayIn(upper) => Self::OverlayIn(folder.join(upper)),
            access => access,
        }
    }
}

impl MountLimits {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Mode {
    /// # Errors
    /// Which part is wrong, and what is expected.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut mode = Self::default();
        for item in text.split(',') {
            mode.add(item)?;
        }
        let MountLimits { bytes, files, file_size, open: _ } = mode.limits;
        if mode.access == Some(Access::ReadOnly) && (bytes, files, file_size) != (None, None, None)
        {
            return Err("what is `ro` does not grow: of the limits, it can have `open`".to_owned());
        }
        Ok(mode)
    }

    /// Whether a text that could also be a path was rather meant as a mode. If in doubt, yes: then
    /// it has to be one, and what is none is no grant.
    pub(crate) fn is_meant_by(text: &str) -> bool {
        // A path with a comma can be followed by its mode, and is then the only thing it can be.
        let plain_path = text.starts_with(['/', '.']);
        is_word(text) || text.contains(',') || text.contains('=') && !plain_path
    }

    /// Whether the mode was put behind a comma where `::` is needed.
    pub(crate) fn ends(text: &str) -> bool {
        text.rsplit_once(',').is_some_and(|(_, last)| is_word(last))
    }

    fn add(&mut self, item: &str) -> Result<(), String> {
        let limits = &mut self.limits;
        match item.split_once('=') {
            None => self.set_access(match item {
                "ro" => Access::ReadOnly,
                "rw" => Access::ReadWrite,
                "overlay" => Access::Overlay,
                _ => return Err(unknown(item)),
            }),
            Some(("overlay", "")) => Err("the folder of `overlay=` is empty".to_owned()),
            Some(("overlay", folder)) => self.set_access(Access::OverlayIn(folder.into())),
            Some(("bytes", value)) => set(&mut limits.bytes, item, size(item, value)?),
            Some(("files", value)) => set(&mut limits.files, item, count(item, value)?),
            Some(("file-size", value)) => set(&mut limits.file_size, item, size(item, value)?),
            Some(("open", value)) => set(&mut limits.open, item, count(item, value)?),
            Some(_) => Err(unknown(item)),
        }
    }

    fn set_access(&mut self, access: Access) -> Result<(), String> {
        if let Some(before) = &self.access {
            return Err(format!("`{before}` and `{access}` exclude each other"));
        }
        self.access = Some(access);
        Ok(())
    }
}

/// Words for how much is granted, among them some that are only nearly right.
fn is_word(text: &str) -> bool {
    let words =
        ["ro", "rw", "overlay", "r", "w", "wo", "readonly", "read-only", "readwrite", "read-write"];
    words.iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}

fn unknown(item: &str) -> String {
    format!(
        "{item:?} is none of ro, rw, overlay, overlay=FOLDER, bytes=SIZE, files=NUMBER, \
         file-size=SIZE, open=NUMBER"
    )
}

fn set(limit: &mut Option<u64>, item: &str, value: u64) -> Result<(), String> {
    if limit.is_some() {
        return Err(format!("{item:?} is the second limit of its kind"));
    }
    *limit = Some(value);
    Ok(())
}

fn size(item: &str, value: &str) -> Result<u64, String> {
    parse_bytes(value).map_err(|reason| format!("{item:?}: {reason}"))
}

fn count(item: &str, value: &str) -> Result<u64, String> {
    let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
    let number = value.parse().ok().filter(|_| digits);
    number.ok_or_else(|| format!("{item:?} needs a whole number"))
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadOnly => f.write_str("ro"),
            Self::ReadWrite => f.write_str("rw"),
            Self::Overlay => f.write_str("overlay"),
            Self::OverlayIn(folder) => write!(f, "overlay={}", folder.display()),
        }
    }
}

/// As in a mode: `bytes=1K,open=64`.
impl fmt::Display for MountLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |number: u64| number.to_string();
        let limits = [
            ("bytes", self.bytes.map(format_bytes)),
            ("files", self.files.map(number)),
            ("file-size", self.file_size.map(format_bytes)),
            ("open", self.open.map(number)),
        ];
        let mut comma = "";
        for (name, limit) in limits {
            if let Some(limit) = limit {
                write!(f, "{comma}{name}={limit}")?;
                comma = ",";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item() {
        let mode = Mode::parse("overlay=up,bytes=1K,files=2,file-size=3,open=4").unwrap();
        assert_eq!(mode.access, Some(Access::OverlayIn("up".into())));
        let MountLimits { bytes, files, file_size, open } = mode.limits;
        assert_eq!((bytes, files, file_size, open), (Some(1024), Some(2), Some(3), Some(4)));
        assert_eq!(mode.limits.to_string(), "bytes=1K,files=2,file-size=3,open=4");
        assert_eq!(Mode::parse("open=4,ro").unwrap().access, Some(Access::ReadOnly));
        assert_eq!(Mode::parse("bytes=5").unwrap().access, None);
    }

    #[test]
    fn what_is_not_understood_says_what_is_expected() {
        let cases = [
            ("", "\"\" is none of ro, rw,"),
            ("ro,", "\"\" is none of ro, rw,"),
            ("RO", "\"RO\" is none of ro, rw,"),
            ("size=1G", "\"size=1G\" is none of ro, rw,"),
            ("bytes", "\"bytes\" is none of ro, rw,"),
            ("ro,rw", "`ro` and `rw` exclude each other"),
            ("overlay,overlay=x", "`overlay` and `overlay=x` exclude each other"),
            ("overlay=", "the folder of `overlay=` is empty"),
            ("bytes=1X", "\"bytes=1X\": unknown unit \"X\"; write K, M, G or T"),
            ("files=1K", "\"files=1K\" needs a whole number"),
            ("files=+1", "\"files=+1\" needs a whole number"),
            ("open=", "\"open=\" needs a whole number"),
            ("open=1,open=2", "\"open=2\" is the second limit of its kind"),
            ("ro,bytes=1", "what is `ro` does not grow"),
        ];
        for (text, expected) in cases {
            let error = Mode::parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{text:?}: {error}");
        }
    }
}
