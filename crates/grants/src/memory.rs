use crate::Error;
use crate::mode::{Mode, MountLimits};
use std::fmt;
use std::str::FromStr;

/// An empty folder in memory as people write it: `GUEST`, or `GUEST::LIMITS` with limits as
/// [`DirGrant`](crate::DirGrant) has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryGrant {
    /// The path under which the guest finds it.
    pub guest: String,
    /// Its limits. Without one for its bytes there are [`MemoryGrant::DEFAULT_BYTES`].
    pub limits: MountLimits,
}

impl MemoryGrant {
    /// How many bytes a folder in memory holds when nothing is said: 64 MiB, which is plenty for
    /// temporary files, and little for a host with many guests.
    pub const DEFAULT_BYTES: u64 = 64 << 20;
}

impl FromStr for MemoryGrant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Memory { text: text.to_owned(), reason };
        if text.contains(":::") {
            return Err(wrong("three colons in a row".to_owned()));
        }
        let (guest, limits) = match text.split("::").collect::<Vec<_>>()[..] {
            [guest] => (guest, None),
            [guest, limits] => (guest, Some(limits)),
            _ => return Err(wrong("too many `::`".to_owned())),
        };
        if guest.is_empty() {
            return Err(wrong("the guest path is empty".to_owned()));
        }
        let mode = limits.map(Mode::parse).transpose().map_err(wrong)?.unwrap_or_default();
        if let Some(access) = mode.access {
            return Err(wrong(format!("`{access}` makes no sense of a folder in memory")));
        }
        Ok(Self { guest: guest.to_owned(), limits: mode.limits })
    }
}

impl fmt::Display for MemoryGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.guest)?;
        if !self.limits.is_empty() {
            write!(f, "::{}", self.limits)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form() {
        let grant: MemoryGrant = "/tmp".parse().unwrap();
        assert_eq!(grant, MemoryGrant { guest: "/tmp".into(), limits: MountLimits::default() });
        let grant: MemoryGrant = "/tmp::bytes=1M,files=9".parse().unwrap();
        assert_eq!((grant.limits.bytes, grant.limits.files), (Some(1 << 20), Some(9)));
        assert_eq!(grant.to_string(), "/tmp::bytes=1M,files=9");
        assert_eq!(grant.to_string().parse(), Ok(grant));
        for text in ["", "::bytes=1", "/tmp::", "/tmp::ro", "/tmp::overlay", "/tmp::1M", "a::b::c"]
        {
            assert!(text.parse::<MemoryGrant>().is_err(), "{text:?}");
        }
    }
}
