use super::guard::{Ends, Guard};
use crate::net::limits::Slot;
use crate::net::{Connection, ReceiveOptions, SocketOption, TcpSocket, Use};
use crate::wait::{Blocking, Interest, Readiness};
use crate::{ErrorCode, Result};
use std::io::{IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub(super) struct GuardedTcp {
    socket: Arc<dyn TcpSocket>,
    guard: Guard,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// As it was asked for: with port 0 where that was left open.
    bound: Option<SocketAddr>,
    local: Option<Ends>,
    remote: Option<Ends>,
    connection: Option<Slot>,
}

impl GuardedTcp {
    pub(super) fn new(socket: Arc<dyn TcpSocket>, guard: Guard) -> Self {
        Self { socket, guard, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TcpSocket for GuardedTcp {
    fn bind(&self, address: SocketAddr) -> Result<()> {
        let real = self.guard.route(Use::TcpBind, address)?;
        self.socket.bind(real)?;
        let mut state = self.state();
        state.bound = Some(address);
        state.local = Some(Ends { asked: address, real });
        drop(state);
        self.guard.bound(Use::TcpBind, address, self.local_address());
        Ok(())
    }

    fn connect(&self, address: SocketAddr) -> Result<()> {
        let real = match self.guard.look(Use::TcpConnect, address) {
            Some(real) => {
                if self.state().bound.is_none() {
                    self.guard.route(Use::TcpBind, self.guard.family.unspecified())?;
                }
                real
            }
            None => self.guard.refuse(Use::TcpConnect, address).map(|()| address)?,
        };
        let connection = self.guard.meter.connection()?;
        self.socket.connect(real)?;
        let mut state = self.state();
        state.remote = Some(Ends { asked: address, real });
        state.connection = Some(connection);
        Ok(())
    }

    fn connected(&self) -> Result<()> {
        self.socket.connected()
    }

    fn listen(&self, backlog: u32) -> Result<()> {
        let address = self.state().bound.unwrap_or(self.guard.family.unspecified());
        self.guard.route(Use::TcpListen, address)?;
        self.socket.listen(backlog)
    }

    fn accept(&self) -> Result<Arc<dyn TcpSocket>> {
        // Before, so that who can not have a connection leaves it to wait.
        let connection = self.guard.meter.connection()?;
        let accepted = Self::new(self.socket.accept()?, self.guard.clone());
        let local = self.state().local;
        *accepted.state() = State { local, connection: Some(connection), ..State::default() };
        Ok(Arc::new(accepted))
    }

    fn room(&self) -> Result<u64> {
        self.socket.room()
    }

    fn local_address(&self) -> Result<SocketAddr> {
        let actual = self.socket.local_address()?;
        Ok(self.state().local.map_or(actual, |local| local.shown(actual)))
    }

    fn remote_address(&self) -> Result<SocketAddr> {
        let actual = self.socket.remote_address()?;
        let mapped = self.state().remote.filter(|remote| remote.asked != remote.real);
        Ok(mapped.map_or(actual, |remote| remote.asked))
    }

    fn option(&self, option: SocketOption) -> Result<u64> {
        self.socket.option(option)
    }

    fn set_option(&self, option: SocketOption, value: u64) -> Result<()> {
        self.socket.set_option(option, value)
    }
}

impl Connection for GuardedTcp {
    fn receive(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        options: ReceiveOptions,
        blocking: Blocking,
    ) -> Result<usize> {
        let wanted: usize = buffers.iter().map(|buffer| buffer.len()).sum();
        if options.peek {
            return self.socket.receive(buffers, options, blocking);
        }
        let budget = self.guard.meter.received();
        let mut receive = || {
            budget.spend(wanted, |most| match most == wanted {
                true => self.socket.receive(buffers, options, blocking),
                false => self.socket.receive(&mut first_mut(buffers, most), options, blocking),
            })
        };
        match receive() {
            Err(ErrorCode::Quota) => {}
            received => return received,
        }
        // Only who would get more is told.
        let peek = ReceiveOptions { peek: true, wait_all: false };
        if self.socket.receive(&mut [IoSliceMut::new(&mut [0])], peek, blocking)? == 0 {
            return Ok(0);
        }
        budget.extend(wanted)?;
        receive()
    }

    fn send(&self, buffers: &[IoSlice<'_>], blocking: Blocking) -> Result<usize> {
        let wanted: usize = buffers.iter().map(|buffer| buffer.len()).sum();
        let budget = self.guard.meter.sent();
        let send = || {
            budget.spend(wanted, |most| match most == wanted {
                true => self.socket.send(buffers, blocking),
                false => self.socket.send(&first(buffers, most), blocking),
            })
        };
        match send() {
            Err(ErrorCode::Quota) => {}
            sent => return sent,
        }
        budget.extend(wanted)?;
        send()
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        self.socket.shutdown(how)
    }

    fn available(&self) -> Result<u64> {
        self.socket.available()
    }

    fn readiness(&self, interest: Interest) -> Readiness<'_> {
        self.socket.readiness(interest)
    }
}

/// The first bytes of these.
fn first<'a>(buffers: &'a [IoSlice<'_>], most: usize) -> Vec<IoSlice<'a>> {
    let mut left = most;
    let cut = buffers.iter().map(|buffer| {
        let length = buffer.len().min(left);
        left -= length;
        IoSlice::new(&buffer[..length])
    });
    cut.filter(|buffer| !buffer.is_empty()).collect()
}

fn first_mut<'a>(buffers: &'a mut [IoSliceMut<'_>], most: usize) -> Vec<IoSliceMut<'a>> {
    let mut left = most;
    let cut = buffers.iter_mut().map(|buffer| {
        let length = buffer.len().min(left);
        left -= length;
        IoSliceMut::new(&mut buffer[..length])
    });
    cut.filter(|buffer| !buffer.is_empty()).collect()
}
