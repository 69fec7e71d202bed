use crate::Error;
use crate::mode::{Access, Mode, MountLimits};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A folder grant as people write it: `HOST`, `HOST::GUEST`, `HOST::MODE`, `HOST::GUEST::MODE`.
///
/// MODE is a list with commas: `ro`, `rw` (the default), `overlay` or `overlay=FOLDER`, then limits:
/// `bytes=1G`, `files=1000`, `file-size=10M`, `open=64`. A guest path that could be taken for a mode
/// is written with one: `HOST::ro::rw`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirGrant {
    /// The folder on the host.
    pub host: PathBuf,
    /// The path under which the guest finds it; the host's path if not given.
    pub guest: String,
    /// How much of it.
    pub access: Access,
    /// How much may be done with it.
    pub limits: MountLimits,
}

impl DirGrant {
    /// A grant without limits.
    #[must_use]
    pub fn new(host: impl Into<PathBuf>, guest: impl Into<String>, access: Access) -> Self {
        let limits = MountLimits::default();
        Self { host: host.into(), guest: guest.into(), access, limits }
    }

    /// The same with what it names on the host taken from a folder, where that is relative.
    #[must_use]
    pub fn rooted(self, folder: &Path) -> Self {
        Self { host: folder.join(&self.host), access: self.access.rooted(folder), ..self }
    }
}

impl FromStr for DirGrant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Dir { text: text.to_owned(), reason };
        let Parts { host, guest, mode } = Parts::of(text).map_err(wrong)?;
        let mode = mode.map(Mode::parse).transpose().map_err(wrong)?.unwrap_or_default();
        Ok(Self {
            host: host.into(),
            guest: guest.to_owned(),
            access: mode.access.unwrap_or(Access::ReadWrite),
            limits: mode.limits,
        })
    }
}

/// In a form that is understood as the same grant, unless a path has what separates the parts.
impl fmt::Display for DirGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = show_paths(&self.host, &self.guest, f)?;
        match (&self.access, self.limits.is_empty()) {
            (Access::ReadWrite, true) if is_plain => Ok(()),
            (access, true) => write!(f, "::{access}"),
            (access, false) => write!(f, "::{access},{}", self.limits),
        }
    }
}

/// Shows `HOST[::GUEST]`, and says whether that is understood without a mode behind it.
pub(crate) fn show_paths(
    host: &Path,
    guest: &str,
    f: &mut fmt::Formatter<'_>,
) -> Result<bool, fmt::Error> {
    write!(f, "{}", host.display())?;
    // As text: `a/.` and `a` are the same path to the host, and not to a guest.
    if host.as_os_str() == guest {
        return Ok(!Mode::ends(guest));
    }
    write!(f, "::{guest}")?;
    Ok(!Mode::is_meant_by(guest))
}

/// What is between the `::` of a mount: `HOST[::GUEST][::MODE]`.
pub(crate) struct Parts<'a> {
    pub(crate) host: &'a str,
    pub(crate) guest: &'a str,
    pub(crate) mode: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn of(text: &'a str) -> Result<Self, String> {
        // Where `data:::ro` is to be cut, nobody can tell; as `data` and `:ro` it would be writable.
        if text.contains(":::") {
            return Err("three colons in a row".to_owned());
        }
        let parts: Vec<&str> = text.split("::").collect();
        let (host, guest, mode) = match parts[..] {
            [host] if Mode::ends(host) => {
                return Err("what is granted of it goes behind `::`, not behind a comma".to_owned());
            }
            [host] => (host, host, None),
            [host, mode] if Mode::is_meant_by(mode) => (host, host, Some(mode)),
            [host, guest] => (host, guest, None),
            [host, guest, mode] => (host, guest, Some(mode)),
            _ => return Err("too many `::`".to_owned()),
        };
        if host.is_empty() {
            return Err("the host path is empty".to_owned());
        }
        if guest.is_empty() {
            return Err("the guest path is empty".to_owned());
        }
        Ok(Self { host, guest, mode })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> (String, String, Access) {
        let grant: DirGrant = text.parse().unwrap();
        (grant.host.to_str().unwrap().to_owned(), grant.guest, grant.access)
    }

    #[test]
    fn each_form() {
        let cases = [
            ("data", "data", "data", Access::ReadWrite),
            ("data::ro", "data", "data", Access::ReadOnly),
            ("data::/d", "data", "/d", Access::ReadWrite),
            ("data::/d::ro", "data", "/d", Access::ReadOnly),
            ("data::/d::rw", "data", "/d", Access::ReadWrite),
            ("data::ro::rw", "data", "ro", Access::ReadWrite),
            ("ro", "ro", "ro", Access::ReadWrite),
            ("a:b::c", "a:b", "c", Access::ReadWrite),
            ("data::overlay", "data", "data", Access::Overlay),
            ("data::/d::overlay=up", "data", "/d", Access::OverlayIn("up".into())),
            ("data::files", "data", "files", Access::ReadWrite),
            ("data::/a=b", "data", "/a=b", Access::ReadWrite),
            ("data::/a,b::ro", "data", "/a,b", Access::ReadOnly),
            ("a,b", "a,b", "a,b", Access::ReadWrite),
        ];
        for (text, host, guest, access) in cases {
            assert_eq!(parsed(text), (host.into(), guest.into(), access), "{text}");
        }
    }

    #[test]
    fn limits_without_an_access_leave_it_writable() {
        let grant: DirGrant = "data::bytes=1M,open=3".parse().unwrap();
        assert_eq!((&*grant.guest, grant.access), ("data", Access::ReadWrite));
        assert_eq!((grant.limits.bytes, grant.limits.open), (Some(1 << 20), Some(3)));
    }

    #[test]
    fn what_is_not_understood_is_no_grant() {
        for text in [
            "",
            "::",
            "::/d",
            "::ro",
            "data::",
            "data::/d::",
            "data::/d::r",
            "data::/d::RO",
            "data::RO",
            "data:: ro",
            "data::readonly",
            "data::read-only",
            "data::a,ro",
            "data::/d,ro",
            "data,ro",
            "data::ro,byte=1",
            "data::byte=1",
            "data::/d::bytes=x",
            "data::/d::/e",
            "data::/d::overlay=a::b",
            "a::b::c::ro",
            "a::b::ro::",
            "a:::ro",
        ] {
            assert!(text.parse::<DirGrant>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_error_says_what_is_expected() {
        let error = "data::/d::r".parse::<DirGrant>().unwrap_err().to_string();
        assert!(error.contains("\"r\" is none of ro, rw, overlay"), "{error}");
        assert!(error.contains("HOST[::GUEST][::MODE]"), "{error}");
    }

    #[test]
    fn what_is_beside_a_manifest_is_found_from_there() {
        let grant: DirGrant = "data::/d::overlay=up".parse().unwrap();
        let grant = grant.rooted(Path::new("/m"));
        assert_eq!(grant.to_string(), "/m/data::/d::overlay=/m/up");
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(text in "[a/row]{1,6}(:[a/row]{1,4})?(::[a/row]{1,4})?(::r[ow])?") {
            if let Ok(grant) = text.parse::<DirGrant>() {
                prop_assert_eq!(grant.to_string().parse::<DirGrant>(), Ok(grant));
            }
        }

        /// Whatever the text, `ro` at its end never turns into a writable folder.
        #[test]
        fn ro_is_never_lost(text in "[a:/ro,=]{0,12}(::|,)ro") {
            if let Ok(grant) = text.parse::<DirGrant>() {
                prop_assert_eq!(grant.access, Access::ReadOnly);
            }
        }

        #[test]
        fn what_is_shown_is_understood_as_the_same(text in "[aorw/.,]{1,4}(::[aorw/.,]{1,4})?(::(ro|rw|overlay|overlay=[a/]{1,3}))?(,open=[0-9])?") {
            if let Ok(grant) = text.parse::<DirGrant>() {
                prop_assert_eq!(grant.to_string().parse(), Ok(grant));
            }
        }
    }
}
