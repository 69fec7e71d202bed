use super::real;
use crate::tape::{Call, Op, Tape};
use std::io::IoSliceMut;
use std::sync::Arc;
use wayleave_system::Result;
use wayleave_system::random::Random;

/// Random numbers.
pub(crate) struct TapeRandom {
    tape: Arc<Tape>,
    inner: Option<Arc<dyn Random>>,
}

impl TapeRandom {
    pub(crate) fn new(tape: &Arc<Tape>, inner: Option<Arc<dyn Random>>) -> Arc<Self> {
        Arc::new(Self { tape: tape.clone(), inner })
    }
}

impl Random for TapeRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        let all = buffer.len();
        let call = Call::new(Op::Random, 0, "");
        let length = move |()| all;
        self.tape.fill(
            call,
            &mut [IoSliceMut::new(buffer)],
            |()| length(()),
            |buffers| real(&self.inner)?.fill(&mut buffers[0]),
        )
    }
}
