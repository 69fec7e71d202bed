//! The network, as the standard library has it.
//!
//! - `network tcp IP` talks to itself through a listener at this address, and tells what it saw.
//! - `network udp IP` does so with datagrams.
//! - `network serve ADDR COUNT` echoes that many connections, one after the other; it first prints
//!   where it listens.
//! - `network connect ADDR TEXT` sends a text to a server and prints the answer. ADDR may be a name.
//! - `network send ADDR TEXT` does so with a datagram.
//! - `network lookup NAME` prints the addresses of a name.
//!
//! What fails is printed as the kind of the error.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, TcpListener, TcpStream, ToSocketAddrs, UdpSocket};

fn main() {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let result = match args[..] {
        ["tcp", ip] => tcp(ip),
        ["udp", ip] => udp(ip),
        ["serve", address, count] => serve(address, count.parse().expect("a number")),
        ["connect", address, text] => connect(address, text),
        ["send", address, text] => send(address, text),
        ["lookup", name] => lookup(name),
        _ => panic!("not understood: {args:?}"),
    };
    if let Err(error) = result {
        println!("failed: {:?}", error.kind());
        std::process::exit(1);
    }
}

fn tcp(ip: &str) -> io::Result<()> {
    let ip: IpAddr = ip.parse().expect("an address");
    let listener = TcpListener::bind((ip, 0))?;
    let address = listener.local_addr()?;
    println!("listens at {}, port given: {}", address.ip(), address.port() != 0);

    let mut client = TcpStream::connect(address)?;
    let (mut server, from) = listener.accept()?;
    assert_eq!(from, client.local_addr()?);
    assert_eq!(server.peer_addr()?, client.local_addr()?);
    assert_eq!(server.local_addr()?, client.peer_addr()?);

    client.write_all(b"ping")?;
    let mut four = [0; 4];
    server.read_exact(&mut four)?;
    server.write_all(b"pong, and the end")?;
    println!("server got {:?}", String::from_utf8_lossy(&four));

    // The standard library has it for IPv4 only.
    if ip.is_ipv4() {
        client.set_ttl(33)?;
        println!("hop limit {}", client.ttl()?);
    }

    // Nothing more is there to be read yet.
    server.set_nonblocking(true)?;
    let kind = server.read(&mut four).map_err(|error| error.kind());
    println!("reading without waiting: {kind:?}");
    server.set_nonblocking(false)?;

    server.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    println!("client got {answer:?} and the end");
    client.write_all(b"still there")?;
    drop(client);
    let mut rest = String::new();
    server.read_to_string(&mut rest)?;
    println!("server got {rest:?} and the end");
    drop(server);

    many_bytes(&listener)?;
    drop(listener);
    let refused = TcpStream::connect(address).map(drop).map_err(|error| error.kind());
    println!("connecting to nobody: {refused:?}");
    Ok(())
}

/// More than any buffer holds, both ways by turns.
fn many_bytes(listener: &TcpListener) -> io::Result<()> {
    let mut client = TcpStream::connect(listener.local_addr()?)?;
    let (mut server, _) = listener.accept()?;
    client.set_nonblocking(true)?;
    server.set_nonblocking(true)?;
    let total = 8 << 20;
    let (mut sent, mut received, mut sum) = (0, 0, 0_u64);
    let bytes: Vec<u8> = (0..100_000_u32).map(|byte| (byte % 251) as u8).collect();
    let mut buffer = vec![0; 70_000];
    while received < total {
        if sent < total {
            let part = &bytes[sent % bytes.len()..];
            match client.write(&part[..part.len().min(total - sent)]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        match server.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                for byte in &buffer[..count] {
                    assert_eq!(*byte, bytes[received % bytes.len()], "at {received}");
                    received += 1;
                    sum += u64::from(*byte);
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    println!("many bytes: {received}, sum {sum}");
    Ok(())
}

fn udp(ip: &str) -> io::Result<()> {
    let ip: IpAddr = ip.parse().expect("an address");
    let (one, other) = (UdpSocket::bind((ip, 0))?, UdpSocket::bind((ip, 0))?);
    one.send_to(b"to you", other.local_addr()?)?;
    let mut buffer = [0; 100];
    let (length, from) = other.recv_from(&mut buffer)?;
    assert_eq!(from, one.local_addr()?);
    println!("got {:?}", String::from_utf8_lossy(&buffer[..length]));

    other.connect(one.local_addr()?)?;
    other.send(b"and back")?;
    let length = one.recv(&mut buffer)?;
    println!("got {:?}", String::from_utf8_lossy(&buffer[..length]));

    // Cut to the buffer, and the rest is gone.
    other.send(&[7; 60])?;
    other.send(b"next")?;
    let mut short = [0; 10];
    println!("cut to {}", one.recv(&mut short)?);
    println!("then {}", one.recv(&mut short)?);

    one.set_nonblocking(true)?;
    println!("nothing more: {:?}", one.recv(&mut short).map_err(|error| error.kind()));
    let long = other.send(&[0; 70_000]).map_err(|error| error.kind()).is_err();
    println!("too long to be sent: {long}");
    Ok(())
}

fn serve(address: &str, count: u32) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    println!("{}", listener.local_addr()?);
    for _ in 0..count {
        let (mut stream, _) = listener.accept()?;
        let mut buffer = [0; 4096];
        loop {
            let read = stream.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            stream.write_all(&buffer[..read])?;
        }
    }
    Ok(())
}

fn connect(address: &str, text: &str) -> io::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(text.as_bytes())?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    println!("{answer}");
    Ok(())
}

fn send(address: &str, text: &str) -> io::Result<()> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.send_to(text.as_bytes(), address)?;
    let mut buffer = [0; 2000];
    let (length, _) = socket.recv_from(&mut buffer)?;
    println!("{}", String::from_utf8_lossy(&buffer[..length]));
    Ok(())
}

fn lookup(name: &str) -> io::Result<()> {
    let mut addresses: Vec<_> = (name, 0).to_socket_addrs()?.map(|address| address.ip()).collect();
    addresses.sort();
    addresses.dedup();
    for address in addresses {
        println!("{address}");
    }
    Ok(())
}
