//! What a guest was refused, and which grant would have allowed it.
//!
//! A provider that refuses something because it was not granted reports that to a [`Refusals`],
//! if it was given one, and does what the [`Answer`] says. It reports nothing else: that a file is
//! missing, or that a peer does not answer, is no refusal. What is not refused costs nothing.

mod limit;

pub use limit::LimitWatch;

use std::fmt;

/// Something that a guest tried and was not allowed to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// What it tried, so that "to ... OBJECT" can be read: `read`, `connect to`.
    pub tried: &'static str,
    /// On what, as the guest names it: `/etc/passwd`, `tcp://192.0.2.1:443`.
    pub object: String,
    /// Grants, each of which would have allowed it, the narrowest first. Without any, nothing can
    /// allow it.
    pub grants: Vec<Grant>,
    /// Why nothing can allow it, for people, where there is more to say than that.
    pub why: Option<String>,
}

/// A grant as it is written on the command line: `--dir data::/data::ro`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Grant {
    /// The option, without its dashes: `dir`.
    pub option: &'static str,
    /// Its value: `data::/data::ro`.
    pub value: String,
}

/// What becomes of something that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It stays refused: the guest is told so.
    Deny,
    /// It is done all the same, this time.
    Allow,
}

/// Who is told of refusals, and may change them.
pub trait Refusals: Send + Sync {
    /// Called in the guest's call, before that returns; it may take its time, to ask somebody.
    fn refused(&self, refusal: Refusal) -> Answer;

    /// Whether an answer may be [`Answer::Allow`]. Where that is so, providers look at the host's
    /// files before they ask, to say exactly what would be allowed. Where not, they do not: guests
    /// could measure how long it takes, and learn what there is.
    fn may_allow(&self) -> bool {
        false
    }

    /// The guest is at its end because of this: nothing can be allowed any more.
    fn ended(&self, refusal: Refusal) {
        let _ = self.refused(refusal);
    }
}

impl Refusal {
    /// A refusal that these grants would have prevented.
    pub fn new(
        tried: &'static str,
        object: impl Into<String>,
        grants: impl IntoIterator<Item = Grant>,
    ) -> Self {
        let grants = grants.into_iter().collect();
        Self { tried, object: object.into(), grants, why: None }
    }

    /// The same, which no grant would have prevented, and why.
    #[must_use]
    pub fn hopeless(self, why: impl Into<String>) -> Self {
        Self { grants: Vec::new(), why: Some(why.into()), ..self }
    }
}

impl Grant {
    /// The grant of an option with a value.
    pub fn new(option: &'static str, value: impl Into<String>) -> Self {
        Self { option, value: value.into() }
    }
}

impl Answer {
    /// Whether it is done all the same.
    #[must_use]
    pub fn allows(self) -> bool {
        self == Self::Allow
    }
}

/// As people see it: `read /etc/passwd`.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = self.object.escape_debug();
        // What has spaces in it must not pass for the words around it.
        match self.object.contains(' ') && !is_address(&self.object) {
            true => write!(f, "{} \"{object}\"", self.tried),
            false => write!(f, "{} {object}", self.tried),
        }
    }
}

/// Whether an object is of a network: those have no spaces of a guest's. No path begins like this,
/// as guests' paths are told without doubled slashes.
fn is_address(object: &str) -> bool {
    ["tcp://", "udp://", "http://", "https://"].iter().any(|scheme| object.starts_with(scheme))
}

/// As a shell takes it: `--dir 'my data::/data'`.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--{} {}", self.option, Quoted(&self.value))
    }
}

/// Text as one word of a shell.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,=@%+#".contains(&byte);
        // Shells take # for a comment only where a word begins.
        if !self.0.is_empty() && !self.0.starts_with('#') && self.0.bytes().all(plain) {
            return f.write_str(self.0);
        }
        if self.0.chars().all(|c| c == '\'' || c == '\\' || c == '"' || is_shown(c)) {
            return write!(f, "'{}'", self.0.replace('\'', r"'\''"));
        }
        // What is not shown as it is would be for the terminal to act on.
        f.write_str("$'")?;
        for c in self.0.chars() {
            match c {
                '\'' | '\\' => write!(f, "\\{c}")?,
                c if c == '"' || is_shown(c) => write!(f, "{c}")?,
                c => write!(f, "\\U{:08x}", u32::from(c))?,
            }
        }
        f.write_str("'")
    }
}

/// Whether a character is one that people can see.
fn is_shown(c: char) -> bool {
    c.escape_debug().len() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_one_word_of_a_shell() {
        let shown = |value: &str| Grant::new("dir", value).to_string();
        assert_eq!(shown("data::/data::ro"), "--dir data::/data::ro");
        assert_eq!(shown("tcp://[::1]:80"), "--dir 'tcp://[::1]:80'");
        assert_eq!(shown("my data"), "--dir 'my data'");
        assert_eq!(shown("it's"), r"--dir 'it'\''s'");
        assert_eq!(shown("$(rm -rf .)"), "--dir '$(rm -rf .)'");
        assert_eq!(shown("*"), "--dir '*'");
        assert_eq!(shown("#a"), "--dir '#a'");
        assert_eq!(shown("été"), "--dir 'été'");
        assert_eq!(shown(r#"a\b"c"#), r#"--dir 'a\b"c'"#);
        assert_eq!(shown("a\x1b[2J'"), r"--dir $'a\U0000001b[2J\''");
        assert_eq!(shown(""), "--dir ''");
    }

    #[test]
    fn a_guest_can_not_write_to_the_terminal_with_a_path() {
        let refusal = Refusal::new("read", "/a\x1b[2J\nb", []);
        assert_eq!(refusal.to_string(), r"read /a\u{1b}[2J\nb");
        let refusal = Refusal::new("read", "/a. Allow it?   [y] \u{202e}yes", []);
        assert_eq!(refusal.to_string(), r#"read "/a. Allow it?   [y] \u{202e}yes""#);
    }
}
