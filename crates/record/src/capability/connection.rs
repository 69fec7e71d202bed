use super::real;
use crate::tape::{Call, Op, Tape};
use std::io::{IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::sync::Arc;
use wayleave_system::Result;
use wayleave_system::net::{Connection, ReceiveOptions};
use wayleave_system::wait::{Blocking, Interest, Readiness};

/// A connection, of a listener's or as a part of a socket.
pub(super) struct TapeConnection {
    pub(super) tape: Arc<Tape>,
    pub(super) handle: u32,
    inner: Option<Arc<dyn Connection>>,
}

impl TapeConnection {
    pub(super) fn new(tape: &Arc<Tape>, inner: Option<Arc<dyn Connection>>) -> Self {
        Self { handle: tape.new_handle(), tape: tape.clone(), inner }
    }

    pub(super) fn call_of(&self, op: Op) -> Call<'static> {
        Call::new(op, self.handle, "")
    }

    fn inner(&self) -> Result<&dyn Connection> {
        Ok(&**real(&self.inner)?)
    }
}

impl Connection for TapeConnection {
    fn receive(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        options: ReceiveOptions,
        blocking: Blocking,
    ) -> Result<usize> {
        let call = self.call_of(Op::Receive).debug(&options);
        let receive =
            |buffers: &mut [IoSliceMut<'_>]| self.inner()?.receive(buffers, options, blocking);
        self.tape.fill(call, buffers, |received| *received, receive)
    }

    fn send(&self, buffers: &[IoSlice<'_>], blocking: Blocking) -> Result<usize> {
        let send = || self.inner()?.send(buffers, blocking);
        self.tape.send(self.call_of(Op::Send), buffers, send)
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        let call = self.call_of(Op::Shutdown).debug(&how);
        self.tape.call(call, || self.inner()?.shutdown(how))
    }

    fn available(&self) -> Result<u64> {
        self.tape.call(self.call_of(Op::ConnectionAvailable), || self.inner()?.available())
    }

    fn readiness(&self, interest: Interest) -> Readiness<'_> {
        let call = self.call_of(Op::ConnectionReadiness).debug(&interest);
        self.tape.readiness(call, || match &self.inner {
            Some(inner) => inner.readiness(interest),
            None => Readiness::Now,
        })
    }
}
