//! WebAssembly components on any core engine.
//!
//! A core engine knows modules, memories and functions over numbers. This crate adds components on
//! top: [`Component`] is one, translated to a [`plan`] and compiled; a [`Linker`] holds what the
//! host provides; together they are a [`Template`], of which an [`Instance`] is made in
//! microseconds. Host functions are core imports of the engine's own: a call goes from the guest's
//! instruction to a Rust function without a look-up.
//!
//! ```
//! use wayleave_component::{Component, Linker, Value};
//! use wayleave_engine::{Config, Engine, Limits};
//!
//! # fn run<E: Engine>() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = E::new(&Config::default())?;
//! let binary = wat::parse_str(
//!     r#"(component
//!         (import "double" (func $double (param "n" u32) (result u32)))
//!         (core func $double (canon lower (func $double)))
//!         (core module $m
//!             (import "" "double" (func $double (param i32) (result i32)))
//!             (func (export "run") (param i32) (result i32)
//!                 (i32.add (i32.const 1) (call $double (local.get 0)))))
//!         (core instance $m (instantiate $m (with "" (instance (export "double" (func $double))))))
//!         (func (export "run") (param "n" u32) (result u32)
//!             (canon lift (core func $m "run"))))"#,
//! )?;
//! let component = Component::new(&engine, &binary)?;
//! let mut linker = Linker::<E, ()>::new();
//! linker.root().func("double", |_: &mut (), (n,): (u32,)| Ok((n * 2,)))?;
//! let template = linker.link(&engine, &component)?;
//! let mut instance = template.instantiate(&engine, (), Limits::default())?;
//! let run = instance.func(&["run"])?;
//! assert_eq!(instance.call(&run, &[Value::U32(20)])?, Some(Value::U32(41)));
//! # Ok(())
//! # }
//! # run::<wayleave_engine::wasmtime::Wasmtime>().unwrap();
//! # run::<wayleave_engine::wasmi::Wasmi>().unwrap();
//! ```

pub mod abi;
mod caller;
mod component;
mod error;
mod export;
mod func;
mod handles;
mod host;
mod instance;
mod linker;
mod names;
pub mod plan;
mod runtime;
mod template;
mod trace;
mod trampoline;
mod value;

pub use abi::{Borrow, ComponentType, Guest, Lift, Lifting, Lower, Mismatch, Own, Resource};
pub use caller::{Caller, CallerOf};
pub use component::Component;
pub use error::Error;
pub use export::{ExportedFunc, GuestFunction};
pub use func::{Func, TypedExport, TypedFunc};
pub use handles::Handles;
pub use host::{FillingFunction, HostFunction};
pub use instance::Instance;
pub use linker::{Interface, Linker};
pub use plan::Plan;
pub use template::Template;
pub use value::Value;
#[doc(no_inline)]
pub use wayleave_engine::{Engine, Slots, Stop, block_on};
