//! What a guest's path says, before any file system is asked.

use crate::{ErrorCode, Result};
use std::borrow::Cow;

/// The longest path in bytes; Linux counts a NUL at the end among its 4096.
pub(super) const LONGEST: usize = 4095;

/// A relative path without its trailing slashes.
#[derive(Clone, Copy, Debug)]
pub(super) struct GuestPath<'a> {
    text: &'a str,
    /// Whether there is no slash inside.
    single: bool,
    /// Whether slashes were at its end: it must be a directory then.
    pub(super) slash: bool,
}

/// The last component of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Last<'a> {
    /// An ordinary name.
    Name(Cow<'a, [u8]>),
    /// `.`: the folder before it.
    Dot,
    /// `..`: what that led to.
    DotDot,
}

/// Where a path leads, one step before the end: the last component in the folder that holds it.
pub(super) struct Place<'a, F> {
    /// The folder; for [`Last::Dot`] and [`Last::DotDot`] the one that the whole path means.
    pub(super) folder: F,
    /// The component.
    pub(super) last: Last<'a>,
    /// Whether it must be a directory.
    pub(super) slash: bool,
}

impl<'a> GuestPath<'a> {
    /// # Errors
    /// `NoEntry` for nothing, `NotCapable` for an absolute path, `Invalid` for a NUL inside,
    /// `NameTooLong`.
    pub(super) fn parse(path: &'a str) -> Result<Self> {
        let bytes = path.as_bytes();
        match bytes.first() {
            None => return Err(ErrorCode::NoEntry),
            Some(b'/') => return Err(ErrorCode::NotCapable),
            Some(_) => {}
        }
        if bytes.len() > LONGEST {
            return Err(ErrorCode::NameTooLong);
        }
        // One pass without branches: every call with a path comes through here.
        let (mut nul, mut slash) = (false, false);
        for byte in bytes {
            nul |= *byte == 0;
            slash |= *byte == b'/';
        }
        if nul {
            return Err(ErrorCode::Invalid);
        }
        if !slash {
            return Ok(Self { text: path, single: true, slash: false });
        }
        let text = path.trim_end_matches('/');
        Ok(Self { text, single: !text.contains('/'), slash: text.len() != path.len() })
    }

    /// The path without trailing slashes.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// The path, if it is one name in the folder itself: no slashes, no dots.
    pub(super) fn as_name(&self) -> Option<&'a str> {
        let ordinary = self.single && !matches!(self.text, "." | "..");
        ordinary.then_some(self.text)
    }

    /// Its components, without those that are `.`.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.text.split('/').filter(|name| !matches!(*name, "" | "."))
    }

    /// What is before the last component (empty for the folder itself), and that component.
    pub(super) fn split(&self) -> (&'a str, Last<'a>) {
        let (before, last) = self.text.rsplit_once('/').unwrap_or(("", self.text));
        (before, Last::of(last.as_bytes().into()))
    }
}

impl<'a> Last<'a> {
    pub(super) fn of(component: Cow<'a, [u8]>) -> Self {
        match &*component {
            b"." => Self::Dot,
            b".." => Self::DotDot,
            _ => Self::Name(component),
        }
    }
}

impl<F> Place<'_, F> {
    /// The component as a name in the folder.
    pub(super) fn name(&self) -> &[u8] {
        match &self.last {
            Last::Name(name) => name,
            Last::Dot | Last::DotDot => b".",
        }
    }

    /// The component, where only an ordinary name will do; `otherwise` is the error for `.`
    /// and `..`.
    pub(super) fn ordinary(&self, otherwise: ErrorCode) -> Result<&[u8]> {
        match &self.last {
            Last::Name(name) => Ok(name),
            Last::Dot | Last::DotDot => Err(otherwise),
        }
    }
}

/// Whether a symbolic link's text may be created.
///
/// A relative text is harmless whatever it says, because every later use of the link is resolved
/// below the folder; an absolute one could serve only to mislead programs outside.
pub(super) fn check_link_text(text: &str) -> Result<()> {
    match text.as_bytes() {
        [] => Err(ErrorCode::NoEntry),
        [b'/', ..] => Err(ErrorCode::NotCapable),
        bytes if bytes.contains(&0) => Err(ErrorCode::Invalid),
        bytes if bytes.len() > LONGEST => Err(ErrorCode::NameTooLong),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_relative_path() {
        let error = |path: &str| GuestPath::parse(path).unwrap_err();
        assert_eq!(error(""), ErrorCode::NoEntry);
        assert_eq!(error("/"), ErrorCode::NotCapable);
        assert_eq!(error("/a"), ErrorCode::NotCapable);
        assert_eq!(error("a\0b"), ErrorCode::Invalid);
        assert_eq!(error(&"a".repeat(4096)), ErrorCode::NameTooLong);
    }

    #[test]
    fn splits_off_the_last_component() {
        let split = |path| {
            let path = GuestPath::parse(path).unwrap();
            let (before, last) = path.split();
            (before, last, path.slash)
        };
        let name = |text: &'static str| Last::Name(text.as_bytes().into());
        assert_eq!(split("a"), ("", name("a"), false));
        assert_eq!(split("a//"), ("", name("a"), true));
        assert_eq!(split("a//b/"), ("a/", name("b"), true));
        assert_eq!(split("."), ("", Last::Dot, false));
        assert_eq!(split("a/.."), ("a", Last::DotDot, false));
        assert_eq!(split("..."), ("", name("..."), false));
    }
}
