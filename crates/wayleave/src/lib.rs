//! Runs WebAssembly programs that use WASI, with capabilities as narrow as you like.
//!
//! A [`Runtime`] is an engine with its settings; it loads [`Program`]s; a program runs with
//! [`Grants`], which are nothing until something is granted; what comes back is an [`Outcome`].
//!
//! ```
//! use wayleave::{Grants, Runtime};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let program = Runtime::new()?.load(
//!     br#"(module
//!         (import "wasi_snapshot_preview1" "fd_write"
//!             (func $fd_write (param i32 i32 i32 i32) (result i32)))
//!         (memory (export "memory") 1)
//!         (data (i32.const 0) "\08\00\00\00\06\00\00\00hello\n")
//!         (func (export "_start")
//!             (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 16)))))"#,
//! )?;
//! let output = program.output(Grants::new().arg("hello")?)?;
//! assert!(output.outcome.success());
//! assert_eq!(output.stdout, b"hello\n");
//! # Ok(())
//! # }
//! ```
//!
//! There is no global state and no async runtime: a program runs on the thread that calls
//! [`Program::run`]. Runtimes and programs are [`Send`] and [`Sync`] and cheap to clone, and any
//! number of threads can run the same program at once. In async code, run programs where blocking
//! is allowed, as with `tokio::task::spawn_blocking`.

mod canceller;
mod error;
#[cfg(feature = "http")]
pub mod http;
mod imports;
mod instance;
mod kind;
mod loading;
mod outcome;
mod program;
mod runtime;
mod source;
mod watchdog;

pub use canceller::Canceller;
pub use error::Error;
pub use instance::Instance;
pub use kind::ProgramKind;
pub use outcome::{End, Outcome, Output};
pub use program::Program;
pub use runtime::{Builder, EngineKind, Runtime, UnknownImports, is_compiled, to_binary};

pub use wayleave_bindgen::bindgen;
pub use wayleave_component as component;
pub use wayleave_engine::cache::{self, Cache};
pub use wayleave_engine::{
    CallOutcome, Exit, Frame, HostCall, Stop, Tracer, Trap, TrapKind, Value,
};
pub use wayleave_grants as grants;
pub use wayleave_grants::{Grants, Limits};
pub use wayleave_system as system;
