use super::tcp::{default, set_option};
use super::{World, lock};
use crate::net::{Family, SocketOption, UdpSocket};
use crate::wait::{Interest, Readiness, Source};
use crate::{ErrorCode, Result};
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

/// What others reach of a socket.
pub(super) struct Udp {
    world: Arc<World>,
    family: Family,
    state: Mutex<State>,
    options: Mutex<HashMap<SocketOption, u64>>,
}

struct MemoryUdp {
    udp: Arc<Udp>,
    source: Arc<dyn Source>,
}

#[derive(Default)]
struct State {
    bound: Option<SocketAddr>,
    peer: Option<SocketAddr>,
    arrived: VecDeque<(Vec<u8>, SocketAddr)>,
    waker: Option<Waker>,
}

/// Datagrams that wait to be received; more are lost, as is the way with datagrams.
const MOST_WAITING: usize = 64;

/// As IPv4 has it.
const LONGEST: usize = 65_507;

pub(super) fn socket(world: Arc<World>, family: Family) -> Arc<dyn UdpSocket> {
    let (state, options) = (Mutex::default(), Mutex::default());
    let udp = Arc::new(Udp { world, family, state, options });
    Arc::new(MemoryUdp { source: udp.clone(), udp })
}

impl Udp {
    fn bind(self: &Arc<Self>, state: &mut State, address: SocketAddr) -> Result<SocketAddr> {
        let bound = lock(&self.world.udp).take(address, self)?;
        state.bound = Some(bound);
        Ok(bound)
    }

    fn arrive(&self, datagram: &[u8], from: SocketAddr) {
        let mut state = lock(&self.state);
        let wanted = state.peer.is_none_or(|peer| peer == from);
        if wanted && state.arrived.len() < MOST_WAITING {
            state.arrived.push_back((datagram.to_vec(), from));
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
        }
    }
}

impl Drop for Udp {
    fn drop(&mut self) {
        if let Some(bound) = lock(&self.state).bound {
            lock(&self.world.udp).give_back(bound);
        }
    }
}

impl Source for Udp {
    fn poll_ready(&self, interest: Interest, context: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if interest == Interest::Write || !state.arrived.is_empty() {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl UdpSocket for MemoryUdp {
    fn bind(&self, address: SocketAddr) -> Result<()> {
        let mut state = lock(&self.udp.state);
        if state.bound.is_some() || Family::of(address.ip()) != self.udp.family {
            return Err(ErrorCode::Invalid);
        }
        self.udp.bind(&mut state, address).map(drop)
    }

    fn connect(&self, peer: Option<SocketAddr>) -> Result<()> {
        let mut state = lock(&self.udp.state);
        if peer.is_some() && state.bound.is_none() {
            self.udp.bind(&mut state, self.udp.family.unspecified())?;
        }
        state.peer = peer;
        Ok(())
    }

    fn receive(&self, buffer: &mut [u8]) -> Result<(usize, SocketAddr)> {
        let mut state = lock(&self.udp.state);
        let (datagram, from) = state.arrived.pop_front().ok_or(ErrorCode::Again)?;
        let length = datagram.len().min(buffer.len());
        buffer[..length].copy_from_slice(&datagram[..length]);
        Ok((length, from))
    }

    fn send(&self, datagram: &[u8], to: Option<SocketAddr>) -> Result<()> {
        if datagram.len() > LONGEST {
            return Err(ErrorCode::MessageTooBig);
        }
        let mut state = lock(&self.udp.state);
        let to = to.or(state.peer).ok_or(ErrorCode::DestinationRequired)?;
        let mut from = match state.bound {
            Some(bound) => bound,
            None => self.udp.bind(&mut state, self.udp.family.unspecified())?,
        };
        if from.ip().is_unspecified() {
            from.set_ip(to.ip());
        }
        // The receiver may be the same socket.
        drop(state);
        let receiver = lock(&self.udp.world.udp).at(to);
        if let Some(receiver) = receiver {
            receiver.arrive(datagram, from);
        }
        Ok(())
    }

    fn local_address(&self) -> Result<SocketAddr> {
        Ok(lock(&self.udp.state).bound.unwrap_or(self.udp.family.unspecified()))
    }

    fn option(&self, option: SocketOption) -> Result<u64> {
        Ok(lock(&self.udp.options).get(&option).copied().unwrap_or(default(option)))
    }

    fn set_option(&self, option: SocketOption, value: u64) -> Result<()> {
        set_option(&self.udp.options, option, value)
    }

    fn readiness(&self, _: Interest) -> Readiness<'_> {
        Readiness::Source(&self.source)
    }
}
