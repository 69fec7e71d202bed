//! Whatever bytes are taken for a component: they are refused, or they run, and nothing panics.
//!
//! What is mutated are the components of the component model's own suites. `PROPTEST_CASES` says
//! how many mutations are tried.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

#[path = "fuzz/changes.rs"]
mod changes;
#[path = "fuzz/exercise.rs"]
mod exercise;
#[path = "../../../tests/registry.rs"]
mod registry;

use changes::{apply, change};
use exercise::{Reached, exercise};
use proptest::prelude::*;
use std::path::Path;
use std::sync::LazyLock;
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, Wast, WastDirective};
use wayleave_component::Plan;
use wayleave_component::plan::{Features, translate};
use wayleave_engine::Engine;
use wayleave_engine::wasmi::Wasmi;

/// All components of the suites that are valid text.
static COMPONENTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let root = registry::package("wasmtime-cli", "46.0.3").join("tests");
    let mut components = Vec::new();
    for suite in ["component-model/test", "misc_testsuite/component-model"] {
        collect(&root.join(suite), &mut components);
    }
    components
});

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_components(
        number in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let mut bytes = COMPONENTS[number.index(COMPONENTS.len())].clone();
        for change in changes {
            apply(change, &mut bytes);
        }
        exercise(&bytes);
    }

    #[test]
    fn any_bytes(rest in prop::collection::vec(any::<u8>(), 0..200)) {
        exercise(&rest);
        let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
        bytes.extend(rest);
        exercise(&bytes);
    }

    #[test]
    fn any_bytes_as_a_plan(
        number in any::<prop::sample::Index>(),
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let binary = &COMPONENTS[number.index(COMPONENTS.len())];
        let Ok(plan) = translate(binary, Wasmi::PROPOSALS, Features::default()) else {
            return Ok(());
        };
        let mut bytes = plan.to_bytes().unwrap();
        Plan::from_bytes(&bytes).unwrap();
        for change in changes {
            apply(change, &mut bytes);
        }
        let _ = Plan::from_bytes(&bytes);
    }
}

/// Otherwise the mutations would be of nothing.
#[test]
fn the_suites_run() {
    let reached: Vec<_> = COMPONENTS.iter().map(|bytes| exercise(bytes)).collect();
    let calls = reached.iter().filter(|reached| **reached == Reached::Calls).count();
    assert!(calls > 300, "{calls} of {} components run", reached.len());
}

/// Nesting and doubling: little text that stands for a lot.
#[test]
fn types_that_explode_are_refused() {
    let nested = |count: usize, inside: &dyn Fn(usize) -> String| {
        let types = (1..=count).map(|n| format!("(type $t{n} (instance {}))", inside(n - 1)));
        let types = types.collect::<String>();
        let text = format!(
            r#"(component (type $t0 (instance)) {types} (import "x" (instance (type $t{count}))))"#
        );
        wat::parse_str(text).unwrap()
    };
    let once = |n| format!(r#"(export "a" (instance (type $t{n})))"#);
    let name = "b".repeat(10_000);
    let twice = |n| format!(r#"{} (export "{name}" (instance (type $t{n})))"#, once(n));
    let plan = |binary: &[u8]| translate(binary, Wasmi::PROPOSALS, Features::default());
    assert!(plan(&nested(100, &once)).is_ok());
    for depth in [500, 1_000, 5_000] {
        let _ = plan(&nested(depth, &once));
    }
    assert!(plan(&nested(5, &twice)).is_ok());
    let error = plan(&nested(13, &twice)).unwrap_err().to_string();
    assert!(error.contains("too many names"), "{error}");
    let mut exports = String::from("(component (instance $i0)");
    for n in 1..13 {
        let inside = n - 1;
        exports += &format!(r#"(instance $i{n} (export "a" (instance $i{inside}))"#);
        exports += &format!(r#" (export "{name}" (instance $i{inside})))"#);
    }
    let error = plan(&wat::parse_str(exports + r#"(export "x" (instance $i12)))"#).unwrap());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("too many names"), "{error}");
}

#[test]
fn values_that_are_too_large_are_refused() {
    let mut features = Features::default();
    features.fixed_length_lists = true;
    let plan = |ty: &str| {
        let text = format!(r#"(component (type $t {ty}) (import "f" (func (param "x" $t))))"#);
        translate(&wat::parse_str(text).unwrap(), Wasmi::PROPOSALS, features)
    };
    assert!(plan("(list u8 268435455)").is_ok());
    let error = plan("(list u8 268435456)").unwrap_err().to_string();
    assert!(error.contains("exceeds the maximum byte size"), "{error}");
    // The translator's own arithmetic overflows on these.
    for ty in ["(list u64 536870912)", "(list (tuple u8 u64) 4294967295)"] {
        assert!(plan(ty).is_err(), "{ty}");
    }
}

/// The components of all scripts below a folder.
fn collect(folder: &Path, components: &mut Vec<Vec<u8>>) {
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, components);
        } else if path.extension().is_some_and(|extension| extension == "wast") {
            let text = std::fs::read_to_string(&path).unwrap();
            let Ok(buffer) = ParseBuffer::new(&text) else { continue };
            let Ok(script) = parser::parse::<Wast<'_>>(&buffer) else { continue };
            for directive in script.directives {
                let mut wat = match directive {
                    WastDirective::Module(wat) | WastDirective::ModuleDefinition(wat) => wat,
                    WastDirective::AssertInvalid { module, .. } => module,
                    WastDirective::AssertUnlinkable { module, .. } => QuoteWat::Wat(module),
                    _ => continue,
                };
                components.extend(wat.encode());
            }
        }
    }
}
