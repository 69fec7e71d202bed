//! In which calls of the host a program was refused something.

use crate::calls::name_of;
use std::collections::{BTreeSet, HashMap};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use wayleave::system::refusal::Refusal;
use wayleave::{HostCall, Tracer};

/// Is told of refusals, and of each call when it has ended: what was refused since the one before was
/// refused in it.
#[derive(Default)]
pub(super) struct InCalls(Mutex<State>);

#[derive(Default)]
struct State {
    /// What was refused in the call that has not ended yet.
    pending: Vec<Refusal>,
    calls: HashMap<Refusal, BTreeSet<String>>,
}

/// Most refusals of which calls are kept, as guests make up as many as they like.
const MOST: usize = 1000;

/// Limits that are reached outside of calls: by the program's own instructions.
const OUTSIDE: [&str; 5] = ["max-memory", "max-table-elements", "max-instances", "fuel", "timeout"];

impl InCalls {
    pub(super) fn refused(&self, refusal: &Refusal) {
        if refusal.grants.iter().any(|grant| OUTSIDE.contains(&grant.option)) {
            return;
        }
        let mut state = self.state();
        if state.pending.len() < MOST {
            state.pending.push(refusal.clone());
        }
    }

    /// The calls in which that was refused.
    pub(super) fn of(&self, refusal: &Refusal) -> BTreeSet<String> {
        self.state().calls.get(refusal).cloned().unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tracer for InCalls {
    fn wants(&self, _: &str, _: &str) -> bool {
        true
    }

    fn called(&self, call: &HostCall<'_>) {
        let mut state = self.state();
        for refusal in mem::take(&mut state.pending) {
            if state.calls.len() < MOST || state.calls.contains_key(&refusal) {
                state.calls.entry(refusal).or_default().insert(name_of(call));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use wayleave::CallOutcome;
    use wayleave::system::refusal::Grant;

    #[test]
    fn a_refusal_is_of_the_call_that_ends_next() {
        let calls = InCalls::default();
        let call = |interface, function| {
            let outcome = CallOutcome::Returned("");
            calls.called(&HostCall {
                interface,
                function,
                args: &[],
                outcome,
                time: Duration::ZERO,
            });
        };
        let read = Refusal::new("read", "/a", [Grant::new("file", "/a::ro")]);
        let grow = Refusal::new("have more memory than", "1M", [Grant::new("max-memory", "2M")]);
        call("wasi_unstable", "fd_read");
        calls.refused(&read);
        calls.refused(&grow);
        call("wasi_snapshot_preview1", "path_open");
        calls.refused(&read);
        call("wasi:filesystem/types@0.2.3", "[method]descriptor.open-at");
        call("wasi_unstable", "fd_read");
        let expected = ["path_open", "wasi:filesystem/types [method]descriptor.open-at"];
        assert_eq!(calls.of(&read).into_iter().collect::<Vec<_>>(), expected);
        assert!(calls.of(&grow).is_empty());
    }
}
