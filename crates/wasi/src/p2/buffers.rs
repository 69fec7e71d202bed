use wayleave_grants::{Grants, Limited};
use wayleave_system::refusal::LimitWatch;

/// How many bytes the host may hold for one call of the guest.
pub(super) struct Buffers {
    most: usize,
    watch: LimitWatch,
}

impl Buffers {
    pub(super) fn new(grants: &Grants) -> Self {
        let watch = grants.limit_watch(Limited::Buffers);
        Self { most: grants.limits.buffer_bytes, watch }
    }

    /// Whether it may hold so many. No guest can take more than 4 GiB at once, whoever lets it.
    pub(super) fn allow(&self, bytes: usize) -> bool {
        let within = bytes <= self.most;
        within || u32::try_from(bytes).is_ok() && self.watch.allows(bytes as u64)
    }
}
