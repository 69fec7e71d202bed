//! Programs that use the network, on every engine: as components, with the sockets of this machine
//! and with a network in memory.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::{Ipv6Addr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use wayleave::system::net::MemoryNetwork;
use wayleave::system::refusal::{Answer, Refusal, Refusals};
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

/// A guest that listens in this network, to be joined.
fn serving(
    program: &Program,
    network: &MemoryNetwork,
    address: &'static str,
    count: &'static str,
) -> thread::JoinHandle<Output> {
    let server = grants(&["serve", address, count]).network(Arc::new(network.clone()));
    let server = inbound(server, &format!("tcp://{address}"));
    let program = program.clone();
    thread::spawn(move || program.output(server).unwrap())
}

/// What a client prints in this network, once somebody listens.
fn client(program: &Program, args: &[&str], network: &MemoryNetwork, rule: &str) -> String {
    let start = Instant::now();
    loop {
        let client = outbound(grants(args).network(Arc::new(network.clone())), rule);
        let answer = printed(&program.output(client).unwrap());
        if answer != "failed: ConnectionRefused\n" || start.elapsed().as_secs() > 20 {
            return answer;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_name_leads_elsewhere() {
    each_engine(|program| {
        let network = MemoryNetwork::new();
        let serving = serving(program, &network, "127.0.0.1:8080", "2");
        for (to, rule) in [
            ("db.internal:5432", "tcp://db.internal:5432->127.0.0.1:8080"),
            ("10.0.0.1:80", "tcp://10.0.0.1:80->127.0.0.1:8080"),
        ] {
            assert_eq!(client(program, &["connect", to, "hello"], &network, rule), "hello\n");
        }
        serving.join().unwrap();
        let refused = client(
            program,
            &["connect", "127.0.0.1:8080", "x"],
            &network,
            "tcp://db.internal:5432->127.0.0.1:8080",
        );
        assert_eq!(refused, "failed: PermissionDenied\n");
    });
}

#[test]
fn deny_wins_in_every_call() {
    each_engine(|program| {
        let network = MemoryNetwork::new();
        network.set_name("evil.example", &["1.2.3.4".parse().unwrap()]).unwrap();
        network.set_name("inside.example", &["10.0.0.1".parse().unwrap()]).unwrap();
        for args in [
            &["connect", "10.0.0.1:80", "x"][..],
            &["connect", "[64:ff9b::10.0.0.1]:80", "x"],
            &["connect", "inside.example:80", "x"],
            &["connect", "evil.example:80", "x"],
            &["send", "10.0.0.1:53", "x"],
            &["send", "evil.example:53", "x"],
            &["lookup", "evil.example"],
        ] {
            let mut denied = grants(args).network(Arc::new(network.clone()));
            for rule in ["tcp://*:*", "udp://*:*", "tcp://evil.example:*"] {
                denied = outbound(denied, rule);
            }
            denied = denied.allow_resolve("*".parse().unwrap());
            for rule in ["tcp://10.0.0.0/8:*", "udp://10.0.0.0/8:*", "udp://*.example:*"] {
                denied = denied.deny_outbound(rule.parse().unwrap()).unwrap();
            }
            let said = printed(&program.output(denied).unwrap());
            assert_eq!(said, "failed: PermissionDenied\n", "{args:?}");
        }
    });
}

#[test]
fn only_what_is_public_in_every_call() {
    each_engine(|program| {
        let network = MemoryNetwork::new();
        network.set_name("inside.example", &["192.168.0.1".parse().unwrap()]).unwrap();
        network.set_name("metadata.example", &["169.254.169.254".parse().unwrap()]).unwrap();
        for (args, public) in [
            (&["connect", "192.168.0.1:80", "x"][..], true),
            (&["connect", "127.0.0.1:80", "x"], true),
            (&["connect", "[::1]:80", "x"], true),
            (&["connect", "[2002:7f00:1::]:80", "x"], true),
            (&["connect", "inside.example:80", "x"], true),
            (&["send", "192.168.0.1:53", "x"], true),
            (&["send", "inside.example:53", "x"], true),
            (&["connect", "169.254.169.254:80", "x"], false),
            (&["connect", "[64:ff9b::a9fe:a9fe]:80", "x"], false),
            (&["connect", "metadata.example:80", "x"], false),
            (&["send", "metadata.example:80", "x"], false),
        ] {
            let mut refused = grants(args).network(Arc::new(network.clone())).public_only(public);
            for rule in ["tcp://*:*", "udp://*:*", "tcp://*.example:*", "udp://*.example:*"] {
                refused = outbound(refused, rule);
            }
            let said = printed(&program.output(refused).unwrap());
            assert_eq!(said, "failed: PermissionDenied\n", "{args:?}");
        }
    });
}

#[derive(Default)]
struct Told(Mutex<Vec<Refusal>>);

impl Refusals for Told {
    fn refused(&self, refusal: Refusal) -> Answer {
        self.0.lock().unwrap().push(refusal);
        Answer::Deny
    }
}

/// What a refusal offers is granted, and the program run again, until nothing is refused.
#[test]
fn what_a_refusal_offers_is_what_it_takes() {
    each_engine(|program| {
        let network = MemoryNetwork::new();
        network.set_name("echo.example", &["10.0.0.7".parse().unwrap()]).unwrap();
        for (args, expected) in [
            (&["connect", "echo.example:7", "x"][..], &["allow-resolve", "allow-outbound"][..]),
            (&["connect", "10.0.0.7:7", "x"], &["allow-outbound"]),
            (&["connect", "[fe80::1]:7", "x"], &["allow-outbound"]),
            (&["send", "10.0.0.7:7", "x"], &["allow-outbound"]),
            (&["lookup", "echo.example"], &["allow-resolve"]),
        ] {
            let (mut names, mut rules) = (Vec::<String>::new(), Vec::<String>::new());
            let mut taken = Vec::new();
            loop {
                let told = Arc::new(Told::default());
                let mut grants = grants(args).network(Arc::new(network.clone()));
                grants = grants.public_only(true).refusals(told.clone());
                grants.limits.timeout = Some(Duration::from_millis(500));
                for rule in &rules {
                    grants = outbound(grants, rule);
                }
                for name in &names {
                    grants = grants.allow_resolve(name.parse().unwrap());
                }
                program.output(grants).unwrap();
                // Whoever may connect to where nobody is runs out of time.
                let told = told.0.lock().unwrap();
                let mut told = told.iter().filter(|refusal| refusal.grants[0].option != "timeout");
                let Some(refusal) = told.next().cloned() else { break };
                assert!(taken.len() < 3, "{refusal:?}");
                let grant = refusal.grants[0].clone();
                taken.push(grant.option);
                let list = if grant.option == "allow-resolve" { &mut names } else { &mut rules };
                list.push(grant.value);
            }
            assert_eq!(taken, expected, "{args:?}");
        }
    });
}

#[test]
fn bytes_and_connections_have_their_limits() {
    each_engine(|program| {
        let network = MemoryNetwork::new();
        let run = |limit: &dyn Fn(&mut Grants)| {
            let rule = "tcp://*:*";
            let mut grants = grants(&["tcp", "127.0.0.1"]).network(Arc::new(network.clone()));
            grants = inbound(outbound(grants, rule), rule);
            limit(&mut grants);
            printed(&program.output(grants).unwrap())
        };
        assert!(run(&|_| {}).ends_with(REST));
        let few = run(&|grants| grants.limits.network.connections = 1);
        assert!(few.contains("failed: "), "{few}");
        let out = run(&|grants| grants.limits.network.bytes_out = Some(1 << 20));
        assert!(out.contains("failed: "), "{out}");
        let inside = run(&|grants| grants.limits.network.bytes_in = Some(1 << 20));
        assert!(inside.contains("failed: "), "{inside}");
    });
}
