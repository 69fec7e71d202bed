use super::{Interest, Interrupt, Readiness};
use crate::{ErrorCode, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Why a wait ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Woken {
    /// At least one source is ready: all that are, in the order of the sources.
    Ready(Vec<Ready>),
    /// The time is over.
    TimedOut,
    /// The interrupt was triggered, whatever else is ready.
    Interrupted,
}

/// A source that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// Which of the sources.
    pub index: usize,
    /// Whether the other end is gone, or the source has failed.
    pub hangup: bool,
}

/// Waits until a source is ready, the time is over, or the interrupt is triggered.
///
/// A signal does not end the wait. With a source that is ready [now](Readiness::Now) nothing
/// waits, but the others are looked at all the same.
///
/// # Errors
/// [`Invalid`](ErrorCode::Invalid) with neither sources nor time limit nor interrupt: nothing
/// would ever end it.
pub fn wait(
    sources: &[(Readiness<'_>, Interest)],
    timeout: Option<Duration>,
    interrupt: Option<&Interrupt>,
) -> Result<Woken> {
    if sources.is_empty() && timeout.is_none() && interrupt.is_none() {
        return Err(ErrorCode::Invalid);
    }
    let bell = interrupt.map(Interrupt::bell).transpose()?;
    // Asked after the bell is there: whoever triggers later will ring it.
    if interrupt.is_some_and(Interrupt::is_set) {
        return Ok(Woken::Interrupted);
    }
    let anything_now = sources.iter().any(|(source, _)| matches!(source, Readiness::Now));
    let timeout = if anything_now { Some(Duration::ZERO) } else { timeout };

    let mut polled: Vec<_> = sources.iter().filter_map(entry).collect();
    polled.extend(bell.map(|bell| PollFd::from_borrowed_fd(bell, PollFlags::IN)));
    poll_until(&mut polled, timeout)?;

    if interrupt.is_some_and(Interrupt::is_set) {
        return Ok(Woken::Interrupted);
    }
    let ready = collect(sources, &polled);
    Ok(if ready.is_empty() { Woken::TimedOut } else { Woken::Ready(ready) })
}

/// Whether `interest` can be served without waiting.
pub(crate) fn is_ready(fd: impl AsFd, interest: Interest) -> Result<bool> {
    let mut polled = [PollFd::from_borrowed_fd(fd.as_fd(), flags(interest))];
    poll_until(&mut polled, Some(Duration::ZERO))?;
    Ok(!polled[0].revents().is_empty())
}

/// Waits until `interest` can be served.
pub(crate) fn block_until(fd: impl AsFd, interest: Interest) -> Result<()> {
    let mut polled = [PollFd::from_borrowed_fd(fd.as_fd(), flags(interest))];
    poll_until(&mut polled, None)
}

fn flags(interest: Interest) -> PollFlags {
    match interest {
        Interest::Read => PollFlags::IN,
        Interest::Write => PollFlags::OUT,
    }
}

fn entry<'a>((source, interest): &'a (Readiness<'_>, Interest)) -> Option<PollFd<'a>> {
    match source {
        Readiness::Now => None,
        Readiness::Fd(fd) => Some(PollFd::from_borrowed_fd(*fd, flags(*interest))),
    }
}

fn collect(sources: &[(Readiness<'_>, Interest)], polled: &[PollFd<'_>]) -> Vec<Ready> {
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    let mut polled = polled.iter();
    let ready = |(index, (source, _)): (usize, &(Readiness<'_>, Interest))| match source {
        Readiness::Now => Some(Ready { index, hangup: false }),
        Readiness::Fd(_) => {
            let events = polled.next()?.revents();
            (!events.is_empty()).then(|| Ready { index, hangup: events.intersects(gone) })
        }
    };
    sources.iter().enumerate().filter_map(ready).collect()
}

/// Polls for the whole time, signals or not.
fn poll_until(polled: &mut [PollFd<'_>], timeout: Option<Duration>) -> Result<()> {
    // A time that no clock can show is as good as none.
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let mut left = deadline.and(timeout);
    loop {
        match poll(polled, left.map(timespec).as_ref()) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {
                left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: duration.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}
