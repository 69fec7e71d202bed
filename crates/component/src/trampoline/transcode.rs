//! Strings on their way between instances that encode them differently. The adapter has allocated
//! room in the destination; each operation copies as much as it can and says how far it got.

use super::set_result;
use crate::abi::{UTF16_TAG, invalid};
use crate::plan::Transcode;
use crate::runtime::Data;
use wayleave_engine::{Context, Engine, Slots, Stop};

/// Bytes of the source that are worked on at a time: both strings may lie in one memory, so that
/// they pass through the host's, but it holds no more of them than this.
const CHUNK: usize = 16 << 10;

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
    let conversion = Conversion::of(op, extra);
    let size = len * conversion.from.unit();
    // Those that are told no length of the destination have as many units there.
    let room = match op {
        Transcode::Latin1ToUtf8
        | Transcode::Utf16ToUtf8
        | Transcode::Utf8ToCompactUtf16
        | Transcode::Utf16ToCompactUtf16 => room,
        _ => len,
    } * conversion.to.unit();
    let mut memory = context.kept_memory(from)?.0;
    part(memory, source, size)?;
    memory = context.kept_memory(to)?.0;
    let places = part_mut(memory, place, room)?;
    let (mut read, mut written) = (0, 0);
    if let Transcode::Utf8ToCompactUtf16 | Transcode::Utf16ToCompactUtf16 = op {
        widen(places, extra)?;
        written = 2 * extra;
    }
    let mut chunk = Vec::new();
    let mut latin1 = true;
    while read < size {
        let more = CHUNK.min(size - read);
        chunk.clear();
        chunk.extend_from_slice(part(context.kept_memory(from)?.0, source + read, more)?);
        let places = part_mut(context.kept_memory(to)?.0, place, room)?;
        let rest = places.get_mut(written..).ok_or_else(outside)?;
        let step = conversion.convert(&chunk, read + more == size, rest)?;
        read += step.read;
        written += step.written;
        latin1 &= step.latin1;
        // It has no more room, or comes to a character that it does not take.
        if step.read == 0 {
            break;
        }
    }
    match op {
        Transcode::CopyUtf8
        | Transcode::CopyUtf16
        | Transcode::CopyLatin1
        | Transcode::Latin1ToUtf16 => {}
        Transcode::Utf16ToCompactProbablyUtf16 if latin1 => {
            narrow(part_mut(context.kept_memory(to)?.0, place, room)?);
            set_result(slots, 0, len);
        }
        Transcode::Utf16ToCompactProbablyUtf16 => set_result(slots, 0, len | UTF16_TAG as usize),
        Transcode::Utf8ToUtf16 | Transcode::Utf8ToCompactUtf16 | Transcode::Utf16ToCompactUtf16 => {
            set_result(slots, 0, written / 2);
        }
        Transcode::Latin1ToUtf8
        | Transcode::Utf16ToUtf8
        | Transcode::Utf8ToLatin1
        | Transcode::Utf16ToLatin1 => {
            set_result(slots, 0, read / conversion.from.unit());
            set_result(slots, 1, written);
        }
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Latin1,
    Utf8,
    Utf16,
}

impl Form {
    /// Bytes of a code unit.
    fn unit(self) -> usize {
        match self {
            Self::Latin1 | Self::Utf8 => 1,
            Self::Utf16 => 2,
        }
    }
}

struct Conversion {
    from: Form,
    to: Form,
    /// Stops at the first character that is not ASCII.
    ascii_only: bool,
}

/// How far a conversion came, in bytes.
#[derive(Debug, PartialEq, Eq)]
struct Step {
    read: usize,
    written: usize,
    /// Whether Latin-1 has all the characters.
    latin1: bool,
}

impl Conversion {
    fn of(op: Transcode, extra: usize) -> Self {
        let (from, to) = match op {
            Transcode::CopyLatin1 => (Form::Latin1, Form::Latin1),
            Transcode::Latin1ToUtf8 => (Form::Latin1, Form::Utf8),
            Transcode::Latin1ToUtf16 => (Form::Latin1, Form::Utf16),
            Transcode::Utf8ToLatin1 => (Form::Utf8, Form::Latin1),
            Transcode::CopyUtf8 => (Form::Utf8, Form::Utf8),
            Transcode::Utf8ToUtf16 | Transcode::Utf8ToCompactUtf16 => (Form::Utf8, Form::Utf16),
            Transcode::Utf16ToLatin1 => (Form::Utf16, Form::Latin1),
            Transcode::Utf16ToUtf8 => (Form::Utf16, Form::Utf8),
            Transcode::CopyUtf16
            | Transcode::Utf16ToCompactUtf16
            | Transcode::Utf16ToCompactProbablyUtf16 => (Form::Utf16, Form::Utf16),
        };
        let ascii_only =
            matches!(op, Transcode::Latin1ToUtf8 | Transcode::Utf16ToUtf8) && extra != 0;
        Self { from, to, ascii_only }
    }

    /// Converts what there is of the source and what there is room for, in whole characters.
    fn convert(&self, source: &[u8], last: bool, places: &mut [u8]) -> Result<Step, Stop> {
        match self.from {
            Form::Latin1 => {
                let chars = source.iter().map(|byte| Ok((char::from(*byte), 1)));
                self.put(chars, places)
            }
            Form::Utf8 => {
                let text = utf8(source, last)?;
                if self.to == Form::Utf8 {
                    let len = text.len();
                    places.get_mut(..len).ok_or_else(outside)?.copy_from_slice(text.as_bytes());
                    return Ok(Step { read: len, written: len, latin1: false });
                }
                self.put(text.chars().map(|c| Ok((c, c.len_utf8()))), places)
            }
            Form::Utf16 => {
                let units = source.as_chunks().0.iter().copied().map(u16::from_le_bytes);
                let whole = match source.as_chunks().0.last() {
                    // The other half of the character is in the next chunk.
                    Some([_, 0xd8..=0xdb]) if !last => units.len() - 1,
                    _ => units.len(),
                };
                let chars = char::decode_utf16(units.take(whole)).map(|c| match c {
                    Ok(c) => Ok((c, 2 * c.len_utf16())),
                    Err(_) => Err(invalid("invalid utf16 encoding")),
                });
                self.put(chars, places)
            }
        }
    }

    /// Writes characters; each comes with the bytes that it took in the source.
    fn put(
        &self,
        chars: impl Iterator<Item = Result<(char, usize), Stop>>,
        places: &mut [u8],
    ) -> Result<Step, Stop> {
        let mut step = Step { read: 0, written: 0, latin1: true };
        for next in chars {
            let (c, taken) = next?;
            let rest = places.get_mut(step.written..).unwrap_or_default();
            let Some(len) = self.put_one(c, rest) else { break };
            step.read += taken;
            step.written += len;
            step.latin1 &= u32::from(c) <= 0xff;
        }
        Ok(step)
    }

    /// Writes a character and says how many bytes it took, unless there is no room or it is not to
    /// be written.
    fn put_one(&self, c: char, places: &mut [u8]) -> Option<usize> {
        if self.ascii_only && !c.is_ascii() {
            return None;
        }
        match self.to {
            Form::Latin1 => *places.first_mut()? = u8::try_from(c).ok()?,
            Form::Utf8 => {
                c.encode_utf8(places.get_mut(..c.len_utf8())?);
            }
            Form::Utf16 => {
                let mut units = [0; 2];
                let units = c.encode_utf16(&mut units);
                let places = places.get_mut(..2 * units.len())?;
                for (place, unit) in places.as_chunks_mut().0.iter_mut().zip(&*units) {
                    *place = unit.to_le_bytes();
                }
                return Some(2 * units.len());
            }
        }
        Some(if self.to == Form::Utf8 { c.len_utf8() } else { 1 })
    }
}

/// The text of a chunk; all but the last may end within a character, which is left out.
fn utf8(bytes: &[u8], last: bool) -> Result<&str, Stop> {
    let whole = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) if error.error_len().is_none() && !last => error.valid_up_to(),
        Err(_) => 0,
    };
    match bytes.get(..whole).map(std::str::from_utf8) {
        Some(Ok(text)) if !text.is_empty() => Ok(text),
        _ => Err(invalid("invalid utf8 encoding")),
    }
}

fn part(memory: &[u8], at: usize, len: usize) -> Result<&[u8], Stop> {
    memory.get(at..at + len).ok_or_else(outside)
}

fn part_mut(memory: &mut [u8], at: usize, len: usize) -> Result<&mut [u8], Stop> {
    memory.get_mut(at..at + len).ok_or_else(outside)
}

#[cold]
fn outside() -> Stop {
    invalid("string pointer/length out of bounds of memory")
}

/// Turns Latin-1 bytes at the beginning into UTF-16 units in place.
fn widen(places: &mut [u8], bytes: usize) -> Result<(), Stop> {
    let places = places.get_mut(..bytes * 2).ok_or_else(outside)?;
    for index in (0..bytes).rev() {
        places[2 * index] = places[index];
        places[2 * index + 1] = 0;
    }
    Ok(())
}

/// Turns UTF-16 units that are all Latin-1 into bytes, in place.
fn narrow(places: &mut [u8]) {
    for index in 0..places.len() / 2 {
        places[index] = places[2 * index];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conversion(from: Form, to: Form) -> Conversion {
        Conversion { from, to, ascii_only: false }
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn latin1_is_widened_and_narrowed_in_place() {
        let mut bytes = *b"ab\xe9.....";
        widen(&mut bytes, 3).unwrap();
        assert_eq!(&bytes, b"a\0b\0\xe9\0..");
        assert!(widen(&mut bytes, 5).is_err());
        narrow(&mut bytes[..6]);
        assert_eq!(&bytes[..3], b"ab\xe9");
    }

    #[test]
    fn utf8_is_written_in_whole_characters() {
        let mut places = [0; 4];
        let to_utf8 = conversion(Form::Utf16, Form::Utf8);
        let step = to_utf8.convert(&utf16("aé€"), true, &mut places).unwrap();
        assert_eq!(step, Step { read: 4, written: 3, latin1: true });
        let ascii = Conversion { ascii_only: true, ..to_utf8 };
        let step = ascii.convert(&utf16("aé€"), true, &mut places).unwrap();
        assert_eq!((step.read, step.written), (2, 1));
    }

    #[test]
    fn characters_between_two_chunks_wait_for_the_second() {
        let mut places = [0; 16];
        let text = "x𝄞";
        let bytes = text.as_bytes();
        let to_utf16 = conversion(Form::Utf8, Form::Utf16);
        for cut in 2..bytes.len() {
            let step = to_utf16.convert(&bytes[..cut], false, &mut places).unwrap();
            assert_eq!((step.read, step.written), (1, 2));
            assert!(to_utf16.convert(&bytes[..cut], true, &mut places).is_err());
            assert!(to_utf16.convert(&bytes[cut..], false, &mut places).is_err());
        }
        let units = utf16(text);
        let to_utf8 = conversion(Form::Utf16, Form::Utf8);
        let step = to_utf8.convert(&units[..4], false, &mut places).unwrap();
        assert_eq!((step.read, step.written), (2, 1));
        assert!(to_utf8.convert(&units[..4], true, &mut places).is_err());
        assert!(to_utf8.convert(&units[4..], true, &mut places).is_err());
    }

    #[test]
    fn latin1_stops_at_the_first_character_that_it_lacks() {
        let mut places = [0; 8];
        let step = conversion(Form::Utf8, Form::Latin1)
            .convert("éa€b".as_bytes(), true, &mut places)
            .unwrap();
        assert_eq!((step.read, step.written), (3, 2));
        assert_eq!(&places[..2], b"\xe9a");
    }
}
