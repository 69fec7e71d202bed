use super::bell::Bell;
use super::{Interest, Interrupt, Readiness};
use crate::{ErrorCode, Result};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::collections::HashMap;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::Arc;
use std::task::{Context, Waker};
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
    let stop = interrupt.map(Interrupt::bell).transpose()?;
    // Asked after the bell is there: whoever triggers later will ring it.
    if interrupt.is_some_and(Interrupt::is_set) {
        return Ok(Woken::Interrupted);
    }
    // A time that no clock can show is as good as none.
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let wake = Wakeup::new(sources)?;
    loop {
        let awake = wake.as_ref().map(|wake| wake.look(sources)).unwrap_or_default();
        let at_once =
            !awake.is_empty() || sources.iter().any(|(source, _)| matches!(source, Readiness::Now));
        let deadline = if at_once { Some(Instant::now()) } else { deadline };

        let mut polled = Polled::new(sources);
        let readable = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
        polled.fds.extend(stop.map(readable));
        polled.fds.extend(wake.as_ref().map(|wake| readable(wake.bell.fd())));
        poll_until(&mut polled.fds, deadline)?;

        if interrupt.is_some_and(Interrupt::is_set) {
            return Ok(Woken::Interrupted);
        }
        let ready = collect(sources, &polled, &awake);
        if !ready.is_empty() {
            return Ok(Woken::Ready(ready));
        }
        if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            return Ok(Woken::TimedOut);
        }
    }
}

/// Which sources are ready now: [`wait`] without waiting.
///
/// # Errors
/// What the system says of a file descriptor.
pub fn look(sources: &[(Readiness<'_>, Interest)]) -> Result<Vec<Ready>> {
    let awake = ready_sources(sources, Waker::noop());
    let mut polled = Polled::new(sources);
    if !polled.fds.is_empty() {
        poll_until(&mut polled.fds, Some(Instant::now()))?;
    }
    Ok(collect(sources, &polled, &awake))
}

/// Which of the sources without a file descriptor are ready; the others will wake.
fn ready_sources(sources: &[(Readiness<'_>, Interest)], waker: &Waker) -> Vec<usize> {
    let mut context = Context::from_waker(waker);
    let ready = |(index, (source, interest)): (usize, &(Readiness<'_>, Interest))| match source {
        Readiness::Source(source) => {
            source.poll_ready(*interest, &mut context).is_ready().then_some(index)
        }
        Readiness::Now | Readiness::Fd(_) => None,
    };
    sources.iter().enumerate().filter_map(ready).collect()
}

/// How sources without a file descriptor wake the thread.
struct Wakeup {
    bell: Arc<Bell>,
    waker: Waker,
}

impl Wakeup {
    /// `None` when all sources have file descriptors.
    fn new(sources: &[(Readiness<'_>, Interest)]) -> Result<Option<Self>> {
        if !sources.iter().any(|(source, _)| matches!(source, Readiness::Source(_))) {
            return Ok(None);
        }
        let bell = Arc::new(Bell::new()?);
        Ok(Some(Self { waker: bell.clone().into(), bell }))
    }

    /// Which of these sources are ready; the others will ring.
    fn look(&self, sources: &[(Readiness<'_>, Interest)]) -> Vec<usize> {
        self.bell.quiet();
        ready_sources(sources, &self.waker)
    }
}

/// Whether `interest` can be served without waiting.
pub(crate) fn is_ready(fd: impl AsFd, interest: Interest) -> Result<bool> {
    let mut polled = [PollFd::from_borrowed_fd(fd.as_fd(), flags(interest))];
    poll_until(&mut polled, Some(Instant::now()))?;
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

/// What the system is asked.
struct Polled<'a> {
    fds: Vec<PollFd<'a>>,
    /// Which of these each source with a file descriptor is; the next one where there are few.
    places: Option<Vec<usize>>,
}

/// Sources of which nobody looks whether some are the same.
const FEW: usize = 64;

impl<'a> Polled<'a> {
    /// The system refuses more entries than the process may have files open, and so a file
    /// descriptor that many wait for is asked about once.
    fn new(sources: &'a [(Readiness<'_>, Interest)]) -> Self {
        let all = sources.iter().filter_map(|(source, interest)| match source {
            Readiness::Now | Readiness::Source(_) => None,
            Readiness::Fd(fd) => Some((*fd, *interest)),
        });
        let entry = |(fd, interest)| PollFd::from_borrowed_fd(fd, flags(interest));
        if sources.len() <= FEW {
            return Self { fds: all.map(entry).collect(), places: None };
        }
        let mut known = HashMap::new();
        let mut fds = Vec::new();
        let place = |(fd, interest): (BorrowedFd<'a>, Interest)| {
            *known.entry((fd.as_raw_fd(), interest)).or_insert_with(|| {
                fds.push(entry((fd, interest)));
                fds.len() - 1
            })
        };
        let places = all.map(place).collect();
        Self { fds, places: Some(places) }
    }

    /// What has happened to the `number`th source with a file descriptor.
    fn events(&self, number: usize) -> Option<PollFlags> {
        let place = match &self.places {
            None => number,
            Some(places) => *places.get(number)?,
        };
        self.fds.get(place).map(PollFd::revents)
    }
}

/// `awake` is in the order of the sources.
fn collect(
    sources: &[(Readiness<'_>, Interest)],
    polled: &Polled<'_>,
    awake: &[usize],
) -> Vec<Ready> {
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    let mut numbers = 0..;
    let ready = |(index, (source, _)): (usize, &(Readiness<'_>, Interest))| match source {
        Readiness::Now => Some(Ready { index, hangup: false }),
        Readiness::Source(_) => {
            awake.binary_search(&index).is_ok().then_some(Ready { index, hangup: false })
        }
        Readiness::Fd(_) => {
            let events = polled.events(numbers.next()?)?;
            (!events.is_empty()).then(|| Ready { index, hangup: events.intersects(gone) })
        }
    };
    sources.iter().enumerate().filter_map(ready).collect()
}

/// Polls for the whole time, signals or not.
fn poll_until(polled: &mut [PollFd<'_>], deadline: Option<Instant>) -> Result<()> {
    loop {
        let left = deadline.map(|end| end.saturating_duration_since(Instant::now()));
        match poll(polled, left.map(timespec).as_ref()) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
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
