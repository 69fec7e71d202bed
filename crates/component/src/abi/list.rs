use super::{ComponentType, Guest, Lift, Lifting, Lower, Mismatch, Place, TypeContext, invalid};
use crate::plan::{Shape, Type};
use wayleave_engine::{Slots, Stop};

/// Bytes of a list.
///
/// # Errors
/// A trap when no 32-bit guest can hold it.
#[inline]
pub(crate) fn size_of(len: usize, element: u32) -> Result<u32, Stop> {
    u32::try_from(len)
        .ok()
        .and_then(|len| len.checked_mul(element))
        .filter(|&bytes| bytes <= MAX_BYTES)
        .ok_or_else(|| invalid(format!("a list of {len} elements is too long")))
}

/// Longest list or string, in bytes, as guests take their lengths for signed numbers.
const MAX_BYTES: u32 = (1 << 31) - 1;

pub(super) fn load_elements<'m, T: Lift<'m>>(
    from: &mut Lifting<'m, '_>,
    at: u32,
    len: u32,
) -> Result<Vec<T>, Stop> {
    (0..len).map(|index| T::load(from, at + index * T::SIZE)).collect()
}

pub(super) fn store_elements<T: Lower, G: Guest>(
    items: &[T],
    to: &mut G,
    at: u32,
) -> Result<(), Stop> {
    if T::PLAIN {
        let mut places = Place(to.bytes(at, size_of(items.len(), T::SIZE)?)?);
        for (index, item) in (0..).zip(items) {
            item.store(&mut places, index * T::SIZE)?;
        }
        return Ok(());
    }
    let mut at = at;
    for item in items {
        item.store(to, at)?;
        // Behind the last element may be the end of the address space.
        at = at.wrapping_add(T::SIZE);
    }
    Ok(())
}

fn check<T: ComponentType>(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
    match context.types.shape(ty) {
        Some(Shape::List(element)) => T::check(*element, context),
        _ => Err(Mismatch::new("a list", ty, context)),
    }
}

/// Checks where a list is, and takes its elements out.
#[inline]
fn take<'m, T: Lift<'m>>(from: &mut Lifting<'m, '_>, at: u32, len: u32) -> Result<Vec<T>, Stop> {
    // What the host allocates for a list is bounded by what the guest holds of it; elements
    // without a size can not be counted that way.
    if T::SIZE == 0 && len > MAX_BYTES {
        return Err(invalid("a list of elements without a size is too long"));
    }
    from.list(at, len, T::SIZE, T::ALIGN)?;
    T::load_list(from, at, len)
}

/// Puts a list into memory of the guest's, and gives its address and length.
#[inline]
fn put<T: Lower, G: Guest>(items: &[T], to: &mut G) -> Result<(u32, u32), Stop> {
    let size = size_of(items.len(), T::SIZE)?;
    let (at, _) = to.allocate(size, T::ALIGN)?;
    T::store_list(items, to, at)?;
    // It fits: `size_of` has counted them.
    Ok((at, u32::try_from(items.len()).unwrap_or(u32::MAX)))
}

macro_rules! list_type {
    ($($list:ty)*) => {$(
        impl<T: ComponentType> ComponentType for $list {
            const SIZE: u32 = 8;
            const ALIGN: u32 = 4;
            const FLAT: usize = 2;

            fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
                check::<T>(ty, context)
            }
        }

        impl<T: Lower> Lower for $list {
            #[inline]
            fn lower<G: Guest>(
                &self,
                to: &mut G,
                slots: &mut impl Slots,
                at: usize,
            ) -> Result<(), Stop> {
                let (address, len) = put(self, to)?;
                slots.set_u64(at, address.into());
                slots.set_u64(at + 1, len.into());
                Ok(())
            }

            #[inline]
            fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop> {
                let (address, len) = put(self, to)?;
                to.write(at, to_pair(address, len))
            }
        }
    )*};
}

list_type!(Vec<T> &[T] Box<[T]>);

impl<'m, T: Lift<'m>> Lift<'m> for Vec<T> {
    #[inline]
    fn lift(from: &mut Lifting<'m, '_>, slots: &impl Slots, at: usize) -> Result<Self, Stop> {
        take(from, slots.u32(at), slots.u32(at + 1))
    }

    #[inline]
    fn load(from: &mut Lifting<'m, '_>, at: u32) -> Result<Self, Stop> {
        let (address, len) = pair(from, at)?;
        take(from, address, len)
    }
}

/// Bytes stay where they are.
impl<'m> Lift<'m> for &'m [u8] {
    #[inline]
    fn lift(from: &mut Lifting<'m, '_>, slots: &impl Slots, at: usize) -> Result<Self, Stop> {
        from.bytes(slots.u32(at), slots.u32(at + 1))
    }

    #[inline]
    fn load(from: &mut Lifting<'m, '_>, at: u32) -> Result<Self, Stop> {
        let (address, len) = pair(from, at)?;
        from.bytes(address, len)
    }
}

/// An address and a length, as lists and strings have them in memory.
#[inline]
pub(super) fn pair(from: &mut Lifting<'_, '_>, at: u32) -> Result<(u32, u32), Stop> {
    let [a, b, c, d, e, f, g, h] = from.array(at)?;
    Ok((u32::from_le_bytes([a, b, c, d]), u32::from_le_bytes([e, f, g, h])))
}

/// The bytes of an address and a length.
#[inline]
pub(super) fn to_pair(address: u32, len: u32) -> [u8; 8] {
    (u64::from(len) << 32 | u64::from(address)).to_le_bytes()
}

/// A `list<u8>` that is in the guest's memory already ([`Caller::bytes`](crate::Caller::bytes)). There is
/// no empty one but what a guest has allocated: guests do not expect address 0.
#[derive(Clone, Copy, Debug)]
pub struct GuestBytes {
    pub(crate) at: u32,
    pub(crate) len: u32,
}

impl GuestBytes {
    /// `len` bytes at address `at`, for callers of one's own.
    pub fn new(at: u32, len: u32) -> Self {
        Self { at, len }
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl ComponentType for GuestBytes {
    const SIZE: u32 = 8;
    const ALIGN: u32 = 4;
    const FLAT: usize = 2;

    fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
        check::<u8>(ty, context)
    }
}

impl Lower for GuestBytes {
    const PLAIN: bool = true;

    #[inline]
    fn lower<G: Guest>(&self, _: &mut G, slots: &mut impl Slots, at: usize) -> Result<(), Stop> {
        slots.set_u64(at, self.at.into());
        slots.set_u64(at + 1, self.len.into());
        Ok(())
    }

    #[inline]
    fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop> {
        to.write(at, to_pair(self.at, self.len))
    }
}
