use super::{ComponentType, Guest, Lift, Lifting, Lower, Mismatch, TypeContext, invalid, list};
use crate::plan::Type;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use wayleave_engine::{Slots, Stop, utf8};

/// How a guest encodes its strings (`string-encoding`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-16, little-endian.
    Utf16,
    /// Latin-1 where the text allows it, and UTF-16 with a tag in the length where not.
    Latin1OrUtf16,
}

/// The bit of a length that says UTF-16 (`UTF16_TAG`).
pub(crate) const UTF16_TAG: u32 = 1 << 31;

/// The text of a guest's string.
///
/// # Errors
/// A trap when it is not all inside the memory, not aligned, or not of its encoding.
#[inline(always)]
pub(crate) fn decode<'m>(
    from: &mut Lifting<'m, '_>,
    at: u32,
    len: u32,
) -> Result<Cow<'m, str>, Stop> {
    if from.encoding() != Encoding::Utf8 {
        return decode_other(from, at, len);
    }
    match utf8(from.counted(at, len)?) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(_) => Err(not_utf8()),
    }
}

#[cold]
#[inline(never)]
fn not_utf8() -> Stop {
    invalid("a string is not valid UTF-8")
}

#[inline(never)]
fn decode_other<'m>(from: &mut Lifting<'m, '_>, at: u32, len: u32) -> Result<Cow<'m, str>, Stop> {
    if from.encoding() == Encoding::Utf16 {
        return utf16(from.list(at, len, 2, 2)?);
    }
    if len & UTF16_TAG != 0 {
        return utf16(from.list(at, len ^ UTF16_TAG, 2, 2)?);
    }
    let bytes = from.list(at, len, 1, 2)?;
    Ok(Cow::Owned(bytes.iter().copied().map(char::from).collect()))
}

fn utf16<'m>(bytes: &[u8]) -> Result<Cow<'m, str>, Stop> {
    let (units, _) = bytes.as_chunks();
    let units = units.iter().copied().map(u16::from_le_bytes);
    char::decode_utf16(units)
        .collect::<Result<String, _>>()
        .map(Cow::Owned)
        .map_err(|_| invalid("a string is not valid UTF-16"))
}

/// Puts a string into memory of the guest's; gives its address and its length as the guest counts
/// it.
///
/// # Errors
/// What stopped the guest's allocation, or a trap when the string is too long for it.
#[inline]
pub(crate) fn encode_into<G: Guest>(text: &str, to: &mut G) -> Result<(u32, u32), Stop> {
    match to.encoding() {
        Encoding::Utf8 => encode_bytes(text.as_bytes(), 1, to),
        Encoding::Utf16 => encode_utf16(text, to),
        Encoding::Latin1OrUtf16 => {
            let latin1: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
            match latin1 {
                Some(bytes) => encode_bytes(&bytes, 2, to),
                None => encode_utf16(text, to).map(|(at, len)| (at, len | UTF16_TAG)),
            }
        }
    }
}

#[inline]
fn encode_bytes<G: Guest>(bytes: &[u8], align: u32, to: &mut G) -> Result<(u32, u32), Stop> {
    let len = list::size_of(bytes.len(), 1)?;
    let (at, place) = to.allocate(len, align)?;
    place.copy_from_slice(bytes);
    Ok((at, len))
}

fn encode_utf16<G: Guest>(text: &str, to: &mut G) -> Result<(u32, u32), Stop> {
    let size = list::size_of(text.encode_utf16().count(), 2)?;
    let (at, place) = to.allocate(size, 2)?;
    let (places, _) = place.as_chunks_mut();
    for (place, unit) in places.iter_mut().zip(text.encode_utf16()) {
        *place = unit.to_le_bytes();
    }
    Ok((at, size / 2))
}

fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
    match ty {
        Type::String => Ok(()),
        other => Err(Mismatch::new("string", other, context)),
    }
}

macro_rules! string_type {
    ($($string:ty)*) => {$(
        impl ComponentType for $string {
            const SIZE: u32 = 8;
            const ALIGN: u32 = 4;
            const FLAT: usize = 2;

            fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
                check(ty, context)
            }
        }

        impl Lower for $string {
            #[inline]
            fn lower<G: Guest>(
                &self,
                to: &mut G,
                slots: &mut impl Slots,
                at: usize,
            ) -> Result<(), Stop> {
                let (address, len) = encode_into(self, to)?;
                slots.set_u64(at, address.into());
                slots.set_u64(at + 1, len.into());
                Ok(())
            }

            #[inline]
            fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop> {
                let (address, len) = encode_into(self, to)?;
                to.write(at, list::to_pair(address, len))
            }
        }
    )*};
}

string_type!(String &str Cow<'_, str> Box<str>);

/// Text stays where it is when the guest's encoding is UTF-8.
impl<'m> Lift<'m> for Cow<'m, str> {
    #[inline(always)]
    fn lift(from: &mut Lifting<'m, '_>, slots: &impl Slots, at: usize) -> Result<Self, Stop> {
        decode(from, slots.u32(at), slots.u32(at + 1))
    }

    #[inline]
    fn load(from: &mut Lifting<'m, '_>, at: u32) -> Result<Self, Stop> {
        let (address, len) = list::pair(from, at)?;
        decode(from, address, len)
    }
}

impl<'m> Lift<'m> for String {
    #[inline]
    fn lift(from: &mut Lifting<'m, '_>, slots: &impl Slots, at: usize) -> Result<Self, Stop> {
        Cow::lift(from, slots, at).map(Cow::into_owned)
    }

    #[inline]
    fn load(from: &mut Lifting<'m, '_>, at: u32) -> Result<Self, Stop> {
        Cow::load(from, at).map(Cow::into_owned)
    }
}

/// A string that is in the guest's memory already ([`Caller::text`](crate::Caller::text)).
#[derive(Clone, Copy, Debug)]
pub struct GuestText {
    pub(crate) at: u32,
    /// As the guest counts it.
    pub(crate) len: u32,
}

impl GuestText {
    /// A string at address `at`, its length as the guest counts it, for callers of one's own.
    pub fn new(at: u32, len: u32) -> Self {
        Self { at, len }
    }
}

impl ComponentType for GuestText {
    const SIZE: u32 = 8;
    const ALIGN: u32 = 4;
    const FLAT: usize = 2;

    fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
        check(ty, context)
    }
}

impl Lower for GuestText {
    const PLAIN: bool = true;

    #[inline]
    fn lower<G: Guest>(&self, _: &mut G, slots: &mut impl Slots, at: usize) -> Result<(), Stop> {
        slots.set_u64(at, self.at.into());
        slots.set_u64(at + 1, self.len.into());
        Ok(())
    }

    #[inline]
    fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop> {
        to.write(at, list::to_pair(self.at, self.len))
    }
}
