//! What the rules of the network mean for each call, in a network in memory.

use super::*;
use std::net::IpAddr;
use wayleave_grants::NetworkLimits;
use wayleave_system::net::{Family, MemoryNetwork, Network as _};

const DENIED: ErrorCode = ErrorCode::AccessDenied;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn grants(network: &MemoryNetwork, outbound: &[&str]) -> Grants {
    let grants = Grants::new().network(Arc::new(network.clone()));
    outbound.iter().fold(grants, |grants, rule| grants.allow_outbound(rule.parse().unwrap()))
}

/// A listener of somebody else.
fn listening(network: &MemoryNetwork, at: &str) -> Arc<dyn wayleave_system::net::TcpSocket> {
    let at: SocketAddr = at.parse().unwrap();
    let socket = network.tcp(Family::of(at.ip())).unwrap();
    socket.bind(at).unwrap();
    socket.listen(8).unwrap();
    socket
}

fn connect_error(host: &mut Host, to: &str) -> Option<ErrorCode> {
    connect(host, at(to)).err()
}

/// Every way in which a guest reaches an address.
fn errors_of_each_way(host: &mut Host, to: &str) -> [Option<ErrorCode>; 3] {
    let address = at(to);
    let any = if matches!(address, IpSocketAddress::Ipv4(_)) { "0.0.0.0:0" } else { "[::]:0" };
    let (socket, _, outgoing, _) = udp(host, at(any));
    [
        connect_error(host, to),
        send(host, &outgoing, b"x", Some(address)).err(),
        host.udp_socket_stream(lend(&socket), Some(address)).unwrap().err(),
    ]
}

#[test]
fn a_name_that_is_found_to_be_elsewhere_later_leads_nobody_there() {
    let network = MemoryNetwork::new();
    network.set_name("a.example", &[ip("93.184.216.34")]).unwrap();
    let _public = listening(&network, "93.184.216.34:80");
    let _inside = listening(&network, "127.0.0.1:80");
    let mut host = Host::new(grants(&network, &["tcp://a.example:80"]));
    let host = &mut host;
    let found = Ok(vec![IpAddress::Ipv4((93, 184, 216, 34))]);
    assert_eq!(resolve(host, "a.example"), found);
    network.set_name("a.example", &[ip("127.0.0.1")]).unwrap();
    assert_eq!(resolve(host, "A.Example."), found);
    connect(host, at("93.184.216.34:80")).unwrap();
    assert_eq!(connect_error(host, "127.0.0.1:80"), Some(DENIED));
    // Another guest starts anew.
    let mut other = Host::new(grants(&network, &["tcp://a.example:80"]).public_only(true));
    assert_eq!(resolve(&mut other, "a.example"), Ok(vec![LOCALHOST]));
    assert_eq!(connect_error(&mut other, "127.0.0.1:80"), Some(DENIED));
}

#[test]
fn two_look_ups_at_once_have_one_answer() {
    let network = MemoryNetwork::new();
    network.set_name("a.example", &[ip("10.0.0.1")]).unwrap();
    let mut host = Host::new(grants(&network, &["tcp://a.example:80"]));
    let host = &mut host;
    let first = host.resolve_addresses(net(), "a.example").unwrap().unwrap();
    network.set_name("a.example", &[ip("10.0.0.2")]).unwrap();
    let second = host.resolve_addresses(net(), "a.example").unwrap().unwrap();
    let answers = [take_all(host, &second).unwrap(), take_all(host, &first).unwrap()];
    assert_eq!(answers[0], answers[1]);
    assert_eq!(connect_error(host, "10.0.0.1:80"), Some(DENIED));
    assert_eq!(connect_error(host, "10.0.0.2:80"), Some(ErrorCode::ConnectionRefused));
}

#[test]
fn what_is_denied_is_denied_in_every_call() {
    let network = MemoryNetwork::new();
    let mut grants = grants(&network, &["tcp://*:*", "udp://*:*", "tcp://evil.example:80"])
        .allow_resolve("*".parse().unwrap());
    for rule in ["tcp://10.0.0.0/8:*", "udp://10.0.0.0/8:*", "tcp://evil.example:*"] {
        grants = grants.deny_outbound(rule.parse().unwrap()).unwrap();
    }
    network.set_name("inside.example", &[ip("10.0.0.1")]).unwrap();
    network.set_name("evil.example", &[ip("1.2.3.4")]).unwrap();
    let mut host = Host::new(grants);
    let host = &mut host;
    assert!(resolve(host, "inside.example").is_ok());
    assert_eq!(resolve(host, "evil.example"), Err(DENIED));
    for to in ["10.0.0.1:80", "[64:ff9b::10.0.0.1]:80", "[2002:a00:1::]:80"] {
        assert_eq!(errors_of_each_way(host, to), [Some(DENIED); 3], "{to}");
    }
    let refused = Some(ErrorCode::ConnectionRefused);
    assert_eq!(errors_of_each_way(host, "11.0.0.1:80"), [refused, None, None]);
}

#[test]
fn what_is_not_public_is_refused_in_every_call() {
    let network = MemoryNetwork::new();
    let all = ["tcp://*:*", "udp://*:*", "tcp://*.example:*", "udp://*.example:*"];
    network.set_name("a.example", &[ip("127.0.0.1"), ip("::1"), ip("10.0.0.1")]).unwrap();
    let mut host = Host::new(grants(&network, &all).public_only(true));
    assert_eq!(resolve(&mut host, "a.example").unwrap().len(), 3);
    for to in [
        "127.0.0.1:80",
        "10.0.0.1:80",
        "100.64.0.1:80",
        "[::1]:80",
        "[fd00::1]:80",
        "[64:ff9b::127.0.0.1]:80",
        "[64:ff9b:1::10.0.0.1]:80",
        "[2002:7f00:1::]:80",
        "[2001:0:a00:1::]:80",
    ] {
        assert_eq!(errors_of_each_way(&mut host, to), [Some(DENIED); 3], "{to}");
    }
    let refused = Some(ErrorCode::ConnectionRefused);
    assert_eq!(errors_of_each_way(&mut host, "1.1.1.1:80"), [refused, None, None]);
    let mut host = Host::new(grants(&network, &all));
    for to in ["169.254.169.254:80", "[fe80::1]:80", "[64:ff9b::a9fe:a9fe]:80"] {
        assert_eq!(errors_of_each_way(&mut host, to), [Some(DENIED); 3], "{to}");
    }
}

#[test]
fn a_rule_leads_elsewhere() {
    let network = MemoryNetwork::new();
    let there = listening(&network, "172.17.0.14:5433");
    let rules = ["tcp://db.internal:5432->172.17.0.14:5433", "udp://10.0.0.1:53->127.0.0.1:5353"];
    let mut host = Host::new(grants(&network, &rules));
    let host = &mut host;
    assert_eq!(connect_error(host, "172.17.0.14:5432"), Some(DENIED));
    assert_eq!(resolve(host, "db.internal"), Ok(vec![IpAddress::Ipv4((172, 17, 0, 14))]));
    let (socket, ..) = connect(host, at("172.17.0.14:5432")).unwrap();
    there.accept().unwrap();
    let remote = host.tcp_socket_remote_address(lend(&socket)).unwrap();
    assert_eq!(remote, Ok(at("172.17.0.14:5432")));
    assert_eq!(connect_error(host, "172.17.0.14:5433"), Some(DENIED));

    let server = network.udp(Family::V4).unwrap();
    server.bind("127.0.0.1:5353".parse().unwrap()).unwrap();
    let (_socket, incoming, outgoing, _) = udp(host, at("10.0.0.9:0"));
    send(host, &outgoing, b"question", Some(at("10.0.0.1:53"))).unwrap();
    let (_, from) = server.receive(&mut [0; 100]).unwrap();
    server.send(b"answer", Some(from)).unwrap();
    assert_eq!(receive(host, &incoming), (b"answer".to_vec(), at("10.0.0.1:53")));
}

#[test]
fn requests_are_no_sockets() {
    let network = MemoryNetwork::new();
    let rules = ["http://*:*", "https://a.example", "udp://10.0.0.1:1"];
    let mut host = Host::new(grants(&network, &rules));
    assert_eq!(connect_error(&mut host, "10.0.0.1:80"), Some(DENIED));
    assert_eq!(resolve(&mut host, "a.example"), Err(DENIED));
    let mut nothing = Host::new(grants(&network, &["http://*:*"]));
    let socket = nothing.create_tcp_socket(IpAddressFamily::Ipv4).unwrap();
    assert_eq!(socket.err(), Some(DENIED));
}

#[test]
fn one_version_of_ip() {
    let network = MemoryNetwork::new();
    network.set_name("a.example", &[ip("10.0.0.1"), ip("fd00::1")]).unwrap();
    network.set_name("b.example", &[ip("10.0.0.1")]).unwrap();
    let rules = ["tcp://a.example:80#ipv6-only", "tcp://b.example:80#ipv6-only"];
    let mut host = Host::new(grants(&network, &rules));
    let one = IpAddress::Ipv6((0xfd00, 0, 0, 0, 0, 0, 0, 1));
    assert_eq!(resolve(&mut host, "a.example"), Ok(vec![one]));
    assert_eq!(resolve(&mut host, "b.example"), Err(ErrorCode::NameUnresolvable));
    assert_eq!(connect_error(&mut host, "10.0.0.1:80"), Some(DENIED));
    let refused = Some(ErrorCode::ConnectionRefused);
    assert_eq!(connect_error(&mut host, "[fd00::1]:80"), refused);
}

#[test]
fn limits_are_told_as_what_they_are() {
    let network = MemoryNetwork::new();
    let _there = listening(&network, "10.0.0.1:80");
    let mut grants = grants(&network, &["tcp://*:*", "udp://*:*"]);
    grants.limits.network = NetworkLimits { connections: 2, bytes_in: None, bytes_out: Some(3) };
    let mut host = Host::new(grants);
    let host = &mut host;
    let (_first, _, output) = connect(host, at("10.0.0.1:80")).unwrap();
    write(host, &output, b"ab");
    let more = host.output_stream_blocking_write_and_flush(lend(&output), b"cde").unwrap();
    assert!(matches!(more, Err(StreamError::LastOperationFailed(_))));
    let (_udp, _, outgoing, _) = udp(host, at("0.0.0.0:0"));
    assert_eq!(send(host, &outgoing, b"x", Some(at("10.0.0.1:1"))), Err(DENIED));
    assert_eq!(connect_error(host, "10.0.0.1:80"), Some(ErrorCode::NewSocketLimit));
    let full = host.create_udp_socket(IpAddressFamily::Ipv4).unwrap().err();
    assert_eq!(full, Some(ErrorCode::NewSocketLimit));
}
