use crate::Error;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use wayleave_system::random::{OsRandom, Random, Seeded};

/// What random numbers a guest gets, as people write it: `secure` or `seed:N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RandomGrant {
    /// The system's, fit for cryptography.
    Secure,
    /// Those that follow from a number: whoever knows it knows them all.
    Seed(u64),
}

impl RandomGrant {
    /// The source that it means, at its beginning.
    #[must_use]
    pub fn source(&self) -> Arc<dyn Random> {
        match self {
            Self::Secure => Arc::new(OsRandom),
            Self::Seed(seed) => Arc::new(Seeded::new(*seed)),
        }
    }
}

impl FromStr for RandomGrant {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text == "secure" {
            return Ok(Self::Secure);
        }
        // Digits alone: `parse` would take a sign as well.
        let seed = text.strip_prefix("seed:");
        let seed = seed.filter(|seed| seed.bytes().all(|byte| byte.is_ascii_digit()));
        let seed = seed.and_then(|seed| seed.parse().ok());
        seed.map(Self::Seed).ok_or_else(|| Error::Random { text: text.to_owned() })
    }
}

impl fmt::Display for RandomGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secure => f.write_str("secure"),
            Self::Seed(seed) => write!(f, "seed:{seed}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_written_as_it_is_read() {
        for text in ["secure", "seed:0", "seed:18446744073709551615"] {
            assert_eq!(text.parse::<RandomGrant>().unwrap().to_string(), text);
        }
        for text in
            ["", "seed", "seed:", "seed:+1", "seed:-1", "seed:0x1", "seed:18446744073709551616"]
        {
            assert!(text.parse::<RandomGrant>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_seed_begins_anew_for_each_guest() {
        let draw = |grant: RandomGrant| {
            let mut bytes = [0; 16];
            grant.source().fill(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(draw(RandomGrant::Seed(7)), draw(RandomGrant::Seed(7)));
        assert_ne!(draw(RandomGrant::Seed(7)), draw(RandomGrant::Seed(8)));
        assert_ne!(draw(RandomGrant::Secure), draw(RandomGrant::Secure));
    }
}
