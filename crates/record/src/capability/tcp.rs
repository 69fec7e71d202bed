use super::connection::TapeConnection;
use super::{Made, real};
use crate::tape::{Answer, Call, Op, Tape};
use std::io::{IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use wayleave_system::Result;
use wayleave_system::net::{Connection, ReceiveOptions, SocketOption, TcpSocket};
use wayleave_system::wait::{Blocking, Interest, Readiness};

/// A TCP socket.
pub(super) struct TapeTcp {
    connection: TapeConnection,
    inner: Option<Arc<dyn TcpSocket>>,
}

impl TapeTcp {
    pub(super) fn new(tape: &Arc<Tape>, inner: Option<Arc<dyn TcpSocket>>) -> Self {
        let connection = inner.clone().map(|inner| inner as Arc<dyn Connection>);
        Self { connection: TapeConnection::new(tape, connection), inner }
    }

    fn call_of(&self, op: Op) -> Call<'static> {
        self.connection.call_of(op)
    }

    fn ask<T>(&self, call: Call<'_>, ask: impl FnOnce(&dyn TcpSocket) -> Result<T>) -> Result<T>
    where
        Result<T>: Answer,
    {
        self.connection.tape.call(call, || ask(&**real(&self.inner)?))
    }
}

impl Connection for TapeTcp {
    fn receive(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        options: ReceiveOptions,
        blocking: Blocking,
    ) -> Result<usize> {
        self.connection.receive(buffers, options, blocking)
    }

    fn send(&self, buffers: &[IoSlice<'_>], blocking: Blocking) -> Result<usize> {
        self.connection.send(buffers, blocking)
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        self.connection.shutdown(how)
    }

    fn available(&self) -> Result<u64> {
        self.connection.available()
    }

    fn readiness(&self, interest: Interest) -> Readiness<'_> {
        self.connection.readiness(interest)
    }
}

impl TcpSocket for TapeTcp {
    fn bind(&self, address: SocketAddr) -> Result<()> {
        self.ask(self.call_of(Op::Bind).debug(&address), |socket| socket.bind(address))
    }

    fn connect(&self, address: SocketAddr) -> Result<()> {
        self.ask(self.call_of(Op::Connect).debug(&address), |socket| socket.connect(address))
    }

    fn connected(&self) -> Result<()> {
        self.ask(self.call_of(Op::Connected), |socket| socket.connected())
    }

    fn listen(&self, backlog: u32) -> Result<()> {
        let call = self.call_of(Op::Listen).number(backlog.into());
        self.ask(call, |socket| socket.listen(backlog))
    }

    fn accept(&self) -> Result<Arc<dyn TcpSocket>> {
        let call = self.call_of(Op::Accept);
        let Made(inner) = self.ask(call, |socket| Ok(Made(Some(socket.accept()?))))?;
        Ok(Arc::new(Self::new(&self.connection.tape, inner)))
    }

    fn room(&self) -> Result<u64> {
        self.ask(self.call_of(Op::Room), |socket| socket.room())
    }

    fn local_address(&self) -> Result<SocketAddr> {
        self.ask(self.call_of(Op::LocalAddress), |socket| socket.local_address())
    }

    fn remote_address(&self) -> Result<SocketAddr> {
        self.ask(self.call_of(Op::RemoteAddress), |socket| socket.remote_address())
    }

    fn option(&self, option: SocketOption) -> Result<u64> {
        self.ask(self.call_of(Op::Option).debug(&option), |socket| socket.option(option))
    }

    fn set_option(&self, option: SocketOption, value: u64) -> Result<()> {
        let call = self.call_of(Op::SetOption).debug(&option).number(value);
        self.ask(call, |socket| socket.set_option(option, value))
    }
}
