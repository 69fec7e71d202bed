//! Guests that want handles without end: they get no more than they may have, and the host hardly
//! notices.

use crate::support::{
    Component, Files, Open, TestEngine, Version, each_engine, each_version, peak,
};
use std::sync::Arc;
use wayleave_component::Value;
use wayleave_engine::{Context, Extern, Limits, Stop, Value as Core};
use wayleave_grants::Grants;
use wayleave_system::fs::{Dir, MemoryDir, OpenOptions};
use wayleave_system::net::MemoryNetwork;
use wayleave_wasi::{p0, p1};

each_version! {
    more_files_than_allowed_are_not_opened,
}

each_engine! {
    more_handles_of_0_2_than_allowed_are_not_made,
}

/// How often guests try what they are told they can not have.
const TRIES: &str = "WAYLEAVE_HANDLE_TRIES";

/// As often as it says, or as an engine can in a moment.
fn attempts<E: TestEngine>() -> u32 {
    let few = if E::NAME == "wasmi" { 200_000 } else { 1_000_000 };
    std::env::var(TRIES).map_or(few, |tries| tries.parse().unwrap())
}

/// What all that guests may have can cost the host, and what other tests need meanwhile.
const COST: usize = 192 << 20;

/// A folder in memory with a file, and all of a network that nobody is in.
fn grants() -> Grants {
    let dir = MemoryDir::new(1 << 20);
    dir.open("file", &OpenOptions { write: true, create: true, ..Default::default() }).unwrap();
    let network = MemoryNetwork::new();
    let mut grants = Grants::new().network(Arc::new(network)).preopen(Arc::new(dir), "/").unwrap();
    for rule in ["tcp://*:*", "udp://*:*"] {
        grants = grants.allow_outbound(rule.parse().unwrap());
    }
    grants.allow_resolve("*".parse().unwrap())
}

/// Opens "file" again and again, and tells how often that went well, and the last errno.
fn hoarder(version: Version) -> Vec<u8> {
    let module = version.module();
    wat::parse_str(format!(
        r#"(module
            (import "{module}" "path_open" (func $open
                (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
            (memory (export "memory") 1)
            (data (i32.const 16) "file")
            (func (export "hoard") (param $n i32) (result i32 i32)
                (local $got i32) (local $errno i32)
                (loop $again
                    (local.set $errno (call $open (i32.const 3) (i32.const 0) (i32.const 16)
                        (i32.const 4) (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0)
                        (i32.const 0)))
                    (local.set $got (i32.add (local.get $got) (i32.eqz (local.get $errno))))
                    (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
                (local.get $got) (local.get $errno)))"#
    ))
    .unwrap()
}

fn more_files_than_allowed_are_not_opened<E: TestEngine>(version: Version) {
    let engine = &E::shared().engine;
    let mut linker = engine.linker::<p1::Host>();
    match version {
        Version::Snapshot1 => p1::link::<E, p1::Host>(&mut linker, None, |_| true),
        Version::Unstable => p0::link::<E, p1::Host>(&mut linker, None, |_| true),
    }
    .unwrap();
    let module = engine.compile(&hoarder(version)).unwrap();
    let template = engine.template(&linker, &module).unwrap();
    let before = peak();
    let grants = grants();
    let most = grants.limits.descriptors;
    let mut store = engine.store(p1::Host::new(grants), Limits::default()).unwrap();
    let mut context = E::context(&mut store);
    let instance = context.instantiate(&template).unwrap();
    let Some(Extern::Func(hoard)) = context.export(&instance, "hoard") else { panic!() };
    let mut results = [Core::I32(0), Core::I32(0)];
    let attempts = attempts::<E>().cast_signed();
    context.call(&hoard, &[Core::I32(attempts)], &mut results).unwrap();
    // The streams and the folder are among those that it may have.
    let got = i32::try_from(most).unwrap() - 4;
    assert!(matches!(results, [Core::I32(n), Core::I32(33)] if n == got), "{results:?}");
    assert!(peak() - before < COST, "{} bytes more", peak() - before);
}

/// What there can be many of, whether the guest is told so, or ended, when it has as many as it may,
/// and how many these are: 0 where it is the limit of all.
const KINDS: [(&str, bool, u32); 13] = [
    ("files", true, 0),
    ("readers", true, 0),
    ("writers", true, 0),
    ("appenders", true, 0),
    ("listings", true, 0),
    ("folders", false, 0),
    ("stdins", false, 0),
    ("stdouts", false, 0),
    ("timers", false, 0),
    ("ready-streams", false, 0),
    ("tcp-sockets", true, 0),
    ("udp-sockets", true, 0),
    ("lookups", true, 64),
];

fn more_handles_of_0_2_than_allowed_are_not_made<E: TestEngine>() {
    let before = peak();
    for (kind, told, few) in KINDS {
        let mut guest = Component::<E>::new(grants());
        let most = u32::try_from(Grants::new().limits.descriptors).unwrap();
        let most = if few == 0 { most } else { few };
        let attempts = match told {
            false => 10_000_000,
            // One kind is tried for long; the others come to the same end.
            true if kind == "readers" => attempts::<E>(),
            true => most + 1000,
        };
        let args = [Value::Enum(kind.to_owned()), Value::U32(attempts)];
        match guest.try_call("hoard-all", &args) {
            // It has some of its own.
            Ok(Some(Value::U32(got))) if told => {
                assert!((most - 4..=most).contains(&got), "{kind}: {got}");
                // What it has is still good.
                guest.open(3, "file", Open::READ).map(drop).unwrap_or_else(|_| {
                    assert!(kind == "files", "{kind}");
                });
            }
            Err(Stop::Trap(trap)) if !told => {
                let words = trap.to_string();
                assert!(words.contains("too many resources of kind"), "{kind}: {words}");
            }
            other => panic!("{kind}: {other:?}"),
        }
        drop(guest);
        Component::<E>::new(grants()).open(3, "file", Open::READ).unwrap();
    }
    assert!(peak() - before < COST, "{} bytes more", peak() - before);
}
