use crate::net::Lookup;
use crate::wait::{Interest, Readiness, Source};
use crate::{ErrorCode, Result};
use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

/// Looks names up with the system's resolver, which blocks: on threads of its own, that end when
/// there is nothing left to do.
#[derive(Default)]
pub(super) struct Resolver {
    work: Mutex<Work>,
}

#[derive(Default)]
struct Work {
    threads: usize,
    /// Nobody waits any more for those that are gone.
    waiting: VecDeque<(String, Weak<Answer>)>,
}

/// Most threads of one resolver. One is stuck for some seconds where a name server is silent.
const MOST_THREADS: usize = 8;

/// Most look-ups that wait for a thread.
const MOST_WAITING: usize = 1024;

/// Most addresses of one name that are kept.
const MOST_ADDRESSES: usize = 64;

impl Resolver {
    /// Begins to look up a name.
    pub(super) fn start(self: &Arc<Self>, name: String) -> Result<Arc<Pending>> {
        let answer = Arc::new(Answer::default());
        let mut work = lock(&self.work);
        if work.waiting.len() >= MOST_WAITING {
            work.waiting.retain(|(_, answer)| answer.strong_count() > 0);
            if work.waiting.len() >= MOST_WAITING {
                return Err(ErrorCode::Busy);
            }
        }
        work.waiting.push_back((name, Arc::downgrade(&answer)));
        if work.threads < MOST_THREADS {
            let resolver = self.clone();
            let thread = std::thread::Builder::new().name("wayleave-resolver".to_owned());
            match thread.spawn(move || resolver.run()) {
                Ok(_) => work.threads += 1,
                // Another thread will come to it.
                Err(_) if work.threads > 0 => {}
                Err(error) => {
                    work.waiting.pop_back();
                    return Err(error.into());
                }
            }
        }
        drop(work);
        Ok(Arc::new(Pending { source: answer.clone(), answer }))
    }

    fn run(&self) {
        while let Some((name, answer)) = self.next() {
            // Whoever asked may be gone by now.
            if answer.strong_count() == 0 {
                continue;
            }
            let addresses = ask(&name);
            if let Some(answer) = answer.upgrade() {
                answer.set(addresses);
            }
        }
    }

    /// The next look-up; if there is none, the thread ends.
    fn next(&self) -> Option<(String, Weak<Answer>)> {
        let mut work = lock(&self.work);
        let next = work.waiting.pop_front();
        if next.is_none() {
            work.threads -= 1;
        }
        next
    }
}

/// Asks the system, and waits for its answer.
fn ask(name: &str) -> Result<Vec<IpAddr>> {
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..Default::default() };
    let found = getaddrinfo(Some(name), None, Some(hints)).map_err(|error| failure(&error))?;
    let mut addresses = Vec::new();
    for found in found {
        let address = found?.sockaddr.ip().to_canonical();
        if !addresses.contains(&address) && addresses.len() < MOST_ADDRESSES {
            addresses.push(address);
        }
    }
    if addresses.is_empty() { Err(ErrorCode::NoEntry) } else { Ok(addresses) }
}

fn failure(error: &LookupError) -> ErrorCode {
    match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData | LookupErrorKind::Family => {
            ErrorCode::NoEntry
        }
        LookupErrorKind::Again | LookupErrorKind::System => ErrorCode::Busy,
        LookupErrorKind::Memory => ErrorCode::NoMemory,
        // Numbers of the system's own: a kind of address that the name does not have.
        LookupErrorKind::IO | LookupErrorKind::Unknown => ErrorCode::NoEntry,
        _ => ErrorCode::NotRecoverable,
    }
}

/// A look-up that somebody waits for.
pub(super) struct Pending {
    answer: Arc<Answer>,
    source: Arc<dyn Source>,
}

impl Lookup for Pending {
    fn addresses(&self) -> Result<Vec<IpAddr>> {
        lock(&self.answer.state).addresses.clone().unwrap_or(Err(ErrorCode::Again))
    }

    fn readiness(&self) -> Readiness<'_> {
        Readiness::Source(&self.source)
    }
}

#[derive(Default)]
struct Answer {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    addresses: Option<Result<Vec<IpAddr>>>,
    /// Of whoever waited last: one guest does, and does one thing at a time.
    waker: Option<Waker>,
}

impl Answer {
    fn set(&self, addresses: Result<Vec<IpAddr>>) {
        let mut state = lock(&self.state);
        state.addresses = Some(addresses);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Source for Answer {
    fn poll_ready(&self, _: Interest, context: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.addresses.is_some() {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
