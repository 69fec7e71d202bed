//! Programs that use the network, on every engine: as components, with the sockets of this machine
//! and with a network in memory.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::{Ipv6Addr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use wayleave::system::net::MemoryNetwork;
use wayleave::{End, EngineKind, Grants, Output, Program, Runtime};

fn each_engine(test: impl Fn(&Program)) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../guests/built/p2/network.wasm");
    for engine in EngineKind::ALL {
        let runtime = Runtime::builder().engine(*engine).interruptible(true).build().unwrap();
        test(&runtime.load_file(&path).unwrap());
    }
}

fn grants(args: &[&str]) -> Grants {
    Grants::new().arg("network").unwrap().args(args.iter().copied()).unwrap()
}

fn outbound(grants: Grants, rule: &str) -> Grants {
    grants.allow_outbound(rule.parse().unwrap())
}

fn inbound(grants: Grants, rule: &str) -> Grants {
    grants.allow_inbound(rule.parse().unwrap()).unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

const TCP: &str = "server got \"ping\"
";
const REST: &str = "reading without waiting: Err(WouldBlock)
client got \"pong, and the end\" and the end
server got \"still there\" and the end
many bytes: 8388608, sum 1047944668
connecting to nobody: Err(ConnectionRefused)
";
const UDP: &str = "got \"to you\"
got \"and back\"
cut to 10
then 4
nothing more: Err(WouldBlock)
too long to be sent: true
";

/// The loopback addresses that this machine has.
fn locals() -> Vec<&'static str> {
    let v6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    if v6 { vec!["127.0.0.1", "::1"] } else { vec!["127.0.0.1"] }
}

fn talks_to_itself(program: &Program, ip: &str, network: impl Fn(Grants) -> Grants) {
    let all = |protocol: &str| {
        let rule = format!("{protocol}://*:*");
        network(inbound(outbound(grants(&[protocol, ip]), &rule), &rule))
    };
    let hops = if ip.contains(':') { "" } else { "hop limit 33\n" };
    let tcp = format!("listens at {ip}, port given: true\n{TCP}{hops}{REST}");
    assert_eq!(printed(&program.output(all("tcp")).unwrap()), tcp);
    assert_eq!(printed(&program.output(all("udp")).unwrap()), UDP);
}

#[test]
fn a_program_talks_to_itself() {
    each_engine(|program| {
        for ip in locals() {
            talks_to_itself(program, ip, |grants| grants);
        }
        for ip in ["127.0.0.1", "::1", "10.1.2.3"] {
            talks_to_itself(program, ip, |grants| grants.network(Arc::new(MemoryNetwork::new())));
        }
    });
}

#[test]
fn nothing_without_grants() {
    each_engine(|program| {
        for args in [
            &["tcp", "127.0.0.1"][..],
            &["udp", "127.0.0.1"],
            &["connect", "127.0.0.1:1", "x"],
            &["send", "127.0.0.1:1", "x"],
            &["connect", "localhost:1", "x"],
        ] {
            let output = program.output(grants(args)).unwrap();
            assert_eq!(output.outcome.exit_code(), Some(1), "{args:?}");
            assert!(printed(&output).starts_with("failed: "), "{args:?}");
        }
    });
}

/// Answers one connection with what it got, in upper case.
fn shouting_server() -> (u16, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        stream.write_all(text.to_uppercase().as_bytes()).unwrap();
    });
    (port, server)
}

#[test]
fn a_client_reaches_what_it_may_and_nothing_else() {
    each_engine(|program| {
        let (port, server) = shouting_server();
        let address = format!("127.0.0.1:{port}");
        for rule in [
            "tcp://127.0.0.2:*".to_owned(),
            format!("tcp://127.0.0.1:{}", port ^ 1),
            format!("udp://127.0.0.1:{port}"),
            // The name was not looked up.
            format!("tcp://localhost:{port}"),
        ] {
            let output =
                program.output(outbound(grants(&["connect", &address, "x"]), &rule)).unwrap();
            assert_eq!(printed(&output), "failed: PermissionDenied\n", "{rule}");
        }
        let rule = format!("tcp://127.0.0.0/8:{port}");
        let output =
            program.output(outbound(grants(&["connect", &address, "hey"]), &rule)).unwrap();
        assert_eq!(printed(&output), "HEY\n");
        server.join().unwrap();
    });
}

#[test]
fn a_name_leads_to_its_addresses() {
    each_engine(|program| {
        let (port, server) = shouting_server();
        let (address, rule) = (format!("localhost:{port}"), format!("tcp://localhost:{port}"));
        let output =
            program.output(outbound(grants(&["connect", &address, "hey"]), &rule)).unwrap();
        assert_eq!(printed(&output), "HEY\n");
        server.join().unwrap();

        let lookup = |rule: &str, name: &str| {
            let grants = grants(&["lookup", name]).allow_resolve(rule.parse().unwrap());
            printed(&program.output(grants).unwrap())
        };
        assert!(lookup("localhost", "localhost").contains("127.0.0.1"));
        assert!(lookup("*.localhost", "localhost").starts_with("failed: "));
    });
}

#[test]
fn datagrams_to_a_server() {
    each_engine(|program| {
        let server = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = server.local_addr().unwrap();
        let answering = thread::spawn(move || {
            let mut buffer = [0; 100];
            let (length, from) = server.recv_from(&mut buffer).unwrap();
            server.send_to(&buffer[..length].to_ascii_uppercase(), from).unwrap();
        });
        let args = ["send", &address.to_string(), "hey"];
        let output = program.output(outbound(grants(&args), &format!("udp://{address}"))).unwrap();
        assert_eq!(printed(&output), "HEY\n");
        answering.join().unwrap();
    });
}

#[test]
fn two_guests_in_one_network() {
    each_engine(|program| {
        let network = MemoryNetwork::new();
        network.set_name("echo.example", &["10.0.0.7".parse().unwrap()]).unwrap();
        let server = grants(&["serve", "10.0.0.7:7", "2"]).network(Arc::new(network.clone()));
        let server = inbound(server, "tcp://10.0.0.7:7");
        let serving = program.clone();
        let serving = thread::spawn(move || serving.output(server).unwrap());
        for text in ["hello", "again"] {
            let client = || {
                let client = grants(&["connect", "echo.example:7", text]);
                outbound(client.network(Arc::new(network.clone())), "tcp://echo.example:7")
            };
            // It may not listen yet.
            let start = Instant::now();
            let answer = loop {
                let answer = printed(&program.output(client()).unwrap());
                if answer != "failed: ConnectionRefused\n" || start.elapsed().as_secs() > 20 {
                    break answer;
                }
                thread::sleep(Duration::from_millis(5));
            };
            assert_eq!(answer, format!("{text}\n"));
        }
        assert_eq!(printed(&serving.join().unwrap()), "10.0.0.7:7\n");
    });
}

#[test]
fn a_server_that_nobody_calls_is_ended() {
    each_engine(|program| {
        let mut grants = inbound(grants(&["serve", "127.0.0.1:0", "1"]), "tcp://localhost:0");
        grants.limits.timeout = Some(Duration::from_millis(100));
        let output = program.output(grants).unwrap();
        assert!(matches!(output.outcome.end, End::TimedOut(_)), "{:?}", output.outcome);
        assert!(printed(&output).starts_with("127.0.0.1:"));
    });
}
