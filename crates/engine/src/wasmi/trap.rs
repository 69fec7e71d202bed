use ::wasmi::errors::{ErrorKind, HostError, InstantiationError};
use ::wasmi::{Error, TrapCode};

use crate::{Stop, Trap, TrapKind};

// How a `Stop` travels through the interpreter.
impl HostError for Stop {}

/// Why the engine came back with an error: the host function's own [`Stop`], or a trap.
#[cold]
pub(super) fn stop(error: Error) -> Stop {
    let kind = kind(&error);
    // The kind says it all, but for these two.
    let detail = matches!(kind, TrapKind::Other | TrapKind::Limit).then(|| one_line(&error));
    match error.downcast::<Stop>() {
        Some(stop) => stop,
        None => Trap { kind, detail, frames: Vec::new() }.into(),
    }
}

/// An error in one line.
pub(super) fn one_line(error: &Error) -> String {
    error.to_string().lines().next().unwrap_or_default().trim().to_owned()
}

fn kind(error: &Error) -> TrapKind {
    match (error.as_trap_code(), error.kind()) {
        (Some(code), _) => code_kind(code),
        (None, ErrorKind::Instantiation(error)) => match error {
            InstantiationError::ElementSegmentDoesNotFit { .. } => TrapKind::TableOutOfBounds,
            InstantiationError::FailedToInstantiateMemory(_)
            | InstantiationError::FailedToInstantiateTable(_)
            | InstantiationError::TooManyInstances
            | InstantiationError::TooManyTables
            | InstantiationError::TooManyMemories => TrapKind::Limit,
            _ => TrapKind::Other,
        },
        (None, _) => TrapKind::Other,
    }
}

fn code_kind(code: TrapCode) -> TrapKind {
    match code {
        TrapCode::UnreachableCodeReached => TrapKind::Unreachable,
        TrapCode::MemoryOutOfBounds => TrapKind::MemoryOutOfBounds,
        TrapCode::TableOutOfBounds => TrapKind::TableOutOfBounds,
        TrapCode::IndirectCallToNull => TrapKind::NullReference,
        TrapCode::IntegerDivisionByZero => TrapKind::DivisionByZero,
        TrapCode::IntegerOverflow => TrapKind::IntegerOverflow,
        TrapCode::BadConversionToInteger => TrapKind::BadConversion,
        TrapCode::StackOverflow => TrapKind::StackOverflow,
        TrapCode::BadSignature => TrapKind::BadSignature,
        // Growth is denied in one way only: when it meets the end of a slice of fuel.
        TrapCode::OutOfFuel | TrapCode::GrowthOperationLimited => TrapKind::OutOfFuel,
        _ => TrapKind::Other,
    }
}
