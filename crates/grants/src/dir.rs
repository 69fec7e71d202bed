use crate::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// How much of a folder is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading and listing.
    ReadOnly,
    /// Everything.
    ReadWrite,
}

/// A folder grant as people write it: `HOST`, `HOST::GUEST`, `HOST::ro`, `HOST::GUEST::ro`.
///
/// The last part may also be `rw`, the default, so that a guest path `ro` can be written:
/// `HOST::ro::rw`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirGrant {
    /// The folder on the host.
    pub host: PathBuf,
    /// The path under which the guest finds it; the host's path if not given.
    pub guest: String,
    /// How much of it.
    pub access: Access,
}

impl DirGrant {
    /// The same, with a relative path on the host taken from `folder` on.
    #[must_use]
    pub fn rooted(self, folder: &Path) -> Self {
        Self { host: folder.join(&self.host), ..self }
    }
}

impl fmt::Display for DirGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.host.display())?;
        let named = self.host != Path::new(&self.guest);
        if named {
            write!(f, "::{}", self.guest)?;
        }
        match self.access {
            Access::ReadOnly => f.write_str("::ro"),
            // The guest path would be taken for the access.
            Access::ReadWrite if named && matches!(self.guest.as_str(), "ro" | "rw") => {
                f.write_str("::rw")
            }
            Access::ReadWrite => Ok(()),
        }
    }
}

impl FromStr for DirGrant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::Dir { text: text.to_owned(), reason: reason.to_owned() };
        // Where `data:::ro` is to be cut, nobody can tell; as `data` and `:ro` it would be writable.
        if text.contains(":::") {
            return Err(wrong("three colons in a row"));
        }
        let mut parts: Vec<&str> = text.split("::").collect();
        let access = match parts.last() {
            Some(&"ro") if parts.len() > 1 => Some(Access::ReadOnly),
            Some(&"rw") if parts.len() > 1 => Some(Access::ReadWrite),
            _ => None,
        };
        if access.is_some() {
            parts.pop();
        }
        let (host, guest) = match parts[..] {
            [host] => (host, host),
            [host, guest] => (host, guest),
            [_, _, mode] => return Err(wrong(&format!("{mode:?} is neither `ro` nor `rw`"))),
            _ => return Err(wrong("too many `::`")),
        };
        if host.is_empty() {
            return Err(wrong("the host folder is empty"));
        }
        if guest.is_empty() {
            return Err(wrong("the guest path is empty"));
        }
        Ok(Self {
            host: host.into(),
            guest: guest.to_owned(),
            access: access.unwrap_or(Access::ReadWrite),
        })
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
        ];
        for (text, host, guest, access) in cases {
            assert_eq!(parsed(text), (host.into(), guest.into(), access), "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_no_grant() {
        for text in [
            "",
            "::",
            "::/d",
            "data::",
            "data::/d::r",
            "data::/d::RO",
            "a::b::c::ro",
            "a::b::ro::",
            "a:::ro",
        ] {
            assert!(text.parse::<DirGrant>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_can_be_read(text in "[a:/row]{0,12}") {
            if let Ok(grant) = text.parse::<DirGrant>() {
                prop_assert_eq!(grant.to_string().parse::<DirGrant>(), Ok(grant));
            }
        }

        /// Whatever the text, `ro` at its end never turns into a writable folder.
        #[test]
        fn ro_is_never_lost(text in "[a:/ro]{0,12}::ro") {
            if let Ok(grant) = text.parse::<DirGrant>() {
                prop_assert_eq!(grant.access, Access::ReadOnly);
            }
        }
    }
}
