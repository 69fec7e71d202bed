//! Rust from WIT: [`bindgen!`] makes types, host traits and typed calls for a world, the derives
//! let types that are written by hand travel to guests and back.
//!
//! ```
//! use wayleave_component::{Component, Linker, Stop};
//! use wayleave_engine::{Config, Engine, Limits};
//!
//! wayleave_bindgen::bindgen!({
//!     inline: "
//!         package docs:greeter;
//!         interface names {
//!             record name { first: string, last: string }
//!             find: func(number: u32) -> option<name>;
//!         }
//!         world greeter {
//!             import names;
//!             export greet: func(number: u32) -> string;
//!         }
//!     ",
//! });
//!
//! use docs::greeter::names::{self, Name};
//!
//! struct Phonebook(Vec<Name>);
//!
//! impl names::Host for Phonebook {
//!     fn find(&mut self, number: u32) -> Result<Option<Name>, Stop> {
//!         Ok(self.0.get(number as usize).cloned())
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! #     run::<wayleave_engine::wasmtime::Wasmtime>()?;
//! #     run::<wayleave_engine::wasmi::Wasmi>()
//! # }
//! # fn run<E: Engine>() -> Result<(), Box<dyn std::error::Error>> {
//! # let binary = wat::parse_str(GREETER)?;
//! let engine = E::new(&Config::default())?;
//! let component = Component::new(&engine, &binary)?;
//! let mut linker = Linker::new();
//! link_all(&mut linker, |state: &mut Phonebook| state)?;
//!
//! let ada = Name { first: "Ada".into(), last: "Lovelace".into() };
//! let template = linker.link(&engine, &component)?;
//! let mut instance = template.instantiate(&engine, Phonebook(vec![ada]), Limits::default())?;
//! let greeter = Greeter::new(&mut instance)?;
//! assert_eq!(greeter.call_greet(&mut instance, 0)?, "Ada");
//! assert_eq!(greeter.call_greet(&mut instance, 1)?, "nobody");
//! # Ok(())
//! # }
//! # const GREETER: &str = r#"(component
//! #     (import "docs:greeter/names" (instance $names
//! #         (type $name' (record (field "first" string) (field "last" string)))
//! #         (export "name" (type $name (eq $name')))
//! #         (export "find" (func (param "number" u32) (result (option $name))))))
//! #     (core module $memory
//! #         (memory (export "memory") 1)
//! #         (data (i32.const 64) "nobody")
//! #         (global $next (mut i32) (i32.const 1024))
//! #         (func (export "realloc") (param i32 i32 i32 i32) (result i32)
//! #             (global.get $next)
//! #             (global.set $next (i32.add (global.get $next) (local.get 3)))))
//! #     (core instance $memory (instantiate $memory))
//! #     (alias core export $memory "memory" (core memory $mem))
//! #     (alias core export $memory "realloc" (core func $realloc))
//! #     (alias export $names "find" (func $find))
//! #     (core func $find (canon lower (func $find) (memory $mem) (realloc $realloc)))
//! #     (core module $main
//! #         (import "" "find" (func $find (param i32 i32)))
//! #         (import "" "memory" (memory 1))
//! #         (func (export "greet") (param i32) (result i32)
//! #             (call $find (local.get 0) (i32.const 0))
//! #             (if (i32.eqz (i32.load8_u (i32.const 0)))
//! #                 (then
//! #                     (i32.store (i32.const 4) (i32.const 64))
//! #                     (i32.store (i32.const 8) (i32.const 6))))
//! #             (i32.const 4)))
//! #     (core instance $main (instantiate $main (with "" (instance
//! #         (export "find" (func $find))
//! #         (export "memory" (memory $mem))))))
//! #     (func (export "greet") (param "number" u32) (result string)
//! #         (canon lift (core func $main "greet") (memory $mem))))"#;
//! ```

mod config;
mod define;
mod derive;
mod docs;
mod exports;
mod host;
#[cfg(test)]
mod mistakes;
mod names;
mod overrides;
mod shape;
mod types;
mod wit;
mod world;

use config::Config;
use derive::Trait;
use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Rust types, host traits and typed calls for a world of WIT. It is used where items are, not
/// inside a function; best in a module of its own.
///
/// # Options
/// ```
/// mod bindings {
/// #   pub(crate) struct File;
/// #   use wayleave_bindgen::{ComponentType, Lift, Lower};
/// #   #[derive(Debug, ComponentType, Lift, Lower)]
/// #   pub(crate) struct Time { seconds: u64, nanoseconds: u32 }
///     wayleave_bindgen::bindgen!({
///         // A file or folder, from the folder of the crate's Cargo.toml on.
///         path: "tests/wit/options.wit",
///         // WIT in place. With `path`, it can use the packages there.
///         // inline: "package ...",
///         // Which world is meant, where there are several.
///         world: "overrides",
///         // What `@unstable(feature = ...)` gates and is to be there all the same.
///         features: ["leap-seconds"],
///         // The type `R` of `Own<R>` and `Borrow<R>` for resources of the host's.
///         resources: { "test:options/files/file": File },
///         // Types that stand in for generated ones: they implement the three traits, and `Debug`.
///         types: { "test:options/clock/instant": Time },
///         // What a host function returns, if not the generated type: anything that is lowered as
///         // that one.
///         returns: {
///             "test:options/files.[method]file.lines": Vec<Box<str>>,
///             "test:options/files.[method]file.content": wayleave_component::abi::GuestBytes,
///         },
///         // Functions that put bytes into the guest's memory themselves: in place of `&mut self` they
///         // have a `Caller`, and return what that gives them (`GuestBytes`, `GuestText`).
///         fills: ["test:options/files.[method]file.content"],
///         // Host functions that are `async`. The thread that runs the guest waits for them.
///         async: ["test:options/clock.now"],
///         // Host functions that may return `Stop::Wait`. They are called again when the wait is
///         // over; where guests are suspended, the thread goes on with others meanwhile.
///         waits: ["test:options/clock.now"],
///         // The crate that the code is written against, by the path under which it is known.
///         crate: ::wayleave_component,
///     });
/// }
/// ```
/// Items are named as in WIT: `namespace:package/interface/type` and
/// `namespace:package/interface.function`, with the version behind the interface
/// (`wasi:io/streams@0.2.12/input-stream`) or, for all versions, without.
///
/// # What is generated
/// - For an interface `wasi:io/streams` the module `wasi::io::streams` with its types, with a trait
///   `Host` of all its functions, and with `link`, which adds an implementation to a
///   [`Linker`](https://docs.rs/wayleave-component). Where a world has two versions of a package,
///   the package's module is named `io_0_2_12`. What the world imports by itself is at the place of
///   the macro, like `link_all`, which adds everything.
/// - A method of a resource is the method `<resource>_<name>` of `Host`, its first parameter
///   `this`; a constructor is `<resource>_new`, and `<resource>_drop` is called when a guest has
///   dropped its last handle. Texts and lists of bytes are parameters that lie in the guest's
///   memory.
/// - For an interface that the world exports the module `exports::wasi::cli::run`, with `Exports`,
///   whose methods `call_<name>` call the guest; and for the world a structure of its name, of all
///   its functions and interfaces. Resources that the guest defines are known to the host after
///   `link_all`; `drop_<resource>` runs their destructors.
///
/// Names that are keywords are escaped (`r#type`), names that are taken end in an underscore.
///
/// # Errors
/// The compiler shows mistakes at the option that they are in, those of WIT with line and column.
#[proc_macro]
pub fn bindgen(input: TokenStream) -> TokenStream {
    let config = parse_macro_input!(input as Config);
    expand(&config).unwrap_or_else(|error| error.into_compile_error()).into()
}

fn expand(config: &Config) -> syn::Result<proc_macro2::TokenStream> {
    let wit = wit::read(config)?;
    world::Generator::new(config, &wit).expand(&wit)
}

/// That a Rust type stands for a component type: a struct for a record, an enum for a variant, or
/// for an enum when no case carries a value. What it consists of implements the trait, too.
///
/// ```
/// use wayleave_bindgen::{ComponentType, Lift, Lower};
///
/// #[derive(ComponentType, Lift, Lower)]
/// struct Entry<'a> {
///     // A field is named as in WIT, `file-name`, or said to be.
///     file_name: std::borrow::Cow<'a, str>,
///     #[component(name = "type")]
///     kind: Kind,
/// }
///
/// #[derive(ComponentType, Lift, Lower)]
/// #[component(variant)] // It has no values, but is a variant in WIT.
/// enum Kind {
///     File,
///     Folder,
/// }
/// ```
/// `#[component(crate = path)]` names the crate of the traits, which is `::wayleave_component` if
/// nothing is said. A lifetime is that of the guest's memory.
#[proc_macro_derive(ComponentType, attributes(component))]
pub fn component_type(input: TokenStream) -> TokenStream {
    implement(&parse_macro_input!(input), Trait::ComponentType)
}

/// That values can be taken out of a guest. See [`ComponentType`](macro@ComponentType).
#[proc_macro_derive(Lift, attributes(component))]
pub fn lift(input: TokenStream) -> TokenStream {
    implement(&parse_macro_input!(input), Trait::Lift)
}

/// That values can be put into a guest. See [`ComponentType`](macro@ComponentType).
#[proc_macro_derive(Lower, attributes(component))]
pub fn lower(input: TokenStream) -> TokenStream {
    implement(&parse_macro_input!(input), Trait::Lower)
}

fn implement(input: &DeriveInput, which: Trait) -> TokenStream {
    derive::derive(input, which).unwrap_or_else(|error| error.into_compile_error()).into()
}
