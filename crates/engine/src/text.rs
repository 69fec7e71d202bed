//! Texts of guests.
//!
//! # Safety
//!
//! Bytes that were all seen to be ASCII become text without being looked through again.
#![expect(unsafe_code, reason = "what was looked through need not be looked through again")]

use std::str::Utf8Error;

/// [`std::str::from_utf8`], for the short names and paths that guests pass with every other call: the
/// standard library goes through the first and the last bytes of a text one by one, which for a name
/// is all of it.
///
/// # Errors
/// As there, for bytes that are no UTF-8.
#[inline]
pub fn utf8(bytes: &[u8]) -> Result<&str, Utf8Error> {
    if bytes.is_ascii() {
        // SAFETY: each byte of ASCII is a character of UTF-8.
        return Ok(unsafe { std::str::from_utf8_unchecked(bytes) });
    }
    std::str::from_utf8(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_standard_library_says() {
        let whole = "file-0001.txt ü € 𝄞 a/b/c".as_bytes();
        for start in 0..whole.len() {
            for end in start..=whole.len() {
                let bytes = &whole[start..end];
                assert_eq!(utf8(bytes), std::str::from_utf8(bytes));
            }
        }
        for len in 0..40 {
            for at in 0..len {
                for byte in [0, 0x7f, 0x80, 0xc0, 0xff] {
                    let mut bytes = vec![b'a'; len];
                    bytes[at] = byte;
                    assert_eq!(utf8(&bytes), std::str::from_utf8(&bytes));
                }
            }
        }
    }
}
