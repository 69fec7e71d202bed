//! Strings on their way between instances that encode them differently. The adapter has allocated
//! room in the destination; each operation copies as much as it can and says how far it got.

use super::set_result;
use crate::abi::{UTF16_TAG, invalid};
use crate::plan::Transcode;
use crate::runtime::Data;
use wayleave_engine::{Context, Engine, Slots, Stop};

/// Runs one operation. The slots hold the source's address and length (in its code units), the
/// destination's address, and for some its length and one number more.
pub(super) fn run<E: Engine, T: Send + 'static>(
    context: &mut E::Context<'_, Data<E, T>>,
    slots: &mut E::Slots<'_>,
    op: Transcode,
    from: usize,
    to: usize,
) -> Result<(), Stop> {
    let [source, len, place, room, extra] = [0, 1, 2, 3, 4].map(|slot| slots.u32(slot) as usize);
    // Copied, as both may lie in one memory; it is no more than the guest holds.
    let (memory, _) = context.kept_memory(from)?;
    let source = part(memory, source, len, source_unit(op))?.to_vec();
    let (memory, _) = context.kept_memory(to)?;
    match op {
        Transcode::CopyUtf8 => {
            let text = utf8(&source)?;
            part_mut(memory, place, len, 1)?.copy_from_slice(text.as_bytes());
        }
        Transcode::CopyLatin1 => part_mut(memory, place, len, 1)?.copy_from_slice(&source),
        Transcode::CopyUtf16 => {
            utf16(&source)?;
            part_mut(memory, place, len, 2)?.copy_from_slice(&source);
        }
        Transcode::Latin1ToUtf16 => {
            let (places, _) = part_mut(memory, place, len, 2)?.as_chunks_mut();
            for (place, byte) in places.iter_mut().zip(&source) {
                *place = [*byte, 0];
            }
        }
        Transcode::Utf8ToUtf16 => {
            let units = put_utf16(utf8(&source)?, part_mut(memory, place, len, 2)?);
            set_result(slots, 0, units);
        }
        Transcode::Utf16ToCompactProbablyUtf16 => {
            let text = utf16(&source)?;
            let places = part_mut(memory, place, len, 2)?;
            match latin1(&text) {
                Some(bytes) => {
                    places[..bytes.len()].copy_from_slice(&bytes);
                    set_result(slots, 0, bytes.len());
                }
                None => {
                    places.copy_from_slice(&source);
                    set_result(slots, 0, len | UTF16_TAG as usize);
                }
            }
        }
        Transcode::Utf8ToLatin1 => {
            let places = part_mut(memory, place, len, 1)?;
            let (mut read, mut written) = (0, 0);
            for (c, place) in utf8(&source)?.chars().zip(places) {
                let Ok(byte) = u8::try_from(c) else { break };
                *place = byte;
                read += c.len_utf8();
                written += 1;
            }
            set_result(slots, 0, read);
            set_result(slots, 1, written);
        }
        Transcode::Utf16ToLatin1 => {
            let places = part_mut(memory, place, len, 1)?;
            let mut read = 0;
            for (unit, place) in units(&source).zip(places) {
                let Ok(byte) = u8::try_from(unit) else { break };
                *place = byte;
                read += 1;
            }
            set_result(slots, 0, read);
            set_result(slots, 1, read);
        }
        Transcode::Latin1ToUtf8 => {
            let chars = source.iter().map(|byte| (char::from(*byte), 1));
            let places = part_mut(memory, place, room, 1)?;
            let (read, written) = put_utf8(chars, places, extra != 0);
            set_result(slots, 0, read);
            set_result(slots, 1, written);
        }
        Transcode::Utf16ToUtf8 => {
            let text = utf16(&source)?;
            let chars = text.chars().map(|c| (c, c.len_utf16()));
            let places = part_mut(memory, place, room, 1)?;
            let (read, written) = put_utf8(chars, places, extra != 0);
            set_result(slots, 0, read);
            set_result(slots, 1, written);
        }
        Transcode::Utf8ToCompactUtf16 => {
            let places = part_mut(memory, place, room, 2)?;
            let rest = widen(places, extra)?;
            let units = put_utf16(utf8(&source)?, rest);
            set_result(slots, 0, extra + units);
        }
        Transcode::Utf16ToCompactUtf16 => {
            utf16(&source)?;
            let places = part_mut(memory, place, room, 2)?;
            let rest = widen(places, extra)?;
            let Some(rest) = rest.get_mut(..source.len()) else { return Err(outside()) };
            rest.copy_from_slice(&source);
            set_result(slots, 0, extra + len);
        }
    }
    Ok(())
}

fn source_unit(op: Transcode) -> usize {
    match op {
        Transcode::CopyUtf16
        | Transcode::Utf16ToCompactProbablyUtf16
        | Transcode::Utf16ToCompactUtf16
        | Transcode::Utf16ToLatin1
        | Transcode::Utf16ToUtf8 => 2,
        _ => 1,
    }
}

fn part(memory: &[u8], at: usize, len: usize, unit: usize) -> Result<&[u8], Stop> {
    memory.get(at..at + len * unit).ok_or_else(outside)
}

fn part_mut(memory: &mut [u8], at: usize, len: usize, unit: usize) -> Result<&mut [u8], Stop> {
    memory.get_mut(at..at + len * unit).ok_or_else(outside)
}

#[cold]
fn outside() -> Stop {
    invalid("string pointer/length out of bounds of memory")
}

fn utf8(bytes: &[u8]) -> Result<&str, Stop> {
    std::str::from_utf8(bytes).map_err(|_| invalid("invalid utf8 encoding"))
}

fn units(bytes: &[u8]) -> impl Iterator<Item = u16> {
    bytes.as_chunks().0.iter().copied().map(u16::from_le_bytes)
}

fn utf16(bytes: &[u8]) -> Result<String, Stop> {
    char::decode_utf16(units(bytes))
        .collect::<Result<String, _>>()
        .map_err(|_| invalid("invalid utf16 encoding"))
}

fn latin1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(c).ok()).collect()
}

/// Writes text as UTF-16, as far as there is room, and says how many units.
fn put_utf16(text: &str, places: &mut [u8]) -> usize {
    let (places, _) = places.as_chunks_mut();
    let mut written = 0;
    for (place, unit) in places.iter_mut().zip(text.encode_utf16()) {
        *place = unit.to_le_bytes();
        written += 1;
    }
    written
}

/// Writes characters as UTF-8 as far as there is room, or up to the first that is not ASCII.
/// Characters come with the source's units that they took.
fn put_utf8(
    chars: impl Iterator<Item = (char, usize)>,
    mut places: &mut [u8],
    ascii_only: bool,
) -> (usize, usize) {
    let (mut read, mut written) = (0, 0);
    for (c, units) in chars {
        let len = c.len_utf8();
        if ascii_only && !c.is_ascii() || places.len() < len {
            break;
        }
        let (place, rest) = std::mem::take(&mut places).split_at_mut(len);
        c.encode_utf8(place);
        places = rest;
        read += units;
        written += len;
    }
    (read, written)
}

/// Turns Latin-1 bytes at the beginning into UTF-16 units in place, and gives what is behind them.
fn widen(places: &mut [u8], bytes: usize) -> Result<&mut [u8], Stop> {
    if places.len() < bytes * 2 {
        return Err(outside());
    }
    let (widened, rest) = places.split_at_mut(bytes * 2);
    for index in (0..bytes).rev() {
        widened[2 * index] = widened[index];
        widened[2 * index + 1] = 0;
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latin1_is_widened_in_place() {
        let mut bytes = *b"ab\xe9.....";
        assert_eq!(widen(&mut bytes, 3).unwrap(), b"..");
        assert_eq!(&bytes[..6], b"a\0b\0\xe9\0");
        assert!(widen(&mut bytes, 5).is_err());
    }

    #[test]
    fn utf8_is_written_in_whole_characters() {
        let mut places = [0; 4];
        let chars = || "aé€".chars().map(|c| (c, 1));
        assert_eq!(put_utf8(chars(), &mut places, false), (2, 3));
        assert_eq!(put_utf8(chars(), &mut places, true), (1, 1));
    }
}
