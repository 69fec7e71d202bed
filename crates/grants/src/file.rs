use crate::Error;
use crate::dir::Parts;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A grant of one file as people write it: `HOST[::GUEST]`, with `::ro` or `::rw` (the default)
/// behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileGrant {
    /// The file on the host.
    pub host: PathBuf,
    /// The path under which the guest finds it; the host's path if not given.
    pub guest: String,
    /// Whether it can be read only.
    pub read_only: bool,
}

impl FileGrant {
    /// The same with what it names on the host taken from a folder, where that is relative.
    #[must_use]
    pub fn relative_to(self, folder: &Path) -> Self {
        Self { host: folder.join(&self.host), ..self }
    }
}

impl FromStr for FileGrant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |reason: String| Error::File { text: text.to_owned(), reason };
        let Parts { host, guest, mode } = Parts::of(text).map_err(wrong)?;
        let read_only = match mode {
            Some("ro") => true,
            Some("rw") | None => false,
            Some(mode) => return Err(wrong(format!("{mode:?} is neither `ro` nor `rw`"))),
        };
        Ok(Self { host: host.into(), guest: guest.to_owned(), read_only })
    }
}

/// In a form that is understood as the same grant, unless a path has what separates the parts.
impl fmt::Display for FileGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = if self.read_only { "ro" } else { "rw" };
        if self.host.as_os_str() == self.guest.as_str() {
            return write!(f, "{}::{mode}", self.host.display());
        }
        write!(f, "{}::{}::{mode}", self.host.display(), self.guest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_form() {
        let cases = [
            ("a.txt", "a.txt", "a.txt", false),
            ("a.txt::ro", "a.txt", "a.txt", true),
            ("a.txt::/etc/a", "a.txt", "/etc/a", false),
            ("a.txt::/etc/a::ro", "a.txt", "/etc/a", true),
            ("a.txt::ro::rw", "a.txt", "ro", false),
        ];
        for (text, host, guest, read_only) in cases {
            let grant: FileGrant = text.parse().unwrap();
            let expected = FileGrant { host: host.into(), guest: guest.into(), read_only };
            assert_eq!(grant, expected, "{text}");
            assert_eq!(grant.to_string().parse(), Ok(grant), "{text}");
        }
        for text in ["", "a::", "::a", "a::b::overlay", "a::b::open=1", "a::RO", "a:::ro", "a,ro"] {
            assert!(text.parse::<FileGrant>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn ro_is_never_lost(text in "[a:/ro,=]{0,12}(::|,)ro") {
            if let Ok(grant) = text.parse::<FileGrant>() {
                prop_assert!(grant.read_only);
            }
        }
    }
}
