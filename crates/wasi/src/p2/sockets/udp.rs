use super::udp_socket::{Datagrams, UdpSocket};
use super::{Network, Outcome, address, told};
use crate::p2::Host;
use crate::p2::bindings::wasi::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress};
use crate::p2::bindings::wasi::sockets::udp::{self, IncomingDatagram, OutgoingDatagram};
use crate::p2::bindings::wasi::sockets::udp_create_socket;
use crate::p2::poll::{Pending, Pollable};
use crate::wait::Failure;
use std::sync::Arc;
use std::time::Duration;
use wayleave_component::{Borrow, Own};
use wayleave_engine::{Stop, Trap};
use wayleave_system::net::SocketOption;

/// Datagrams that arrive.
pub(crate) struct Incoming(Arc<Datagrams>);

/// Datagrams that leave.
pub(crate) struct Outgoing {
    datagrams: Arc<Datagrams>,
    /// How many of them the guest may send with its next call.
    allowed: u64,
}

/// Most datagrams of one call.
const MOST_DATAGRAMS: u64 = 16;

/// Bytes after which a call takes no further datagram.
const MANY_BYTES: usize = 64 << 10;

/// Longest datagram.
const LONGEST: usize = 64 << 10;

impl Host {
    fn udp_option(&self, this: Borrow<UdpSocket>, option: SocketOption) -> Outcome<u64> {
        Ok(self.udp_sockets.get(this)?.option(option))
    }

    fn set_udp_option(
        &self,
        this: Borrow<UdpSocket>,
        option: SocketOption,
        value: u64,
    ) -> Outcome<()> {
        Ok(self.udp_sockets.get(this)?.set_option(option, value))
    }
}

impl udp_create_socket::Host for Host {
    fn create_udp_socket(&mut self, family: IpAddressFamily) -> Outcome<Own<UdpSocket>> {
        let Some(network) = &self.network else {
            return Ok(Err(ErrorCode::AccessDenied));
        };
        let family = address::family(family);
        let socket = network.udp(family).map(|socket| UdpSocket::new(socket, family));
        told(socket.and_then(|socket| self.udp_sockets.add(socket)))
    }
}

impl udp::Host for Host {
    fn udp_socket_start_bind(
        &mut self,
        this: Borrow<UdpSocket>,
        _: Borrow<Network>,
        local_address: IpSocketAddress,
    ) -> Outcome<()> {
        Ok(self.udp_sockets.get_mut(this)?.start_bind(local_address))
    }

    fn udp_socket_finish_bind(&mut self, this: Borrow<UdpSocket>) -> Outcome<()> {
        Ok(self.udp_sockets.get_mut(this)?.finish_bind())
    }

    fn udp_socket_stream(
        &mut self,
        this: Borrow<UdpSocket>,
        remote_address: Option<IpSocketAddress>,
    ) -> Outcome<(Own<Incoming>, Own<Outgoing>)> {
        let (incoming, outgoing) = match self.udp_sockets.get_mut(this)?.streams(remote_address) {
            Ok((incoming, outgoing)) => (Arc::new(incoming), Arc::new(outgoing)),
            Err(code) => return Ok(Err(code)),
        };
        let incoming = match self.incoming.add(Incoming(incoming)) {
            Ok(incoming) => incoming,
            Err(code) => return told(Err(code)),
        };
        match self.outgoing.add(Outgoing { datagrams: outgoing, allowed: 0 }) {
            Ok(outgoing) => Ok(Ok((incoming, outgoing))),
            Err(code) => {
                self.incoming.remove(&incoming)?;
                told(Err(code))
            }
        }
    }

    fn udp_socket_local_address(&mut self, this: Borrow<UdpSocket>) -> Outcome<IpSocketAddress> {
        Ok(self.udp_sockets.get(this)?.local_address().map(address::to_guest))
    }

    fn udp_socket_remote_address(&mut self, this: Borrow<UdpSocket>) -> Outcome<IpSocketAddress> {
        Ok(self.udp_sockets.get(this)?.remote_address().map(address::to_guest))
    }

    fn udp_socket_address_family(
        &mut self,
        this: Borrow<UdpSocket>,
    ) -> Result<IpAddressFamily, Stop> {
        Ok(address::family_to_guest(self.udp_sockets.get(this)?.family()))
    }

    fn udp_socket_unicast_hop_limit(&mut self, this: Borrow<UdpSocket>) -> Outcome<u8> {
        let limit = self.udp_option(this, SocketOption::HopLimit)?;
        Ok(limit.map(|limit| u8::try_from(limit).unwrap_or(u8::MAX)))
    }

    fn udp_socket_set_unicast_hop_limit(
        &mut self,
        this: Borrow<UdpSocket>,
        value: u8,
    ) -> Outcome<()> {
        self.set_udp_option(this, SocketOption::HopLimit, value.into())
    }

    fn udp_socket_receive_buffer_size(&mut self, this: Borrow<UdpSocket>) -> Outcome<u64> {
        self.udp_option(this, SocketOption::ReceiveBuffer)
    }

    fn udp_socket_set_receive_buffer_size(
        &mut self,
        this: Borrow<UdpSocket>,
        value: u64,
    ) -> Outcome<()> {
        self.set_udp_option(this, SocketOption::ReceiveBuffer, value)
    }

    fn udp_socket_send_buffer_size(&mut self, this: Borrow<UdpSocket>) -> Outcome<u64> {
        self.udp_option(this, SocketOption::SendBuffer)
    }

    fn udp_socket_set_send_buffer_size(
        &mut self,
        this: Borrow<UdpSocket>,
        value: u64,
    ) -> Outcome<()> {
        self.set_udp_option(this, SocketOption::SendBuffer, value)
    }

    /// Nothing of a socket takes time; its streams have pollables of their own.
    fn udp_socket_subscribe(&mut self, this: Borrow<UdpSocket>) -> Result<Own<Pollable>, Stop> {
        self.udp_sockets.get(this)?;
        self.pollables.add_or_trap(Pollable::Until(0))
    }

    fn udp_socket_drop(&mut self, this: Own<UdpSocket>) -> Result<(), Stop> {
        self.udp_sockets.remove(&this).map(drop)
    }

    fn incoming_datagram_stream_receive(
        &mut self,
        this: Borrow<Incoming>,
        max_results: u64,
    ) -> Outcome<Vec<IncomingDatagram>> {
        let stream = &self.incoming.get(this)?.0;
        let mut datagrams = Vec::new();
        let mut bytes = 0;
        self.datagram.resize(LONGEST, 0);
        while (datagrams.len() as u64) < max_results.min(MOST_DATAGRAMS) && bytes < MANY_BYTES {
            let (length, from) = match stream.receive(&mut self.datagram) {
                Ok(received) => received,
                Err(ErrorCode::WouldBlock) => break,
                // It is told with the next call, if it is still so.
                Err(_) if !datagrams.is_empty() => break,
                Err(code) => return Ok(Err(code)),
            };
            let data = self.datagram.get(..length).unwrap_or_default().to_vec();
            bytes += length;
            let remote_address = address::to_guest(from);
            datagrams.push(IncomingDatagram { data, remote_address });
        }
        Ok(Ok(datagrams))
    }

    fn incoming_datagram_stream_subscribe(
        &mut self,
        this: Borrow<Incoming>,
    ) -> Result<Own<Pollable>, Stop> {
        let stream = self.incoming.get(this)?.0.clone();
        self.pollables.add_or_trap(Pollable::Pending(stream))
    }

    fn incoming_datagram_stream_drop(&mut self, this: Own<Incoming>) -> Result<(), Stop> {
        self.incoming.remove(&this).map(drop)
    }

    fn outgoing_datagram_stream_check_send(&mut self, this: Borrow<Outgoing>) -> Outcome<u64> {
        let stream = self.outgoing.get_mut(this)?;
        let ready = self.waiter.wait(&[stream.datagrams.readiness()], Some(Duration::ZERO));
        stream.allowed = match ready {
            Ok(Some(_)) => MOST_DATAGRAMS,
            Ok(None) => 0,
            Err(Failure::Errno(code)) => return told(Err(code)),
            Err(Failure::Stop(stop)) => return Err(*stop),
        };
        Ok(Ok(stream.allowed))
    }

    fn outgoing_datagram_stream_send(
        &mut self,
        this: Borrow<Outgoing>,
        datagrams: Vec<OutgoingDatagram>,
    ) -> Outcome<u64> {
        let stream = self.outgoing.get_mut(this)?;
        if datagrams.is_empty() {
            return Ok(Ok(0));
        }
        if datagrams.len() as u64 > stream.allowed {
            let reason = "the guest sends more datagrams than it was told that it may";
            return Err(Trap::host(reason).into());
        }
        stream.allowed = 0;
        let mut sent = 0;
        for datagram in datagrams {
            match stream.datagrams.send(&datagram.data, datagram.remote_address) {
                Ok(()) => sent += 1,
                Err(ErrorCode::WouldBlock) => break,
                // It is told when it is sent again.
                Err(_) if sent > 0 => break,
                Err(code) => return Ok(Err(code)),
            }
        }
        Ok(Ok(sent))
    }

    fn outgoing_datagram_stream_subscribe(
        &mut self,
        this: Borrow<Outgoing>,
    ) -> Result<Own<Pollable>, Stop> {
        let stream = self.outgoing.get(this)?.datagrams.clone();
        self.pollables.add_or_trap(Pollable::Pending(stream))
    }

    fn outgoing_datagram_stream_drop(&mut self, this: Own<Outgoing>) -> Result<(), Stop> {
        self.outgoing.remove(&this).map(drop)
    }
}
