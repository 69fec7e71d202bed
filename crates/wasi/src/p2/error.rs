//! `wasi:io/error`, and error codes as 0.2 has them.

use super::Host;
use super::bindings::wasi::filesystem::types::ErrorCode as GuestCode;
use super::bindings::wasi::io::error;
use super::bindings::wasi::io::streams::StreamError;
use slab::Slab;
use wayleave_component::{Borrow, Own};
use wayleave_engine::Stop;
use wayleave_system::ErrorCode;
use wayleave_system::stream::Cause;

/// An error of a stream. Its number is the error's own, so that none has to be kept; or that of a
/// cause, which is.
pub(crate) enum IoError {}

/// Numbers of errors begin here that have a cause.
const KEPT: u32 = 1 << 16;

/// The causes of errors that a guest has.
pub(super) struct Causes {
    causes: Slab<Cause>,
    limit: usize,
}

impl Causes {
    pub(super) fn new(limit: usize) -> Self {
        Self { causes: Slab::new(), limit }
    }

    /// The same error, with its cause, if there is one and room for it.
    pub(super) fn explain(&mut self, error: StreamError, cause: Option<Cause>) -> StreamError {
        let (StreamError::LastOperationFailed(_), Some(cause)) = (&error, cause) else {
            return error;
        };
        if self.causes.len() >= self.limit {
            return error;
        }
        let number = u32::try_from(self.causes.insert(cause)).ok();
        match number.and_then(|number| number.checked_add(KEPT)) {
            Some(number) => StreamError::LastOperationFailed(Own::new(number)),
            None => error,
        }
    }

    pub(super) fn get(&self, error: Borrow<IoError>) -> Option<&Cause> {
        self.causes.get(error.rep().checked_sub(KEPT)? as usize)
    }

    fn remove(&mut self, error: &Own<IoError>) {
        if let Some(number) = error.rep().checked_sub(KEPT) {
            drop(self.causes.try_remove(number as usize));
        }
    }
}

/// The error resource of a code.
pub(super) fn io_error(code: ErrorCode) -> Own<IoError> {
    Own::new(u32::from(code as u16))
}

/// What a stream says of a failure.
pub(super) fn stream_error(code: ErrorCode) -> StreamError {
    match code {
        // The reader is gone, or there is nothing to write to.
        ErrorCode::BrokenPipe => StreamError::Closed,
        code => StreamError::LastOperationFailed(io_error(code)),
    }
}

/// The code of an error resource.
pub(super) fn code_of(error: Borrow<IoError>) -> Option<ErrorCode> {
    u16::try_from(error.rep()).ok().and_then(ErrorCode::from_number)
}

impl error::Host for Host {
    fn error_to_debug_string(&mut self, this: Borrow<IoError>) -> Result<String, Stop> {
        if let Some(cause) = self.causes.get(this) {
            return Ok(cause.to_string());
        }
        Ok(code_of(this).map_or("an unknown error".to_owned(), |code| code.to_string()))
    }

    fn error_drop(&mut self, this: Own<IoError>) -> Result<(), Stop> {
        self.causes.remove(&this);
        Ok(())
    }
}

/// The nearest code of 0.2, which has fewer.
pub(super) fn guest_code(code: ErrorCode) -> GuestCode {
    match code {
        ErrorCode::Access => GuestCode::Access,
        ErrorCode::Again => GuestCode::WouldBlock,
        ErrorCode::Already => GuestCode::Already,
        ErrorCode::BadDescriptor => GuestCode::BadDescriptor,
        ErrorCode::Busy => GuestCode::Busy,
        ErrorCode::Deadlock => GuestCode::Deadlock,
        ErrorCode::Quota => GuestCode::Quota,
        ErrorCode::Exists => GuestCode::Exist,
        ErrorCode::FileTooBig => GuestCode::FileTooLarge,
        ErrorCode::IllegalSequence => GuestCode::IllegalByteSequence,
        ErrorCode::InProgress => GuestCode::InProgress,
        ErrorCode::Interrupted => GuestCode::Interrupted,
        ErrorCode::Invalid => GuestCode::Invalid,
        ErrorCode::IsDirectory => GuestCode::IsDirectory,
        ErrorCode::Loop => GuestCode::Loop,
        ErrorCode::TooManyLinks => GuestCode::TooManyLinks,
        ErrorCode::MessageTooBig => GuestCode::MessageSize,
        ErrorCode::NameTooLong => GuestCode::NameTooLong,
        ErrorCode::NoDevice => GuestCode::NoDevice,
        ErrorCode::NoEntry => GuestCode::NoEntry,
        ErrorCode::NoLock => GuestCode::NoLock,
        // What is used up is room in a table.
        ErrorCode::NoMemory | ErrorCode::TooManyOpen | ErrorCode::SystemTooManyOpen => {
            GuestCode::InsufficientMemory
        }
        ErrorCode::NoSpace => GuestCode::InsufficientSpace,
        ErrorCode::NotDirectory => GuestCode::NotDirectory,
        ErrorCode::NotEmpty => GuestCode::NotEmpty,
        ErrorCode::NotRecoverable => GuestCode::NotRecoverable,
        ErrorCode::NotSupported | ErrorCode::NotSupportedCall => GuestCode::Unsupported,
        ErrorCode::NotTerminal => GuestCode::NoTty,
        ErrorCode::NoSuchDevice => GuestCode::NoSuchDevice,
        ErrorCode::Overflow => GuestCode::Overflow,
        ErrorCode::NotPermitted | ErrorCode::NotCapable => GuestCode::NotPermitted,
        ErrorCode::BrokenPipe => GuestCode::Pipe,
        ErrorCode::ReadOnly => GuestCode::ReadOnly,
        ErrorCode::NotSeekable => GuestCode::InvalidSeek,
        ErrorCode::TextBusy => GuestCode::TextFileBusy,
        ErrorCode::CrossDevice => GuestCode::CrossDevice,
        _ => GuestCode::Io,
    }
}
