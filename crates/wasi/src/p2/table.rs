use slab::Slab;
use wayleave_component::{Borrow, Own};
use wayleave_engine::{Stop, Trap};
use wayleave_system::refusal::LimitWatch;
use wayleave_system::{ErrorCode, Result};

/// The resources of one kind that a guest has handles of, by their numbers.
pub(super) struct Table<R> {
    resources: Slab<R>,
    limit: usize,
    watch: LimitWatch,
}

impl<R: 'static> Table<R> {
    /// `watch` is told when the guest wants more than `limit`.
    pub(super) fn watched(limit: usize, watch: LimitWatch) -> Self {
        Self { resources: Slab::new(), limit: limit.min(u32::MAX as usize), watch }
    }

    /// As [`Table::watched`], but never for more than `few`, of which nobody is told.
    pub(super) fn of_few(limit: usize, few: usize, watch: &LimitWatch) -> Self {
        let watch = if limit < few { watch.clone() } else { LimitWatch::default() };
        Self::watched(limit.min(few), watch)
    }

    /// Adds a resource, for the guest to own.
    pub(super) fn add(&mut self, resource: R) -> Result<Own<R>> {
        if self.resources.len() >= self.limit {
            let wanted = self.resources.len() + 1;
            if wanted > u32::MAX as usize || !self.watch.allows(wanted as u64) {
                return Err(ErrorCode::TooManyOpen);
            }
            self.limit = wanted;
        }
        let number = self.resources.insert(resource);
        u32::try_from(number).map(Own::new).map_err(|_| ErrorCode::TooManyOpen)
    }

    /// As [`Table::add`], where the interface knows no error: the guest ends.
    pub(super) fn add_or_trap(&mut self, resource: R) -> std::result::Result<Own<R>, Stop> {
        self.add(resource).map_err(|_| {
            let kind = std::any::type_name::<R>().rsplit("::").next().unwrap_or_default();
            let limit = self.limit;
            Trap::host(format!(
                "the guest has too many resources of kind {kind} open: at most {limit} are allowed"
            ))
            .into()
        })
    }

    /// How many there may be.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    #[inline]
    pub(super) fn get(&self, this: Borrow<R>) -> std::result::Result<&R, Stop> {
        self.resources.get(this.rep() as usize).ok_or_else(gone)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, this: Borrow<R>) -> std::result::Result<&mut R, Stop> {
        self.resources.get_mut(this.rep() as usize).ok_or_else(gone)
    }

    /// The guest has dropped its handle.
    pub(super) fn remove(&mut self, this: &Own<R>) -> std::result::Result<R, Stop> {
        self.resources.try_remove(this.rep() as usize).ok_or_else(gone)
    }
}

/// Handles are checked before they come here, so that this is a mistake of the host's.
#[cold]
fn gone() -> Stop {
    Trap::host("a handle of a resource that is gone").into()
}
