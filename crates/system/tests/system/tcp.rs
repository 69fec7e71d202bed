use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::sync::Arc;
use std::time::Duration;
use wayleave_system::ErrorCode;
use wayleave_system::net::{Connection, Listener, ReceiveOptions, TcpListener};
use wayleave_system::wait::{Blocking, Interest, Woken, wait};

const PLAIN: ReceiveOptions = ReceiveOptions { peek: false, wait_all: false };

fn pair() -> (Arc<dyn Connection>, TcpStream) {
    let listener = TcpListener::bind_ambient((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    assert_eq!(listener.accept(Blocking::Never).err(), Some(ErrorCode::Again));
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let ready = wait(&[(listener.readiness(), Interest::Read)], None, None).unwrap();
    assert!(matches!(ready, Woken::Ready(_)));
    (listener.accept(Blocking::Allowed).unwrap(), peer)
}

fn receive(from: &dyn Connection, most: usize, options: ReceiveOptions) -> Vec<u8> {
    let mut bytes = vec![0; most];
    let length =
        from.receive(&mut [IoSliceMut::new(&mut bytes)], options, Blocking::Allowed).unwrap();
    bytes.truncate(length);
    bytes
}

#[test]
fn echo() {
    let (connection, mut peer) = pair();
    let mut byte = [0];
    let got = connection.receive(&mut [IoSliceMut::new(&mut byte)], PLAIN, Blocking::Never);
    assert_eq!(got, Err(ErrorCode::Again));
    peer.write_all(b"hello").unwrap();
    assert_eq!(receive(&*connection, 10, ReceiveOptions { peek: true, ..PLAIN }), b"hello");
    assert_eq!(connection.available(), Ok(5));
    let (mut a, mut b) = ([0; 2], [0; 9]);
    let mut buffers = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
    assert_eq!(connection.receive(&mut buffers, PLAIN, Blocking::Never), Ok(5));
    assert_eq!((&a, &b[..3]), (b"he", &b"llo"[..]));
    let pieces = [IoSlice::new(b"wor"), IoSlice::new(b"ld")];
    assert_eq!(connection.send(&pieces, Blocking::Allowed), Ok(5));
    connection.shutdown(Shutdown::Write).unwrap();
    let mut answer = String::new();
    peer.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "world");
    drop(peer);
    assert_eq!(receive(&*connection, 10, PLAIN), b"");
}

#[test]
fn waiting_for_all() {
    let (connection, mut peer) = pair();
    let all = ReceiveOptions { wait_all: true, ..PLAIN };
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for piece in ["one ", "two ", "three"] {
                peer.write_all(piece.as_bytes()).unwrap();
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        assert_eq!(receive(&*connection, 8, all), b"one two ");
        // Cut short by the end.
        assert_eq!(receive(&*connection, 100, all), b"three");
    });
}

#[test]
fn a_peer_that_is_gone() {
    let (connection, peer) = pair();
    drop(peer);
    let error = loop {
        match connection.send(&[IoSlice::new(&[0; 1000])], Blocking::Allowed) {
            Ok(_) => std::thread::sleep(Duration::from_millis(1)),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, ErrorCode::BrokenPipe | ErrorCode::ConnectionReset), "{error:?}");
}

#[test]
fn a_peer_that_does_not_read() {
    let (connection, _peer) = pair();
    let bytes = vec![0; 1 << 20];
    let error = loop {
        if let Err(error) = connection.send(&[IoSlice::new(&bytes)], Blocking::Never) {
            break error;
        }
    };
    assert_eq!(error, ErrorCode::Again);
}
