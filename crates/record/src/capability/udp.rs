use super::real;
use crate::tape::{Answer, Call, Op, Tape};
use std::io::{IoSlice, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use wayleave_system::Result;
use wayleave_system::net::{SocketOption, UdpSocket};
use wayleave_system::wait::{Interest, Readiness};

/// A UDP socket.
pub(super) struct TapeUdp {
    tape: Arc<Tape>,
    handle: u32,
    inner: Option<Arc<dyn UdpSocket>>,
}

impl TapeUdp {
    pub(super) fn new(tape: &Arc<Tape>, inner: Option<Arc<dyn UdpSocket>>) -> Self {
        Self { handle: tape.new_handle(), tape: tape.clone(), inner }
    }

    fn call_of(&self, op: Op) -> Call<'static> {
        Call::new(op, self.handle, "")
    }

    fn ask<T>(&self, call: Call<'_>, ask: impl FnOnce(&dyn UdpSocket) -> Result<T>) -> Result<T>
    where
        Result<T>: Answer,
    {
        self.tape.call(call, || ask(&**real(&self.inner)?))
    }
}

impl UdpSocket for TapeUdp {
    fn bind(&self, address: SocketAddr) -> Result<()> {
        self.ask(self.call_of(Op::Bind).debug(&address), |socket| socket.bind(address))
    }

    fn connect(&self, peer: Option<SocketAddr>) -> Result<()> {
        self.ask(self.call_of(Op::Connect).debug(&peer), |socket| socket.connect(peer))
    }

    fn receive(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        let room = buffer.len();
        self.tape.fill(
            self.call_of(Op::ReceiveFrom),
            &mut [IoSliceMut::new(buffer)],
            // What was cut off is not there.
            |(length, _): &(usize, SocketAddr)| *length.min(&room),
            |buffers| real(&self.inner)?.receive(&mut buffers[0]),
        )
    }

    fn send(&self, datagram: &[u8], to: Option<SocketAddr>) -> Result<()> {
        let call = self.call_of(Op::SendTo).debug(&to);
        let send = || real(&self.inner)?.send(datagram, to).map(|()| datagram.len());
        self.tape.send(call, &[IoSlice::new(datagram)], send).map(drop)
    }

    fn local_address(&self) -> Result<SocketAddr> {
        self.ask(self.call_of(Op::LocalAddress), |socket| socket.local_address())
    }

    fn option(&self, option: SocketOption) -> Result<u64> {
        self.ask(self.call_of(Op::Option).debug(&option), |socket| socket.option(option))
    }

    fn set_option(&self, option: SocketOption, value: u64) -> Result<()> {
        let call = self.call_of(Op::SetOption).debug(&option).number(value);
        self.ask(call, |socket| socket.set_option(option, value))
    }

    fn readiness(&self, interest: Interest) -> Readiness<'_> {
        let call = self.call_of(Op::UdpReadiness).debug(&interest);
        self.tape.readiness(call, || match &self.inner {
            Some(inner) => inner.readiness(interest),
            None => Readiness::Now,
        })
    }
}
