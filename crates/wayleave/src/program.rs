use crate::loading::Loaded;
use crate::outcome::AtLimit;
use crate::watchdog::Watchdog;
use crate::{Canceller, End, Error, Grants, Instance, Outcome, Output, ProgramKind};
use std::fmt;
use std::sync::Arc;
use wayleave_component::plan::{FuncType, Types};
use wayleave_system::stdio::Capture;
use wayleave_system::wait::Interrupt;

/// Bytes that [`Program::output`] keeps of each stream; a program that writes more is told that
/// there is no space left.
const CAPTURE_LIMIT: usize = 64 << 20;

/// A program, ready to run any number of times, on any number of threads. Cheap to clone.
#[derive(Clone)]
pub struct Program {
    pub(crate) inner: Arc<dyn Loaded>,
}

impl Program {
    /// Whether it is a module or a component.
    pub fn kind(&self) -> ProgramKind {
        self.inner.kind()
    }

    /// Runs the program on this thread until it ends: a module's `_start`, a component's
    /// `wasi:cli/run`.
    ///
    /// # Errors
    /// [`Error::NoStart`] when it is no program, [`Error::Export`] when what it starts with is of
    /// another type or version, [`Error::Setting`] when a limit needs a
    /// runtime setting. A trap or an exit code is no error, but the [`Outcome`].
    pub fn run(&self, grants: Grants) -> Result<Outcome, Error> {
        self.run_until(grants, |_| ())
    }

    /// The same; calls `ended` when the guest has ended and is still there.
    pub(crate) fn run_until(
        &self,
        grants: Grants,
        ended: impl FnOnce(&End),
    ) -> Result<Outcome, Error> {
        self.inner.check_runnable()?;
        let fuel = grants.limits.fuel;
        let at_limit = AtLimit::of(&grants);
        let (grants, watchdog) = self.prepare(grants)?;
        let timed_out = || watchdog.as_ref().is_some_and(Watchdog::fired);
        let mut guest = match self.inner.instantiate(grants) {
            Ok(guest) => guest,
            Err(Error::Stopped(stop)) => {
                let end = at_limit.end(Err(stop), timed_out());
                ended(&end);
                return Ok(Outcome { end, fuel_used: None });
            }
            Err(error) => return Err(error),
        };
        let end = at_limit.end(guest.run(), timed_out());
        ended(&end);
        let fuel_used = fuel.zip(guest.fuel()).map(|(given, left)| given.saturating_sub(left));
        Ok(Outcome { end, fuel_used })
    }

    /// Runs the program and keeps what it writes, up to 64 MiB of standard output and of standard
    /// error.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub fn output(&self, grants: Grants) -> Result<Output, Error> {
        let stdout = Arc::new(Capture::new(CAPTURE_LIMIT));
        let stderr = Arc::new(Capture::new(CAPTURE_LIMIT));
        let grants = grants.stdout(stdout.clone()).stderr(stderr.clone());
        let outcome = self.run(grants)?;
        Ok(Output { outcome, stdout: stdout.take(), stderr: stderr.take() })
    }

    /// Instantiates it as a library, whose exports can be called. Of a module, the `_initialize`
    /// function is run first, if it has one.
    ///
    /// # Errors
    /// [`Error::Stopped`] when the guest stops while it initialises itself; otherwise as
    /// [`Program::run`].
    pub fn instantiate(&self, grants: Grants) -> Result<Instance, Error> {
        let at_limit = AtLimit::of(&grants);
        let (grants, watchdog) = self.prepare(grants)?;
        let mut guest = self.inner.instantiate(grants)?;
        guest.initialize().map_err(Error::Stopped)?;
        Ok(Instance { guest, watchdog, at_limit })
    }

    /// The type of a function that a component exports, and the types that it consists of.
    ///
    /// # Errors
    /// [`Error::Export`] when there is none; [`Error::WrongKind`] for a module.
    pub fn func_type(&self, path: &[&str]) -> Result<(FuncType, Types), Error> {
        self.inner.func_type(path)
    }

    /// Where a component exports functions of this name: alone or in an interface.
    pub fn find_funcs(&self, name: &str) -> Vec<Vec<String>> {
        self.inner.find_funcs(name)
    }

    /// Something that ends a guest of this program from another thread, or from what the guest is
    /// given: with [`Grants::interrupt`](crate::Grants::interrupt).
    ///
    /// # Errors
    /// [`Error::Setting`] when the runtime was not built with
    /// [`Builder::interruptible`](crate::Builder::interruptible).
    pub fn canceller(&self) -> Result<Canceller, Error> {
        if !self.inner.config().interrupt {
            let (what, setting) = ("cancelling a guest", "interruptible(true)");
            return Err(Error::Setting { what, setting });
        }
        let inner = self.inner.clone();
        Ok(Canceller::new(Interrupt::new(), Arc::new(move || inner.kick())))
    }

    /// Checks the limits against the runtime's settings, and starts the clock if there is a time
    /// limit.
    fn prepare(&self, grants: Grants) -> Result<(Grants, Option<Watchdog>), Error> {
        let mut grants = self.inner.fitting(grants);
        let config = self.inner.config();
        let needs = |what, setting| Err(Error::Setting { what, setting });
        if !config.interrupt && grants.limits.timeout.is_some() {
            return needs("a time limit", "interruptible(true)");
        }
        if !config.interrupt && grants.interrupt.is_some() {
            return needs("an interrupt", "interruptible(true)");
        }
        if !config.fuel && grants.limits.fuel.is_some() {
            return needs("a fuel limit", "fuel(true)");
        }
        let Some(timeout) = grants.limits.timeout else { return Ok((grants, None)) };
        let interrupt = grants.interrupt.get_or_insert_with(Interrupt::new).clone();
        let inner = self.inner.clone();
        let canceller = Canceller::new(interrupt, Arc::new(move || inner.kick()));
        let watchdog = Watchdog::start(timeout, canceller).map_err(|source| Error::File {
            verb: "start a thread for",
            path: "the time limit".into(),
            source,
        })?;
        Ok((grants, Some(watchdog)))
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program").finish_non_exhaustive()
    }
}
