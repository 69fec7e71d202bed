use crate::Error;
use std::fmt;
use std::str::FromStr;

/// A variable as people write it: `NAME=VALUE`, or `NAME` to inherit the host's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvGrant {
    /// This value.
    Set {
        /// The variable's name.
        name: String,
        /// Its value.
        value: String,
    },
    /// The value that the host's environment has.
    Inherit {
        /// The variable's name.
        name: String,
    },
}

impl EnvGrant {
    /// The variable's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Set { name, .. } | Self::Inherit { name } => name,
        }
    }

    /// The variable with its value.
    ///
    /// # Errors
    /// [`Error::Env`] when it is to be inherited and the host has none, or one that is not UTF-8.
    pub fn resolve(self) -> Result<(String, String), Error> {
        match self {
            Self::Set { name, value } => Ok((name, value)),
            Self::Inherit { name } => match std::env::var(&name) {
                Ok(value) => Ok((name, value)),
                Err(error) => {
                    let reason = match error {
                        std::env::VarError::NotPresent => {
                            "the host has no such variable; write NAME=VALUE to set it"
                        }
                        std::env::VarError::NotUnicode(_) => "the host's value is not UTF-8",
                    };
                    Err(Error::Env { text: name, reason: reason.to_owned() })
                }
            },
        }
    }
}

impl fmt::Display for EnvGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set { name, value } => write!(f, "{name}={value}"),
            Self::Inherit { name } => f.write_str(name),
        }
    }
}

impl FromStr for EnvGrant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        if name.is_empty() {
            let reason = "the name is empty; write NAME=VALUE, or NAME to inherit it".to_owned();
            return Err(Error::Env { text: text.to_owned(), reason });
        }
        let name = name.to_owned();
        Ok(match value {
            Some(value) => Self::Set { name, value: value.to_owned() },
            None => Self::Inherit { name },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_hold_equals_signs_and_nothing() {
        let set =
            |name: &str, value: &str| EnvGrant::Set { name: name.into(), value: value.into() };
        assert_eq!("A=b=c".parse(), Ok(set("A", "b=c")));
        assert_eq!("A=".parse(), Ok(set("A", "")));
        assert_eq!("A".parse(), Ok(EnvGrant::Inherit { name: "A".into() }));
        for text in ["A=b=c", "A=", "A"] {
            assert_eq!(text.parse::<EnvGrant>().unwrap().to_string(), text);
        }
        assert!("=b".parse::<EnvGrant>().is_err());
        assert!("".parse::<EnvGrant>().is_err());
    }

    #[test]
    fn inheriting_what_is_missing_is_an_error() {
        let grant: EnvGrant = "WAYLEAVE_TEST_SURELY_UNSET".parse().unwrap();
        assert!(grant.resolve().unwrap_err().to_string().contains("no such variable"));
    }
}
