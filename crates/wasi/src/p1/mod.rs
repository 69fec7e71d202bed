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
mod trace;

pub use host::{Host, State};

pub(crate) use layout::Layout;

use function::{Function, Place, define, define_exit};
use layout::Snapshot1;
use std::sync::Arc;
use wayleave_engine::{Engine, Error, Tracer};

/// The module name under which guests import WASI 0.1.
pub const MODULE: &str = Snapshot1::MODULE;

/// Adds the functions that `wanted` accepts by name to a linker. Their calls are told to `tracer`.
///
/// # Errors
/// What the engine says of a function it can not define.
pub fn link<E: Engine, T: State>(
    linker: &mut E::Linker<T>,
    tracer: Option<&Arc<dyn Tracer>>,
    wanted: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    link_layout::<E, T, Snapshot1>(linker, tracer, wanted)
}

/// Whether WASI 0.1 has a function of this name.
pub fn has(name: &str) -> bool {
    let mut found = false;
    let _ = each::<Snapshot1, std::convert::Infallible>(&mut Finder { name, found: &mut found });
    found
}

pub(crate) fn link_layout<E: Engine, T: State, L: Layout>(
    linker: &mut E::Linker<T>,
    tracer: Option<&Arc<dyn Tracer>>,
    wanted: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    let marker = std::marker::PhantomData;
    let mut adder = Adder::<E, T, L, _> { linker, tracer, wanted, marker };
    each::<L, Error>(&mut adder)?;
    if (adder.wanted)("proc_exit") {
        let place = adder.place("proc_exit", "code");
        define_exit::<E, T>(adder.linker, place, process::exit)?;
    }
    Ok(())
}

/// The table of all functions but `proc_exit`, which alone returns nothing to the guest: their names,
/// and their arguments in the words of [`trace`].
#[rustfmt::skip]
fn each<L: Layout, X>(visitor: &mut impl Visitor<X>) -> Result<(), X> {
    visitor.function(["args_get", "argv:hex argv-buf:hex"], args::args_get)?;
    visitor.function(["args_sizes_get", "-> argc size"], args::args_sizes_get)?;
    visitor.function(["environ_get", "environ:hex environ-buf:hex"], args::environ_get)?;
    visitor.function(["environ_sizes_get", "-> variables size"], args::environ_sizes_get)?;
    visitor.function(["clock_res_get", "clock -> _:u64"], clock::res_get)?;
    visitor.function(["clock_time_get", "clock precision -> _:u64"], clock::time_get)?;
    visitor.function(["fd_advise", "fd offset len advice"], fd::advise)?;
    visitor.function(["fd_allocate", "fd offset len"], fd::allocate)?;
    visitor.function(["fd_close", "fd"], fd::close)?;
    visitor.function(["fd_datasync", "fd"], fd::datasync)?;
    visitor.function(["fd_fdstat_get", "fd -> _:fdstat"], fd::fdstat_get)?;
    visitor.function(["fd_fdstat_set_flags", "fd fdflags"], fd::fdstat_set_flags)?;
    visitor.function(["fd_fdstat_set_rights", "fd rights:hex inheriting:hex"], fd::fdstat_set_rights)?;
    visitor.function(["fd_filestat_get", "fd -> _:filestat"], fd::filestat_get::<L>)?;
    visitor.function(["fd_filestat_set_size", "fd size"], fd::filestat_set_size)?;
    visitor.function(["fd_filestat_set_times", "fd atim mtim fstflags"], fd::filestat_set_times)?;
    visitor.function(["fd_pread", "fd iovs:read offset -> _"], io::pread)?;
    visitor.function(["fd_prestat_get", "fd -> name:prestat"], dir::prestat_get)?;
    visitor.function(["fd_prestat_dir_name", "fd -> _:text"], dir::prestat_dir_name)?;
    visitor.function(["fd_pwrite", "fd iovs:write offset -> _"], io::pwrite)?;
    visitor.function(["fd_read", "fd iovs:read -> _"], io::read)?;
    visitor.function(["fd_readdir", "fd buf:room cookie -> _"], dir::readdir)?;
    visitor.function(["fd_renumber", "fd to"], fd::renumber)?;
    visitor.function(["fd_seek", "fd offset:signed whence -> _:u64"], io::seek::<L>)?;
    visitor.function(["fd_sync", "fd"], fd::sync)?;
    visitor.function(["fd_tell", "fd -> _:u64"], io::tell)?;
    visitor.function(["fd_write", "fd iovs:write -> _"], io::write)?;
    visitor.function(["path_create_directory", "fd path"], path::create_directory)?;
    visitor.function(["path_filestat_get", "fd lookup path -> _:filestat"], path::filestat_get::<L>)?;
    visitor.function(["path_filestat_set_times", "fd lookup path atim mtim fstflags"], path::filestat_set_times)?;
    visitor.function(["path_link", "fd lookup path to-fd to:path"], path::link)?;
    visitor.function(["path_open", "fd lookup path oflags rights:hex inheriting:hex fdflags -> fd"], path::open)?;
    visitor.function(["path_readlink", "fd path buf:room -> _"], path::readlink)?;
    visitor.function(["path_remove_directory", "fd path"], path::remove_directory)?;
    visitor.function(["path_rename", "fd path to-fd to:path"], path::rename)?;
    visitor.function(["path_symlink", "target:path fd path"], path::symlink)?;
    visitor.function(["path_unlink_file", "fd path"], path::unlink_file)?;
    visitor.function(["poll_oneoff", "in:hex out:hex subscriptions -> events"], poll::oneoff::<L>)?;
    visitor.function(["proc_raise", "signal"], process::raise)?;
    visitor.function(["random_get", "buf:room"], random::get)?;
    visitor.function(["sched_yield", ""], process::sched_yield)?;
    if L::HAS_SOCK_ACCEPT {
        visitor.function(["sock_accept", "fd fdflags -> fd"], sock::accept)?;
    }
    visitor.function(["sock_recv", "fd iovs:read riflags:hex -> _ roflags"], sock::recv)?;
    visitor.function(["sock_send", "fd iovs:write siflags:hex -> _"], sock::send)?;
    visitor.function(["sock_shutdown", "fd sdflags"], sock::shutdown)?;
    Ok(())
}

/// Something done with each function of the table.
trait Visitor<X> {
    fn function<A: 'static>(
        &mut self,
        name_and_words: [&'static str; 2],
        f: impl Function<A>,
    ) -> Result<(), X>;
}

struct Adder<'l, E: Engine, T: State, L, W> {
    linker: &'l mut E::Linker<T>,
    tracer: Option<&'l Arc<dyn Tracer>>,
    wanted: W,
    marker: std::marker::PhantomData<L>,
}

impl<'l, E: Engine, T: State, L: Layout, W> Adder<'l, E, T, L, W> {
    fn place(&self, name: &'static str, words: &'static str) -> Place<'l> {
        Place { module: L::MODULE, name, words, tracer: self.tracer }
    }
}

impl<E: Engine, T: State, L: Layout, W: Fn(&str) -> bool> Visitor<Error> for Adder<'_, E, T, L, W> {
    fn function<A: 'static>(
        &mut self,
        [name, words]: [&'static str; 2],
        f: impl Function<A>,
    ) -> Result<(), Error> {
        if !(self.wanted)(name) {
            return Ok(());
        }
        let place = self.place(name, words);
        define::<E, T, A>(self.linker, place, f)
    }
}

struct Finder<'a> {
    name: &'a str,
    found: &'a mut bool,
}

impl Visitor<std::convert::Infallible> for Finder<'_> {
    fn function<A: 'static>(
        &mut self,
        [name, _]: [&'static str; 2],
        _: impl Function<A>,
    ) -> Result<(), std::convert::Infallible> {
        *self.found |= self.name == name || self.name == "proc_exit";
        Ok(())
    }
}
