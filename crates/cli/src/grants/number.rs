/// A number as options take it: how many of something.
///
/// # Errors
/// What has to be written instead.
pub(crate) fn parse_number<N: TryFrom<u64>>(text: &str) -> Result<N, String> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("write a whole number, in digits alone: 1000000".to_owned());
    }
    let number = text.parse::<u64>().ok().and_then(|number| N::try_from(number).ok());
    number.ok_or_else(|| "the number is too large".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits() {
        assert_eq!(parse_number("0"), Ok(0_u64));
        assert_eq!(parse_number("18446744073709551615"), Ok(u64::MAX));
        assert_eq!(parse_number("007"), Ok(7_u32));
        for text in ["", " 1", "1e9", "1_000", "-1", "+1", "1.5", "0x10", "\u{0661}", "many"] {
            assert!(parse_number::<u64>(text).unwrap_err().contains("in digits"), "{text}");
        }
        assert!(parse_number::<u64>("18446744073709551616").is_err());
        assert!(parse_number::<u32>("4294967296").is_err());
    }
}
