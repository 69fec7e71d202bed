use super::connection::TapeConnection;
use super::{Made, real};
use crate::tape::{Call, Op, Tape};
use std::sync::Arc;
use wayleave_system::Result;
use wayleave_system::net::{Connection, Listener};
use wayleave_system::wait::{Blocking, Readiness};

/// A listening socket.
pub(crate) struct TapeListener {
    tape: Arc<Tape>,
    handle: u32,
    inner: Option<Arc<dyn Listener>>,
}

impl TapeListener {
    pub(crate) fn new(tape: &Arc<Tape>, inner: Option<Arc<dyn Listener>>) -> Arc<Self> {
        Arc::new(Self { handle: tape.new_handle(), tape: tape.clone(), inner })
    }
}

impl Listener for TapeListener {
    fn accept(&self, blocking: Blocking) -> Result<Arc<dyn Connection>> {
        let accept = || Ok(Made(Some(real(&self.inner)?.accept(blocking)?)));
        let Made(inner) = self.tape.call(Call::new(Op::Accept, self.handle, ""), accept)?;
        Ok(Arc::new(TapeConnection::new(&self.tape, inner)))
    }

    fn readiness(&self) -> Readiness<'_> {
        let call = Call::new(Op::ListenerReadiness, self.handle, "");
        self.tape.readiness(call, || match &self.inner {
            Some(inner) => inner.readiness(),
            None => Readiness::Now,
        })
    }
}
