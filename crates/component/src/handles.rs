use crate::abi::invalid;
use std::any::TypeId;
use std::sync::Arc;
use wayleave_engine::Stop;

/// The handles of one component instance (`inst.handles`): what its numbers for resources mean.
/// Waitables and the ends of streams will live here as well, as the specification has it.
#[derive(Debug)]
pub struct Handles {
    /// Entry 0 is never used, so that 0 is never a handle.
    entries: Vec<Entry>,
    /// The first free entry; 0 when there is none.
    free: u32,
    /// Handles that are open, and how many there may be.
    open: u32,
    limit: u32,
    kinds: Arc<Kinds>,
    /// The component instance that they belong to.
    instance: u32,
    /// For each call into the instance that is under way: handles lent to it and not yet dropped.
    lent: Vec<u32>,
    /// The number of the host's call that values are lifted for; never used twice.
    host_call: u64,
}

/// Kinds of resources: a component may import one resource of the host's under several names, and
/// all are one kind.
#[derive(Debug)]
pub(crate) struct Kinds {
    /// The kind of each resource of the plan.
    pub(crate) of_resource: Vec<u32>,
    /// The Rust type of each kind, where the host provides it.
    pub(crate) rust: Vec<Option<TypeId>>,
    /// The component instance that defines each kind, where one does.
    pub(crate) home: Vec<Option<u32>>,
}

impl Kinds {
    /// Whether a kind is the one that the host knows as `R`.
    #[inline(always)]
    fn is<R: 'static>(&self, kind: u32) -> bool {
        matches!(self.rust.get(kind as usize), Some(Some(known)) if *known == TypeId::of::<R>())
    }
}

#[derive(Clone, Copy, Debug)]
enum Entry {
    Free {
        /// The next free entry.
        next: u32,
    },
    Own {
        kind: u32,
        rep: u32,
        /// Calls under way between guests that it is lent to.
        lends: u32,
        /// The last call of the host's that it was lent to. The host's functions run to their end
        /// before their guest goes on: nothing but that very call could take it meanwhile.
        host_call: u64,
    },
    Borrow {
        kind: u32,
        rep: u32,
        /// The call that it was lent to.
        call: u32,
    },
}

/// What a handle stood for when it was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// The resource itself: its destructor is to be run.
    Own(u32),
    /// Something lent.
    Borrow,
}

/// As many as small guests have at a time: for those there is room from the start.
const USUAL: usize = 8;

impl Handles {
    pub(crate) fn new(kinds: Arc<Kinds>, instance: u32, limit: u32) -> Self {
        let mut entries = Vec::with_capacity(USUAL);
        entries.push(Entry::Free { next: 0 });
        Self { instance, entries, free: 0, open: 0, limit, kinds, lent: Vec::new(), host_call: 0 }
    }

    /// Values are about to be lifted for a call of the host's.
    #[inline]
    pub(crate) fn begin_host_call(&mut self) {
        self.host_call += 1;
    }

    /// The number behind a handle, lent to the host, of the resource that it knows as `R`.
    #[inline(always)]
    pub(crate) fn rep_of<R: 'static>(&mut self, handle: u32) -> Result<u32, Stop> {
        match self.entries.get_mut(handle as usize) {
            Some(Entry::Own { kind, rep, host_call, .. }) if self.kinds.is::<R>(*kind) => {
                *host_call = self.host_call;
                Ok(*rep)
            }
            Some(Entry::Borrow { kind, rep, .. }) if self.kinds.is::<R>(*kind) => Ok(*rep),
            Some(Entry::Own { .. } | Entry::Borrow { .. }) => Err(wrong_type(handle)),
            _ => Err(unknown(handle)),
        }
    }

    /// Takes over a resource that the host knows as `R`.
    pub(crate) fn take_own_of<R: 'static>(&mut self, handle: u32) -> Result<u32, Stop> {
        let (kind, _) = self.resource(handle)?;
        if !self.kinds.is::<R>(kind) {
            return Err(wrong_type(handle));
        }
        self.take_own_for_host(handle, kind)
    }

    /// A handle of a resource that the host knows as `R`, for the guest to own.
    pub(crate) fn add_own_of<R: 'static>(&mut self, rep: u32) -> Result<u32, Stop> {
        let kind = self.kind_of::<R>()?;
        self.add_own(kind, rep)
    }

    /// A handle of a resource that the host knows as `R`, lent to the call that begins.
    pub(crate) fn add_borrow_of<R: 'static>(&mut self, rep: u32) -> Result<u32, Stop> {
        let kind = self.kind_of::<R>()?;
        self.lower_borrow(kind, rep)
    }

    /// A handle for the guest to own.
    pub(crate) fn add_own(&mut self, kind: u32, rep: u32) -> Result<u32, Stop> {
        self.add(Entry::Own { kind, rep, lends: 0, host_call: 0 })
    }

    /// A handle lent to the innermost call into the instance.
    pub(crate) fn add_borrow(&mut self, kind: u32, rep: u32) -> Result<u32, Stop> {
        let call = u32::try_from(self.lent.len()).unwrap_or(0).saturating_sub(1);
        let handle = self.add(Entry::Borrow { kind, rep, call })?;
        if let Some(count) = self.lent.last_mut() {
            *count += 1;
        }
        Ok(handle)
    }

    /// The kind of a resource of the plan.
    pub(crate) fn kind(&self, resource: u32) -> Result<u32, Stop> {
        let kind = self.kinds.of_resource.get(resource as usize);
        kind.copied().ok_or_else(|| invalid("a resource that the component does not have"))
    }

    /// Lends a resource of a kind to the innermost call: the instance that defines it gets its own
    /// number for it, others a handle (`lower_borrow`).
    pub(crate) fn lower_borrow(&mut self, kind: u32, rep: u32) -> Result<u32, Stop> {
        if self.kinds.home.get(kind as usize).copied().flatten() == Some(self.instance) {
            return Ok(rep);
        }
        self.add_borrow(kind, rep)
    }

    /// The number behind a handle of a kind, which is handed over or lent to the host.
    pub(crate) fn lift(&mut self, handle: u32, kind: u32, own: bool) -> Result<u32, Stop> {
        if own {
            return self.take_own_for_host(handle, kind);
        }
        let (rep, _) = self.rep(handle, kind)?;
        self.lend_to_host(handle);
        Ok(rep)
    }

    /// The number behind a handle of a kind, and whether the guest owns it.
    pub(crate) fn rep(&self, handle: u32, kind: u32) -> Result<(u32, bool), Stop> {
        let (found, rep) = self.resource(handle)?;
        expect_kind(handle, kind, found)?;
        Ok((rep, matches!(self.entries.get(handle as usize), Some(Entry::Own { .. }))))
    }

    /// Takes over a resource of a kind.
    pub(crate) fn take_own(&mut self, handle: u32, kind: u32) -> Result<u32, Stop> {
        match self.entries.get(handle as usize) {
            Some(&Entry::Own { kind: found, rep, lends, .. }) => {
                expect_kind(handle, kind, found)?;
                if lends > 0 {
                    return Err(lent());
                }
                self.remove(handle);
                Ok(rep)
            }
            Some(&Entry::Borrow { kind: found, .. }) => {
                expect_kind(handle, kind, found)?;
                Err(invalid("cannot lift own resource from a borrow"))
            }
            _ => Err(unknown(handle)),
        }
    }

    /// As [`Handles::take_own`], for the host: it must not be lent by the very call.
    fn take_own_for_host(&mut self, handle: u32, kind: u32) -> Result<u32, Stop> {
        match self.entries.get(handle as usize) {
            Some(Entry::Own { host_call, .. }) if *host_call == self.host_call => Err(lent()),
            _ => self.take_own(handle, kind),
        }
    }

    #[inline]
    fn lend_to_host(&mut self, handle: u32) {
        if let Some(Entry::Own { host_call, .. }) = self.entries.get_mut(handle as usize) {
            *host_call = self.host_call;
        }
    }

    /// Drops a handle of a kind.
    pub(crate) fn drop(&mut self, handle: u32, kind: u32) -> Result<Dropped, Stop> {
        if let Some(&Entry::Borrow { kind: found, call, .. }) = self.entries.get(handle as usize) {
            expect_kind(handle, kind, found)?;
            if let Some(count) = self.lent.get_mut(call as usize) {
                *count = count.saturating_sub(1);
            }
            self.remove(handle);
            return Ok(Dropped::Borrow);
        }
        self.take_own(handle, kind).map(Dropped::Own)
    }

    /// An owned handle is lent to a call, until [`Handles::give_back`].
    pub(crate) fn lend(&mut self, handle: u32) {
        if let Some(Entry::Own { lends, .. }) = self.entries.get_mut(handle as usize) {
            *lends += 1;
        }
    }

    /// The call that a handle was lent to has ended.
    pub(crate) fn give_back(&mut self, handle: u32) {
        if let Some(Entry::Own { lends, .. }) = self.entries.get_mut(handle as usize) {
            *lends = lends.saturating_sub(1);
        }
    }

    /// A call into the instance begins.
    pub(crate) fn enter(&mut self) {
        self.lent.push(0);
    }

    /// The innermost call into the instance ends.
    ///
    /// # Errors
    /// A trap when it has not dropped all that was lent to it.
    pub(crate) fn exit(&mut self) -> Result<(), Stop> {
        match self.lent.pop() {
            Some(1..) => Err(invalid("borrow handles still remain at the end of the call")),
            _ => Ok(()),
        }
    }

    fn resource(&self, handle: u32) -> Result<(u32, u32), Stop> {
        match self.entries.get(handle as usize) {
            Some(&(Entry::Own { kind, rep, .. } | Entry::Borrow { kind, rep, .. })) => {
                Ok((kind, rep))
            }
            _ => Err(unknown(handle)),
        }
    }

    fn kind_of<R: 'static>(&self) -> Result<u32, Stop> {
        let known = self.kinds.rust.iter().position(|kind| *kind == Some(TypeId::of::<R>()));
        known.and_then(|kind| u32::try_from(kind).ok()).ok_or_else(|| {
            let name = std::any::type_name::<R>();
            invalid(format!("the component knows no resource for the host's {name}"))
        })
    }

    fn add(&mut self, entry: Entry) -> Result<u32, Stop> {
        if self.open >= self.limit {
            return Err(invalid(format!(
                "resource table has no free keys: {} handles are open, and no more are allowed",
                self.open
            )));
        }
        self.open += 1;
        match self.entries.get_mut(self.free as usize) {
            Some(place) if self.free != 0 => {
                let handle = self.free;
                if let Entry::Free { next } = *place {
                    self.free = next;
                }
                *place = entry;
                Ok(handle)
            }
            _ => {
                self.entries.push(entry);
                // The limit is a `u32`.
                Ok(u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX))
            }
        }
    }

    fn remove(&mut self, handle: u32) {
        if let Some(place) = self.entries.get_mut(handle as usize) {
            *place = Entry::Free { next: self.free };
            self.free = handle;
            self.open -= 1;
        }
    }
}

fn expect_kind(handle: u32, wanted: u32, found: u32) -> Result<(), Stop> {
    if wanted == found { Ok(()) } else { Err(wrong_type(handle)) }
}

#[cold]
#[inline(never)]
fn unknown(handle: u32) -> Stop {
    invalid(format!("unknown handle index {handle}"))
}

#[cold]
#[inline(never)]
fn lent() -> Stop {
    invalid("cannot remove owned resource while borrowed")
}

#[cold]
#[inline(never)]
fn wrong_type(handle: u32) -> Stop {
    invalid(format!("handle index {handle} used with the wrong type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct File;
    struct Socket;

    fn handles() -> Handles {
        let kinds = Kinds {
            of_resource: vec![0, 1],
            rust: vec![Some(TypeId::of::<File>()), None],
            home: vec![None, Some(0)],
        };
        Handles::new(Arc::new(kinds), 0, 3)
    }

    #[test]
    fn handles_start_at_one_and_the_last_freed_is_the_next() {
        let mut handles = handles();
        let got: Vec<u32> = (0..3).map(|rep| handles.add_own(1, rep).unwrap()).collect();
        assert_eq!(got, [1, 2, 3]);
        assert!(handles.add_own(1, 3).is_err(), "the limit");
        assert_eq!(handles.drop(1, 1).unwrap(), Dropped::Own(0));
        assert_eq!(handles.drop(2, 1).unwrap(), Dropped::Own(1));
        assert_eq!(handles.add_own(1, 7).unwrap(), 2);
        assert_eq!(handles.add_own(1, 8).unwrap(), 1);
    }

    #[test]
    fn a_handle_is_only_what_it_is() {
        let mut handles = handles();
        let file = handles.add_own_of::<File>(5).unwrap();
        let other = handles.add_own(1, 6).unwrap();
        assert_eq!(handles.rep_of::<File>(file).unwrap(), 5);
        assert!(handles.rep_of::<File>(other).is_err());
        assert!(handles.rep_of::<Socket>(file).is_err());
        assert!(handles.add_own_of::<Socket>(1).is_err());
        for wild in [0, 3, u32::MAX] {
            assert!(handles.rep_of::<File>(wild).is_err());
            assert!(handles.drop(wild, 0).is_err());
            assert!(handles.take_own(wild, 0).is_err());
        }
        assert!(handles.drop(file, 1).is_err(), "another kind");
        handles.begin_host_call();
        assert_eq!(handles.take_own_of::<File>(file).unwrap(), 5);
        assert!(handles.take_own_of::<File>(file).is_err(), "taken twice");
    }

    #[test]
    fn what_a_call_of_the_hosts_lends_it_can_not_hand_over() {
        let mut handles = handles();
        let file = handles.add_own(0, 5).unwrap();
        handles.begin_host_call();
        assert_eq!(handles.rep_of::<File>(file).unwrap(), 5);
        assert!(handles.take_own_of::<File>(file).is_err());
        handles.begin_host_call();
        assert_eq!(handles.lift(file, 0, false).unwrap(), 5);
        assert!(handles.lift(file, 0, true).is_err());
        handles.begin_host_call();
        assert_eq!(handles.take_own_of::<File>(file).unwrap(), 5);
        // A call that is over lends nothing any more.
        let file = handles.add_own(0, 6).unwrap();
        handles.begin_host_call();
        handles.rep_of::<File>(file).unwrap();
        assert_eq!(handles.drop(file, 0).unwrap(), Dropped::Own(6));
    }

    #[test]
    fn what_is_lent_can_not_be_taken_and_must_be_given_back() {
        let mut handles = handles();
        let own = handles.add_own(0, 1).unwrap();
        handles.lend(own);
        assert!(handles.take_own(own, 0).is_err());
        assert!(handles.drop(own, 0).is_err());
        handles.give_back(own);
        handles.enter();
        let lent = handles.add_borrow(0, 2).unwrap();
        assert!(handles.take_own(lent, 0).is_err());
        assert!(handles.exit().is_err());
        handles.enter();
        let lent = handles.add_borrow(0, 3).unwrap();
        assert_eq!(handles.drop(lent, 0).unwrap(), Dropped::Borrow);
        assert!(handles.exit().is_ok());
        assert_eq!(handles.drop(own, 0).unwrap(), Dropped::Own(1));
    }
}
