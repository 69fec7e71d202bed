use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;

/// Why an engine could not do what the embedder asked. A guest's own failures are [`Stop`]s.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine can not be set up like this.
    #[error("{engine} can not be set up: {reason}")]
    Config {
        /// The engine's name.
        engine: &'static str,
        /// What is not possible, in one line.
        reason: String,
    },
    /// The module is malformed, invalid, or needs what the engine does not have.
    #[error("not a valid WebAssembly module: {reason}")]
    Module {
        /// What is wrong, in one line, with the byte offset where the engine tells it.
        reason: String,
    },
    /// An import is missing or has another type.
    #[error("import `{module}` `{name}`: {reason}")]
    Link {
        /// The import's module.
        module: String,
        /// The import's name.
        name: String,
        /// What does not fit, in one line.
        reason: String,
    },
    /// Precompiled code that can not be used here.
    #[error("precompiled code can not be used: {reason}")]
    Artifact {
        /// Why not, in one line.
        reason: String,
    },
    /// A file could not be read or written.
    #[error("{what}: {source}")]
    Io {
        /// What was tried on what.
        what: String,
        /// The operating system's answer.
        source: std::io::Error,
    },
}

/// Why a guest stopped before its function returned: it ended itself, or it was ended.
///
/// Host functions return it to end the guest; every call into a guest can return it.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The guest ended itself.
    #[error(transparent)]
    Exit(#[from] Exit),
    /// The guest was ended.
    #[error(transparent)]
    Trap(#[from] Box<Trap>),
    /// A host function can not go on yet: only from functions that were added by
    /// [`Engine::define_waiting`](crate::Engine::define_waiting), and never out of a call into a
    /// guest.
    #[error("a host function waits where the guest can not be suspended")]
    Wait(Wait),
}

impl From<Trap> for Stop {
    fn from(trap: Trap) -> Self {
        Self::Trap(Box::new(trap))
    }
}

/// What a host function waits for.
// In a box of its own, so that a `Stop` is small enough to be returned in registers: every call of a
// guest's returns one, or none.
pub struct Wait(Option<Box<Mutex<Until>>>);

type Until = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Wait {
    /// The host function is called again, with the same arguments, when `until` has ended.
    pub fn new(until: Pin<Box<dyn Future<Output = ()> + Send>>) -> Self {
        Self(Some(Box::new(Mutex::new(until))))
    }

    /// For nothing: the host function has more to do than others on its thread should wait for, and
    /// is called again when they have had their turn. Also where the guest can not be suspended.
    pub fn turn() -> Self {
        Self(None)
    }

    pub(crate) fn is_turn(&self) -> bool {
        self.0.is_none()
    }

    /// What is waited for.
    pub fn into_future(self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match self.0 {
            Some(until) => until.into_inner().unwrap_or_else(PoisonError::into_inner),
            None => Box::pin(make_way()),
        }
    }
}

/// Lets the others on this thread have their turn.
pub(crate) async fn make_way() {
    let mut was_pending = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut was_pending, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wait")
    }
}

/// A guest that ended itself, with its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("exit with code {0}")]
pub struct Exit(pub u32);

/// A guest that was ended: what happened, and where in the guest.
#[derive(Clone, Debug)]
pub struct Trap {
    /// What kind of end.
    pub kind: TrapKind,
    /// More about it, when the kind does not say everything: what a host function objected to.
    pub detail: Option<String>,
    /// The guest's calls, innermost first, about 20 of them at most. Empty on engines that keep no
    /// record (wasmi).
    pub frames: Vec<Frame>,
}

impl Trap {
    /// A trap that a host function raises, with the reason that people will read.
    pub fn host(detail: impl Into<String>) -> Self {
        Self { kind: TrapKind::Host, detail: Some(detail.into()), frames: Vec::new() }
    }
}

impl From<TrapKind> for Trap {
    fn from(kind: TrapKind) -> Self {
        Self { kind, detail: None, frames: Vec::new() }
    }
}

impl std::error::Error for Trap {}

/// One line: the kind, and the detail if there is one. The frames are for the caller to lay out.
impl fmt::Display for Trap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) if self.kind == TrapKind::Host => f.write_str(detail),
            Some(detail) => write!(f, "{}: {detail}", self.kind),
            None => write!(f, "{}", self.kind),
        }
    }
}

/// One call of the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The module's name, if it has one.
    pub module: Option<String>,
    /// The function's index in its module.
    pub index: u32,
    /// The function's name, readable (demangled), if the module has names.
    pub name: Option<String>,
    /// The instruction's offset in the module's binary, if known.
    pub offset: Option<usize>,
}

/// Kinds of traps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TrapKind {
    /// `unreachable` was executed: how compiled languages abort.
    #[error("unreachable code executed (the program aborted)")]
    Unreachable,
    /// A load or store outside the memory.
    #[error("memory access out of bounds")]
    MemoryOutOfBounds,
    /// An atomic access at an unaligned address.
    #[error("unaligned atomic memory access")]
    MemoryUnaligned,
    /// A table access outside the table.
    #[error("table access out of bounds")]
    TableOutOfBounds,
    /// An indirect call of an empty table element, or a null reference used.
    #[error("null reference used (an indirect call without a function)")]
    NullReference,
    /// An indirect call of a function of another type.
    #[error("indirect call to a function of another type")]
    BadSignature,
    /// Integer division by zero.
    #[error("integer division by zero")]
    DivisionByZero,
    /// Integer overflow in a division.
    #[error("integer overflow")]
    IntegerOverflow,
    /// A float that no integer of the type can hold.
    #[error("float out of the integer's range")]
    BadConversion,
    /// The guest's stack is used up.
    #[error("call stack exhausted")]
    StackOverflow,
    /// The fuel is used up.
    #[error("out of fuel")]
    OutOfFuel,
    /// Stopped from outside: a deadline or a cancellation.
    #[error("interrupted")]
    Interrupted,
    /// The guest threw an exception that nothing caught.
    #[error("uncaught exception")]
    UncaughtException,
    /// The engine could not give the guest what it needs to start: memory or table limits.
    #[error("a limit was reached")]
    Limit,
    /// A host function ended the guest.
    #[error("ended by the host")]
    Host,
    /// Something else that the engine reports; the detail tells.
    #[error("trap")]
    Other,
}
