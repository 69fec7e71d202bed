use crate::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use wayleave_system::fs::{File, OpenOptions, OsFile};
use wayleave_system::stdio;

/// A standard stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Stream {
    Stdin,
    Stdout,
    Stderr,
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdin => "stdin",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        })
    }
}

/// What a standard stream is connected to, as people write it: `inherit`, `null` or `file:PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamGrant {
    /// The host's own stream.
    Inherit,
    /// Nothing: reading is at the end, what is written vanishes.
    Null,
    /// A file: read from its start, or made new and written.
    File(PathBuf),
}

impl StreamGrant {
    /// The same, with a relative path taken from `folder` on.
    #[must_use]
    pub fn rooted(self, folder: &Path) -> Self {
        match self {
            Self::File(path) => Self::File(folder.join(path)),
            other => other,
        }
    }

    pub(crate) fn open(self, stream: Stream) -> Result<Arc<dyn File>, Error> {
        match (self, stream) {
            (Self::Inherit, Stream::Stdin) => Ok(stdio::stdin()),
            (Self::Inherit, Stream::Stdout) => Ok(stdio::stdout()),
            (Self::Inherit, Stream::Stderr) => Ok(stdio::stderr()),
            (Self::Null, _) => Ok(Arc::new(stdio::Null)),
            (Self::File(path), stream) => {
                let options = match stream {
                    Stream::Stdin => OpenOptions { read: true, follow: true, ..Default::default() },
                    Stream::Stdout | Stream::Stderr => OpenOptions {
                        write: true,
                        create: true,
                        truncate: true,
                        follow: true,
                        ..Default::default()
                    },
                };
                match OsFile::open_ambient(&path, &options) {
                    Ok(file) => Ok(Arc::new(file)),
                    Err(code) => Err(Error::OpenStream { stream, path, code }),
                }
            }
        }
    }
}

impl fmt::Display for StreamGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inherit => f.write_str("inherit"),
            Self::Null => f.write_str("null"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

impl FromStr for StreamGrant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "inherit" => Ok(Self::Inherit),
            "null" => Ok(Self::Null),
            _ => match text.strip_prefix("file:") {
                Some(path) if !path.is_empty() => Ok(Self::File(path.into())),
                _ => Err(Error::Stream { text: text.to_owned() }),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form() {
        assert_eq!("inherit".parse(), Ok(StreamGrant::Inherit));
        assert_eq!("null".parse(), Ok(StreamGrant::Null));
        assert_eq!("file:a:b".parse(), Ok(StreamGrant::File("a:b".into())));
        for text in ["", "file:", "Inherit", "a.txt", "null "] {
            assert!(text.parse::<StreamGrant>().is_err(), "{text:?}");
        }
    }
}
