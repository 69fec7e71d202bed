use std::sync::Arc;
use std::time::Duration;
use wayleave_engine::{Stop, Trap, TrapKind, Wait};
use wayleave_system::ErrorCode;
use wayleave_system::clock::Simulated;
use wayleave_system::fs::File;
use wayleave_system::wait::{
    Blocking, Interest, Interrupt, Reactor, Readiness, Ready, Suspension, Watch, Woken, in_parts,
    look, wait,
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
    /// the first byte is there is done a part at a time where the guest can be interrupted, or where
    /// others wait for it. What goes wrong with it, the read will tell.
    ///
    /// `false`: the read would have to wait. Only where it is not to.
    #[inline]
    pub(crate) fn prepare(
        &self,
        file: &dyn File,
        offset: Option<u64>,
        nonblocking: bool,
    ) -> std::result::Result<bool, Stop> {
        if self.interrupt.is_none() && self.reactor.is_none() {
            return Ok(true);
        }
        self.prepare_in_parts(file, offset, nonblocking)
    }

    fn prepare_in_parts(
        &self,
        file: &dyn File,
        offset: Option<u64>,
        nonblocking: bool,
    ) -> std::result::Result<bool, Stop> {
        while file.prepare(offset) == Err(ErrorCode::Again) {
            if nonblocking && self.reactor.is_some() {
                return Ok(false);
            }
            self.between_parts()?;
        }
        Ok(true)
    }

    /// Runs an operation that may take long without waiting for anything, as the first change of a
    /// large file in an overlay does: in parts where the guest can be interrupted, or where others
    /// wait for it.
    #[inline]
    pub(crate) fn in_parts<T>(
        &self,
        mut operation: impl FnMut() -> wayleave_system::Result<T>,
    ) -> std::result::Result<wayleave_system::Result<T>, Stop> {
        if self.interrupt.is_none() && self.reactor.is_none() {
            return Ok(operation());
        }
        loop {
            match in_parts(&mut operation) {
                Err(ErrorCode::Again) => self.between_parts()?,
                done => return Ok(done),
            }
        }
    }

    fn between_parts(&self) -> std::result::Result<(), Stop> {
        if self.interrupt.as_ref().is_some_and(Interrupt::is_set) {
            return Err(Trap::from(TrapKind::Interrupted).into());
        }
        if self.reactor.is_some() { Err(Stop::Wait(Wait::turn())) } else { Ok(()) }
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

fn interrupted() -> Failure {
    Stop::from(Trap::from(TrapKind::Interrupted)).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{IoSlice, IoSliceMut, SeekFrom};
    use std::os::fd::OwnedFd;
    use std::sync::atomic::{AtomicU32, Ordering};
    use wayleave_system::fs::{Advice, FileKind, SetTime, Stat, SyncKind};
    use wayleave_system::wait::Waits;

    /// A file whose first byte takes three steps.
    #[derive(Default)]
    struct Deep(AtomicU32);

    type Done<T> = wayleave_system::Result<T>;

    impl File for Deep {
        fn prepare(&self, _: Option<u64>) -> Done<()> {
            let step = self.0.fetch_add(1, Ordering::Relaxed);
            if step < 3 { Err(ErrorCode::Again) } else { Ok(()) }
        }

        fn read(&self, _: &mut [IoSliceMut<'_>], _: Blocking) -> Done<usize> {
            Err(ErrorCode::NotSupported)
        }

        fn write(&self, _: &[IoSlice<'_>], _: Blocking) -> Done<usize> {
            Err(ErrorCode::NotSupported)
        }

        fn read_at(&self, _: &mut [IoSliceMut<'_>], _: u64) -> Done<usize> {
            Err(ErrorCode::NotSupported)
        }

        fn write_at(&self, _: &[IoSlice<'_>], _: u64) -> Done<usize> {
            Err(ErrorCode::NotSupported)
        }

        fn seek(&self, _: SeekFrom) -> Done<u64> {
            Err(ErrorCode::NotSupported)
        }

        fn kind(&self) -> Done<FileKind> {
            Ok(FileKind::Regular)
        }

        fn stat(&self) -> Done<Stat> {
            Err(ErrorCode::NotSupported)
        }

        fn set_size(&self, _: u64) -> Done<()> {
            Err(ErrorCode::NotSupported)
        }

        fn allocate(&self, _: u64, _: u64) -> Done<()> {
            Err(ErrorCode::NotSupported)
        }

        fn advise(&self, _: u64, _: u64, _: Advice) -> Done<()> {
            Ok(())
        }

        fn set_times(&self, _: SetTime, _: SetTime) -> Done<()> {
            Err(ErrorCode::NotSupported)
        }

        fn sync(&self, _: SyncKind) -> Done<()> {
            Ok(())
        }

        fn set_append(&self, _: bool) -> Done<()> {
            Ok(())
        }

        fn available(&self) -> Done<u64> {
            Ok(0)
        }

        fn readiness(&self, _: Interest) -> Readiness<'_> {
            Readiness::Now
        }
    }

    /// Has nothing to do: whoever makes way waits for nothing.
    struct Idle;

    impl Reactor for Idle {
        fn sleep(&self, _: Duration) -> Waits {
            Box::pin(std::future::pending())
        }

        fn ready(&self, _: OwnedFd, _: Interest) -> Waits {
            Box::pin(std::future::pending())
        }
    }

    fn waiter(interrupt: Option<Interrupt>, reactor: Option<Arc<dyn Reactor>>) -> Waiter {
        Waiter { interrupt, reactor, watch: None, simulated: None }
    }

    #[test]
    fn a_file_is_prepared_step_by_step_where_somebody_may_wait() {
        let steps = |file: &Deep| file.0.load(Ordering::Relaxed);
        // Nobody: the read does it all.
        let file = Deep::default();
        assert!(waiter(None, None).prepare(&file, None, false).unwrap());
        assert_eq!(steps(&file), 0);
        // The interruption is looked at in between.
        let (file, interrupt) = (Deep::default(), Interrupt::new());
        assert!(waiter(Some(interrupt.clone()), None).prepare(&file, None, true).unwrap());
        assert_eq!(steps(&file), 4);
        interrupt.trigger();
        let ended = waiter(Some(interrupt), None).prepare(&Deep::default(), None, false);
        assert!(matches!(ended, Err(Stop::Trap(trap)) if trap.kind == TrapKind::Interrupted));
        // Others have their turn in between, whoever waits, and whoever does not.
        let among_others = waiter(None, Some(Arc::new(Idle)));
        let file = Deep::default();
        for step in 1..=3 {
            let made_way = among_others.prepare(&file, None, false);
            assert!(matches!(made_way, Err(Stop::Wait(_))));
            assert_eq!(steps(&file), step);
        }
        assert!(among_others.prepare(&file, None, false).unwrap());
        let file = Deep::default();
        for _ in 0..3 {
            assert!(!among_others.prepare(&file, None, true).unwrap());
        }
        assert!(among_others.prepare(&file, None, true).unwrap());
    }
}
