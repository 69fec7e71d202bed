use super::{Found, grants, size};
use std::fmt::Write as _;
use wasmparser::{Parser, Payload};
use wayleave::Runtime;
use wit_component::{OutputToString, WitPrinter};
use wit_parser::decoding::DecodedWasm;
use wit_parser::{TypeDefKind, WorldItem};

/// Finds out about a component.
pub(super) fn inspect(binary: &[u8], runtime: &Runtime, full: bool) -> Result<Found, String> {
    wasmparser::Validator::new().validate_all(binary).map_err(|error| error.to_string())?;
    let decoded = match wit_parser::decoding::decode(binary) {
        Ok(decoded) => decoded,
        Err(error) => return Ok(Found::unknown(format!("it can not be told as WIT: {error}\n"))),
    };
    let mut found = Found {
        versions: Vec::new(),
        body: String::new(),
        grants: Vec::new(),
        missing: Vec::new(),
    };
    let DecodedWasm::Component(resolve, world) = &decoded else {
        found.body.push_str("a package of interfaces, with no code\n");
        return Ok(found);
    };
    let world = &resolve.worlds[*world];
    for (key, item) in &world.imports {
        let name = resolve.name_world_key(key);
        let functions = match item {
            WorldItem::Interface { id, .. } => resolve.interfaces[*id].functions.keys(),
            WorldItem::Function(_) => Default::default(),
            // A resource nobody has; other types are only told of.
            WorldItem::Type { id, .. } => match resolve.types[*id].kind {
                TypeDefKind::Resource => Default::default(),
                _ => continue,
            },
        };
        found.grants.extend(grants::of_interface(&name, functions.map(String::as_str)));
        found.missing.extend(runtime.explain_interface(&name).map(|why| (name, why)));
    }
    // What is to be called, but in a version that nothing here calls.
    for name in world.exports.keys().map(|key| resolve.name_world_key(key)) {
        if name.starts_with("wasi:") && name.contains("@0.3.") {
            found.missing.extend(runtime.explain_interface(&name).map(|why| (name, why)));
        }
    }
    let keys = world.imports.keys().chain(world.exports.keys());
    for name in keys.map(|key| resolve.name_world_key(key)) {
        let version = name.strip_prefix("wasi:").and_then(|name| name.split_once('@'));
        if let Some((_, version)) = version {
            found.versions.push(version.to_owned());
        }
    }
    found.versions.sort_unstable();
    found.versions.dedup();
    found.grants.sort_unstable();
    found.grants.dedup();
    let exports: Vec<_> = world.exports.keys().map(|key| resolve.name_world_key(key)).collect();
    let program = exports.iter().any(|name| name.starts_with("wasi:cli/run@"));
    found.body.push_str(if program {
        "a program\n"
    } else {
        "a library: it does not export `wasi:cli/run`\n"
    });
    let modules = modules(binary)?;
    let sizes: Vec<_> = modules.iter().map(|bytes| size(*bytes)).collect();
    let _ = writeln!(found.body, "core modules inside: {}\n", sizes.join(", "));
    let nested: Vec<_> = match full {
        true => resolve.packages.iter().map(|(id, _)| id).collect(),
        false => Vec::new(),
    };
    let package = decoded.package();
    let nested: Vec<_> = nested.into_iter().filter(|id| *id != package).collect();
    let mut printer = WitPrinter::new(OutputToString::default());
    printer.emit_docs(false);
    printer.print(resolve, package, &nested).map_err(|error| error.to_string())?;
    found.body.push_str(&printer.output.to_string());
    Ok(found)
}

/// The sizes of the core modules inside.
fn modules(binary: &[u8]) -> Result<Vec<usize>, String> {
    let mut sizes = Vec::new();
    for payload in Parser::new(0).parse_all(binary) {
        if let Payload::ModuleSection { unchecked_range, .. } =
            payload.map_err(|error| error.to_string())?
        {
            sizes.push(unchecked_range.len());
        }
    }
    Ok(sizes)
}
