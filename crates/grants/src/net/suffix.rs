//! `#ipv4-only` and `#ipv6-only`.

use std::net::IpAddr;
use wayleave_system::net::Family;

const V4: &str = "#ipv4-only";
const V6: &str = "#ipv6-only";

/// What is before the suffix, and what it says.
pub(super) fn split(text: &str) -> Result<(&str, Option<Family>), String> {
    match text.split_once('#') {
        None => Ok((text, None)),
        Some((rest, "ipv4-only")) => Ok((rest, Some(Family::V4))),
        Some((rest, "ipv6-only")) => Ok((rest, Some(Family::V6))),
        Some((_, other)) => Err(format!("it ends neither in {V4} nor in {V6}, but in #{other}")),
    }
}

/// An address is to be of the version that the suffix lets through.
pub(super) fn check(address: IpAddr, family: Family) -> Result<(), String> {
    if Family::of(address) == family {
        return Ok(());
    }
    Err(format!("{address} never passes {}", text(Some(family))))
}

/// How it is written.
pub(super) fn text(family: Option<Family>) -> &'static str {
    match family {
        None => "",
        Some(Family::V4) => V4,
        Some(Family::V6) => V6,
    }
}
