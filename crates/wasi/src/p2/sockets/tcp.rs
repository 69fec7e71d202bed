use super::tcp_socket::TcpSocket;
use super::{Network, Outcome, address, told};
use crate::p2::Host;
use crate::p2::bindings::wasi::sockets::network::{ErrorCode, IpAddressFamily, IpSocketAddress};
use crate::p2::bindings::wasi::sockets::tcp::{self, ShutdownType};
use crate::p2::bindings::wasi::sockets::tcp_create_socket;
use crate::p2::poll::Pollable;
use crate::p2::streams::{InputStream, OutputStream};
use std::net::Shutdown;
use std::sync::Arc;
use wayleave_component::{Borrow, Own};
use wayleave_engine::Stop;
use wayleave_system::net::{Duplex, SocketOption};

type Streams = (Own<InputStream>, Own<OutputStream>);

impl Host {
    /// The streams of a connection.
    fn streams(&mut self, duplex: &Arc<Duplex>) -> Result<Streams, ErrorCode> {
        let full = |_| ErrorCode::NewSocketLimit;
        let input = self.inputs.add(InputStream::Source(duplex.input())).map_err(full)?;
        match self.outputs.add(OutputStream::sink(duplex.output())) {
            Ok(output) => Ok((input, output)),
            Err(code) => {
                let _ = self.inputs.remove(&input);
                Err(full(code))
            }
        }
    }

    fn tcp_option(&self, this: Borrow<Arc<TcpSocket>>, option: SocketOption) -> Outcome<u64> {
        Ok(self.tcp_sockets.get(this)?.option(option))
    }

    fn set_tcp_option(
        &self,
        this: Borrow<Arc<TcpSocket>>,
        option: SocketOption,
        value: u64,
    ) -> Outcome<()> {
        Ok(self.tcp_sockets.get(this)?.set_option(option, value))
    }
}

impl tcp_create_socket::Host for Host {
    fn create_tcp_socket(&mut self, family: IpAddressFamily) -> Outcome<Own<Arc<TcpSocket>>> {
        let Some(network) = &self.network else {
            return Ok(Err(ErrorCode::AccessDenied));
        };
        let family = address::family(family);
        let socket = network.tcp(family).map(|socket| Arc::new(TcpSocket::new(socket, family)));
        told(socket.and_then(|socket| self.tcp_sockets.add(socket)))
    }
}

impl tcp::Host for Host {
    fn tcp_socket_start_bind(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
        _: Borrow<Network>,
        local_address: IpSocketAddress,
    ) -> Outcome<()> {
        Ok(self.tcp_sockets.get(this)?.start_bind(local_address))
    }

    fn tcp_socket_finish_bind(&mut self, this: Borrow<Arc<TcpSocket>>) -> Outcome<()> {
        Ok(self.tcp_sockets.get(this)?.finish_bind())
    }

    fn tcp_socket_start_connect(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
        _: Borrow<Network>,
        remote_address: IpSocketAddress,
    ) -> Outcome<()> {
        Ok(self.tcp_sockets.get(this)?.start_connect(remote_address))
    }

    fn tcp_socket_finish_connect(&mut self, this: Borrow<Arc<TcpSocket>>) -> Outcome<Streams> {
        let socket = self.tcp_sockets.get(this)?.clone();
        let duplex = match socket.finish_connect() {
            Ok(duplex) => duplex,
            Err(code) => return Ok(Err(code)),
        };
        let streams = self.streams(&duplex);
        if streams.is_err() {
            socket.close();
        }
        Ok(streams)
    }

    fn tcp_socket_start_listen(&mut self, this: Borrow<Arc<TcpSocket>>) -> Outcome<()> {
        Ok(self.tcp_sockets.get(this)?.start_listen())
    }

    fn tcp_socket_finish_listen(&mut self, this: Borrow<Arc<TcpSocket>>) -> Outcome<()> {
        Ok(self.tcp_sockets.get(this)?.finish_listen())
    }

    fn tcp_socket_accept(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
    ) -> Outcome<(Own<Arc<TcpSocket>>, Own<InputStream>, Own<OutputStream>)> {
        let (socket, duplex) = match self.tcp_sockets.get(this)?.accept() {
            Ok(accepted) => accepted,
            Err(code) => return Ok(Err(code)),
        };
        let socket = match self.tcp_sockets.add(Arc::new(socket)) {
            Ok(socket) => socket,
            Err(code) => return told(Err(code)),
        };
        match self.streams(&duplex) {
            Ok((input, output)) => Ok(Ok((socket, input, output))),
            Err(code) => {
                self.tcp_sockets.remove(&socket)?;
                Ok(Err(code))
            }
        }
    }

    fn tcp_socket_local_address(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
    ) -> Outcome<IpSocketAddress> {
        Ok(self.tcp_sockets.get(this)?.local_address().map(address::to_guest))
    }

    fn tcp_socket_remote_address(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
    ) -> Outcome<IpSocketAddress> {
        Ok(self.tcp_sockets.get(this)?.remote_address().map(address::to_guest))
    }

    fn tcp_socket_is_listening(&mut self, this: Borrow<Arc<TcpSocket>>) -> Result<bool, Stop> {
        Ok(self.tcp_sockets.get(this)?.is_listening())
    }

    fn tcp_socket_address_family(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
    ) -> Result<IpAddressFamily, Stop> {
        Ok(address::family_to_guest(self.tcp_sockets.get(this)?.family()))
    }

    fn tcp_socket_set_listen_backlog_size(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
        value: u64,
    ) -> Outcome<()> {
        Ok(self.tcp_sockets.get(this)?.set_backlog(value))
    }

    fn tcp_socket_keep_alive_enabled(&mut self, this: Borrow<Arc<TcpSocket>>) -> Outcome<bool> {
        Ok(self.tcp_option(this, SocketOption::KeepAlive)?.map(|value| value != 0))
    }

    fn tcp_socket_set_keep_alive_enabled(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
        value: bool,
    ) -> Outcome<()> {
        self.set_tcp_option(this, SocketOption::KeepAlive, value.into())
    }

    fn tcp_socket_keep_alive_idle_time(&mut self, this: Borrow<Arc<TcpSocket>>) -> Outcome<u64> {
        self.tcp_option(this, SocketOption::KeepAliveIdle)
    }

    fn tcp_socket_set_keep_alive_idle_time(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
        value: u64,
    ) -> Outcome<()> {
        self.set_tcp_option(this, SocketOption::KeepAliveIdle, value)
    }

    fn tcp_socket_keep_alive_interval(&mut self, this: Borrow<Arc<TcpSocket>>) -> Outcome<u64> {
        self.tcp_option(this, SocketOption::KeepAliveInterval)
    }

    fn tcp_socket_set_keep_alive_interval(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
        value: u64,
    ) -> Outcome<()> {
        self.set_tcp_option(this, SocketOption::KeepAliveInterval, value)
    }

    fn tcp_socket_keep_alive_count(&mut self, this: Borrow<Arc<TcpSocket>>) -> Outcome<u32> {
        let count = self.tcp_option(this, SocketOption::KeepAliveCount)?;
        Ok(count.map(|count| u32::try_from(count).unwrap_or(u32::MAX)))
    }

    fn tcp_socket_set_keep_alive_count(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
        value: u32,
    ) -> Outcome<()> {
        self.set_tcp_option(this, SocketOption::KeepAliveCount, value.into())
    }

    fn tcp_socket_hop_limit(&mut self, this: Borrow<Arc<TcpSocket>>) -> Outcome<u8> {
        let limit = self.tcp_option(this, SocketOption::HopLimit)?;
        Ok(limit.map(|limit| u8::try_from(limit).unwrap_or(u8::MAX)))
    }

    fn tcp_socket_set_hop_limit(&mut self, this: Borrow<Arc<TcpSocket>>, value: u8) -> Outcome<()> {
        self.set_tcp_option(this, SocketOption::HopLimit, value.into())
    }

    fn tcp_socket_receive_buffer_size(&mut self, this: Borrow<Arc<TcpSocket>>) -> Outcome<u64> {
        self.tcp_option(this, SocketOption::ReceiveBuffer)
    }

    fn tcp_socket_set_receive_buffer_size(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
        value: u64,
    ) -> Outcome<()> {
        self.set_tcp_option(this, SocketOption::ReceiveBuffer, value)
    }

    fn tcp_socket_send_buffer_size(&mut self, this: Borrow<Arc<TcpSocket>>) -> Outcome<u64> {
        self.tcp_option(this, SocketOption::SendBuffer)
    }

    fn tcp_socket_set_send_buffer_size(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
        value: u64,
    ) -> Outcome<()> {
        self.set_tcp_option(this, SocketOption::SendBuffer, value)
    }

    fn tcp_socket_subscribe(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
    ) -> Result<Own<Pollable>, Stop> {
        let socket = self.tcp_sockets.get(this)?.clone();
        self.pollables.add_or_trap(Pollable::Pending(socket))
    }

    fn tcp_socket_shutdown(
        &mut self,
        this: Borrow<Arc<TcpSocket>>,
        how: ShutdownType,
    ) -> Outcome<()> {
        let how = match how {
            ShutdownType::Receive => Shutdown::Read,
            ShutdownType::Send => Shutdown::Write,
            ShutdownType::Both => Shutdown::Both,
        };
        Ok(self.tcp_sockets.get(this)?.shutdown(how))
    }

    fn tcp_socket_drop(&mut self, this: Own<Arc<TcpSocket>>) -> Result<(), Stop> {
        self.tcp_sockets.remove(&this).map(drop)
    }
}
