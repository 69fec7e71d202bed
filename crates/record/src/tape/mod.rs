//! What all wrapped capabilities of a guest share: each call of one goes through here, to be kept
//! or to be answered.

mod call;
mod keeper;
mod op;
mod player;

pub(crate) use call::Call;
pub(crate) use keeper::Keeper;
pub(crate) use op::Op;
pub(crate) use player::Player;

use crate::file::{Broken, In};
use crate::wire::Wire;
use std::io::{IoSlice, IoSliceMut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use wayleave_system::wait::{Interest, Readiness, Source, as_a_whole};
use wayleave_system::{ErrorCode, Result};

/// The calls of one guest, one after the other.
pub(crate) struct Tape {
    side: Side,
    handles: AtomicU32,
    never: Arc<dyn Source>,
}

enum Side {
    Recording(Mutex<Keeper>),
    Playing(Mutex<Player>),
}

/// What a call answers.
pub(crate) trait Answer: Wire {
    /// The answer to a guest that is about to be stopped: the tape has none for it.
    fn none() -> Self;
}

impl<T: Wire> Answer for Result<T> {
    fn none() -> Self {
        Err(ErrorCode::Io)
    }
}

impl Answer for u64 {
    fn none() -> Self {
        0
    }
}

impl Answer for () {
    fn none() -> Self {}
}

impl<T: Wire> Answer for Option<T> {
    fn none() -> Self {
        None
    }
}

impl Tape {
    pub(crate) fn recording(keeper: Keeper) -> Arc<Self> {
        Self::new(Side::Recording(Mutex::new(keeper)))
    }

    pub(crate) fn playing(player: Player) -> Arc<Self> {
        Self::new(Side::Playing(Mutex::new(player)))
    }

    fn new(side: Side) -> Arc<Self> {
        Arc::new(Self { side, handles: AtomicU32::new(0), never: Arc::new(Never) })
    }

    /// A number for something that the guest has now. Both sides count alike, as both see the
    /// same calls.
    pub(crate) fn new_handle(&self) -> u32 {
        self.handles.fetch_add(1, Ordering::Relaxed)
    }

    /// A call: `real` answers it while recording.
    pub(crate) fn call<T: Answer>(&self, call: Call<'_>, real: impl FnOnce() -> T) -> T {
        self.call_with(call, T::take, real)
    }

    /// A call whose answer is read, and looked at, by `take` while replaying.
    pub(crate) fn call_with<T: Answer>(
        &self,
        call: Call<'_>,
        take: impl FnOnce(&mut In) -> std::result::Result<T, Broken>,
        real: impl FnOnce() -> T,
    ) -> T {
        match &self.side {
            Side::Recording(keeper) => {
                // In how many parts something is done is not for a recording.
                let answer = as_a_whole(real);
                lock(keeper).keep(&call, |out| answer.put(out));
                answer
            }
            Side::Playing(player) => lock(player).answer(&call, take).unwrap_or_else(T::none),
        }
    }

    /// A call that brings bytes. Whatever else `T` says of them, `length` is how many there are.
    pub(crate) fn fill<T: Wire>(
        &self,
        call: Call<'_>,
        buffers: &mut [IoSliceMut<'_>],
        length: impl Fn(&T) -> usize,
        real: impl FnOnce(&mut [IoSliceMut<'_>]) -> Result<T>,
    ) -> Result<T> {
        let room = buffers.iter().fold(0, |sum: usize, buffer| sum.saturating_add(buffer.len()));
        let call = call.number(room as u64);
        match &self.side {
            Side::Recording(keeper) => {
                let answer = real(buffers);
                lock(keeper).keep(&call, |out| {
                    answer.put(out);
                    let mut left = answer.as_ref().map_or(0, &length);
                    for buffer in buffers.iter() {
                        let part = &buffer[..left.min(buffer.len())];
                        out.put(part);
                        left -= part.len();
                    }
                });
                answer
            }
            Side::Playing(player) => {
                let answer = lock(player).answer(&call, |from| {
                    let answer = Result::<T>::take(from)?;
                    let mut left = answer.as_ref().map_or(0, &length);
                    if left > room {
                        return Err(from.damaged());
                    }
                    for buffer in buffers.iter_mut() {
                        let end = left.min(buffer.len());
                        from.take(&mut buffer[..end])?;
                        left -= end;
                    }
                    Ok(answer)
                });
                answer.unwrap_or(Err(ErrorCode::Io))
            }
        }
    }

    /// A call that takes bytes, of which it says how many it took. Those are kept as a hash: what
    /// was not taken, the guest may offer again.
    pub(crate) fn send(
        &self,
        call: Call<'_>,
        buffers: &[IoSlice<'_>],
        real: impl FnOnce() -> Result<usize>,
    ) -> Result<usize> {
        match &self.side {
            Side::Recording(keeper) => {
                let sent = real();
                let check = call::check_of(buffers, sent.unwrap_or(0));
                lock(keeper).keep(&call, |out| (sent, check).put(out));
                sent
            }
            Side::Playing(player) => {
                lock(player).answer_sent(&call, buffers).unwrap_or(Err(ErrorCode::Io))
            }
        }
    }

    /// Whether something is ready at once, always, or is to be waited for.
    pub(crate) fn readiness<'a>(
        &'a self,
        call: Call<'_>,
        real: impl FnOnce() -> Readiness<'a>,
    ) -> Readiness<'a> {
        match &self.side {
            Side::Recording(keeper) => {
                let readiness = real();
                let now = matches!(readiness, Readiness::Now);
                lock(keeper).keep(&call, |out| now.put(out));
                readiness
            }
            Side::Playing(player) => match lock(player).answer(&call, bool::take) {
                Some(true) => Readiness::Now,
                // Nobody looks at it: what became ready is on the tape.
                Some(false) | None => Readiness::Source(&self.never),
            },
        }
    }

    /// The side that keeps, of a tape that does.
    pub(crate) fn keeper(&self) -> Option<MutexGuard<'_, Keeper>> {
        match &self.side {
            Side::Recording(keeper) => Some(lock(keeper)),
            Side::Playing(_) => None,
        }
    }

    /// The side that answers, of a tape that does.
    pub(crate) fn player(&self) -> Option<MutexGuard<'_, Player>> {
        match &self.side {
            Side::Playing(player) => Some(lock(player)),
            Side::Recording(_) => None,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Never;

impl Source for Never {
    fn poll_ready(&self, _: Interest, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}
