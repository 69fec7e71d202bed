//! `wasi:sockets`.

mod address;
mod error;
mod lookup;
mod network;
mod tcp;
mod tcp_socket;
#[cfg(test)]
mod tests;
mod udp;
mod udp_socket;

pub(crate) use lookup::Addresses;
pub(crate) use network::Network;
pub(crate) use tcp_socket::TcpSocket;
pub(crate) use udp::{Incoming, Outgoing};
pub(crate) use udp_socket::UdpSocket;

use super::bindings::wasi::sockets::network::ErrorCode;
use error::guest_code;
use wayleave_engine::Stop;

/// What an operation gives: its result, the error that the guest is told, or the guest's end.
type Outcome<T> = Result<Result<T, ErrorCode>, Stop>;

/// What the guest is told of a result.
fn told<T>(result: wayleave_system::Result<T>) -> Outcome<T> {
    Ok(result.map_err(guest_code))
}
