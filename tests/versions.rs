//! Programs that were made for any WASI 0.2.x find each interface, on each engine; those for other
//! versions are told what there is.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use std::path::Path;
use wayleave::{EngineKind, Error, Grants, Program, Runtime};
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{ManglingAndAbi, Resolve, Stability};

const TIMEZONE: &str = "wasi:clocks/timezone";

#[test]
fn every_interface_is_there_in_every_version() {
    for patch in 0..=12 {
        let version = format!("0.2.{patch}");
        let world = World::of(&version, &[]);
        assert_eq!(world.interfaces(&version), 29);
        let with_code = world.functions().contains(&"exit-with-code".to_owned());
        assert_eq!(with_code, patch == 12, "what came with a version is not in those before");
        for program in world.on_each_engine(false) {
            program.unwrap().instantiate(Grants::default()).unwrap();
        }
    }
}

/// A later 0.2.x has what this one has; what else it has is told by its name.
#[test]
fn later_versions_of_the_track_are_there_as_far_as_they_are_known() {
    for version in ["0.2.13", "0.2.99"] {
        for program in World::of(version, &[]).on_each_engine(false) {
            program.unwrap().instantiate(Grants::default()).unwrap();
        }
    }
    let mut world = World::of("0.2.13", &[]);
    world.rename("exit-with-code", "exit-softly");
    for program in world.on_each_engine(false) {
        assert_eq!(
            program.unwrap_err().to_string(),
            "unknown import `wasi:cli/exit@0.2.13` `exit-softly`: this version provides wasi:cli up \
             to 0.2.12; this is newer, or not stable; if the program never calls it, \
             `--unknown-imports trap` lets it run"
        );
    }
}

#[test]
fn other_versions_are_not_taken_for_these() {
    for (version, help) in [
        ("0.1.0", "it belongs to a proposal or version of WASI that is not provided"),
        ("0.2.0-rc-2023-12-05", "this version provides wasi:io up to 0.2.12; this is newer"),
        ("0.3.0", "WASI 0.3 is not provided yet; build for wasm32-wasip2 instead"),
        ("0.3.0-rc-2025-09-16", "WASI 0.3 is not provided yet"),
        ("1.0.0", "it belongs to a proposal or version of WASI that is not provided"),
    ] {
        for program in World::of(version, &[]).on_each_engine(true) {
            let error = program.unwrap_err();
            assert!(matches!(&error, Error::UnknownImport { .. }), "{error}");
            let message = error.to_string();
            assert!(message.contains(&format!("@{version}`")), "{message}");
            assert!(message.contains(help), "{message}");
        }
    }
}

/// It is no part of the standard yet.
#[test]
fn time_zones_are_there_where_they_were_asked_for() {
    let world = World::of("0.2.12", &["clocks-timezone"]);
    assert_eq!(world.interfaces("0.2.12"), 30);
    for program in world.on_each_engine(false) {
        let message = program.unwrap_err().to_string();
        let told = format!("unknown import `{TIMEZONE}@0.2.12` `display`: this version provides");
        assert!(message.starts_with(&told), "{message}");
    }
    for program in world.on_each_engine(true) {
        program.unwrap().instantiate(Grants::default()).unwrap();
    }
    for engine in EngineKind::ALL {
        let explain = |on: bool| {
            let runtime = Runtime::builder().engine(*engine).timezone(on).build().unwrap();
            runtime.explain_interface(&format!("{TIMEZONE}@0.2.0"))
        };
        assert_eq!(explain(true), None);
        assert!(explain(false).unwrap().contains("not stable"));
    }
}

/// All that is provided, as a world that imports it in some version.
struct World {
    resolve: Resolve,
    id: wit_parser::WorldId,
}

impl World {
    fn of(version: &str, features: &[&str]) -> Self {
        let mut resolve = Resolve::default();
        resolve.features.extend(features.iter().map(|&name| name.to_owned()));
        resolve.push_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/0.2")).unwrap();
        let all = "package test:all; world all { \
                   include wayleave:host/system; include wayleave:host/http; }";
        let package = resolve.push_str("all.wit", all).unwrap();
        let id = resolve.select_world(&[package], None).unwrap();
        let version = semver::Version::parse(version).unwrap();
        for (_, package) in resolve.packages.iter_mut() {
            if package.name.namespace == "wasi" {
                package.name.version = Some(version.clone());
            }
        }
        // What came later is not in it.
        for (_, interface) in resolve.interfaces.iter_mut() {
            interface.functions.retain(|_, function| match &function.stability {
                Stability::Stable { since, .. } => {
                    *since <= version || *since == semver::Version::new(0, 2, 0)
                }
                _ => true,
            });
        }
        Self { resolve, id }
    }

    /// How many interfaces of this version its component imports.
    fn interfaces(&self, version: &str) -> usize {
        let decoded = decode(&self.component()).unwrap();
        let resolve = decoded.resolve();
        let DecodedWasm::Component(_, world) = &decoded else { return 0 };
        let names = resolve.worlds[*world].imports.keys().map(|key| resolve.name_world_key(key));
        names.filter(|name| name.ends_with(&format!("@{version}"))).count()
    }

    fn functions(&self) -> Vec<String> {
        let interfaces = self.resolve.interfaces.iter();
        interfaces.flat_map(|(_, interface)| interface.functions.keys().cloned()).collect()
    }

    fn rename(&mut self, from: &str, to: &str) {
        for (_, interface) in self.resolve.interfaces.iter_mut() {
            if let Some(mut function) = interface.functions.shift_remove(from) {
                function.name = to.to_owned();
                interface.functions.insert(to.to_owned(), function);
            }
        }
    }

    /// A component that imports all of it.
    fn component(&self) -> Vec<u8> {
        let mut module = dummy_module(&self.resolve, self.id, ManglingAndAbi::Standard32);
        embed_component_metadata(&mut module, &self.resolve, self.id, StringEncoding::UTF8)
            .unwrap();
        let encoder = ComponentEncoder::default().validate(true);
        encoder.module(&module).unwrap().encode().unwrap()
    }

    fn on_each_engine(&self, timezone: bool) -> Vec<Result<Program, Error>> {
        let component = self.component();
        let load = |engine: &EngineKind| {
            let runtime = Runtime::builder().engine(*engine).timezone(timezone).build();
            runtime.unwrap().load(&component)
        };
        EngineKind::ALL.iter().map(load).collect()
    }
}
