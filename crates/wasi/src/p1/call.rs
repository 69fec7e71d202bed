use super::Host;
use crate::GuestMemory;
use wayleave_engine::Stop;
use wayleave_system::ErrorCode;

/// The result of one call: success, or what ends it.
pub(super) type Result<T> = std::result::Result<T, Failure>;

/// Why a call did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The guest is told.
    Errno(ErrorCode),
    /// The guest ends. In a box, so that the result of each call fits registers.
    Stop(Box<Stop>),
}

impl From<ErrorCode> for Failure {
    #[inline]
    fn from(code: ErrorCode) -> Self {
        Self::Errno(code)
    }
}

impl From<Stop> for Failure {
    #[cold]
    fn from(stop: Stop) -> Self {
        Self::Stop(Box::new(stop))
    }
}

/// What a call that uses the guest's memory is given.
pub(super) struct Call<'a> {
    pub(super) host: &'a mut Host,
    pub(super) memory: GuestMemory<'a>,
}
