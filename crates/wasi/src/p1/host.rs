use super::descriptor::{Descriptor, Table};
use std::sync::Arc;
use wayleave_engine::{Stop, Trap, TrapKind};
use wayleave_grants::{Clocks, Grants};
use wayleave_system::ErrorCode;
use wayleave_system::random::Random;
use wayleave_system::wait::{Blocking, Interest, Interrupt, Readiness, Woken, wait};

use super::call::{Failure, Result};

/// The state of a store whose guest uses WASI 0.1 (or 0.0).
pub trait State: Send + 'static {
    /// What the guest has been given and has opened since.
    fn p1(&mut self) -> &mut Host;
}

impl State for Host {
    fn p1(&mut self) -> &mut Host {
        self
    }
}

/// The host's side of one guest: what it was given, and the descriptors it has open.
pub struct Host {
    pub(super) args: Vec<String>,
    /// Variables as the guest reads them, `NAME=VALUE`.
    pub(super) environ: Vec<String>,
    pub(super) table: Table,
    pub(super) clocks: Clocks,
    pub(super) random: Arc<dyn Random>,
    pub(super) waiter: Waiter,
}

impl Host {
    /// The host's side of a guest that is given `grants`: descriptors 0, 1 and 2 are the standard
    /// streams, folders follow from 3 on, then listeners.
    pub fn new(grants: Grants) -> Self {
        let mut table = Table::new(grants.limits.descriptors.max(3));
        table.add(Descriptor::stream_in(grants.stdin));
        table.add(Descriptor::stream_out(grants.stdout));
        table.add(Descriptor::stream_out(grants.stderr));
        for preopen in grants.preopens {
            table.add(Descriptor::preopen(preopen));
        }
        for listener in grants.listeners {
            table.add(Descriptor::listener(listener));
        }
        Self {
            args: grants.args,
            environ: grants.env.into_iter().map(|(k, v)| format!("{k}={v}")).collect(),
            table,
            clocks: grants.clocks,
            random: grants.random,
            waiter: Waiter { interrupt: grants.interrupt },
        }
    }
}

/// How this guest's calls wait: in the system call itself where nothing can interrupt them,
/// otherwise for readiness and the interruption together.
pub(super) struct Waiter {
    pub(super) interrupt: Option<Interrupt>,
}

impl Waiter {
    /// Runs an operation until it does not say [`Again`](ErrorCode::Again), waiting in between;
    /// for a non-blocking descriptor that answer is the guest's.
    #[inline]
    pub(super) fn retry<'r, R>(
        &self,
        nonblocking: bool,
        interest: Interest,
        readiness: impl Fn() -> Readiness<'r>,
        mut operation: impl FnMut(Blocking) -> wayleave_system::Result<R>,
    ) -> Result<R> {
        let blocking = match (&self.interrupt, nonblocking) {
            (None, false) => Blocking::Allowed,
            _ => Blocking::Never,
        };
        loop {
            match operation(blocking) {
                Err(ErrorCode::Again) if !nonblocking => {}
                result => return result.map_err(Failure::Errno),
            }
            if let Woken::Interrupted =
                wait(&[(readiness(), interest)], None, self.interrupt.as_ref())?
            {
                return Err(interrupted());
            }
        }
    }

    /// Whether the guest is to end now.
    pub(super) fn check(&self) -> Result<()> {
        match &self.interrupt {
            Some(interrupt) if interrupt.is_set() => Err(interrupted()),
            _ => Ok(()),
        }
    }
}

pub(super) fn interrupted() -> Failure {
    Stop::from(Trap::from(TrapKind::Interrupted)).into()
}
