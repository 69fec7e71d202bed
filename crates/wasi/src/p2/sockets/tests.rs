//! Sockets through their traits, on the loopback addresses of this machine.

use super::{Addresses, Incoming, Network, Outgoing, TcpSocket, UdpSocket, address};
use crate::p2::Host;
use crate::p2::bindings::wasi::io::poll::Host as _;
use crate::p2::bindings::wasi::io::streams::{Host as _, StreamError};
use crate::p2::bindings::wasi::sockets::instance_network::Host as _;
use crate::p2::bindings::wasi::sockets::ip_name_lookup::Host as _;
use crate::p2::bindings::wasi::sockets::network::{
    ErrorCode, IpAddress, IpAddressFamily, IpSocketAddress,
};
use crate::p2::bindings::wasi::sockets::tcp::{Host as _, ShutdownType};
use crate::p2::bindings::wasi::sockets::tcp_create_socket::Host as _;
use crate::p2::bindings::wasi::sockets::udp::{Host as _, OutgoingDatagram};
use crate::p2::bindings::wasi::sockets::udp_create_socket::Host as _;
use crate::p2::streams::{InputStream, OutputStream};
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;
use wayleave_component::{Borrow, Own};
use wayleave_engine::Stop;
use wayleave_grants::Grants;

mod rules;

type Tcp = Own<Arc<TcpSocket>>;
type Connected = (Tcp, Own<InputStream>, Own<OutputStream>);

fn net() -> Borrow<Network> {
    Borrow::new(0)
}

fn lend<R>(own: &Own<R>) -> Borrow<R> {
    Borrow::new(own.rep())
}

fn host(outbound: &[&str], inbound: &[&str], resolve: &[&str]) -> Host {
    let mut grants = Grants::new();
    for rule in outbound {
        grants = grants.allow_outbound(rule.parse().unwrap());
    }
    for rule in inbound {
        grants = grants.allow_inbound(rule.parse().unwrap()).unwrap();
    }
    for rule in resolve {
        grants = grants.allow_resolve(rule.parse().unwrap());
    }
    Host::new(grants)
}

/// A guest that may do everything.
fn free() -> Host {
    let all = ["tcp://*:*", "udp://*:*"];
    host(&all, &all, &["*"])
}

fn at(text: &str) -> IpSocketAddress {
    address::to_guest(text.parse().unwrap())
}

/// The loopback addresses that this machine has, with any port.
fn locals() -> Vec<IpSocketAddress> {
    let mut locals = vec![at("127.0.0.1:0")];
    if std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        locals.push(at("[::1]:0"));
    }
    locals
}

fn family(address: IpSocketAddress) -> IpAddressFamily {
    match address {
        IpSocketAddress::Ipv4(_) => IpAddressFamily::Ipv4,
        IpSocketAddress::Ipv6(_) => IpAddressFamily::Ipv6,
    }
}

fn tcp(host: &mut Host, address: IpSocketAddress) -> Tcp {
    host.create_tcp_socket(family(address)).unwrap().unwrap()
}

fn bind(host: &mut Host, socket: &Tcp, address: IpSocketAddress) -> Result<(), ErrorCode> {
    host.tcp_socket_start_bind(lend(socket), net(), address).unwrap()?;
    host.tcp_socket_finish_bind(lend(socket)).unwrap()
}

/// A socket that listens, and where.
fn listener(host: &mut Host, address: IpSocketAddress) -> (Tcp, IpSocketAddress) {
    let socket = tcp(host, address);
    bind(host, &socket, address).unwrap();
    host.tcp_socket_start_listen(lend(&socket)).unwrap().unwrap();
    host.tcp_socket_finish_listen(lend(&socket)).unwrap().unwrap();
    let address = host.tcp_socket_local_address(lend(&socket)).unwrap().unwrap();
    (socket, address)
}

fn wait(host: &mut Host, socket: &Tcp) {
    let pollable = host.tcp_socket_subscribe(lend(socket)).unwrap();
    host.pollable_block(lend(&pollable)).unwrap();
    host.pollable_drop(pollable).unwrap();
}

fn connect(host: &mut Host, address: IpSocketAddress) -> Result<Connected, ErrorCode> {
    let socket = tcp(host, address);
    host.tcp_socket_start_connect(lend(&socket), net(), address).unwrap()?;
    loop {
        match host.tcp_socket_finish_connect(lend(&socket)).unwrap() {
            Ok((input, output)) => return Ok((socket, input, output)),
            Err(ErrorCode::WouldBlock) => wait(host, &socket),
            Err(code) => return Err(code),
        }
    }
}

fn accept(host: &mut Host, listener: &Tcp) -> Connected {
    wait(host, listener);
    host.tcp_socket_accept(lend(listener)).unwrap().unwrap()
}

fn write(host: &mut Host, to: &Own<OutputStream>, bytes: &[u8]) {
    host.output_stream_blocking_write_and_flush(lend(to), bytes).unwrap().unwrap();
}

fn read(host: &Host, from: &Own<InputStream>, len: u64) -> Result<Vec<u8>, StreamError> {
    host.inputs.get(lend(from)).unwrap().take(len, &host.waiter, false).unwrap()
}

#[test]
fn a_connection_both_ways() {
    for address in locals() {
        let mut host = free();
        let (listening, address) = listener(&mut host, address);
        let nobody = host.tcp_socket_accept(lend(&listening)).unwrap();
        assert_eq!(nobody.map(|_| ()), Err(ErrorCode::WouldBlock));

        let (client, client_in, client_out) = connect(&mut host, address).unwrap();
        let (server, server_in, server_out) = accept(&mut host, &listening);
        assert_eq!(host.tcp_socket_remote_address(lend(&client)).unwrap(), Ok(address));
        assert_eq!(host.tcp_socket_local_address(lend(&server)).unwrap(), Ok(address));
        assert_eq!(
            host.tcp_socket_remote_address(lend(&server)).unwrap(),
            host.tcp_socket_local_address(lend(&client)).unwrap()
        );

        write(&mut host, &client_out, b"question");
        assert_eq!(read(&host, &server_in, 4).unwrap(), b"ques");
        assert_eq!(read(&host, &server_in, 100).unwrap(), b"tion");
        write(&mut host, &server_out, b"answer");
        assert_eq!(read(&host, &client_in, 100).unwrap(), b"answer");

        // One direction ends, the other goes on.
        host.tcp_socket_shutdown(lend(&client), ShutdownType::Send).unwrap().unwrap();
        host.tcp_socket_shutdown(lend(&client), ShutdownType::Send).unwrap().unwrap();
        let closed = host.output_stream_check_write(lend(&client_out)).unwrap();
        assert!(matches!(closed, Err(StreamError::Closed)));
        assert!(matches!(read(&host, &server_in, 1), Err(StreamError::Closed)));
        write(&mut host, &server_out, b"more");
        assert_eq!(read(&host, &client_in, 100).unwrap(), b"more");

        // What has arrived and was not read is forgotten.
        write(&mut host, &server_out, b"unread");
        host.tcp_socket_shutdown(lend(&client), ShutdownType::Receive).unwrap().unwrap();
        assert!(matches!(read(&host, &client_in, 1), Err(StreamError::Closed)));
        let pollable = host.input_stream_subscribe(lend(&client_in)).unwrap();
        assert!(host.pollable_ready(lend(&pollable)).unwrap());
    }
}

#[test]
fn dropping_a_stream_ends_its_direction() {
    let mut host = free();
    let (listening, address) = listener(&mut host, at("127.0.0.1:0"));
    let (_client, client_in, client_out) = connect(&mut host, address).unwrap();
    let (_server, server_in, server_out) = accept(&mut host, &listening);
    host.output_stream_drop(client_out).unwrap();
    assert!(matches!(read(&host, &server_in, 1), Err(StreamError::Closed)));
    write(&mut host, &server_out, b"still");
    assert_eq!(read(&host, &client_in, 100).unwrap(), b"still");
}

#[test]
fn writing_waits_for_who_does_not_read() {
    let mut host = free();
    let (listening, address) = listener(&mut host, at("127.0.0.1:0"));
    let (_client, _client_in, output) = connect(&mut host, address).unwrap();
    let (_server, input, _server_out) = accept(&mut host, &listening);
    let mut written = 0;
    loop {
        let room = host.output_stream_check_write(lend(&output)).unwrap().unwrap();
        if room == 0 {
            break;
        }
        let again = host.output_stream_check_write(lend(&output)).unwrap().unwrap();
        assert_eq!(room, again);
        let bytes = vec![7; usize::try_from(room).unwrap()];
        host.output_stream_write(lend(&output), &bytes).unwrap().unwrap();
        written += room;
        assert!(written < 1 << 30);
    }
    let pollable = host.output_stream_subscribe(lend(&output)).unwrap();
    assert!(!host.pollable_ready(lend(&pollable)).unwrap());
    let mut got = 0;
    while got < written {
        got += read(&host, &input, 1 << 20).unwrap().len() as u64;
    }
    assert_eq!(got, written);
    host.pollable_block(lend(&pollable)).unwrap();
    assert!(host.output_stream_check_write(lend(&output)).unwrap().unwrap() > 0);
}

#[test]
fn a_peer_that_breaks_off() {
    let mut host = free();
    let (listening, address) = listener(&mut host, at("127.0.0.1:0"));
    let (_client, input, output) = connect(&mut host, address).unwrap();
    let (server, server_in, server_out) = accept(&mut host, &listening);
    // Bytes that nobody reads make the system say that it is not the usual end.
    write(&mut host, &output, b"unread");
    let pollable = host.input_stream_subscribe(lend(&server_in)).unwrap();
    host.pollable_block(lend(&pollable)).unwrap();
    host.pollable_drop(pollable).unwrap();
    host.input_stream_drop(server_in).unwrap();
    host.output_stream_drop(server_out).unwrap();
    host.tcp_socket_drop(server).unwrap();
    let end = read(&host, &input, 1);
    assert!(matches!(end, Err(StreamError::Closed | StreamError::LastOperationFailed(_))));
    assert!(matches!(read(&host, &input, 1), Err(StreamError::Closed)));
}

/// What every state answers to every operation that it does not have.
#[test]
fn order_of_calls() {
    let mut host = free();
    let host = &mut host;
    for local in locals() {
        let (_listening, address) = listener(host, local);
        let nothing = (ErrorCode::InvalidState, ErrorCode::NotInProgress);
        let check = |host: &mut Host, socket: &Tcp, bound: bool| {
            let this = || lend(socket);
            let (state, progress) = nothing;
            assert_eq!(host.tcp_socket_finish_bind(this()).unwrap(), Err(progress));
            assert_eq!(host.tcp_socket_finish_listen(this()).unwrap(), Err(progress));
            assert_eq!(host.tcp_socket_finish_connect(this()).unwrap().err(), Some(progress));
            assert_eq!(host.tcp_socket_local_address(this()).unwrap().is_ok(), bound);
            if bound {
                let again = host.tcp_socket_start_bind(this(), net(), local).unwrap();
                assert_eq!(again, Err(state));
            }
        };
        let idle = |host: &mut Host, socket: &Tcp| {
            let this = || lend(socket);
            let (state, _) = nothing;
            assert_eq!(host.tcp_socket_accept(this()).unwrap().err(), Some(state));
            assert_eq!(host.tcp_socket_remote_address(this()).unwrap(), Err(state));
            let shut = host.tcp_socket_shutdown(this(), ShutdownType::Both).unwrap();
            assert_eq!(shut, Err(state));
            assert!(!host.tcp_socket_is_listening(this()).unwrap());
        };
        let socket = tcp(host, local);
        let this = || lend(&socket);
        assert_eq!(host.tcp_socket_address_family(this()).unwrap(), family(local));
        check(host, &socket, false);
        idle(host, &socket);
        assert_eq!(host.tcp_socket_start_listen(this()).unwrap(), Err(nothing.0));
        wait(host, &socket);

        host.tcp_socket_start_bind(this(), net(), local).unwrap().unwrap();
        let conflict = Err(ErrorCode::ConcurrencyConflict);
        assert_eq!(host.tcp_socket_start_bind(this(), net(), local).unwrap(), conflict);
        assert_eq!(host.tcp_socket_start_connect(this(), net(), address).unwrap(), conflict);
        assert_eq!(host.tcp_socket_start_listen(this()).unwrap(), conflict);
        host.tcp_socket_finish_bind(this()).unwrap().unwrap();
        check(host, &socket, true);
        idle(host, &socket);

        host.tcp_socket_start_connect(this(), net(), address).unwrap().unwrap();
        assert_eq!(host.tcp_socket_start_connect(this(), net(), address).unwrap(), conflict);
        assert_eq!(host.tcp_socket_start_listen(this()).unwrap(), conflict);
        let backlog = host.tcp_socket_set_listen_backlog_size(this(), 5).unwrap();
        assert_eq!(backlog, Err(nothing.0));
        wait(host, &socket);
        let _streams = host.tcp_socket_finish_connect(this()).unwrap().unwrap();
        check(host, &socket, true);
        assert_eq!(host.tcp_socket_start_listen(this()).unwrap(), Err(nothing.0));
        assert_eq!(host.tcp_socket_start_connect(this(), net(), address).unwrap(), Err(nothing.0));
        assert_eq!(host.tcp_socket_accept(this()).unwrap().err(), Some(nothing.0));

        let (listening, _) = listener(host, local);
        check(host, &listening, true);
        assert!(host.tcp_socket_is_listening(lend(&listening)).unwrap());
        let connecting = host.tcp_socket_start_connect(lend(&listening), net(), address).unwrap();
        assert_eq!(connecting, Err(nothing.0));
        assert_eq!(host.tcp_socket_start_listen(lend(&listening)).unwrap(), Err(nothing.0));
        let shut = host.tcp_socket_shutdown(lend(&listening), ShutdownType::Both).unwrap();
        assert_eq!(shut, Err(nothing.0));
    }
}

#[test]
fn a_socket_that_could_not_connect_is_closed() {
    for local in locals() {
        let mut host = free();
        let (listening, address) = listener(&mut host, local);
        host.tcp_socket_drop(listening).unwrap();
        let socket = tcp(&mut host, local);
        let this = || lend(&socket);
        let begun = host.tcp_socket_start_connect(this(), net(), address).unwrap();
        let end = begun.and_then(|()| {
            wait(&mut host, &socket);
            host.tcp_socket_finish_connect(this()).unwrap().map(|_| ())
        });
        assert_eq!(end, Err(ErrorCode::ConnectionRefused));
        let state = Err(ErrorCode::InvalidState);
        assert_eq!(host.tcp_socket_start_connect(this(), net(), address).unwrap(), state);
        assert_eq!(host.tcp_socket_start_bind(this(), net(), local).unwrap(), state);
        assert_eq!(host.tcp_socket_start_listen(this()).unwrap(), state);
        assert_eq!(host.tcp_socket_set_hop_limit(this(), 5).unwrap(), state);
        assert!(host.tcp_socket_local_address(this()).unwrap().is_err());
        wait(&mut host, &socket);
    }
}

#[test]
fn addresses_that_make_no_sense() {
    let mut host = free();
    let host = &mut host;
    let invalid = Err(ErrorCode::InvalidArgument);
    let bad = [
        (IpAddressFamily::Ipv4, "[::1]:80"),
        (IpAddressFamily::Ipv6, "127.0.0.1:80"),
        (IpAddressFamily::Ipv6, "[::ffff:127.0.0.1]:80"),
        (IpAddressFamily::Ipv6, "[::127.0.0.1]:80"),
        (IpAddressFamily::Ipv4, "224.0.0.1:80"),
        (IpAddressFamily::Ipv4, "255.255.255.255:80"),
        (IpAddressFamily::Ipv6, "[ff02::1]:80"),
    ];
    let remote = [
        (IpAddressFamily::Ipv4, "0.0.0.0:80"),
        (IpAddressFamily::Ipv6, "[::]:80"),
        (IpAddressFamily::Ipv4, "127.0.0.1:0"),
        (IpAddressFamily::Ipv6, "[::1]:0"),
    ];
    for (family, text) in bad.into_iter().chain(remote) {
        let Ok(socket) = host.create_tcp_socket(family).unwrap() else { continue };
        let connecting = host.tcp_socket_start_connect(lend(&socket), net(), at(text)).unwrap();
        assert_eq!(connecting, invalid, "{text}");
        if bad.contains(&(family, text)) {
            assert_eq!(bind(host, &socket, at(text)), invalid, "{text}");
        }
    }
    for (family, text) in bad[..4].iter().copied().chain(remote) {
        let Ok(socket) = host.create_udp_socket(family).unwrap() else { continue };
        let any = match family {
            IpAddressFamily::Ipv4 => "0.0.0.0:0",
            IpAddressFamily::Ipv6 => "[::]:0",
        };
        if !remote.contains(&(family, text)) {
            let bound = host.udp_socket_start_bind(lend(&socket), net(), at(text)).unwrap();
            assert_eq!(bound, invalid, "{text}");
        }
        host.udp_socket_start_bind(lend(&socket), net(), at(any)).unwrap().unwrap();
        host.udp_socket_finish_bind(lend(&socket)).unwrap().unwrap();
        let connected = host.udp_socket_stream(lend(&socket), Some(at(text))).unwrap();
        assert_eq!(connected.map(|_| ()), invalid, "{text}");
        let (_incoming, outgoing) = host.udp_socket_stream(lend(&socket), None).unwrap().unwrap();
        assert_eq!(send(host, &outgoing, b"x", Some(at(text))), invalid, "{text}");
    }
}

#[test]
fn binding_fails_and_is_tried_again() {
    for local in locals() {
        let mut host = free();
        let (_listening, taken) = listener(&mut host, local);
        let socket = tcp(&mut host, local);
        assert_eq!(bind(&mut host, &socket, taken), Err(ErrorCode::AddressInUse));
        let elsewhere = match family(local) {
            IpAddressFamily::Ipv4 => at("192.0.2.77:0"),
            IpAddressFamily::Ipv6 => at("[2001:db8::77]:0"),
        };
        assert_eq!(bind(&mut host, &socket, elsewhere), Err(ErrorCode::AddressNotBindable));
        assert_eq!(bind(&mut host, &socket, local), Ok(()));
    }
}

#[test]
fn options_are_set_and_told() {
    for local in locals() {
        let mut host = free();
        let (listening, address) = listener(&mut host, local);
        let host = &mut host;
        let this = || lend(&listening);
        let invalid = Err(ErrorCode::InvalidArgument);
        assert_eq!(host.tcp_socket_keep_alive_enabled(this()).unwrap(), Ok(false));
        host.tcp_socket_set_keep_alive_enabled(this(), true).unwrap().unwrap();
        assert_eq!(host.tcp_socket_keep_alive_enabled(this()).unwrap(), Ok(true));

        host.tcp_socket_set_keep_alive_idle_time(this(), 42_000_000_000).unwrap().unwrap();
        assert_eq!(host.tcp_socket_keep_alive_idle_time(this()).unwrap(), Ok(42_000_000_000));
        // Whole seconds, and not none.
        host.tcp_socket_set_keep_alive_interval(this(), 1).unwrap().unwrap();
        assert_eq!(host.tcp_socket_keep_alive_interval(this()).unwrap(), Ok(1_000_000_000));
        host.tcp_socket_set_keep_alive_interval(this(), u64::MAX).unwrap().unwrap();
        host.tcp_socket_set_keep_alive_count(this(), 7).unwrap().unwrap();
        assert_eq!(host.tcp_socket_keep_alive_count(this()).unwrap(), Ok(7));
        host.tcp_socket_set_keep_alive_count(this(), u32::MAX).unwrap().unwrap();
        host.tcp_socket_set_hop_limit(this(), 42).unwrap().unwrap();
        assert_eq!(host.tcp_socket_hop_limit(this()).unwrap(), Ok(42));
        host.tcp_socket_set_receive_buffer_size(this(), 0x8000).unwrap().unwrap();
        assert_eq!(host.tcp_socket_receive_buffer_size(this()).unwrap(), Ok(0x8000));
        host.tcp_socket_set_send_buffer_size(this(), 0x8000).unwrap().unwrap();
        assert_eq!(host.tcp_socket_send_buffer_size(this()).unwrap(), Ok(0x8000));
        host.tcp_socket_set_listen_backlog_size(this(), u64::MAX).unwrap().unwrap();

        assert_eq!(host.tcp_socket_set_keep_alive_idle_time(this(), 0).unwrap(), invalid);
        assert_eq!(host.tcp_socket_set_keep_alive_interval(this(), 0).unwrap(), invalid);
        assert_eq!(host.tcp_socket_set_keep_alive_count(this(), 0).unwrap(), invalid);
        assert_eq!(host.tcp_socket_set_hop_limit(this(), 0).unwrap(), invalid);
        assert_eq!(host.tcp_socket_set_receive_buffer_size(this(), 0).unwrap(), invalid);
        assert_eq!(host.tcp_socket_set_send_buffer_size(this(), 0).unwrap(), invalid);
        assert_eq!(host.tcp_socket_set_listen_backlog_size(this(), 0).unwrap(), invalid);

        // What is accepted has the listener's.
        let (_client, _in, _out) = connect(host, address).unwrap();
        let (server, _in, _out) = accept(host, &listening);
        assert_eq!(host.tcp_socket_keep_alive_enabled(lend(&server)).unwrap(), Ok(true));
        assert_eq!(
            host.tcp_socket_keep_alive_idle_time(lend(&server)).unwrap(),
            Ok(42_000_000_000)
        );
        if family(local) == IpAddressFamily::Ipv4 {
            assert_eq!(host.tcp_socket_hop_limit(lend(&server)).unwrap(), Ok(42));
        }
    }
}

type Udp = (Own<UdpSocket>, Own<Incoming>, Own<Outgoing>, IpSocketAddress);

fn udp(host: &mut Host, local: IpSocketAddress) -> Udp {
    let socket = host.create_udp_socket(family(local)).unwrap().unwrap();
    host.udp_socket_start_bind(lend(&socket), net(), local).unwrap().unwrap();
    host.udp_socket_finish_bind(lend(&socket)).unwrap().unwrap();
    let (incoming, outgoing) = host.udp_socket_stream(lend(&socket), None).unwrap().unwrap();
    let address = host.udp_socket_local_address(lend(&socket)).unwrap().unwrap();
    (socket, incoming, outgoing, address)
}

fn send(
    host: &mut Host,
    from: &Own<Outgoing>,
    data: &[u8],
    to: Option<IpSocketAddress>,
) -> Result<(), ErrorCode> {
    assert!(host.outgoing_datagram_stream_check_send(lend(from)).unwrap()? > 0);
    let datagram = OutgoingDatagram { data: data.to_vec(), remote_address: to };
    let sent = host.outgoing_datagram_stream_send(lend(from), vec![datagram]).unwrap()?;
    assert_eq!(sent, 1);
    Ok(())
}

fn receive(host: &mut Host, at: &Own<Incoming>) -> (Vec<u8>, IpSocketAddress) {
    let pollable = host.incoming_datagram_stream_subscribe(lend(at)).unwrap();
    host.pollable_block(lend(&pollable)).unwrap();
    host.pollable_drop(pollable).unwrap();
    let mut got = host.incoming_datagram_stream_receive(lend(at), 1).unwrap().unwrap();
    let datagram = got.pop().unwrap();
    (datagram.data, datagram.remote_address)
}

#[test]
fn datagrams() {
    for local in locals() {
        let mut host = free();
        let host = &mut host;
        let (one, one_in, one_out, one_at) = udp(host, local);
        let (_other, other_in, other_out, other_at) = udp(host, local);
        assert!(
            host.incoming_datagram_stream_receive(lend(&one_in), 9).unwrap().unwrap().is_empty()
        );

        send(host, &one_out, b"to you", Some(other_at)).unwrap();
        assert_eq!(receive(host, &other_in), (b"to you".to_vec(), one_at));
        send(host, &other_out, b"", Some(one_at)).unwrap();
        assert_eq!(receive(host, &one_in), (Vec::new(), other_at));
        assert_eq!(send(host, &one_out, b"x", None), Err(ErrorCode::InvalidArgument));
        let long = send(host, &one_out, &vec![0; 70_000], Some(other_at));
        assert_eq!(long, Err(ErrorCode::DatagramTooLarge));

        // Several at once, and never more than asked for.
        for number in 0..5 {
            send(host, &one_out, &[number], Some(other_at)).unwrap();
        }
        let mut numbers = Vec::new();
        while numbers.len() < 5 {
            let got = host.incoming_datagram_stream_receive(lend(&other_in), 2).unwrap().unwrap();
            assert!(got.len() <= 2);
            numbers.extend(got.into_iter().map(|datagram| datagram.data[0]));
        }
        assert_eq!(numbers, [0, 1, 2, 3, 4]);
        let none = host.incoming_datagram_stream_receive(lend(&other_in), 0).unwrap().unwrap();
        assert!(none.is_empty());
        let _ = one;
    }
}

#[test]
fn a_socket_with_one_peer() {
    for local in locals() {
        let mut host = free();
        let host = &mut host;
        let (one, one_in, one_out, one_at) = udp(host, local);
        let (_peer, peer_in, peer_out, peer_at) = udp(host, local);
        let (_other, _other_in, other_out, other_at) = udp(host, local);
        let state = Err(ErrorCode::InvalidState);
        assert_eq!(host.udp_socket_remote_address(lend(&one)).unwrap(), state);
        // It is there before anybody knows that it is not wanted.
        send(host, &other_out, b"early", Some(one_at)).unwrap();
        let pollable = host.incoming_datagram_stream_subscribe(lend(&one_in)).unwrap();
        host.pollable_block(lend(&pollable)).unwrap();

        let streams = host.udp_socket_stream(lend(&one), Some(peer_at)).unwrap().unwrap();
        assert_eq!(host.udp_socket_remote_address(lend(&one)).unwrap(), Ok(peer_at));
        assert_eq!(host.udp_socket_local_address(lend(&one)).unwrap(), Ok(one_at));
        send(host, &other_out, b"late", Some(one_at)).unwrap();
        send(host, &peer_out, b"wanted", Some(one_at)).unwrap();
        assert_eq!(receive(host, &streams.0), (b"wanted".to_vec(), peer_at));
        send(host, &streams.1, b"back", None).unwrap();
        send(host, &streams.1, b"again", Some(peer_at)).unwrap();
        assert_eq!(receive(host, &peer_in).0, b"back");
        assert_eq!(receive(host, &peer_in).0, b"again");
        let elsewhere = send(host, &streams.1, b"x", Some(other_at));
        assert_eq!(elsewhere, Err(ErrorCode::InvalidArgument));

        // The streams from before are of no more use.
        let got = host.incoming_datagram_stream_receive(lend(&one_in), 1).unwrap();
        assert_eq!(got.map(|_| ()), state.map(|_| ()));
        assert_eq!(send(host, &one_out, b"x", Some(peer_at)), Err(ErrorCode::InvalidState));

        // To anybody again, at the same port.
        let (incoming, _outgoing) = host.udp_socket_stream(lend(&one), None).unwrap().unwrap();
        assert_eq!(host.udp_socket_local_address(lend(&one)).unwrap(), Ok(one_at));
        assert_eq!(host.udp_socket_remote_address(lend(&one)).unwrap(), state);
        send(host, &other_out, b"now", Some(one_at)).unwrap();
        assert_eq!(receive(host, &incoming), (b"now".to_vec(), other_at));
    }
}

#[test]
fn the_order_of_datagram_calls() {
    let mut host = free();
    let host = &mut host;
    let local = at("127.0.0.1:0");
    let socket = host.create_udp_socket(IpAddressFamily::Ipv4).unwrap().unwrap();
    let this = || lend(&socket);
    let state = ErrorCode::InvalidState;
    assert_eq!(host.udp_socket_finish_bind(this()).unwrap(), Err(ErrorCode::NotInProgress));
    assert_eq!(host.udp_socket_stream(this(), None).unwrap().err(), Some(state));
    assert_eq!(host.udp_socket_local_address(this()).unwrap(), Err(state));
    host.udp_socket_start_bind(this(), net(), local).unwrap().unwrap();
    let conflict = host.udp_socket_start_bind(this(), net(), local).unwrap();
    assert_eq!(conflict, Err(ErrorCode::ConcurrencyConflict));
    host.udp_socket_finish_bind(this()).unwrap().unwrap();
    assert_eq!(host.udp_socket_start_bind(this(), net(), local).unwrap(), Err(state));
    assert_eq!(host.udp_socket_finish_bind(this()).unwrap(), Err(ErrorCode::NotInProgress));
    host.udp_socket_set_unicast_hop_limit(this(), 9).unwrap().unwrap();
    assert_eq!(host.udp_socket_unicast_hop_limit(this()).unwrap(), Ok(9));
    let zero = host.udp_socket_set_send_buffer_size(this(), 0).unwrap();
    assert_eq!(zero, Err(ErrorCode::InvalidArgument));

    let (_incoming, outgoing) = host.udp_socket_stream(this(), None).unwrap().unwrap();
    let datagrams =
        |count| vec![OutgoingDatagram { data: Vec::new(), remote_address: None }; count];
    let stream = || lend(&outgoing);
    assert_eq!(host.outgoing_datagram_stream_send(stream(), Vec::new()).unwrap(), Ok(0));
    let unasked = host.outgoing_datagram_stream_send(stream(), datagrams(1));
    assert!(matches!(unasked, Err(Stop::Trap(_))));
    let allowed = host.outgoing_datagram_stream_check_send(stream()).unwrap().unwrap();
    let many = datagrams(usize::try_from(allowed).unwrap() + 1);
    let more = host.outgoing_datagram_stream_send(stream(), many);
    assert!(matches!(more, Err(Stop::Trap(_))));
}

#[test]
fn nothing_is_reached_without_a_grant() {
    let mut host = Host::new(Grants::new());
    let denied = Some(ErrorCode::AccessDenied);
    assert_eq!(host.create_tcp_socket(IpAddressFamily::Ipv4).unwrap().err(), denied);
    assert_eq!(host.create_udp_socket(IpAddressFamily::Ipv6).unwrap().err(), denied);
    assert_eq!(host.resolve_addresses(net(), "localhost").unwrap().err(), denied);
    host.instance_network().unwrap();
}

#[test]
fn each_call_that_reaches_the_network_is_checked() {
    let peer = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let open = peer.local_addr().unwrap();
    let rule = format!("tcp://{open}");
    let mut host = host(&[&rule, "udp://127.0.0.1:9"], &["udp://127.0.0.1:0"], &[]);
    let host = &mut host;
    let denied = Err(ErrorCode::AccessDenied);
    connect(host, at(&open.to_string())).unwrap();
    let refused = connect(host, at("127.0.0.2:80"));
    assert_eq!(refused.map(|_| ()), denied);

    // To listen takes more than to connect.
    let socket = tcp(host, at("127.0.0.1:0"));
    assert_eq!(bind(host, &socket, at("127.0.0.1:8080")), denied);
    assert_eq!(bind(host, &socket, at("127.0.0.1:0")), Ok(()));
    assert_eq!(host.tcp_socket_start_listen(lend(&socket)).unwrap(), denied);

    // Each datagram is checked for itself.
    let (socket, _in, outgoing, _) = udp(host, at("127.0.0.1:0"));
    assert_eq!(send(host, &outgoing, b"x", Some(at("127.0.0.1:10"))), denied);
    send(host, &outgoing, b"x", Some(at("127.0.0.1:9"))).unwrap();
    let other = host.udp_socket_stream(lend(&socket), Some(at("127.0.0.1:10"))).unwrap();
    assert_eq!(other.map(|_| ()), denied);
    let any = host.create_udp_socket(IpAddressFamily::Ipv4).unwrap().unwrap();
    let bound = host.udp_socket_start_bind(lend(&any), net(), at("127.0.0.1:8080")).unwrap();
    assert_eq!(bound, denied);
    assert_eq!(host.resolve_addresses(net(), "localhost").unwrap().err(), denied.err());
}

#[test]
fn who_may_only_send_hears_only_answers() {
    let friend = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let stranger = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let rule = format!("udp://{}", friend.local_addr().unwrap());
    let mut host = host(&[&rule], &[], &[]);
    let (_socket, incoming, outgoing, local) = udp(&mut host, at("127.0.0.1:0"));
    let IpSocketAddress::Ipv4(local) = local else { panic!() };
    let local = SocketAddr::from(([127, 0, 0, 1], local.port));
    let to = at(&friend.local_addr().unwrap().to_string());
    send(&mut host, &outgoing, b"question", Some(to)).unwrap();
    stranger.send_to(b"poison", local).unwrap();
    friend.send_to(b"answer", local).unwrap();
    assert_eq!(receive(&mut host, &incoming), (b"answer".to_vec(), to));
}

fn resolve(host: &mut Host, name: &str) -> Result<Vec<IpAddress>, ErrorCode> {
    let lookup = host.resolve_addresses(net(), name).unwrap()?;
    let addresses = take_all(host, &lookup);
    host.resolve_address_stream_drop(lookup).unwrap();
    addresses
}

fn take_all(host: &mut Host, lookup: &Own<Addresses>) -> Result<Vec<IpAddress>, ErrorCode> {
    let mut addresses = Vec::new();
    loop {
        match host.resolve_address_stream_resolve_next_address(lend(lookup)).unwrap() {
            Ok(Some(address)) => addresses.push(address),
            Ok(None) => return Ok(addresses),
            Err(ErrorCode::WouldBlock) => {
                let pollable = host.resolve_address_stream_subscribe(lend(lookup)).unwrap();
                host.pollable_block(lend(&pollable)).unwrap();
                host.pollable_drop(pollable).unwrap();
            }
            Err(code) => return Err(code),
        }
    }
}

const LOCALHOST: IpAddress = IpAddress::Ipv4((127, 0, 0, 1));

#[test]
fn names() {
    let mut host = host(&[], &[], &["localhost"]);
    let host = &mut host;
    assert!(resolve(host, "LocalHost.").unwrap().contains(&LOCALHOST));
    assert_eq!(resolve(host, "10.1.2.3"), Ok(vec![IpAddress::Ipv4((10, 1, 2, 3))]));
    assert_eq!(resolve(host, "::ffff:10.1.2.3"), Ok(vec![IpAddress::Ipv4((10, 1, 2, 3))]));
    let one = IpAddress::Ipv6((0, 0, 0, 0, 0, 0, 0, 1));
    assert_eq!(resolve(host, "::1"), Ok(vec![one]));
    for name in ["", "a b", "127.1", "0x7f.1", "[::1]:80", "localhost:80", "fe80::1%lo"] {
        assert_eq!(resolve(host, name), Err(ErrorCode::InvalidArgument), "{name:?}");
    }
    for name in ["example.com", "localhost.example.com"] {
        assert_eq!(resolve(host, name), Err(ErrorCode::AccessDenied), "{name:?}");
    }
}

#[test]
fn a_name_opens_the_addresses_that_it_was_found_to_have() {
    let peer = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let open = peer.local_addr().unwrap();
    let rule = format!("tcp://localhost:{}", open.port());
    let mut host = host(&[&rule], &[], &[]);
    let host = &mut host;
    let address = at(&open.to_string());
    assert_eq!(connect(host, address).map(|_| ()), Err(ErrorCode::AccessDenied));
    assert!(resolve(host, "localhost").unwrap().contains(&LOCALHOST));
    connect(host, address).unwrap();
    let elsewhere = at(&format!("127.0.0.2:{}", open.port()));
    assert_eq!(connect(host, elsewhere).map(|_| ()), Err(ErrorCode::AccessDenied));
}

#[test]
fn handles_are_limited() {
    let mut grants = Grants::new().allow_outbound("tcp://*:*".parse().unwrap());
    grants =
        grants.allow_outbound("udp://*:*".parse().unwrap()).allow_resolve("*".parse().unwrap());
    grants.limits.descriptors = 3;
    let mut host = Host::new(grants);
    let mut count =
        |make: &mut dyn FnMut(&mut Host) -> bool| (0..10).take_while(|_| make(&mut host)).count();
    let v4 = IpAddressFamily::Ipv4;
    assert_eq!(count(&mut |host| host.create_tcp_socket(v4).unwrap().is_ok()), 3);
    assert_eq!(count(&mut |host| host.create_udp_socket(v4).unwrap().is_ok()), 3);
    assert_eq!(count(&mut |host| host.resolve_addresses(net(), "1.2.3.4").unwrap().is_ok()), 3);
    let full = host.create_tcp_socket(v4).unwrap().err();
    assert_eq!(full, Some(ErrorCode::NewSocketLimit));
}
