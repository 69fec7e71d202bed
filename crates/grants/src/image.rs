use crate::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A tar or zip file as a folder, as people write it: `FILE::GUEST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageGrant {
    /// The archive on the host.
    pub file: PathBuf,
    /// The path under which the guest finds what is in it.
    pub guest: String,
}

impl ImageGrant {
    /// The same with what it names on the host taken from a folder, where that is relative.
    #[must_use]
    pub fn relative_to(self, folder: &Path) -> Self {
        Self { file: folder.join(&self.file), ..self }
    }
}

impl FromStr for ImageGrant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong =
            |reason: &str| Error::Image { text: text.to_owned(), reason: reason.to_owned() };
        if text.contains(":::") {
            return Err(wrong("three colons in a row"));
        }
        let (file, guest) = match text.split("::").collect::<Vec<_>>()[..] {
            [_] => return Err(wrong("the guest path is missing")),
            [file, guest] => (file, guest),
            _ => return Err(wrong("too many `::`; an image is always read-only, without a mode")),
        };
        if file.is_empty() {
            return Err(wrong("the file is empty"));
        }
        if guest.is_empty() {
            return Err(wrong("the guest path is empty"));
        }
        Ok(Self { file: file.into(), guest: guest.to_owned() })
    }
}

impl fmt::Display for ImageGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.file.display(), self.guest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form() {
        let grant: ImageGrant = "root.tar::/".parse().unwrap();
        assert_eq!(grant, ImageGrant { file: "root.tar".into(), guest: "/".into() });
        assert_eq!(grant.to_string().parse(), Ok(grant));
        for text in ["", "root.tar", "::/", "root.tar::", "root.tar::/::ro", "a:::b"] {
            assert!(text.parse::<ImageGrant>().is_err(), "{text:?}");
        }
    }
}
