use super::pipe::{self, Pipe};
use super::{World, lock};
use crate::net::{Connection, Family, ReceiveOptions, SocketOption, TcpSocket};
use crate::wait::{Blocking, Interest, Readiness, Source, wait};
use crate::{ErrorCode, Result};
use std::collections::{HashMap, VecDeque};
use std::io::{IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// What others reach of a socket.
pub(super) struct Tcp {
    world: Arc<World>,
    family: Family,
    state: Mutex<State>,
    options: Mutex<HashMap<SocketOption, u64>>,
}

struct MemoryTcp {
    tcp: Arc<Tcp>,
    source: Arc<dyn Source>,
}

/// Where it is bound, and what it does there.
struct State {
    bound: Option<SocketAddr>,
    /// Whether the address is its own, and not its listener's.
    owns: bool,
    role: Role,
}

enum Role {
    Idle,
    Listening { backlog: usize, arrived: VecDeque<Arc<Tcp>>, waker: Option<Waker> },
    Connected { remote: SocketAddr, input: Arc<Pipe>, output: Arc<Pipe> },
    Refused,
}

pub(super) fn socket(world: Arc<World>, family: Family) -> Arc<dyn TcpSocket> {
    let state = State { bound: None, owns: false, role: Role::Idle };
    handle(Tcp::new(world, family, state, HashMap::new()))
}

fn handle(tcp: Arc<Tcp>) -> Arc<dyn TcpSocket> {
    Arc::new(MemoryTcp { source: tcp.clone(), tcp })
}

impl Tcp {
    fn new(
        world: Arc<World>,
        family: Family,
        state: State,
        options: HashMap<SocketOption, u64>,
    ) -> Arc<Self> {
        Arc::new(Self { world, family, state: Mutex::new(state), options: Mutex::new(options) })
    }

    fn bind(self: &Arc<Self>, state: &mut State, address: SocketAddr) -> Result<SocketAddr> {
        let bound = lock(&self.world.tcp).take(address, self)?;
        (state.bound, state.owns) = (Some(bound), true);
        Ok(bound)
    }

    /// The two directions, once connected: from the other side, and to it.
    fn pipes(&self) -> Result<(Arc<Pipe>, Arc<Pipe>)> {
        match &lock(&self.state).role {
            Role::Connected { input, output, .. } => Ok((input.clone(), output.clone())),
            _ => Err(ErrorCode::NotConnected),
        }
    }

    /// A connection to this listener, if it takes it: what the other side reads and writes.
    fn arrive(&self, at: SocketAddr, from: SocketAddr) -> Result<(Arc<Pipe>, Arc<Pipe>)> {
        let mut state = lock(&self.state);
        let Role::Listening { backlog, arrived, waker } = &mut state.role else {
            return Err(ErrorCode::ConnectionRefused);
        };
        if arrived.len() >= *backlog {
            return Err(ErrorCode::ConnectionRefused);
        }
        let (there, here) = (Arc::new(Pipe::default()), Arc::new(Pipe::default()));
        let role = Role::Connected { remote: from, input: there.clone(), output: here.clone() };
        let accepted = State { bound: Some(at), owns: false, role };
        let options = lock(&self.options).clone();
        arrived.push_back(Self::new(self.world.clone(), self.family, accepted, options));
        if let Some(waker) = waker.take() {
            waker.wake();
        }
        Ok((here, there))
    }
}

impl Drop for Tcp {
    fn drop(&mut self) {
        let state = lock(&self.state);
        if let (Some(bound), true) = (state.bound, state.owns) {
            lock(&self.world.tcp).give_back(bound);
        }
        if let Role::Connected { input, output, .. } = &state.role {
            input.leave();
            output.end();
        }
    }
}

impl Source for Tcp {
    fn poll_ready(&self, interest: Interest, context: &mut Context<'_>) -> Poll<()> {
        match (&mut lock(&self.state).role, interest) {
            (Role::Listening { arrived, waker, .. }, Interest::Read) if arrived.is_empty() => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
            (Role::Connected { input, .. }, Interest::Read) => input.poll_read(context),
            (Role::Connected { output, .. }, Interest::Write) => output.poll_write(context),
            _ => Poll::Ready(()),
        }
    }
}

impl TcpSocket for MemoryTcp {
    fn bind(&self, address: SocketAddr) -> Result<()> {
        let mut state = lock(&self.tcp.state);
        if state.bound.is_some() || Family::of(address.ip()) != self.tcp.family {
            return Err(ErrorCode::Invalid);
        }
        self.tcp.bind(&mut state, address).map(drop)
    }

    fn connect(&self, address: SocketAddr) -> Result<()> {
        let mut state = lock(&self.tcp.state);
        if !matches!(state.role, Role::Idle) {
            return Err(ErrorCode::IsConnected);
        }
        let local = match state.bound {
            Some(bound) => bound,
            None => self.tcp.bind(&mut state, (address.ip(), 0).into())?,
        };
        // The other side may be connecting to this one.
        drop(state);
        let listener = lock(&self.tcp.world.tcp).at(address);
        let role = match listener.map(|listener| listener.arrive(address, local)) {
            Some(Ok((input, output))) => Role::Connected { remote: address, input, output },
            _ => Role::Refused,
        };
        lock(&self.tcp.state).role = role;
        Ok(())
    }

    fn connected(&self) -> Result<()> {
        match lock(&self.tcp.state).role {
            Role::Connected { .. } => Ok(()),
            Role::Refused => Err(ErrorCode::ConnectionRefused),
            Role::Idle | Role::Listening { .. } => Err(ErrorCode::NotConnected),
        }
    }

    fn listen(&self, backlog: u32) -> Result<()> {
        let mut state = lock(&self.tcp.state);
        let room = usize::try_from(backlog).unwrap_or(usize::MAX).clamp(1, MOST_WAITING);
        if let Role::Listening { backlog, .. } = &mut state.role {
            *backlog = room;
            return Ok(());
        }
        if !matches!(state.role, Role::Idle) {
            return Err(ErrorCode::Invalid);
        }
        if state.bound.is_none() {
            self.tcp.bind(&mut state, self.tcp.family.unspecified())?;
        }
        state.role = Role::Listening { backlog: room, arrived: VecDeque::new(), waker: None };
        Ok(())
    }

    fn accept(&self) -> Result<Arc<dyn TcpSocket>> {
        match &mut lock(&self.tcp.state).role {
            Role::Listening { arrived, .. } => match arrived.pop_front() {
                Some(tcp) => Ok(handle(tcp)),
                None => Err(ErrorCode::Again),
            },
            _ => Err(ErrorCode::Invalid),
        }
    }

    fn room(&self) -> Result<u64> {
        let (_, output) = self.tcp.pipes()?;
        Ok(output.room() as u64)
    }

    fn local_address(&self) -> Result<SocketAddr> {
        Ok(lock(&self.tcp.state).bound.unwrap_or(self.tcp.family.unspecified()))
    }

    fn remote_address(&self) -> Result<SocketAddr> {
        match lock(&self.tcp.state).role {
            Role::Connected { remote, .. } => Ok(remote),
            _ => Err(ErrorCode::NotConnected),
        }
    }

    fn option(&self, option: SocketOption) -> Result<u64> {
        Ok(lock(&self.tcp.options).get(&option).copied().unwrap_or(default(option)))
    }

    fn set_option(&self, option: SocketOption, value: u64) -> Result<()> {
        set_option(&self.tcp.options, option, value)
    }
}

/// Most connections that wait to be accepted.
const MOST_WAITING: usize = 4096;

/// They are kept, and change nothing.
pub(super) fn set_option(
    options: &Mutex<HashMap<SocketOption, u64>>,
    option: SocketOption,
    value: u64,
) -> Result<()> {
    if value == 0 && option != SocketOption::KeepAlive {
        return Err(ErrorCode::Invalid);
    }
    lock(options).insert(option, value);
    Ok(())
}

/// What systems usually have.
pub(super) fn default(option: SocketOption) -> u64 {
    match option {
        SocketOption::KeepAlive => 0,
        SocketOption::KeepAliveIdle => 7_200_000_000_000,
        SocketOption::KeepAliveInterval => 75_000_000_000,
        SocketOption::KeepAliveCount => 9,
        SocketOption::HopLimit => 64,
        SocketOption::ReceiveBuffer | SocketOption::SendBuffer => pipe::ROOM as u64,
    }
}

impl MemoryTcp {
    fn waiting<R>(
        &self,
        interest: Interest,
        blocking: Blocking,
        mut operation: impl FnMut() -> Result<R>,
    ) -> Result<R> {
        loop {
            match operation() {
                Err(ErrorCode::Again) if blocking == Blocking::Allowed => {
                    wait(&[(Readiness::Source(&self.source), interest)], None, None)?;
                }
                result => return result,
            }
        }
    }
}

impl Connection for MemoryTcp {
    /// What is asked to be filled is, as far as that takes no waiting.
    fn receive(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        options: ReceiveOptions,
        blocking: Blocking,
    ) -> Result<usize> {
        let (input, _) = self.tcp.pipes()?;
        self.waiting(Interest::Read, blocking, || input.read(buffers, options.peek))
    }

    fn send(&self, buffers: &[IoSlice<'_>], blocking: Blocking) -> Result<usize> {
        let (_, output) = self.tcp.pipes()?;
        self.waiting(Interest::Write, blocking, || output.write(buffers))
    }

    fn shutdown(&self, how: Shutdown) -> Result<()> {
        let (input, output) = self.tcp.pipes()?;
        if how != Shutdown::Write {
            input.leave();
        }
        if how != Shutdown::Read {
            output.end();
        }
        Ok(())
    }

    fn available(&self) -> Result<u64> {
        Ok(self.tcp.pipes()?.0.len() as u64)
    }

    fn readiness(&self, _: Interest) -> Readiness<'_> {
        Readiness::Source(&self.source)
    }
}
