//! `wasi:io/poll`.

use super::Host;
use super::bindings::wasi::io::poll;
use crate::wait::Failure;
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::Duration;
use wayleave_component::{Borrow, Own};
use wayleave_engine::{Stop, Trap};
use wayleave_system::fs::File;
use wayleave_system::stream::{Input, Output};
use wayleave_system::wait::{Interest, Readiness, Source};

/// Something that a guest can wait for.
#[derive(Clone)]
pub(crate) enum Pollable {
    /// The monotonic clock shows this time, in nanoseconds.
    Until(u64),
    /// A file can be read from or written to.
    File(Arc<dyn File>, Interest),
    /// Bytes can be taken.
    Input(Arc<dyn Input>),
    /// Bytes can be put.
    Output(Arc<dyn Output>),
    /// Something else is ready.
    Source(Arc<dyn Source>),
    /// What was begun has come to its end.
    Pending(Arc<dyn Pending>),
}

/// What is waited for differently as time goes on.
pub(crate) trait Pending: Send + Sync {
    /// What is to be waited for now.
    fn readiness(&self) -> (Readiness<'_>, Interest);
}

impl Pollable {
    /// What is to be waited for, unless it is the time.
    pub(super) fn readiness(&self) -> Option<(Readiness<'_>, Interest)> {
        Some(match self {
            Self::Until(_) => return None,
            Self::File(file, interest) => (file.readiness(*interest), *interest),
            Self::Input(input) => (input.readiness(), Interest::Read),
            Self::Output(output) => (output.readiness(), Interest::Write),
            Self::Source(source) => (Readiness::Source(source), Interest::Read),
            Self::Pending(pending) => pending.readiness(),
        })
    }
}

impl Host {
    /// Waits until one of these is ready, and says which are; for at most `patience`.
    fn wait_for(
        &self,
        pollables: &[Borrow<Pollable>],
        patience: Option<Duration>,
    ) -> Result<Vec<u32>, Stop> {
        let pollables = pollables.iter().map(|this| self.pollables.get(*this));
        let pollables: SmallVec<[&Pollable; 4]> = pollables.collect::<Result<_, _>>()?;
        let mut sources: SmallVec<[(Readiness<'_>, Interest); 4]> = SmallVec::new();
        let mut waiting: SmallVec<[usize; 4]> = SmallVec::new();
        let mut timeout = patience;
        let now = self.grants.clocks.monotonic.now();
        for (index, pollable) in pollables.iter().enumerate() {
            if let Pollable::Until(when) = pollable {
                let left = Duration::from_nanos(when.saturating_sub(now));
                timeout = Some(timeout.map_or(left, |least| least.min(left)));
            }
            if let Some(source) = pollable.readiness() {
                sources.push(source);
                waiting.push(index);
            }
        }
        let ready = match self.waiter.wait(&sources, timeout) {
            Ok(ready) => ready.unwrap_or_default(),
            Err(Failure::Stop(stop)) => return Err(*stop),
            Err(Failure::Errno(code)) => {
                return Err(Trap::host(format!("waiting failed: {code}")).into());
            }
        };
        let mut done = vec![false; pollables.len()];
        for ready in ready {
            if let Some(place) = waiting.get(ready.index).and_then(|index| done.get_mut(*index)) {
                *place = true;
            }
        }
        let now = self.grants.clocks.monotonic.now();
        for (place, pollable) in done.iter_mut().zip(&pollables) {
            *place |= matches!(pollable, Pollable::Until(when) if *when <= now);
        }
        Ok((0..).zip(done).filter_map(|(index, done)| done.then_some(index)).collect())
    }

    /// Waits until one of these is ready.
    fn wait_until(&self, pollables: &[Borrow<Pollable>]) -> Result<Vec<u32>, Stop> {
        loop {
            // A clock of the embedder's may go slower than the system's.
            let ready = self.wait_for(pollables, None)?;
            if !ready.is_empty() {
                return Ok(ready);
            }
        }
    }
}

impl poll::Host for Host {
    fn pollable_ready(&mut self, this: Borrow<Pollable>) -> Result<bool, Stop> {
        Ok(!self.wait_for(&[this], Some(Duration::ZERO))?.is_empty())
    }

    fn pollable_block(&mut self, this: Borrow<Pollable>) -> Result<(), Stop> {
        self.wait_until(&[this]).map(drop)
    }

    fn pollable_drop(&mut self, this: Own<Pollable>) -> Result<(), Stop> {
        self.pollables.remove(&this).map(drop)
    }

    fn poll(&mut self, pollables: Vec<Borrow<Pollable>>) -> Result<Vec<u32>, Stop> {
        if pollables.is_empty() {
            return Err(Trap::host("the guest polls an empty list, which nothing ends").into());
        }
        // Of more, some are the same, and the host needs memory for each.
        let most = self.pollables.limit();
        if pollables.len() > most {
            return Err(Trap::host(format!(
                "the guest polls a list of {} pollables, and can not have more than {most} \
                 (max-handles)",
                pollables.len()
            ))
            .into());
        }
        self.wait_until(&pollables)
    }
}
