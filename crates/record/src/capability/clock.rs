use crate::tape::{Call, Op, Tape};
use std::sync::Arc;
use wayleave_system::clock::Clock;

/// A clock.
pub(crate) struct TapeClock {
    tape: Arc<Tape>,
    handle: u32,
    inner: Option<Arc<dyn Clock>>,
}

impl TapeClock {
    pub(crate) fn new(tape: &Arc<Tape>, inner: Option<Arc<dyn Clock>>) -> Arc<Self> {
        Arc::new(Self { handle: tape.new_handle(), tape: tape.clone(), inner })
    }

    fn ask(&self, op: Op, ask: impl FnOnce(&dyn Clock) -> u64) -> u64 {
        let real = || self.inner.as_ref().map_or(0, |clock| ask(&**clock));
        self.tape.call(Call::new(op, self.handle, ""), real)
    }
}

impl Clock for TapeClock {
    fn now(&self) -> u64 {
        self.ask(Op::Now, |clock| clock.now())
    }

    fn resolution(&self) -> u64 {
        self.ask(Op::Resolution, |clock| clock.resolution()).max(1)
    }
}
