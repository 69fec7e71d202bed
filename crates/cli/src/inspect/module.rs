use super::{Found, grants};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use wasmparser::{ExternalKind, Parser, Payload, TypeRef};
use wayleave::Runtime;

/// Finds out about a module.
pub(super) fn inspect(binary: &[u8], runtime: &Runtime) -> Result<Found, String> {
    let mut imports: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut exports = Vec::new();
    let mut found = Found {
        versions: Vec::new(),
        body: String::new(),
        grants: Vec::new(),
        missing: Vec::new(),
    };
    for payload in Parser::new(0).parse_all(binary) {
        match payload.map_err(|error| error.to_string())? {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import.map_err(|error| error.to_string())?;
                    if let TypeRef::Func(_) = import.ty
                        && let Some(why) = runtime.explain_function(import.module, import.name)
                    {
                        found.missing.push((format!("{} {}", import.module, import.name), why));
                    }
                    found.grants.extend(grants::of_function(import.name));
                    imports.entry(import.module.into()).or_default().push(import.name.into());
                }
            }
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export.map_err(|error| error.to_string())?;
                    exports.push(format!("{} ({})", export.name, kind(export.kind)));
                }
            }
            _ => {}
        }
    }
    let known = [("wasi_snapshot_preview1", "0.1"), ("wasi_unstable", "0.0")];
    let versions = known.iter().filter(|(module, _)| imports.contains_key(*module));
    found.versions = versions.map(|(_, version)| (*version).to_owned()).collect();
    found.grants.sort_unstable();
    found.grants.dedup();
    let program = exports.iter().any(|export| export == "_start (function)");
    found.body.push_str(if program { "a program\n" } else { "a library: it has no `_start`\n" });
    for (module, names) in &imports {
        let _ = writeln!(found.body, "\nimports {} from {module}:", names.len());
        let _ = writeln!(found.body, "  {}", names.join(", "));
    }
    if !exports.is_empty() {
        let _ = writeln!(found.body, "\nexports:\n  {}", exports.join(", "));
    }
    Ok(found)
}

fn kind(kind: ExternalKind) -> &'static str {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => "function",
        ExternalKind::Table => "table",
        ExternalKind::Memory => "memory",
        ExternalKind::Global => "global",
        ExternalKind::Tag => "tag",
    }
}
