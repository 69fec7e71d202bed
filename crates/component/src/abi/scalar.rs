use super::{ComponentType, Guest, Lift, Lifting, Lower, Mismatch, TypeContext, invalid, list};
use crate::plan::Type;
use wayleave_engine::{Slots, Stop};

/// A number: bits in a slot, bytes in memory.
macro_rules! number {
    ($rust:ty, $size:literal, $ty:ident, $name:literal, |$bits:ident| $lift:expr, |$value:ident| $lower:expr) => {
        impl ComponentType for $rust {
            const SIZE: u32 = $size;
            const ALIGN: u32 = Self::SIZE;
            const FLAT: usize = 1;

            fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
                match ty {
                    Type::$ty => Ok(()),
                    other => Err(Mismatch::new($name, other, context)),
                }
            }
        }

        impl Lift<'_> for $rust {
            #[inline]
            #[allow(clippy::cast_possible_truncation, reason = "bits beyond the type are ignored")]
            fn lift(_: &mut Lifting<'_, '_>, slots: &impl Slots, at: usize) -> Result<Self, Stop> {
                let $bits = slots.u64(at);
                Ok($lift)
            }

            #[inline]
            fn load(from: &mut Lifting<'_, '_>, at: u32) -> Result<Self, Stop> {
                Ok(Self::from_le_bytes(from.array(at)?))
            }

            fn load_list(from: &mut Lifting<'_, '_>, at: u32, len: u32) -> Result<Vec<Self>, Stop> {
                let bytes = from.bytes(at, len.saturating_mul(Self::SIZE))?;
                let (numbers, _) = bytes.as_chunks();
                Ok(numbers.iter().copied().map(Self::from_le_bytes).collect())
            }
        }

        impl Lower for $rust {
            const PLAIN: bool = true;

            #[inline]
            fn lower<G: Guest>(
                &self,
                _: &mut G,
                slots: &mut impl Slots,
                at: usize,
            ) -> Result<(), Stop> {
                let $value = *self;
                slots.set_u64(at, $lower);
                Ok(())
            }

            #[inline]
            fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop> {
                to.write(at, self.to_le_bytes())
            }

            fn store_list<G: Guest>(items: &[Self], to: &mut G, at: u32) -> Result<(), Stop> {
                let places = to.bytes(at, list::size_of(items.len(), Self::SIZE)?)?;
                let (places, _) = places.as_chunks_mut();
                for (place, item) in places.iter_mut().zip(items) {
                    *place = item.to_le_bytes();
                }
                Ok(())
            }
        }
    };
}

number!(u8, 1, U8, "u8", |bits| bits as u8, |value| value.into());
number!(i8, 1, S8, "s8", |bits| bits as i8, |value| u64::from(i32::from(value).cast_unsigned()));
number!(u16, 2, U16, "u16", |bits| bits as u16, |value| value.into());
number!(i16, 2, S16, "s16", |bits| bits as i16, |value| u64::from(
    i32::from(value).cast_unsigned()
));
number!(u32, 4, U32, "u32", |bits| bits as u32, |value| value.into());
number!(i32, 4, S32, "s32", |bits| bits as i32, |value| value.cast_unsigned().into());
number!(u64, 8, U64, "u64", |bits| bits, |value| value);
number!(i64, 8, S64, "s64", |bits| bits.cast_signed(), |value| value.cast_unsigned());
number!(f32, 4, F32, "f32", |bits| f32::from_bits(bits as u32), |value| value.to_bits().into());
number!(f64, 8, F64, "f64", |bits| f64::from_bits(bits), |value| value.to_bits());

impl ComponentType for bool {
    const SIZE: u32 = 1;
    const ALIGN: u32 = 1;
    const FLAT: usize = 1;

    fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
        match ty {
            Type::Bool => Ok(()),
            other => Err(Mismatch::new("bool", other, context)),
        }
    }
}

impl Lift<'_> for bool {
    #[inline]
    fn lift(_: &mut Lifting<'_, '_>, slots: &impl Slots, at: usize) -> Result<Self, Stop> {
        Ok(slots.u32(at) != 0)
    }

    #[inline]
    fn load(from: &mut Lifting<'_, '_>, at: u32) -> Result<Self, Stop> {
        Ok(from.array(at)? != [0])
    }
}

impl Lower for bool {
    const PLAIN: bool = true;

    #[inline]
    fn lower<G: Guest>(&self, _: &mut G, slots: &mut impl Slots, at: usize) -> Result<(), Stop> {
        slots.set_u64(at, u64::from(*self));
        Ok(())
    }

    #[inline]
    fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop> {
        to.write(at, [u8::from(*self)])
    }
}

impl ComponentType for char {
    const SIZE: u32 = 4;
    const ALIGN: u32 = 4;
    const FLAT: usize = 1;

    fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
        match ty {
            Type::Char => Ok(()),
            other => Err(Mismatch::new("char", other, context)),
        }
    }
}

/// The character of a code point.
///
/// # Errors
/// A trap when it is a surrogate or beyond the last code point.
pub(crate) fn character(code: u32) -> Result<char, Stop> {
    char::from_u32(code)
        .ok_or_else(|| invalid(format!("converted integer out of range for `char`: {code:#x}")))
}

impl Lift<'_> for char {
    #[inline]
    fn lift(_: &mut Lifting<'_, '_>, slots: &impl Slots, at: usize) -> Result<Self, Stop> {
        character(slots.u32(at))
    }

    #[inline]
    fn load(from: &mut Lifting<'_, '_>, at: u32) -> Result<Self, Stop> {
        character(u32::from_le_bytes(from.array(at)?))
    }
}

impl Lower for char {
    const PLAIN: bool = true;

    #[inline]
    fn lower<G: Guest>(&self, _: &mut G, slots: &mut impl Slots, at: usize) -> Result<(), Stop> {
        slots.set_u64(at, u32::from(*self).into());
        Ok(())
    }

    #[inline]
    fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop> {
        to.write(at, u32::from(*self).to_le_bytes())
    }
}
