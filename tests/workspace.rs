//! The workspace keeps its shape: dependencies point one way, and only `engine` knows an engine.

use serde_json::Value;
use std::collections::BTreeMap;
use std::process::Command;

/// Each crate of the workspace and the crates of the workspace that it may depend on.
const ALLOWED: &[(&str, &[&str])] = &[
    ("wayleave-cli", &["wayleave", "wayleave-serve", "wayleave-http-client"]),
    ("wayleave-serve", &["wayleave", "wayleave-http-client"]),
    (
        "wayleave",
        &[
            "wayleave-wasi",
            "wayleave-bindgen",
            "wayleave-component",
            "wayleave-engine",
            "wayleave-grants",
            "wayleave-record",
            "wayleave-system",
        ],
    ),
    (
        "wayleave-wasi",
        &[
            "wayleave-bindgen",
            "wayleave-component",
            "wayleave-engine",
            "wayleave-grants",
            "wayleave-system",
        ],
    ),
    ("wayleave-component", &["wayleave-engine"]),
    ("wayleave-bindgen", &[]),
    ("wayleave-grants", &["wayleave-system"]),
    ("wayleave-record", &["wayleave-grants", "wayleave-system"]),
    ("wayleave-engine", &[]),
    ("wayleave-system", &[]),
    ("wayleave-http-client", &["wayleave-system"]),
];

/// Outside crates that only some crates may depend on.
const RESERVED: &[(&str, &[&str])] = &[
    ("wasmtime", &["wayleave-engine"]),
    ("wasmi", &["wayleave-engine"]),
    ("wasmtime-environ", &["wayleave-component"]),
    ("wat", &["wayleave"]),
    // The engine maps the memories of dense guests by it.
    ("rustix", &["wayleave-engine", "wayleave-system"]),
    ("clap", &["wayleave-cli"]),
    ("tokio", &["wayleave-http-client", "wayleave-serve", "wayleave-cli"]),
];

#[test]
fn dependencies_point_one_way() {
    let packages = packages();
    let known: Vec<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    for (package, dependencies) in &packages {
        let allowed = ALLOWED.iter().find(|(name, _)| name == package);
        let (_, allowed) = allowed.unwrap_or_else(|| panic!("{package} has no place in ALLOWED"));
        for dependency in dependencies {
            let inside = known.contains(&dependency.as_str());
            assert!(
                !inside || allowed.contains(&dependency.as_str()),
                "{package} must not depend on {dependency}"
            );
        }
    }
    assert_eq!(packages.len(), ALLOWED.len(), "ALLOWED names a crate that is gone");
}

#[test]
fn outside_crates_stay_where_they_belong() {
    for (package, dependencies) in packages() {
        for (outside, users) in RESERVED {
            assert!(
                !dependencies.iter().any(|name| name == outside) || users.contains(&&*package),
                "{package} must not depend on {outside}"
            );
        }
    }
}

/// The packages of the workspace, each with what it depends on outside of tests.
fn packages() -> BTreeMap<String, Vec<String>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    packages.iter().map(|package| (text(&package["name"]), dependencies(package))).collect()
}

fn dependencies(package: &Value) -> Vec<String> {
    let all = package["dependencies"].as_array().expect("dependencies");
    all.iter().filter(|d| d["kind"] != "dev").map(|d| text(&d["name"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a string").to_owned()
}
