use ::wasmtime::{Error, FrameInfo, StoreContextMut, ThrownException, Trap as Code, WasmBacktrace};

use super::Data;
use crate::{Frame, Stop, Trap, TrapKind};

/// Why the engine came back with an error: the host function's own [`Stop`], or a trap.
#[cold]
pub(super) fn stop<T: 'static>(mut store: StoreContextMut<'_, Data<T>>, error: Error) -> Stop {
    let frames = frames(&error);
    if error.is::<ThrownException>() {
        // Left pending, it would be thrown again by the next call.
        let _ = store.take_pending_exception();
        return Trap { kind: TrapKind::UncaughtException, detail: None, frames }.into();
    }
    if let Some(&code) = error.downcast_ref::<Code>() {
        let (kind, detail) = kind(code);
        let mut trap = Trap { kind, detail, frames };
        store.data().growth.explain(&mut trap);
        return trap.into();
    }
    match error.downcast::<Stop>() {
        // A trap that has passed through a call already knows all the frames, the outer ones too.
        Ok(Stop::Trap(mut trap)) if trap.frames.is_empty() => {
            trap.frames = frames;
            Stop::Trap(trap)
        }
        Ok(stop) => stop,
        Err(error) => Trap { kind: TrapKind::Other, detail: Some(one_line(&error)), frames }.into(),
    }
}

/// An error and its causes in one line, outermost first.
pub(super) fn one_line(error: &Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        // Context and cause often say the same twice; a backtrace has lines of its own.
        let first = cause.lines().next().unwrap_or_default().trim();
        if first.is_empty() || first.starts_with("error while executing") || line.contains(first) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(first);
    }
    line
}

fn frames(error: &Error) -> Vec<Frame> {
    error
        .downcast_ref::<WasmBacktrace>()
        .map(|trace| trace.frames().iter().map(frame).collect())
        .unwrap_or_default()
}

fn frame(info: &FrameInfo) -> Frame {
    Frame {
        module: info.module().name().map(str::to_owned),
        index: info.func_index(),
        name: info.func_name().map(|name| format!("{:#}", rustc_demangle::demangle(name))),
        offset: info.module_offset(),
    }
}

fn kind(code: Code) -> (TrapKind, Option<String>) {
    let kind = match code {
        Code::UnreachableCodeReached => TrapKind::Unreachable,
        Code::MemoryOutOfBounds => TrapKind::MemoryOutOfBounds,
        Code::HeapMisaligned => TrapKind::MemoryUnaligned,
        Code::TableOutOfBounds => TrapKind::TableOutOfBounds,
        Code::IndirectCallToNull | Code::NullReference => TrapKind::NullReference,
        Code::BadSignature => TrapKind::BadSignature,
        Code::IntegerDivisionByZero => TrapKind::DivisionByZero,
        Code::IntegerOverflow => TrapKind::IntegerOverflow,
        Code::BadConversionToInteger => TrapKind::BadConversion,
        Code::StackOverflow => TrapKind::StackOverflow,
        Code::OutOfFuel => TrapKind::OutOfFuel,
        Code::Interrupt => TrapKind::Interrupted,
        Code::UncaughtException | Code::UnhandledTag => TrapKind::UncaughtException,
        other => {
            let text = other.to_string();
            let text = text.strip_prefix("wasm trap: ").unwrap_or(&text).to_owned();
            return (TrapKind::Other, Some(text));
        }
    };
    (kind, None)
}
