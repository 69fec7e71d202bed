//! Networks: the system's and the one in memory alike.

use std::io::{IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv6Addr, Shutdown, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use wayleave_system::ErrorCode;
use wayleave_system::net::{
    Duplex, Family, MemoryNetwork, Network, OsNetwork, ReceiveOptions, SocketOption, TcpSocket,
    UdpSocket,
};
use wayleave_system::wait::{Blocking, Interest, Readiness, Woken, wait};

const PLAIN: ReceiveOptions = ReceiveOptions { peek: false, wait_all: false };

/// Each network with each loopback address that it has.
fn each(test: impl Fn(&dyn Network, SocketAddr)) {
    let v6: SocketAddr = (Ipv6Addr::LOCALHOST, 0).into();
    let v4 = "127.0.0.1:0".parse().unwrap();
    test(&OsNetwork::new(), v4);
    if std::net::TcpListener::bind(v6).is_ok() {
        test(&OsNetwork::new(), v6);
    }
    test(&MemoryNetwork::new(), v4);
    test(&MemoryNetwork::new(), v6);
}

fn block(readiness: Readiness<'_>, interest: Interest) {
    let patience = Some(Duration::from_secs(10));
    let woken = wait(&[(readiness, interest)], patience, None).unwrap();
    assert!(matches!(woken, Woken::Ready(_)), "{woken:?}");
}

fn is_ready(readiness: Readiness<'_>, interest: Interest) -> bool {
    let woken = wait(&[(readiness, interest)], Some(Duration::ZERO), None).unwrap();
    matches!(woken, Woken::Ready(_))
}

pub(super) fn listener(network: &dyn Network, at: SocketAddr) -> (Arc<dyn TcpSocket>, SocketAddr) {
    let socket = network.tcp(Family::of(at.ip())).unwrap();
    socket.bind(at).unwrap();
    socket.listen(8).unwrap();
    let address = socket.local_address().unwrap();
    (socket, address)
}

pub(super) fn connect(
    network: &dyn Network,
    to: SocketAddr,
) -> Result<Arc<dyn TcpSocket>, ErrorCode> {
    let socket = network.tcp(Family::of(to.ip())).unwrap();
    socket.connect(to)?;
    block(socket.readiness(Interest::Write), Interest::Write);
    socket.connected()?;
    Ok(socket)
}

fn pair(network: &dyn Network, at: SocketAddr) -> (Arc<dyn TcpSocket>, Arc<dyn TcpSocket>) {
    let (listener, address) = listener(network, at);
    let client = connect(network, address).unwrap();
    block(listener.readiness(Interest::Read), Interest::Read);
    (client, listener.accept().unwrap())
}

fn receive(from: &dyn TcpSocket, most: usize) -> Result<Vec<u8>, ErrorCode> {
    let mut bytes = vec![0; most];
    let length = from.receive(&mut [IoSliceMut::new(&mut bytes)], PLAIN, Blocking::Never)?;
    bytes.truncate(length);
    Ok(bytes)
}

#[test]
fn connections() {
    each(|network, at| {
        let (listening, address) = listener(network, at);
        assert_ne!(address.port(), 0);
        assert_eq!(listening.accept().err(), Some(ErrorCode::Again));
        assert!(!is_ready(listening.readiness(Interest::Read), Interest::Read));
        let client = connect(network, address).unwrap();
        block(listening.readiness(Interest::Read), Interest::Read);
        let server = listening.accept().unwrap();
        assert_eq!(client.remote_address(), Ok(address));
        assert_eq!(server.local_address(), Ok(address));
        assert_eq!(server.remote_address(), client.local_address());

        assert_eq!(receive(&*server, 9), Err(ErrorCode::Again));
        assert!(!is_ready(server.readiness(Interest::Read), Interest::Read));
        let pieces = [IoSlice::new(b"hel"), IoSlice::new(b"lo")];
        assert_eq!(client.send(&pieces, Blocking::Never), Ok(5));
        block(server.readiness(Interest::Read), Interest::Read);
        assert_eq!(server.available(), Ok(5));
        let peek = ReceiveOptions { peek: true, wait_all: false };
        let (mut a, mut b) = ([0; 2], [0; 9]);
        let mut buffers = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
        assert_eq!(server.receive(&mut buffers, peek, Blocking::Never), Ok(5));
        assert_eq!((&a, &b[..3]), (b"he", &b"llo"[..]));
        assert_eq!(receive(&*server, 9).unwrap(), b"hello");

        client.shutdown(Shutdown::Write).unwrap();
        block(server.readiness(Interest::Read), Interest::Read);
        assert_eq!(receive(&*server, 9).unwrap(), b"");
        assert_eq!(server.send(&[IoSlice::new(b"x")], Blocking::Never), Ok(1));
        block(client.readiness(Interest::Read), Interest::Read);
        assert_eq!(receive(&*client, 9).unwrap(), b"x");
    });
}

#[test]
fn a_side_that_waits_is_woken() {
    each(|network, at| {
        let (client, server) = pair(network, at);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(20));
                client.send(&[IoSlice::new(b"now")], Blocking::Never).unwrap();
            });
            let mut bytes = [0; 9];
            let mut buffers = [IoSliceMut::new(&mut bytes)];
            assert_eq!(server.receive(&mut buffers, PLAIN, Blocking::Allowed), Ok(3));
        });
    });
}

#[test]
fn streams_of_a_connection() {
    each(|network, at| {
        let (client, server) = pair(network, at);
        let (client, server) = (Duplex::new(client), Duplex::new(server));
        let (input, output) = (server.input(), client.output());
        let total = 1 << 20;
        let (mut sent, mut received) = (0, 0);
        while received < total {
            let room = output.room().unwrap();
            if room > 0 && sent < total {
                let part = vec![5; usize::try_from(room).unwrap().min(total - sent)];
                sent += output.write(&part).unwrap();
            }
            let mut bytes = [0; 10_000];
            match input.read(&mut bytes) {
                Ok(length) => received += length,
                Err(code) => assert_eq!(code, ErrorCode::Again),
            }
        }
        drop(output);
        block(input.readiness(), Interest::Read);
        assert_eq!(input.read(&mut [0]), Ok(0));
        assert_eq!(input.read(&mut []), Err(ErrorCode::BrokenPipe));
        let output = server.output();
        server.shutdown(Shutdown::Both).unwrap();
        server.shutdown(Shutdown::Both).unwrap();
        assert_eq!(output.room(), Err(ErrorCode::BrokenPipe));
        assert_eq!(output.write(b"x"), Err(ErrorCode::BrokenPipe));
    });
}

#[test]
fn who_does_not_read_stops_who_writes() {
    each(|network, at| {
        let (client, server) = pair(network, at);
        let bytes = vec![1; 1 << 20];
        while client.send(&[IoSlice::new(&bytes)], Blocking::Never) != Err(ErrorCode::Again) {}
        assert_eq!(client.room(), Ok(0));
        assert!(!is_ready(client.readiness(Interest::Write), Interest::Write));
        while receive(&*server, 1 << 20).is_ok() {}
        block(client.readiness(Interest::Write), Interest::Write);
        assert!(client.room().unwrap() > 0);
    });
}

#[test]
fn addresses_are_taken_and_given_back() {
    each(|network, at| {
        let (listening, address) = listener(network, at);
        let other = network.tcp(Family::of(at.ip())).unwrap();
        assert_eq!(other.bind(address), Err(ErrorCode::AddrInUse));
        drop(listening);
        let refused = connect(network, address).map(|_| ());
        assert_eq!(refused, Err(ErrorCode::ConnectionRefused));
        assert_eq!(other.bind(address), Ok(()));
    });
}

#[test]
fn options() {
    each(|network, at| {
        let tcp = network.tcp(Family::of(at.ip())).unwrap();
        let udp = network.udp(Family::of(at.ip())).unwrap();
        for option in [
            SocketOption::KeepAliveIdle,
            SocketOption::KeepAliveInterval,
            SocketOption::KeepAliveCount,
            SocketOption::HopLimit,
            SocketOption::ReceiveBuffer,
            SocketOption::SendBuffer,
        ] {
            assert!(tcp.option(option).unwrap() > 0, "{option:?}");
            assert_eq!(tcp.set_option(option, 0), Err(ErrorCode::Invalid), "{option:?}");
        }
        tcp.set_option(SocketOption::HopLimit, 3).unwrap();
        assert_eq!(tcp.option(SocketOption::HopLimit), Ok(3));
        udp.set_option(SocketOption::HopLimit, 4).unwrap();
        assert_eq!(udp.option(SocketOption::HopLimit), Ok(4));
        assert_eq!(tcp.option(SocketOption::KeepAlive), Ok(0));
        tcp.set_option(SocketOption::KeepAlive, 1).unwrap();
        assert_eq!(tcp.option(SocketOption::KeepAlive), Ok(1));
    });
}

pub(super) fn udp(network: &dyn Network, at: SocketAddr) -> (Arc<dyn UdpSocket>, SocketAddr) {
    let socket = network.udp(Family::of(at.ip())).unwrap();
    socket.bind(at).unwrap();
    let address = socket.local_address().unwrap();
    (socket, address)
}

pub(super) fn datagram(at: &dyn UdpSocket) -> (Vec<u8>, SocketAddr) {
    block(at.readiness(Interest::Read), Interest::Read);
    let mut bytes = vec![0; 100];
    let (length, from) = at.receive(&mut bytes).unwrap();
    bytes.truncate(length);
    (bytes, from)
}

#[test]
fn datagrams() {
    each(|network, at| {
        let (one, one_at) = udp(network, at);
        let (other, other_at) = udp(network, at);
        assert_eq!(one.receive(&mut [0; 9]), Err(ErrorCode::Again));
        assert!(!is_ready(one.readiness(Interest::Read), Interest::Read));
        one.send(b"to you", Some(other_at)).unwrap();
        assert_eq!(datagram(&*other), (b"to you".to_vec(), one_at));
        let long = one.send(&[0; 65_536], Some(other_at));
        assert_eq!(long, Err(ErrorCode::MessageTooBig));

        one.connect(Some(other_at)).unwrap();
        one.send(b"", None).unwrap();
        assert_eq!(datagram(&*other), (Vec::new(), one_at));
        one.connect(None).unwrap();
        assert_eq!(one.local_address(), Ok(one_at));
        other.send(b"still there", Some(one_at)).unwrap();
        assert_eq!(datagram(&*one).0, b"still there");
    });
}

#[test]
fn names() {
    let memory = MemoryNetwork::new();
    let addresses: [IpAddr; 2] = ["10.0.0.1".parse().unwrap(), "fd00::1".parse().unwrap()];
    memory.set_name("Example.com", &addresses).unwrap();
    assert_eq!(memory.set_name("10.0.0.1", &addresses), Err(ErrorCode::Invalid));
    assert_eq!(memory.resolve("example.COM.").unwrap().addresses().unwrap(), addresses);
    let unknown = memory.resolve("example.org").unwrap().addresses();
    assert_eq!(unknown, Err(ErrorCode::NoEntry));

    let os = OsNetwork::new();
    let lookup = os.resolve("localhost").unwrap();
    block(lookup.readiness(), Interest::Read);
    assert!(lookup.addresses().unwrap().iter().all(IpAddr::is_loopback));
    for network in [&memory as &dyn Network, &os] {
        let known = network.resolve("::ffff:1.2.3.4").unwrap();
        assert!(matches!(known.readiness(), Readiness::Now));
        assert_eq!(known.addresses().unwrap(), ["1.2.3.4".parse::<IpAddr>().unwrap()]);
        assert_eq!(network.resolve("127.1").err(), Some(ErrorCode::Invalid));
    }
}

#[test]
fn many_names_at_once() {
    let network = OsNetwork::new();
    let lookups: Vec<_> = (0..200).map(|_| network.resolve("localhost").unwrap()).collect();
    for lookup in lookups.iter().step_by(3) {
        block(lookup.readiness(), Interest::Read);
        assert!(lookup.addresses().unwrap().iter().all(IpAddr::is_loopback));
    }
}
