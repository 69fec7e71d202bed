//! `sock_*`, over real connections.

use crate::support::{Guest, TestEngine, each_engine, errno, iovecs};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use wayleave_grants::Grants;
use wayleave_system::wait::Interrupt;

each_engine! {
    a_connection_is_accepted,
    without_a_connection_a_listener_that_must_not_wait_says_so,
    accepting_waits_for_a_connection,
    bytes_are_received_into_buffers_in_their_order,
    peeking_leaves_the_bytes,
    receiving_all_waits_for_all,
    a_connection_that_must_not_wait_says_so,
    bytes_are_sent_from_buffers_in_their_order,
    reading_and_writing_are_receiving_and_sending,
    a_direction_that_was_ended_is_ended,
    sending_to_a_peer_that_is_gone_fails,
    flags_that_do_not_exist_are_refused,
    rights_of_a_listener_are_passed_on,
    sockets_have_a_kind,
}

const LIST: u64 = 8;
const NONBLOCK: u64 = 4;

pub(crate) fn listener() -> (Grants, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let listener = wayleave_system::net::TcpListener::try_from(listener).unwrap();
    (Grants::new().listener(Arc::new(listener)), address)
}

/// A guest with a connection as descriptor 4, and the other end.
fn connected<E: TestEngine>(fdflags: u64) -> (Guest<E>, TcpStream) {
    let (grants, address) = listener();
    connect::<E>(grants, address, fdflags)
}

fn connect<E: TestEngine>(grants: Grants, to: SocketAddr, flags: u64) -> (Guest<E>, TcpStream) {
    let mut guest = Guest::<E>::new(grants);
    let peer = TcpStream::connect(to).unwrap();
    peer.set_nodelay(true).unwrap();
    peer.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    guest.writes("sock_accept", &[3, flags, 51], &[], &[(51, b"\x04\0\0\0")]);
    (guest, peer)
}

fn receive<E: TestEngine>(guest: &mut Guest<E>, flags: u64, bytes: &[u8]) {
    let size = u32::try_from(bytes.len()).unwrap().to_le_bytes();
    let list = iovecs(&[(100, 8)]);
    let args = [4, LIST, 1, flags, 50, 60];
    guest.writes("sock_recv", &args, &[(LIST, &list)], &[(100, bytes), (50, &size), (60, &[0, 0])]);
}

fn a_connection_is_accepted<E: TestEngine>() {
    let (mut guest, mut peer) = connected::<E>(0);
    assert_eq!(guest.write(4, b"hello"), Ok(5));
    let mut received = [0; 5];
    peer.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"hello");
    guest.close(4);
    assert_eq!(peer.read(&mut received).unwrap(), 0);
}

fn without_a_connection_a_listener_that_must_not_wait_says_so<E: TestEngine>() {
    let mut guest = Guest::<E>::new(listener().0);
    guest.ok("fd_fdstat_set_flags", &[3, NONBLOCK]);
    guest.err("sock_accept", &[3, 0, 51], errno::AGAIN);
    guest.err("fd_close", &[4], errno::BADF);
}

fn accepting_waits_for_a_connection<E: TestEngine>() {
    let (grants, address) = listener();
    let mut guest = Guest::<E>::new(grants);
    let peer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        TcpStream::connect(address).unwrap()
    });
    guest.writes("sock_accept", &[3, 0, 51], &[], &[(51, b"\x04\0\0\0")]);
    peer.join().unwrap();
}

fn bytes_are_received_into_buffers_in_their_order<E: TestEngine>() {
    let (mut guest, mut peer) = connected::<E>(0);
    peer.write_all(b"abcdef").unwrap();
    let list = iovecs(&[(110, 2), (100, 0), (100, 3)]);
    let outputs: [(u64, &[u8]); 4] =
        [(110, b"ab"), (100, b"cde"), (50, b"\x05\0\0\0"), (60, &[0, 0])];
    guest.writes("sock_recv", &[4, LIST, 3, 0, 50, 60], &[(LIST, &list)], &outputs);
    receive(&mut guest, 0, b"f");
    drop(peer);
    receive(&mut guest, 0, b"");
}

fn peeking_leaves_the_bytes<E: TestEngine>() {
    let (mut guest, mut peer) = connected::<E>(0);
    peer.write_all(b"abc").unwrap();
    receive(&mut guest, 1, b"abc");
    receive(&mut guest, 1, b"abc");
    receive(&mut guest, 0, b"abc");
}

fn receiving_all_waits_for_all<E: TestEngine>() {
    let (grants, address) = listener();
    // How the host waits depends on whether something may interrupt the guest.
    for grants in [grants.clone(), grants.interrupt(Interrupt::new())] {
        let (mut guest, mut peer) = connect::<E>(grants, address, 0);
        peer.write_all(b"abc").unwrap();
        let peer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            peer.write_all(b"defgh").unwrap();
            std::thread::sleep(Duration::from_millis(20));
            peer.write_all(b"ijk").unwrap();
        });
        receive(&mut guest, 2, b"abcdefgh");
        // Or for the end.
        receive(&mut guest, 2, b"ijk");
        peer.join().unwrap();
    }
}

fn a_connection_that_must_not_wait_says_so<E: TestEngine>() {
    let (mut guest, mut peer) = connected::<E>(NONBLOCK);
    guest.ok("fd_fdstat_get", &[4, 16]);
    assert_eq!(guest.u32(16) >> 16, 4);
    guest.poke(LIST, &iovecs(&[(100, 8)]));
    guest.err("sock_recv", &[4, LIST, 1, 0, 50, 60], errno::AGAIN);
    guest.err("sock_recv", &[4, LIST, 1, 2, 50, 60], errno::AGAIN);
    guest.err("fd_read", &[4, LIST, 1, 50], errno::AGAIN);
    peer.write_all(b"abc").unwrap();
    receive(&mut guest, 0, b"abc");
    let sent = (0..1000).find_map(|_| guest.write(4, &[0; 0x4000]).err());
    assert_eq!(sent, Some(errno::AGAIN));
}

fn bytes_are_sent_from_buffers_in_their_order<E: TestEngine>() {
    let (mut guest, mut peer) = connected::<E>(0);
    let list = iovecs(&[(102, 1), (100, 0), (100, 2)]);
    let inputs: [(u64, &[u8]); 2] = [(LIST, &list), (100, b"abc")];
    guest.writes("sock_send", &[4, LIST, 3, 0, 50], &inputs, &[(50, b"\x03\0\0\0")]);
    let mut received = [0; 3];
    peer.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"cab");
}

fn reading_and_writing_are_receiving_and_sending<E: TestEngine>() {
    let (mut guest, mut peer) = connected::<E>(0);
    peer.write_all(b"abcde").unwrap();
    assert_eq!(guest.read(4, 3), Ok(b"abc".to_vec()));
    assert_eq!(guest.read(4, 3), Ok(b"de".to_vec()));
    assert_eq!(guest.write(4, b"xyz"), Ok(3));
    let mut received = [0; 3];
    peer.read_exact(&mut received).unwrap();
    assert_eq!(&received, b"xyz");
}

fn a_direction_that_was_ended_is_ended<E: TestEngine>() {
    let (mut guest, mut peer) = connected::<E>(0);
    guest.writes("sock_shutdown", &[4, 2], &[], &[]);
    assert_eq!(peer.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(guest.write(4, b"x"), Err(errno::PIPE));
    peer.write_all(b"abc").unwrap();
    receive(&mut guest, 0, b"abc");
    guest.writes("sock_shutdown", &[4, 1], &[], &[]);
    receive(&mut guest, 0, b"");
    let (mut guest, mut peer) = connected::<E>(0);
    guest.writes("sock_shutdown", &[4, 3], &[], &[]);
    assert_eq!(peer.read(&mut [0; 8]).unwrap(), 0);
    receive(&mut guest, 0, b"");
}

fn sending_to_a_peer_that_is_gone_fails<E: TestEngine>() {
    let (mut guest, peer) = connected::<E>(0);
    drop(peer);
    // The first bytes make the peer say that it is gone.
    let failed = (0..1000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(1));
        guest.write(4, b"x").err()
    });
    // Or that the connection was reset.
    assert!([Some(errno::PIPE), Some(15)].contains(&failed), "{failed:?}");
}

fn flags_that_do_not_exist_are_refused<E: TestEngine>() {
    let (mut guest, mut peer) = connected::<E>(0);
    peer.write_all(b"abc").unwrap();
    guest.poke(LIST, &iovecs(&[(100, 8)]));
    for flags in [4, 1 << 15, 1 << 16, u64::from(u32::MAX)] {
        guest.err("sock_recv", &[4, LIST, 1, flags, 50, 60], errno::NOTSUP);
    }
    for flags in [1, 1 << 16] {
        guest.err("sock_send", &[4, LIST, 1, flags, 50], errno::NOTSUP);
    }
    for how in [0, 4, 7, 1 << 8, 1 << 31] {
        guest.err("sock_shutdown", &[4, how], errno::INVAL);
    }
    for flags in [1, 2, 8, 16, 32, 5] {
        guest.err("sock_accept", &[3, flags, 51], errno::INVAL);
    }
    receive(&mut guest, 0, b"abc");
}

fn rights_of_a_listener_are_passed_on<E: TestEngine>() {
    let (grants, address) = listener();
    let mut guest = Guest::<E>::new(grants);
    let (base, inheriting) = guest.rights(3);
    guest.ok("fd_fdstat_set_rights", &[3, base, inheriting & !(1 << 6)]);
    let _peer = TcpStream::connect(address).unwrap();
    guest.ok("sock_accept", &[3, 0, 51]);
    assert_eq!(guest.write(4, b"x"), Err(errno::NOTCAPABLE));
    guest.poke(LIST, &iovecs(&[(100, 1)]));
    guest.err("sock_send", &[4, LIST, 1, 0, 50], errno::NOTCAPABLE);
    guest.ok("fd_fdstat_set_rights", &[4, 0, 0]);
    guest.err("sock_recv", &[4, LIST, 1, 0, 50, 60], errno::NOTCAPABLE);
    guest.err("sock_shutdown", &[4, 1], errno::NOTCAPABLE);
    guest.ok("fd_fdstat_set_rights", &[3, 0, 0]);
    guest.err("sock_accept", &[3, 0, 51], errno::NOTCAPABLE);
}

fn sockets_have_a_kind<E: TestEngine>() {
    let (mut guest, _peer) = connected::<E>(0);
    for fd in [3, 4] {
        guest.ok("fd_fdstat_get", &[fd, 16]);
        assert_eq!(guest.peek(16, 1), [6]);
        assert_eq!(guest.fstat(fd).map(|stat| stat.kind), Ok(6));
    }
}
