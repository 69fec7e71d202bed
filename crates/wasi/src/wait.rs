use std::sync::Arc;
use std::time::Duration;
use wayleave_engine::{Stop, Trap, TrapKind, Wait};
use wayleave_system::ErrorCode;
use wayleave_system::clock::Simulated;
use wayleave_system::fs::File;
use wayleave_system::wait::{
    Blocking, Interest, Interrupt, Reactor, Readiness, Ready, Suspension, Watch, Woken, look, wait,
};

/// The result of one call: success, or what ends it.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a call did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The guest is told.
    Errno(ErrorCode),
    /// The guest ends. In a box, so that the result of each call fits registers.
    Stop(Box<Stop>),
}

impl From<ErrorCode> for Failure {
    #[inline]
    fn from(code: ErrorCode) -> Self {
        Self::Errno(code)
    }
}

impl From<Stop> for Failure {
    #[cold]
    fn from(stop: Stop) -> Self {
        Self::Stop(Box::new(stop))
    }
}

/// How a guest's calls wait: in the system call itself where nothing can interrupt them; for
/// readiness and the interruption together; or suspended.
#[derive(Clone)]
pub(crate) struct Waiter {
    pub(crate) interrupt: Option<Interrupt>,
    /// Guests are suspended: what has to wait ends with [`Stop::Wait`], and is called again.
    pub(crate) reactor: Option<Arc<dyn Reactor>>,
    /// What is asked instead of the system.
    pub(crate) watch: Option<Arc<dyn Watch>>,
    /// The guest's own time, that passes when the guest waits for it. Then nothing depends on how
    /// long other things take: each is waited for, as if it had been there in time.
    pub(crate) simulated: Option<Arc<Simulated>>,
}

impl Waiter {
    /// Runs an operation until it does not say [`Again`](ErrorCode::Again), waiting in between;
    /// for a non-blocking descriptor that answer is the guest's.
    #[inline]
    pub(crate) fn retry<'r, R>(
        &self,
        nonblocking: bool,
        interest: Interest,
        readiness: impl Fn() -> Readiness<'r>,
        mut operation: impl FnMut(Blocking) -> wayleave_system::Result<R>,
    ) -> Result<R> {
        let nonblocking = nonblocking && self.simulated.is_none();
        let blocking = match (&self.interrupt, &self.reactor, nonblocking) {
            (None, None, false) => Blocking::Allowed,
            _ => Blocking::Never,
        };
        loop {
            match operation(blocking) {
                Err(ErrorCode::Again) if !nonblocking => {}
                result => return result.map_err(Failure::Errno),
            }
            self.wait(&[(readiness(), interest)], None)?;
        }
    }

    /// To be called before a file is read at an offset, or at its position: what that takes before
    /// the first byte is there is done a part at a time where the guest can be interrupted. What
    /// goes wrong with it, the read will tell.
    #[inline]
    pub(crate) fn prepare(
        &self,
        file: &dyn File,
        offset: Option<u64>,
    ) -> std::result::Result<(), Stop> {
        match &self.interrupt {
            Some(interrupt) => prepare_in_parts(interrupt, file, offset),
            None => Ok(()),
        }
    }

    /// Waits for one of these, or until the time is over; says which are ready.
    pub(crate) fn wait(
        &self,
        sources: &[(Readiness<'_>, Interest)],
        timeout: Option<Duration>,
    ) -> Result<Option<Vec<Ready>>> {
        let timeout = match (&self.simulated, timeout) {
            (Some(time), Some(timeout)) if sources.is_empty() => {
                time.pass(timeout);
                return self.check().map(|()| None);
            }
            (Some(_), _) => None,
            (None, timeout) => timeout,
        };
        if let Some(reactor) = &self.reactor {
            let ready = look(sources)?;
            if !ready.is_empty() || timeout == Some(Duration::ZERO) {
                return Ok((!ready.is_empty()).then_some(ready));
            }
            let until = Suspension::new(&**reactor, sources, timeout)?;
            return Err(Stop::Wait(Wait::new(Box::pin(until))).into());
        }
        let woken = match &self.watch {
            Some(watch) => watch.wait(sources, timeout, self.interrupt.as_ref()),
            None => wait(sources, timeout, self.interrupt.as_ref()),
        };
        match woken? {
            Woken::Interrupted => Err(interrupted()),
            Woken::TimedOut => Ok(None),
            Woken::Ready(ready) => Ok(Some(ready)),
        }
    }

    /// Whether the guest is to end now.
    pub(crate) fn check(&self) -> Result<()> {
        match &self.interrupt {
            Some(interrupt) if interrupt.is_set() => Err(interrupted()),
            _ => Ok(()),
        }
    }
}

fn prepare_in_parts(
    interrupt: &Interrupt,
    file: &dyn File,
    offset: Option<u64>,
) -> std::result::Result<(), Stop> {
    while file.prepare(offset) == Err(ErrorCode::Again) {
        if interrupt.is_set() {
            return Err(Trap::from(TrapKind::Interrupted).into());
        }
    }
    Ok(())
}

fn interrupted() -> Failure {
    Stop::from(Trap::from(TrapKind::Interrupted)).into()
}
