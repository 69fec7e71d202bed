//! The canonical ABI: how values of component types travel as core numbers and bytes of memory.
//!
//! [`ComponentType`] says what a Rust type looks like, [`Lift`] takes values out of a guest and
//! [`Lower`] puts values into one. For types known when the host is compiled this is straight-line
//! code; [`Value`](crate::Value) goes the same ways for types known only at run time.
//!
//! The specification is `CanonicalABI.md` of the component model; sections are named where they
//! are implemented.

mod check;
mod compound;
mod lifting;
mod list;
mod lowering;
mod resource;
mod scalar;
mod string;

pub use check::{
    Check, check_enum, check_flags, check_params, check_record, check_variant, debug_flags,
    layout_of, record_layout, variant_flat,
};
pub use compound::{Discriminant, variant_layout};
pub use lifting::Lifting;
pub use list::GuestBytes;
pub(crate) use list::size_of;
pub use lowering::Guest;
pub(crate) use lowering::{InHand, Place, beyond_memory, store};
pub use resource::{Borrow, Own, Resource};
pub use string::{Encoding, GuestText};

pub(crate) use string::{UTF16_TAG, decode, encode_into};

use crate::plan::{Type, Types};
use std::any::TypeId;
use wayleave_engine::{Slots, Stop, Trap};

/// Parameters beyond this many core values go through memory (`MAX_FLAT_PARAMS`).
pub const MAX_FLAT_PARAMS: usize = 16;

/// Results beyond this many core values go through memory (`MAX_FLAT_RESULTS`).
pub const MAX_FLAT_RESULTS: usize = 1;

/// A Rust type that stands for a component type.
pub trait ComponentType {
    /// Bytes in memory (`elem_size`).
    const SIZE: u32;
    /// Alignment in memory: 1, 2, 4 or 8 (`alignment`).
    const ALIGN: u32;
    /// Core values when passed flat (`flatten_type`).
    const FLAT: usize;

    /// Whether `ty` is the component type that this Rust type stands for.
    ///
    /// # Errors
    /// What differs.
    fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch>;

    /// Whether these are the types of the fields: of a tuple's, as which the parameters of a
    /// function travel.
    ///
    /// # Errors
    /// What differs, or that this is no tuple.
    fn check_fields(types: &[Type], _: &TypeContext<'_>) -> Result<(), Mismatch> {
        Err(Mismatch {
            expected: std::any::type_name::<Self>().to_owned(),
            found: format!("{} values", types.len()),
        })
    }
}

/// A type whose values can be taken out of a guest. `'m` is the borrow of the guest's memory:
/// types that borrow (`&[u8]`, `Cow<str>`) point into it.
pub trait Lift<'m>: ComponentType + Sized {
    /// From core values, the first of them in slot `at` (`lift_flat`).
    ///
    /// # Errors
    /// A trap when the guest passes what is no value of the type.
    fn lift(from: &mut Lifting<'m, '_>, slots: &impl Slots, at: usize) -> Result<Self, Stop>;

    /// From memory at address `at` (`load`). Addresses that are not inside trap.
    ///
    /// # Errors
    /// As [`Lift::lift`].
    fn load(from: &mut Lifting<'m, '_>, at: u32) -> Result<Self, Stop>;

    /// A list of them, `len` elements from address `at` on, which is aligned and inside.
    ///
    /// # Errors
    /// As [`Lift::lift`].
    fn load_list(from: &mut Lifting<'m, '_>, at: u32, len: u32) -> Result<Vec<Self>, Stop> {
        list::load_elements(from, at, len)
    }
}

/// A type whose values can be put into a guest.
pub trait Lower: ComponentType {
    /// Whether [`Lower::store`] needs nothing of the guest's but the bytes of the value itself: no
    /// allocation and no handle. Where those bytes are is then looked up once for all parts.
    const PLAIN: bool = false;

    /// Whether the guest may be asked for memory. While it is not, its memory and its handles can stay
    /// in hand.
    const ALLOCATES: bool = !Self::PLAIN;

    /// To core values, the first of them in slot `at` (`lower_flat`).
    ///
    /// # Errors
    /// What stopped the guest's allocation, or a trap when it gave no usable memory.
    fn lower<G: Guest>(&self, to: &mut G, slots: &mut impl Slots, at: usize) -> Result<(), Stop>;

    /// To memory at address `at` (`store`).
    ///
    /// # Errors
    /// As [`Lower::lower`].
    fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop>;

    /// All elements of a list one after the other from address `at` on.
    ///
    /// # Errors
    /// As [`Lower::lower`].
    fn store_list<G: Guest>(items: &[Self], to: &mut G, at: u32) -> Result<(), Stop>
    where
        Self: Sized,
    {
        list::store_elements(items, to, at)
    }
}

/// What types are compared against: the types of a component, and what its resources are.
pub struct TypeContext<'a> {
    pub(crate) types: &'a Types,
    /// The Rust type of each resource that the host provides.
    pub(crate) resources: &'a [Option<TypeId>],
}

impl<'a> TypeContext<'a> {
    /// The component's types.
    pub fn types(&self) -> &'a Types {
        self.types
    }
}

/// A component type that is not what the Rust type stands for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct Mismatch {
    /// What the Rust type stands for.
    pub expected: String,
    /// What the component has there.
    pub found: String,
}

impl Mismatch {
    /// A mismatch between what is expected and the type found.
    pub fn new(expected: impl Into<String>, found: Type, context: &TypeContext<'_>) -> Self {
        Self { expected: expected.into(), found: context.types.describe(found) }
    }

    /// The same, found in a part of a type.
    pub(crate) fn within(self, part: &str, name: &str) -> Self {
        Self { expected: format!("{} in the {part} `{name}`", self.expected), ..self }
    }
}

/// Where the field of a record (or an element of a tuple) lies behind `offset` bytes of earlier
/// ones.
pub const fn align_to(offset: u32, align: u32) -> u32 {
    (offset + align - 1) & !(align - 1)
}

/// The trap of a guest that passes what is no value of the type.
#[cold]
#[inline(never)]
pub fn invalid(what: impl Into<String>) -> Stop {
    Trap::host(what).into()
}
