use super::{ComponentType, Guest, Lift, Lifting, Lower, Mismatch, TypeContext};
use crate::plan::Type;
use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;
use wayleave_engine::{Slots, Stop};

/// A resource that is handed over (`own`). `R` tells kinds of resources apart. What the number means
/// is the affair of who defines the resource: of the host, for which it is an index into a table of
/// its, or of the guest.
///
/// It is not destroyed when it is dropped here: hand it back to a guest, or use
/// [`Instance::drop_own`](crate::Instance::drop_own).
pub struct Own<R> {
    rep: u32,
    kind: PhantomData<fn() -> R>,
}

/// A resource that is lent for the duration of a call (`borrow`).
pub struct Borrow<R> {
    rep: u32,
    kind: PhantomData<fn() -> R>,
}

impl<R> Own<R> {
    /// The resource of this number.
    pub fn new(rep: u32) -> Self {
        Self { rep, kind: PhantomData }
    }

    /// Its number.
    #[inline]
    pub fn rep(&self) -> u32 {
        self.rep
    }

    /// The same resource, to be lent to a call.
    pub fn borrow(&self) -> Borrow<R> {
        Borrow::new(self.rep)
    }
}

impl<R> Borrow<R> {
    /// The resource of this number.
    pub fn new(rep: u32) -> Self {
        Self { rep, kind: PhantomData }
    }

    /// Its number.
    #[inline]
    pub fn rep(&self) -> u32 {
        self.rep
    }
}

impl<R> Clone for Borrow<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Borrow<R> {}

impl<R> fmt::Debug for Own<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Own({})", self.rep)
    }
}

impl<R> fmt::Debug for Borrow<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Borrow({})", self.rep)
    }
}

/// That a resource of a component is the one that the host knows as `R`.
fn check<R: 'static>(
    resource: Option<u32>,
    ty: Type,
    context: &TypeContext<'_>,
) -> Result<(), Mismatch> {
    let known = resource.and_then(|resource| *context.resources.get(resource as usize)?);
    if known == Some(TypeId::of::<R>()) {
        return Ok(());
    }
    let name = std::any::type_name::<R>();
    Err(Mismatch::new(
        format!("a handle of the resource that the host knows as {name}"),
        ty,
        context,
    ))
}

impl<R: 'static> ComponentType for Own<R> {
    const SIZE: u32 = 4;
    const ALIGN: u32 = 4;
    const FLAT: usize = 1;

    fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
        let resource = match ty {
            Type::Own(resource) => Some(resource),
            _ => None,
        };
        check::<R>(resource, ty, context)
    }
}

impl<R: 'static> ComponentType for Borrow<R> {
    const SIZE: u32 = 4;
    const ALIGN: u32 = 4;
    const FLAT: usize = 1;

    fn check(ty: Type, context: &TypeContext<'_>) -> Result<(), Mismatch> {
        let resource = match ty {
            Type::Borrow(resource) => Some(resource),
            _ => None,
        };
        check::<R>(resource, ty, context)
    }
}

impl<R: 'static> Lift<'_> for Own<R> {
    #[inline]
    fn lift(from: &mut Lifting<'_, '_>, slots: &impl Slots, at: usize) -> Result<Self, Stop> {
        from.handles()?.take_own_of::<R>(slots.u32(at)).map(Self::new)
    }

    #[inline]
    fn load(from: &mut Lifting<'_, '_>, at: u32) -> Result<Self, Stop> {
        let handle = u32::from_le_bytes(from.array(at)?);
        from.handles()?.take_own_of::<R>(handle).map(Self::new)
    }
}

impl<R: 'static> Lift<'_> for Borrow<R> {
    // Every method begins with it: a call of its own costs half as much again.
    #[inline(always)]
    fn lift(from: &mut Lifting<'_, '_>, slots: &impl Slots, at: usize) -> Result<Self, Stop> {
        from.handles()?.rep_of::<R>(slots.u32(at)).map(Self::new)
    }

    #[inline]
    fn load(from: &mut Lifting<'_, '_>, at: u32) -> Result<Self, Stop> {
        let handle = u32::from_le_bytes(from.array(at)?);
        from.handles()?.rep_of::<R>(handle).map(Self::new)
    }
}

impl<R: 'static> Lower for Own<R> {
    const ALLOCATES: bool = false;

    #[inline]
    fn lower<G: Guest>(&self, to: &mut G, slots: &mut impl Slots, at: usize) -> Result<(), Stop> {
        let handle = to.handles()?.add_own_of::<R>(self.rep)?;
        slots.set_u64(at, handle.into());
        Ok(())
    }

    #[inline]
    fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop> {
        let handle = to.handles()?.add_own_of::<R>(self.rep)?;
        to.write(at, handle.to_le_bytes())
    }
}

impl<R: 'static> Lower for Borrow<R> {
    const ALLOCATES: bool = false;

    #[inline]
    fn lower<G: Guest>(&self, to: &mut G, slots: &mut impl Slots, at: usize) -> Result<(), Stop> {
        let handle = to.handles()?.add_borrow_of::<R>(self.rep)?;
        slots.set_u64(at, handle.into());
        Ok(())
    }

    #[inline]
    fn store<G: Guest>(&self, to: &mut G, at: u32) -> Result<(), Stop> {
        let handle = to.handles()?.add_borrow_of::<R>(self.rep)?;
        to.write(at, handle.to_le_bytes())
    }
}

/// Any resource: of a guest's own, or of the host's where its kind does not matter.
///
/// It is not destroyed when it is dropped here: hand it back to a guest, or use
/// [`Instance::drop_resource`](crate::Instance::drop_resource).
#[derive(Debug, PartialEq, Eq)]
pub struct Resource {
    pub(crate) kind: u32,
    pub(crate) rep: u32,
    pub(crate) own: bool,
}

impl Resource {
    /// The number that who defined it knows it by.
    pub fn rep(&self) -> u32 {
        self.rep
    }

    /// Whether it was handed over, not lent.
    pub fn is_own(&self) -> bool {
        self.own
    }

    /// The same resource, to be lent to a call.
    pub fn borrow(&self) -> Self {
        Self { kind: self.kind, rep: self.rep, own: false }
    }

    /// From a handle that a guest passes for an `own` or a `borrow` of a resource of this kind.
    pub(crate) fn lift(
        from: &mut Lifting<'_, '_>,
        handle: u32,
        kind: u32,
        own: bool,
    ) -> Result<Self, Stop> {
        Ok(Self { kind, rep: from.handles()?.lift(handle, kind, own)?, own })
    }

    /// To a handle for a guest.
    pub(crate) fn lower<G: Guest>(&self, to: &mut G) -> Result<u32, Stop> {
        match self.own {
            true => to.handles()?.add_own(self.kind, self.rep),
            false => to.handles()?.lower_borrow(self.kind, self.rep),
        }
    }
}
