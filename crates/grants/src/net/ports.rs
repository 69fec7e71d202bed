use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Ports, as people write them: `443`, `80,443`, `8000-8100`, `21,8000-8100`, or `*` for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports(Vec<RangeInclusive<u16>>);

impl Ports {
    /// Every port.
    pub(super) fn all() -> Self {
        Self(vec![0..=u16::MAX])
    }

    /// This port.
    pub(super) fn one(port: u16) -> Self {
        Self(vec![port..=port])
    }

    pub(super) fn ranges(&self) -> &[RangeInclusive<u16>] {
        &self.0
    }

    /// The port, if it is just one.
    pub(super) fn single(&self) -> Option<u16> {
        match self.0.as_slice() {
            [range] if range.start() == range.end() => Some(*range.start()),
            _ => None,
        }
    }

    /// Whether every port is one of these.
    pub(super) fn is_all(&self) -> bool {
        self.0.iter().any(|range| *range.end() == u16::MAX && *range.start() <= 1)
    }

    /// Whether a port is one of these.
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        self.0.iter().any(|range| range.contains(&port))
    }
}

impl FromStr for Ports {
    /// What is wrong with it.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::all());
        }
        text.split(',').map(range).collect::<Result<_, _>>().map(Self)
    }
}

fn range(text: &str) -> Result<RangeInclusive<u16>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (port(first)?, port(last)?);
    if first > last {
        return Err(format!("the range {text} goes backwards"));
    }
    Ok(first..=last)
}

/// Nothing but digits: `parse` alone would take a sign.
fn port(text: &str) -> Result<u16, String> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    // Some read what begins with a zero as an octal number.
    let plain = digits && (text == "0" || !text.starts_with('0'));
    let port = if plain { text.parse().ok() } else { None };
    port.ok_or_else(|| format!("{text:?} is no port, which is 0 to 65535"))
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::all() {
            return f.write_str("*");
        }
        for (number, range) in self.0.iter().enumerate() {
            let comma = if number == 0 { "" } else { "," };
            match (*range.start(), *range.end()) {
                (first, last) if first == last => write!(f, "{comma}{first}")?,
                (first, last) => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form() {
        for (text, inside, outside) in [
            ("80", &[80][..], &[0, 79, 81][..]),
            ("80,443", &[80, 443], &[81, 442, 444]),
            ("8000-8002", &[8000, 8001, 8002], &[7999, 8003]),
            ("21,65534-65535", &[21, 65534, 65535], &[22, 65533]),
            ("0", &[0], &[1, 65535]),
            ("5-5", &[5], &[4, 6]),
            ("*", &[0, 1, 65535], &[]),
        ] {
            let ports: Ports = text.parse().unwrap();
            assert!(inside.iter().all(|port| ports.contains(*port)), "{text}");
            assert!(!outside.iter().any(|port| ports.contains(*port)), "{text}");
        }
        assert_eq!("21,80-90,7-7".parse::<Ports>().unwrap().to_string(), "21,80-90,7");
        assert_eq!("*".parse::<Ports>().unwrap().to_string(), "*");
        assert_eq!("0-65535".parse::<Ports>().unwrap().to_string(), "*");
        // A list has no star in it.
        assert_eq!("80,0-65535".parse::<Ports>().unwrap().to_string(), "80,0-65535");
    }

    #[test]
    fn not_understood() {
        for text in [
            "",
            ",",
            "80,",
            ",80",
            "-",
            "80-",
            "-80",
            "90-80",
            "65536",
            "99999999999",
            "+80",
            "0x50",
            "http",
            " 80",
            "80 ",
            "80-*",
            "80,*",
            "1-2-3",
        ] {
            assert!(text.parse::<Ports>().is_err(), "{text:?}");
        }
    }
}
