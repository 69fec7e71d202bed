//! WASI 0.2: the interfaces of `wasi:cli/command`, in version 0.2.12, which stands in for every 0.2.
//!
//! [`link`] adds them to a component's linker; the guest's side of them lives in [`Host`]. One file
//! per interface or group of interfaces; types, traits and registration are made by `bindgen!` from
//! the WIT in this repository's `wit/`.

mod bindings;
mod buffers;
mod cli;
mod clocks;
mod error;
mod filesystem;
mod host;
#[cfg(feature = "http")]
pub mod http;
mod poll;
mod random;
mod sockets;
mod streams;
mod table;
#[cfg(test)]
mod tests;

pub use host::{Host, State};

use bindings::wasi;
use wayleave_component::{Error, Linker};
use wayleave_engine::Engine;

/// The newest version whose interfaces are provided.
pub const VERSION: &str = "0.2.12";

/// The interface that a command exports.
pub const RUN: &str = "wasi:cli/run@0.2.12";

/// Adds all interfaces to a linker; `wasi:clocks/timezone`, which is not stable yet, only where
/// `timezone` says so.
///
/// # Errors
/// What the linker says of a function it can not take.
pub fn link<E: Engine, T: State>(linker: &mut Linker<E, T>, timezone: bool) -> Result<(), Error> {
    wasi::io::error::link(linker, T::p2)?;
    wasi::io::poll::link(linker, T::p2)?;
    wasi::io::streams::link(linker, T::p2)?;
    wasi::clocks::monotonic_clock::link(linker, T::p2)?;
    wasi::clocks::wall_clock::link(linker, T::p2)?;
    if timezone {
        wasi::clocks::timezone::link(linker, T::p2)?;
    }
    wasi::random::random::link(linker, T::p2)?;
    wasi::random::insecure::link(linker, T::p2)?;
    wasi::random::insecure_seed::link(linker, T::p2)?;
    wasi::filesystem::types::link(linker, T::p2)?;
    wasi::filesystem::preopens::link(linker, T::p2)?;
    wasi::cli::environment::link(linker, T::p2)?;
    wasi::cli::exit::link(linker, T::p2)?;
    wasi::cli::stdin::link(linker, T::p2)?;
    wasi::cli::stdout::link(linker, T::p2)?;
    wasi::cli::stderr::link(linker, T::p2)?;
    wasi::cli::terminal_input::link(linker, T::p2)?;
    wasi::cli::terminal_output::link(linker, T::p2)?;
    wasi::cli::terminal_stdin::link(linker, T::p2)?;
    wasi::cli::terminal_stdout::link(linker, T::p2)?;
    wasi::cli::terminal_stderr::link(linker, T::p2)?;
    wasi::sockets::network::link(linker, T::p2)?;
    wasi::sockets::instance_network::link(linker, T::p2)?;
    wasi::sockets::tcp::link(linker, T::p2)?;
    wasi::sockets::tcp_create_socket::link(linker, T::p2)?;
    wasi::sockets::udp::link(linker, T::p2)?;
    wasi::sockets::udp_create_socket::link(linker, T::p2)?;
    wasi::sockets::ip_name_lookup::link(linker, T::p2)
}
