use super::{
    ComponentType, Guest, Lift, Lifting, Lower, Mismatch, Place, TypeContext, align_to, invalid,
};
use crate::plan::{Shape, Type};
use wayleave_engine::{Slots, Stop};

/// The number of a variant's case, as it is kept in memory (`discriminant_type`).
pub struct Discriminant;

impl Discriminant {
    /// Its size in bytes for a variant of so many cases.
    pub const fn size(cases: usize) -> u32 {
        match cases {
            0..=0x100 => 1,
            0x101..=0x1_0000 => 2,
            _ => 4,
        }
    }

    /// Takes it from a slot.
    ///
    /// # Errors
    /// A trap when there is no such case.
    #[inline]
    pub fn lift(slots: &impl Slots, at: usize, cases: usize) -> Result<u32, Stop> {
        Self::in_range(slots.u32(at), cases)
    }

    /// Takes it from memory.
    ///
    /// # Errors
    /// As [`Discriminant::lift`], and when the address is outside.
    #[inline]
    pub fn load(from: &mut Lifting<'_, '_>, at: u32, cases: usize) -> Result<u32, Stop> {
        let case = match Self::size(cases) {
            1 => u8::from_le_bytes(from.array(at)?).into(),
            2 => u16::from_le_bytes(from.array(at)?).into(),
            _ => u32::from_le_bytes(from.array(at)?),
        };
        Self::in_range(case, cases)
    }

    /// Writes it to memory.
    ///
    /// # Errors
    /// A trap when the address is outside.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the size was chosen for it to fit")]
    pub fn store<G: Guest>(case: u32, to: &mut G, at: u32, cases: usize) -> Result<(), Stop> {
        match Self::size(cases) {
            1 => to.write(at, [case as u8]),
            2 => to.write(at, (case as u16).to_le_bytes()),
            _ => to.write(at, case.to_le_bytes()),
        }
    }

    fn in_range(case: u32, cases: usize) -> Result<u32, Stop> {
        if (case as usize) < cases {
            return Ok(case);
        }
        Err(invalid(format!("invalid discriminant {case}: there are {cases} cases")))
    }
}

/// Size, alignment and the payload's offset of a variant of so many cases, from the sizes and
/// alignments of its payloads.
pub const fn variant_layout(cases: usize, payloads: &[(u32, u32)]) -> (u32, u32, u32) {
    let discriminant = Discriminant::size(cases);
    let (mut size, mut align) = (0, 1);
    let mut index = 0;
    while index < payloads.len() {
        let (payload_size, payload_align) = payloads[index];
        size = if payload_size > size { payload_size } else { size };
        align = if payload_align > align { payload_align } else { align };
        index += 1;
    }
    let payload = align_to(discriminant, align);
    let align = if discriminant > align { discriminant } else { align };
    (align_to(payload + size, align), align, payload)
}

const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// A payload that may be missing; `()` stands for a missing one.
pub(crate) fn check_payload<T: ComponentType>(
    ty: Option<Type>,
    context: &TypeContext<'_>,
) -> Result<(), Mismatch> {
    match ty {
        Some(ty) => T::check(ty, context),
        None if T::FLAT == 0 => Ok(()),
        None => Err(Mismatch { expected: "a payload".into(), found: "none".into() }),
    }
}

impl<T: ComponentType> ComponentType for Option<T> {
    const SIZE: u32 = variant_layout(2, &[(T::SIZE, T::ALIGN)]).0;
    const ALIGN: u32 = variant_layout(2, &[(T::SIZE, T::ALIGN)]).1;
    const FLAT: usize = 1 + T::FLAT;

    fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
        match context.types.shape(ty) {
            Some(Shape::Option(some)) => T::check(*some, context),
            _ => Err(Mismatch::new("an option", ty, context)),
        }
    }
}

impl<'m, T: Lift<'m>> Lift<'m> for Option<T> {
    #[inline]
    fn lift(from: &mut Lifting<'m, '_>, slots: &impl Slots, at: usize) -> Result<Self, Stop> {
        match Discriminant::lift(slots, at, 2)? {
            0 => Ok(None),
            _ => T::lift(from, slots, at + 1).map(Some),
        }
    }

    #[inline]
    fn load(from: &mut Lifting<'m, '_>, at: u32) -> Result<Self, Stop> {
        let (_, _, payload) = const { variant_layout(2, &[(T::SIZE, T::ALIGN)]) };
        match Discriminant::load(from, at, 2)? {
            0 => Ok(None),
            _ => T::load(from, at + payload).map(Some),
        }
    }
}

impl<T: Lower> Lower for Option<T> {
    const PLAIN: bool = T::PLAIN;
    const ALLOCATES: bool = T::ALLOCATES;

    #[inline]
    fn lower<G: Guest>(&self, to: &mut G, slots: &mut impl Slots, at: usize) -> Result<(), Stop> {
        match self {
            None => slots.set_u64(at, 0),
            Some(value) => {
                slots.set_u64(at, 1);
                value.lower(to, slots, at + 1)?;
            }
        }
        Ok(())
    }

    #[inline(always)]
    fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop> {
        let (_, _, payload) = const { variant_layout(2, &[(T::SIZE, T::ALIGN)]) };
        match self {
            None => Discriminant::store(0, to, at, 2),
            Some(value) => store_case(1, value, to, at, payload, Self::SIZE),
        }
    }
}

impl<T: ComponentType, E: ComponentType> ComponentType for Result<T, E> {
    const SIZE: u32 = variant_layout(2, &[(T::SIZE, T::ALIGN), (E::SIZE, E::ALIGN)]).0;
    const ALIGN: u32 = variant_layout(2, &[(T::SIZE, T::ALIGN), (E::SIZE, E::ALIGN)]).1;
    const FLAT: usize = 1 + max(T::FLAT, E::FLAT);

    fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
        match context.types.shape(ty) {
            Some(Shape::Result { ok, err }) => {
                check_payload::<T>(*ok, context)?;
                check_payload::<E>(*err, context)
            }
            _ => Err(Mismatch::new("a result", ty, context)),
        }
    }
}

impl<'m, T: Lift<'m>, E: Lift<'m>> Lift<'m> for Result<T, E> {
    #[inline]
    fn lift(from: &mut Lifting<'m, '_>, slots: &impl Slots, at: usize) -> Result<Self, Stop> {
        Ok(match Discriminant::lift(slots, at, 2)? {
            0 => Ok(T::lift(from, slots, at + 1)?),
            _ => Err(E::lift(from, slots, at + 1)?),
        })
    }

    #[inline]
    fn load(from: &mut Lifting<'m, '_>, at: u32) -> Result<Self, Stop> {
        let (_, _, payload) =
            const { variant_layout(2, &[(T::SIZE, T::ALIGN), (E::SIZE, E::ALIGN)]) };
        Ok(match Discriminant::load(from, at, 2)? {
            0 => Ok(T::load(from, at + payload)?),
            _ => Err(E::load(from, at + payload)?),
        })
    }
}

impl<T: Lower, E: Lower> Lower for Result<T, E> {
    const PLAIN: bool = T::PLAIN && E::PLAIN;
    const ALLOCATES: bool = T::ALLOCATES || E::ALLOCATES;

    #[inline]
    fn lower<G: Guest>(&self, to: &mut G, slots: &mut impl Slots, at: usize) -> Result<(), Stop> {
        match self {
            Ok(value) => {
                slots.set_u64(at, 0);
                value.lower(to, slots, at + 1)
            }
            Err(error) => {
                slots.set_u64(at, 1);
                error.lower(to, slots, at + 1)
            }
        }
    }

    #[inline(always)]
    fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop> {
        let (_, _, payload) =
            const { variant_layout(2, &[(T::SIZE, T::ALIGN), (E::SIZE, E::ALIGN)]) };
        match self {
            Ok(value) => store_case(0, value, to, at, payload, Self::SIZE),
            Err(error) => store_case(1, error, to, at, payload, Self::SIZE),
        }
    }
}

/// One of two cases, in a variant of `size` bytes.
#[inline(always)]
fn store_case<T: Lower, G: Guest>(
    case: u32,
    value: &T,
    to: &mut G,
    at: u32,
    payload: u32,
    size: u32,
) -> Result<(), Stop> {
    if T::PLAIN {
        let mut place = Place(to.bytes(at, size)?);
        Discriminant::store(case, &mut place, 0, 2)?;
        return value.store(&mut place, payload);
    }
    Discriminant::store(case, to, at, 2)?;
    value.store(to, at + payload)
}

impl<T: ComponentType + ?Sized> ComponentType for &T {
    const SIZE: u32 = T::SIZE;
    const ALIGN: u32 = T::ALIGN;
    const FLAT: usize = T::FLAT;

    fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
        T::check(ty, context)
    }
}

impl<T: Lower> Lower for &T {
    const PLAIN: bool = T::PLAIN;
    const ALLOCATES: bool = T::ALLOCATES;

    #[inline]
    fn lower<G: Guest>(&self, to: &mut G, slots: &mut impl Slots, at: usize) -> Result<(), Stop> {
        T::lower(self, to, slots, at)
    }

    #[inline]
    fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop> {
        T::store(self, to, at)
    }
}

/// Tuples; the parameters of a function are one, too, and its result is one of one. They are lifted and
/// stored in place: a call for that, and what is passed to it, costs as much again.
macro_rules! tuple {
    ($count:literal: $($name:ident $index:tt)*) => {
        impl<$($name: ComponentType),*> ComponentType for ($($name,)*) {
            const SIZE: u32 = {
                let size = 0;
                $(let size = align_to(size, $name::ALIGN) + $name::SIZE;)*
                align_to(size, Self::ALIGN)
            };
            const ALIGN: u32 = {
                let align = 1;
                $(let align = if $name::ALIGN > align { $name::ALIGN } else { align };)*
                align
            };
            const FLAT: usize = 0 $(+ $name::FLAT)*;

            fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
                match context.types.shape(ty) {
                    Some(Shape::Tuple(types)) => Self::check_fields(types, context),
                    _ => Err(Mismatch::new(concat!("a tuple of ", $count), ty, context)),
                }
            }

            #[allow(unused_variables, reason = "the empty tuple has nothing to check")]
            fn check_fields(types: &[Type], context: &TypeContext<'_>) -> Result<(), Mismatch> {
                if types.len() != $count {
                    let (expected, found) = (concat!($count, " values").into(), types.len());
                    return Err(Mismatch { expected, found: format!("{found}") });
                }
                $($name::check(types[$index], context)?;)*
                Ok(())
            }
        }

        impl<'m, $($name: Lift<'m>),*> Lift<'m> for ($($name,)*) {
            #[inline(always)]
            #[allow(unused_variables, unused_mut, unused_assignments, non_snake_case,
                clippy::unused_unit, reason = "the empty tuple has nothing to lift")]
            fn lift(from: &mut Lifting<'m, '_>, slots: &impl Slots, at: usize) -> Result<Self, Stop> {
                let mut at = at;
                $(
                    let $name = $name::lift(from, slots, at)?;
                    at += $name::FLAT;
                )*
                Ok(($($name,)*))
            }

            #[inline]
            #[allow(unused_variables, unused_mut, unused_assignments, non_snake_case,
                clippy::unused_unit, reason = "the empty tuple has nothing to load")]
            fn load(from: &mut Lifting<'m, '_>, at: u32) -> Result<Self, Stop> {
                let mut offset = 0;
                $(
                    offset = align_to(offset, $name::ALIGN);
                    let $name = $name::load(from, at + offset)?;
                    offset += $name::SIZE;
                )*
                Ok(($($name,)*))
            }
        }

        impl<$($name: Lower),*> Lower for ($($name,)*) {
            const PLAIN: bool = true $(&& $name::PLAIN)*;
            const ALLOCATES: bool = false $(|| $name::ALLOCATES)*;

            #[inline]
            #[allow(unused_variables, unused_mut, unused_assignments,
                reason = "the empty tuple has nothing to lower")]
            fn lower<Gu: Guest>(&self, to: &mut Gu, slots: &mut impl Slots, at: usize) -> Result<(), Stop> {
                let mut at = at;
                $(
                    self.$index.lower(to, slots, at)?;
                    at += $name::FLAT;
                )*
                Ok(())
            }

            #[inline(always)]
            #[allow(unused_variables, unused_mut, unused_assignments,
                reason = "the empty tuple has nothing to store")]
            fn store<Gu: Guest>(&self, to: &mut Gu, at: u32) -> Result<(), Stop> {
                let mut offset = 0;
                $(
                    offset = align_to(offset, $name::ALIGN);
                    self.$index.store(to, at + offset)?;
                    offset += $name::SIZE;
                )*
                Ok(())
            }
        }
    };
}

tuple!(0:);
tuple!(1: A 0);
tuple!(2: A 0 B 1);
tuple!(3: A 0 B 1 C 2);
tuple!(4: A 0 B 1 C 2 D 3);
tuple!(5: A 0 B 1 C 2 D 3 E 4);
tuple!(6: A 0 B 1 C 2 D 3 E 4 F 5);
tuple!(7: A 0 B 1 C 2 D 3 E 4 F 5 G 6);
tuple!(8: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7);
tuple!(9: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8);
tuple!(10: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9);
tuple!(11: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10);
tuple!(12: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11);
tuple!(13: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12);
tuple!(14: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13);
tuple!(15: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14);
tuple!(16: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11 M 12 N 13 O 14 P 15);
