use super::Host;
use crate::GuestMemory;

pub(super) use crate::wait::{Failure, Result};

/// What a call that uses the guest's memory is given.
pub(super) struct Call<'a> {
    pub(super) host: &'a mut Host,
    pub(super) memory: GuestMemory<'a>,
}
