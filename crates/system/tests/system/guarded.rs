//! What a guarded network lets through, and how much.

use super::net::{connect, datagram, listener, udp};
use std::collections::HashMap;
use std::io::{IoSlice, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use wayleave_system::ErrorCode;
use wayleave_system::net::{
    Connection, Family, Guarded, MemoryNetwork, Meter, Naming, Network, NetworkLimits, Policy,
    ReceiveOptions, Refused, Use,
};
use wayleave_system::refusal::Answer;
use wayleave_system::wait::Blocking;

/// Allows what is in its list, and keeps what it was asked.
#[derive(Default)]
struct Listed {
    allowed: HashMap<Use, Vec<SocketAddr>>,
    mapped: Vec<(SocketAddr, SocketAddr)>,
    asked: Mutex<Vec<(Use, SocketAddr)>>,
    names: Vec<&'static str>,
    resolved: Mutex<Vec<String>>,
    refused: Mutex<Vec<String>>,
    /// Whether what is refused is let through all the same.
    lenient: bool,
    /// Whether sockets that may have answers only may have more, if they are asked about.
    receives: Option<bool>,
}

impl Policy for Listed {
    fn route(&self, how: Use, address: SocketAddr) -> Option<SocketAddr> {
        self.asked.lock().unwrap().push((how, address));
        let allowed = self.allowed.get(&how).is_some_and(|allowed| allowed.contains(&address));
        let mapped = self.mapped.iter().find(|(from, _)| *from == address);
        allowed.then_some(mapped.map_or(address, |(_, to)| *to))
    }

    fn name(&self, name: &str) -> Naming {
        if self.names.contains(&name) { Naming::Ask } else { Naming::Refused }
    }

    fn resolved(&self, name: &str, addresses: Vec<IpAddr>) -> Vec<IpAddr> {
        self.resolved.lock().unwrap().push(format!("{name} {addresses:?}"));
        addresses
    }

    fn receives(&self, address: SocketAddr) -> bool {
        if self.receives.is_some() {
            self.refused.lock().unwrap().push(format!("receives {address}"));
        }
        self.receives == Some(true)
    }

    fn refused(&self, what: Refused<'_>) -> Answer {
        self.refused.lock().unwrap().push(match what {
            Refused::Address(how, address) => format!("{how:?} {address}"),
            Refused::Name(name) => name.to_owned(),
        });
        if self.lenient { Answer::Allow } else { Answer::Deny }
    }
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn guarded(network: &MemoryNetwork, allowed: &[(Use, &[&str])]) -> (Guarded, Arc<Listed>) {
    let allowed = allowed
        .iter()
        .map(|(how, addresses)| (*how, addresses.iter().map(|text| at(text)).collect()))
        .collect();
    let policy = Arc::new(Listed { allowed, names: vec!["known"], ..Default::default() });
    (Guarded::new(Arc::new(network.clone()), policy.clone()), policy)
}

const DENIED: Result<(), ErrorCode> = Err(ErrorCode::Access);

#[test]
fn connecting_is_checked() {
    let memory = MemoryNetwork::new();
    let (_listening, _) = listener(&memory, at("10.0.0.1:80"));
    let any: (Use, &[&str]) = (Use::TcpBind, &["0.0.0.0:0", "[::]:0"]);
    let (network, _) = guarded(&memory, &[any, (Use::TcpConnect, &["10.0.0.1:80"])]);
    connect(&network, at("10.0.0.1:80")).unwrap();
    for elsewhere in ["10.0.0.1:81", "10.0.0.2:80", "[::ffff:10.0.0.2]:80", "[fd00::1]:80"] {
        assert_eq!(connect(&network, at(elsewhere)).map(|_| ()), DENIED, "{elsewhere}");
    }
    // What binds a socket on the way is checked as well.
    let (network, policy) = guarded(&memory, &[(Use::TcpConnect, &["10.0.0.1:80"])]);
    assert_eq!(connect(&network, at("10.0.0.1:80")).map(|_| ()), DENIED);
    assert!(policy.asked.lock().unwrap().contains(&(Use::TcpBind, at("0.0.0.0:0"))));
}

#[test]
fn mapped_addresses_are_asked_about_as_what_they_mean() {
    let memory = MemoryNetwork::new();
    let (network, policy) = guarded(&memory, &[(Use::TcpBind, &["[::]:0"])]);
    let socket = network.tcp(Family::V6).unwrap();
    assert_eq!(socket.connect(at("[::ffff:10.0.0.1]:80")), DENIED);
    let datagrams = network.udp(Family::V6).unwrap();
    assert_eq!(datagrams.bind(at("[::ffff:10.0.0.1]:80")), DENIED);
    let asked = policy.asked.lock().unwrap();
    assert!(asked.contains(&(Use::TcpConnect, at("10.0.0.1:80"))));
    assert!(asked.contains(&(Use::UdpBind, at("10.0.0.1:80"))));
    assert!(asked.iter().all(|(_, address)| address.ip().to_canonical() == address.ip()));
}

#[test]
fn listening_is_checked() {
    let memory = MemoryNetwork::new();
    let allowed: &[(Use, &[&str])] = &[
        (Use::TcpBind, &["10.0.0.1:80", "10.0.0.1:81", "10.0.0.1:0"]),
        (Use::TcpListen, &["10.0.0.1:80", "10.0.0.1:0"]),
    ];
    let (network, _) = guarded(&memory, allowed);
    let (listening, _) = listener(&network, at("10.0.0.1:80"));
    // Asked about as it was bound: whatever port it got.
    listener(&network, at("10.0.0.1:0"));
    let socket = network.tcp(Family::V4).unwrap();
    assert_eq!(socket.bind(at("10.0.0.2:80")), DENIED);
    assert_eq!(socket.listen(1), DENIED);
    socket.bind(at("10.0.0.1:81")).unwrap();
    assert_eq!(socket.listen(1), DENIED);
    // Whoever comes is welcome; it can not be used for anything else.
    connect(&memory, at("10.0.0.1:80")).unwrap();
    let accepted = listening.accept().unwrap();
    assert_eq!(accepted.listen(1), DENIED);
    assert_eq!(accepted.connect(at("10.0.0.9:9")), DENIED);
}

#[test]
fn each_datagram_is_checked() {
    let memory = MemoryNetwork::new();
    let (friend, _) = udp(&memory, at("10.0.0.1:53"));
    let (stranger, _) = udp(&memory, at("10.0.0.2:53"));
    let allowed: &[(Use, &[&str])] = &[
        (Use::UdpBind, &["10.0.0.3:7"]),
        (Use::UdpBindToSend, &["10.0.0.3:0", "10.0.0.3:8", "0.0.0.0:0"]),
        (Use::UdpSend, &["10.0.0.1:53"]),
    ];
    let (network, _) = guarded(&memory, allowed);
    // A port of its own choice takes more than to send.
    let socket = network.udp(Family::V4).unwrap();
    assert_eq!(socket.bind(at("10.0.0.3:8")), DENIED);
    let (sender, sender_at) = udp(&network, at("10.0.0.3:0"));
    let (server, server_at) = udp(&network, at("10.0.0.3:7"));
    let unbound = network.udp(Family::V4).unwrap();
    for socket in [&sender, &server, &unbound] {
        assert_eq!(socket.send(b"x", Some(at("10.0.0.2:53"))), DENIED);
        assert_eq!(socket.connect(Some(at("10.0.0.2:53"))), DENIED);
        socket.send(b"x", Some(at("10.0.0.1:53"))).unwrap();
        assert_eq!(datagram(&*friend).0, b"x");
        socket.connect(Some(at("10.0.0.1:53"))).unwrap();
        socket.send(b"y", None).unwrap();
        assert_eq!(datagram(&*friend).0, b"y");
        socket.connect(None).unwrap();
    }
    // Who may only send hears only those it may send to.
    stranger.send(b"poison", Some(sender_at)).unwrap();
    friend.send(b"answer", Some(sender_at)).unwrap();
    assert_eq!(datagram(&*sender).0, b"answer");
    stranger.send(b"question", Some(server_at)).unwrap();
    assert_eq!(datagram(&*server).0, b"question");
    for _ in 0..64 {
        stranger.send(b"poison", Some(sender_at)).unwrap();
    }
    assert_eq!(sender.receive(&mut [0; 9]), Err(ErrorCode::Again));
}

#[test]
fn names_are_checked_and_answers_told() {
    let memory = MemoryNetwork::new();
    let answer: IpAddr = "10.0.0.1".parse().unwrap();
    memory.set_name("known", &[answer]).unwrap();
    memory.set_name("other", &[answer]).unwrap();
    let (network, policy) = guarded(&memory, &[]);
    assert_eq!(network.resolve("other").map(|_| ()), DENIED);
    assert_eq!(network.resolve("10.0.0.9").unwrap().addresses().unwrap().len(), 1);
    assert!(policy.resolved.lock().unwrap().is_empty());
    let lookup = network.resolve("Known.").unwrap();
    assert_eq!(lookup.addresses().unwrap(), [answer]);
    assert_eq!(lookup.addresses().unwrap(), [answer]);
    assert_eq!(*policy.resolved.lock().unwrap(), ["known [10.0.0.1]"]);
}

const ALL_BINDS: [(Use, &[&str]); 2] =
    [(Use::TcpBind, &["0.0.0.0:0"]), (Use::UdpBindToSend, &["0.0.0.0:0", "10.0.0.9:0"])];

fn mapped(network: &MemoryNetwork, allowed: &[(Use, &[&str])], to: &[(&str, &str)]) -> Guarded {
    let allowed = ALL_BINDS
        .iter()
        .chain(allowed)
        .map(|(how, addresses)| (*how, addresses.iter().map(|text| at(text)).collect()));
    let mapped = to.iter().map(|(from, to)| (at(from), at(to))).collect();
    let policy = Listed { allowed: allowed.collect(), mapped, ..Default::default() };
    Guarded::new(Arc::new(network.clone()), Arc::new(policy))
}

#[test]
fn connections_lead_elsewhere_and_do_not_show_it() {
    let memory = MemoryNetwork::new();
    let (there, _) = listener(&memory, at("127.0.0.1:8080"));
    let network = mapped(
        &memory,
        &[(Use::TcpConnect, &["10.0.0.1:80", "10.0.0.2:80"])],
        &[("10.0.0.1:80", "127.0.0.1:8080"), ("10.0.0.2:80", "[::1]:80")],
    );
    let client = connect(&network, at("10.0.0.1:80")).unwrap();
    assert_eq!(there.accept().unwrap().local_address(), Ok(at("127.0.0.1:8080")));
    assert_eq!(client.remote_address(), Ok(at("10.0.0.1:80")));
    // A socket has one version of IP.
    assert_eq!(connect(&network, at("10.0.0.2:80")).map(|_| ()), DENIED);
}

#[test]
fn listeners_are_elsewhere_and_do_not_show_it() {
    let memory = MemoryNetwork::new();
    let here: &[&str] = &["10.0.0.1:80"];
    let network = mapped(
        &memory,
        &[(Use::TcpBind, here), (Use::TcpListen, here), (Use::UdpBind, here)],
        &[("10.0.0.1:80", "127.0.0.1:8080")],
    );
    let (listening, address) = listener(&network, at("10.0.0.1:80"));
    assert_eq!(address, at("10.0.0.1:80"));
    let refused = connect(&memory, at("10.0.0.1:80"));
    assert_eq!(refused.map(|_| ()), Err(ErrorCode::ConnectionRefused));
    connect(&memory, at("127.0.0.1:8080")).unwrap();
    assert_eq!(listening.accept().unwrap().local_address(), Ok(at("10.0.0.1:80")));
    let (socket, address) = udp(&network, at("10.0.0.1:80"));
    assert_eq!(address, at("10.0.0.1:80"));
    let (friend, _) = udp(&memory, at("10.0.0.7:7"));
    friend.send(b"hello", Some(at("127.0.0.1:8080"))).unwrap();
    assert_eq!(datagram(&*socket), (b"hello".to_vec(), at("10.0.0.7:7")));
}

#[test]
fn datagrams_lead_elsewhere_and_answers_come_back() {
    let memory = MemoryNetwork::new();
    let (there, _) = udp(&memory, at("127.0.0.1:5353"));
    let network =
        mapped(&memory, &[(Use::UdpSend, &["10.0.0.1:53"])], &[("10.0.0.1:53", "127.0.0.1:5353")]);
    let (socket, address) = udp(&network, at("10.0.0.9:0"));
    // It was not sent anything, and is nobody that the guest knows.
    there.send(b"too early", Some(address)).unwrap();
    assert_eq!(socket.receive(&mut [0; 9]), Err(ErrorCode::Again));
    socket.send(b"question", Some(at("10.0.0.1:53"))).unwrap();
    let (question, from) = datagram(&*there);
    assert_eq!(question, b"question");
    there.send(b"answer", Some(from)).unwrap();
    assert_eq!(datagram(&*socket), (b"answer".to_vec(), at("10.0.0.1:53")));
    assert_eq!(socket.send(b"x", Some(at("127.0.0.1:5353"))), DENIED);
    socket.connect(Some(at("10.0.0.1:53"))).unwrap();
    socket.send(b"again", None).unwrap();
    assert_eq!(datagram(&*there).0, b"again");
    there.send(b"yes", Some(from)).unwrap();
    assert_eq!(datagram(&*socket), (b"yes".to_vec(), at("10.0.0.1:53")));
}

#[test]
fn each_refusal_is_told_once() {
    let memory = MemoryNetwork::new();
    let (network, policy) = guarded(&memory, &ALL_BINDS);
    let told = |expected: &[&str]| {
        assert_eq!(std::mem::take(&mut *policy.refused.lock().unwrap()), expected);
    };
    assert!(connect(&network, at("10.0.0.1:80")).is_err());
    told(&["TcpConnect 10.0.0.1:80"]);
    assert!(network.tcp(Family::V4).unwrap().bind(at("10.0.0.1:80")).is_err());
    told(&["TcpBind 10.0.0.1:80"]);
    assert!(network.tcp(Family::V4).unwrap().listen(1).is_err());
    told(&["TcpListen 0.0.0.0:0"]);
    assert!(network.udp(Family::V4).unwrap().bind(at("10.0.0.1:0")).is_err());
    told(&["UdpBind 10.0.0.1:0"]);
    let (socket, address) = udp(&network, at("10.0.0.9:0"));
    assert!(socket.send(b"x", Some(at("10.0.0.1:53"))).is_err());
    assert!(socket.connect(Some(at("10.0.0.1:53"))).is_err());
    told(&["UdpSend 10.0.0.1:53", "UdpSend 10.0.0.1:53"]);
    assert!(network.resolve("other").is_err());
    told(&["other"]);
    // What others send is no doing of the guest's.
    udp(&memory, at("10.0.0.2:1")).0.send(b"poison", Some(address)).unwrap();
    assert!(socket.receive(&mut [0; 9]).is_err());
    told(&[]);
}

/// That a socket would have more than answers shows only when more arrives.
#[test]
fn who_can_allow_it_is_asked_once_about_what_strangers_send() {
    for allowed in [false, true] {
        let memory = MemoryNetwork::new();
        let binds = [Use::UdpBindToSend].map(|how| (how, vec![at("10.0.0.9:0"), at("0.0.0.0:0")]));
        let sends = (Use::UdpSend, vec![at("10.0.0.1:53")]);
        let policy = Arc::new(Listed {
            allowed: binds.into_iter().chain([sends]).collect(),
            receives: Some(allowed),
            ..Default::default()
        });
        let network = Guarded::new(Arc::new(memory.clone()), policy.clone());
        let (stranger, _) = udp(&memory, at("10.0.0.2:1"));
        let (socket, address) = udp(&network, at("10.0.0.9:0"));
        for text in [b"one", b"two"] {
            stranger.send(text, Some(address)).unwrap();
            let mut buffer = [0; 9];
            let received = socket.receive(&mut buffer);
            match allowed {
                true => assert_eq!(received, Ok((3, at("10.0.0.2:1")))),
                false => assert_eq!(received, Err(ErrorCode::Again)),
            }
        }
        assert_eq!(*policy.refused.lock().unwrap(), ["receives 10.0.0.9:0"]);
        // A socket that never asked for an address has answers only.
        let (friend, _) = udp(&memory, at("10.0.0.1:53"));
        let socket = network.udp(Family::V4).unwrap();
        socket.send(b"question", Some(at("10.0.0.1:53"))).unwrap();
        let (_, from) = datagram(&*friend);
        stranger.send(b"poison", Some(from)).unwrap();
        assert_eq!(socket.receive(&mut [0; 9]), Err(ErrorCode::Again));
        assert_eq!(policy.refused.lock().unwrap().len(), 1);
    }
}

#[test]
fn what_is_let_through_is_done() {
    let memory = MemoryNetwork::new();
    memory.set_name("other", &["10.0.0.1".parse().unwrap()]).unwrap();
    let policy = Arc::new(Listed { lenient: true, ..Default::default() });
    let network = Guarded::new(Arc::new(memory.clone()), policy);
    let (listening, _) = listener(&network, at("10.0.0.1:80"));
    connect(&network, at("10.0.0.1:80")).unwrap();
    listening.accept().unwrap();
    assert_eq!(network.resolve("other").unwrap().addresses().unwrap().len(), 1);
    let (friend, friend_at) = udp(&memory, at("10.0.0.1:53"));
    let socket = network.udp(Family::V4).unwrap();
    socket.send(b"question", Some(friend_at)).unwrap();
    let (_, from) = datagram(&*friend);
    friend.send(b"answer", Some(from)).unwrap();
    assert_eq!(datagram(&*socket).0, b"answer");
}

fn limited(memory: &MemoryNetwork, limits: NetworkLimits) -> Guarded {
    let policy = Arc::new(Listed { lenient: true, ..Default::default() });
    Guarded::with_meter(Arc::new(memory.clone()), policy, Arc::new(Meter::new(limits)))
}

#[test]
fn connections_are_limited() {
    let memory = MemoryNetwork::new();
    let network = limited(&memory, NetworkLimits { connections: 2, ..Default::default() });
    let full = || Some(ErrorCode::TooManyOpen);
    let (listening, _) = listener(&network, at("10.0.0.1:80"));
    let client = connect(&network, at("10.0.0.1:80")).unwrap();
    let server = listening.accept().unwrap();
    assert_eq!(connect(&network, at("10.0.0.1:80")).err(), full());
    assert_eq!(network.udp(Family::V4).err(), full());
    // Who can not have it leaves it to wait.
    let outside = connect(&memory, at("10.0.0.1:80")).unwrap();
    assert_eq!(listening.accept().err(), full());
    drop(client);
    let next = listening.accept().unwrap();
    assert_eq!(next.remote_address(), outside.local_address());
    drop((server, next));
    let one = network.udp(Family::V4).unwrap();
    let _other = network.udp(Family::V4).unwrap();
    assert_eq!(network.udp(Family::V4).err(), full());
    drop(one);
    network.udp(Family::V4).unwrap();
}

fn send(to: &dyn Connection, parts: &[&[u8]]) -> Result<usize, ErrorCode> {
    let slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part)).collect();
    to.send(&slices, Blocking::Never)
}

fn receive(from: &dyn Connection, lengths: [usize; 2]) -> Result<Vec<u8>, ErrorCode> {
    let [mut one, mut two] = lengths.map(|length| vec![0; length]);
    let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    let length = from.receive(&mut buffers, ReceiveOptions::default(), Blocking::Never)?;
    one.extend(two);
    one.truncate(length);
    Ok(one)
}

#[test]
fn bytes_are_limited_in_both_directions() {
    let memory = MemoryNetwork::new();
    let (listening, _) = listener(&memory, at("10.0.0.1:80"));
    let limits = NetworkLimits { bytes_in: Some(6), bytes_out: Some(5), ..Default::default() };
    let network = limited(&memory, limits);
    let client = connect(&network, at("10.0.0.1:80")).unwrap();
    let server = listening.accept().unwrap();
    assert_eq!(send(&*client, &[b"ab"]), Ok(2));
    // Not one byte more, wherever the buffers end.
    assert_eq!(send(&*client, &[b"c", b"", b"defg", b"h"]), Ok(3));
    assert_eq!(send(&*client, &[b"x"]), Err(ErrorCode::Quota));
    assert_eq!(send(&*client, &[b""]), Ok(0));
    assert_eq!(receive(&*server, [10, 10]).unwrap(), b"abcde");
    // Of the guest, not of the connection.
    let other = connect(&network, at("10.0.0.1:80")).unwrap();
    assert_eq!(send(&*other, &[b"x"]), Err(ErrorCode::Quota));

    send(&*server, &[b"0123456789"]).unwrap();
    assert_eq!(receive(&*client, [1, 1]).unwrap(), b"01");
    assert_eq!(receive(&*client, [3, 10]).unwrap(), b"2345");
    assert_eq!(receive(&*client, [3, 10]), Err(ErrorCode::Quota));
    // Who has all that there is finds the end.
    let limits = NetworkLimits { bytes_in: Some(2), ..Default::default() };
    let exact = connect(&limited(&memory, limits), at("10.0.0.1:80")).unwrap();
    listening.accept().unwrap();
    let server = listening.accept().unwrap();
    send(&*server, &[b"hi"]).unwrap();
    assert_eq!(receive(&*exact, [8, 8]).unwrap(), b"hi");
    assert_eq!(receive(&*exact, [8, 8]), Err(ErrorCode::Again));
    server.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(receive(&*exact, [8, 8]).unwrap(), b"");
}

#[test]
fn datagrams_count_as_a_whole() {
    let memory = MemoryNetwork::new();
    let (friend, friend_at) = udp(&memory, at("10.0.0.1:53"));
    let limits = NetworkLimits { bytes_in: Some(4), bytes_out: Some(4), ..Default::default() };
    let network = limited(&memory, limits);
    let (socket, address) = udp(&network, at("10.0.0.2:9"));
    socket.send(b"abc", Some(friend_at)).unwrap();
    assert_eq!(socket.send(b"de", Some(friend_at)), Err(ErrorCode::Quota));
    assert_eq!(datagram(&*friend).0, b"abc");
    assert_eq!(friend.receive(&mut [0; 9]), Err(ErrorCode::Again));
    friend.send(b"abc", Some(address)).unwrap();
    friend.send(b"de", Some(address)).unwrap();
    assert_eq!(datagram(&*socket).0, b"abc");
    assert_eq!(socket.receive(&mut [0; 9]), Err(ErrorCode::Quota));
}
