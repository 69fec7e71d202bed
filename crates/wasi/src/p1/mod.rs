//! WASI 0.1, `wasi_snapshot_preview1`: 46 functions over one guest memory.
//!
//! [`link`] adds those that a module imports to an engine's linker; the guest's side of them lives
//! in [`Host`], which the store's state hands out ([`State`]). One file per group of calls; what
//! differs in 0.0 (`wasi_unstable`) is the crate-private `Layout`.
//!
//! Each function returns an `errno` to the guest: 0, or the number of an
//! [`ErrorCode`](wayleave_system::ErrorCode). The specification is the witx file
//! `wasi_snapshot_preview1` of the WASI repository; functions have its names.

mod args;
mod call;
mod clock;
mod descriptor;
mod dir;
mod fd;
mod filestat;
mod function;
mod host;
mod io;
mod layout;
mod path;
mod poll;
mod process;
mod random;
mod rights;
mod sock;

pub use host::{Host, State};

pub(crate) use layout::Layout;

use function::{Function, define, define_exit};
use layout::Snapshot1;
use wayleave_engine::{Engine, Error};

/// The module name under which guests import WASI 0.1.
pub const MODULE: &str = Snapshot1::MODULE;

/// Adds the functions that `wanted` accepts by name to a linker.
///
/// # Errors
/// What the engine says of a function it can not define.
pub fn link<E: Engine, T: State>(
    linker: &mut E::Linker<T>,
    wanted: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    link_layout::<E, T, Snapshot1>(linker, wanted)
}

/// Whether WASI 0.1 has a function of this name.
pub fn has(name: &str) -> bool {
    let mut found = false;
    let _ = each::<Snapshot1, std::convert::Infallible>(&mut Finder { name, found: &mut found });
    found
}

pub(crate) fn link_layout<E: Engine, T: State, L: Layout>(
    linker: &mut E::Linker<T>,
    wanted: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    let mut adder = Adder::<E, T, L, _> { linker, wanted, marker: std::marker::PhantomData };
    each::<L, Error>(&mut adder)?;
    if (adder.wanted)("proc_exit") {
        define_exit::<E, T>(adder.linker, L::MODULE, "proc_exit", process::exit)?;
    }
    Ok(())
}

/// The table of all functions but `proc_exit`, which alone returns nothing to the guest.
#[rustfmt::skip]
fn each<L: Layout, X>(visitor: &mut impl Visitor<X>) -> Result<(), X> {
    visitor.function("args_get", args::args_get)?;
    visitor.function("args_sizes_get", args::args_sizes_get)?;
    visitor.function("environ_get", args::environ_get)?;
    visitor.function("environ_sizes_get", args::environ_sizes_get)?;
    visitor.function("clock_res_get", clock::res_get)?;
    visitor.function("clock_time_get", clock::time_get)?;
    visitor.function("fd_advise", fd::advise)?;
    visitor.function("fd_allocate", fd::allocate)?;
    visitor.function("fd_close", fd::close)?;
    visitor.function("fd_datasync", fd::datasync)?;
    visitor.function("fd_fdstat_get", fd::fdstat_get)?;
    visitor.function("fd_fdstat_set_flags", fd::fdstat_set_flags)?;
    visitor.function("fd_fdstat_set_rights", fd::fdstat_set_rights)?;
    visitor.function("fd_filestat_get", fd::filestat_get::<L>)?;
    visitor.function("fd_filestat_set_size", fd::filestat_set_size)?;
    visitor.function("fd_filestat_set_times", fd::filestat_set_times)?;
    visitor.function("fd_pread", io::pread)?;
    visitor.function("fd_prestat_get", dir::prestat_get)?;
    visitor.function("fd_prestat_dir_name", dir::prestat_dir_name)?;
    visitor.function("fd_pwrite", io::pwrite)?;
    visitor.function("fd_read", io::read)?;
    visitor.function("fd_readdir", dir::readdir)?;
    visitor.function("fd_renumber", fd::renumber)?;
    visitor.function("fd_seek", io::seek::<L>)?;
    visitor.function("fd_sync", fd::sync)?;
    visitor.function("fd_tell", io::tell)?;
    visitor.function("fd_write", io::write)?;
    visitor.function("path_create_directory", path::create_directory)?;
    visitor.function("path_filestat_get", path::filestat_get::<L>)?;
    visitor.function("path_filestat_set_times", path::filestat_set_times)?;
    visitor.function("path_link", path::link)?;
    visitor.function("path_open", path::open)?;
    visitor.function("path_readlink", path::readlink)?;
    visitor.function("path_remove_directory", path::remove_directory)?;
    visitor.function("path_rename", path::rename)?;
    visitor.function("path_symlink", path::symlink)?;
    visitor.function("path_unlink_file", path::unlink_file)?;
    visitor.function("poll_oneoff", poll::oneoff::<L>)?;
    visitor.function("proc_raise", process::raise)?;
    visitor.function("random_get", random::get)?;
    visitor.function("sched_yield", process::sched_yield)?;
    if L::HAS_SOCK_ACCEPT {
        visitor.function("sock_accept", sock::accept)?;
    }
    visitor.function("sock_recv", sock::recv)?;
    visitor.function("sock_send", sock::send)?;
    visitor.function("sock_shutdown", sock::shutdown)?;
    Ok(())
}

/// Something done with each function of the table.
trait Visitor<X> {
    fn function<A: 'static>(&mut self, name: &'static str, f: impl Function<A>) -> Result<(), X>;
}

struct Adder<'l, E: Engine, T: State, L, W> {
    linker: &'l mut E::Linker<T>,
    wanted: W,
    marker: std::marker::PhantomData<L>,
}

impl<E: Engine, T: State, L: Layout, W: Fn(&str) -> bool> Visitor<Error> for Adder<'_, E, T, L, W> {
    fn function<A: 'static>(
        &mut self,
        name: &'static str,
        f: impl Function<A>,
    ) -> Result<(), Error> {
        if !(self.wanted)(name) {
            return Ok(());
        }
        define::<E, T, A>(self.linker, L::MODULE, name, f)
    }
}

struct Finder<'a> {
    name: &'a str,
    found: &'a mut bool,
}

impl Visitor<std::convert::Infallible> for Finder<'_> {
    fn function<A: 'static>(
        &mut self,
        name: &'static str,
        _: impl Function<A>,
    ) -> Result<(), std::convert::Infallible> {
        *self.found |= self.name == name || self.name == "proc_exit";
        Ok(())
    }
}
