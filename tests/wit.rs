//! The interfaces in `wit/` are the standard's: each name, type and gate. Only the words are ours.
//!
//! The standard's files come inside a published package, fetched as data.

mod registry;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use wit_parser::{
    Function, Handle, Interface, Package, Resolve, Stability, Type, TypeDefKind, TypeId, TypeOwner,
    World, WorldItem,
};

/// The package that ships the standard's files.
const PACKAGE: &str = "wasip2";
const VERSION: &str = "1.0.4+wasi-0.2.12";

#[test]
fn the_interfaces_are_the_standards() {
    let ours = items(&folder(&ours()));
    let standard = registry::package(PACKAGE, VERSION).join("wit");
    let standard = items(&folder(&standard));
    assert!(standard.len() > 300, "{PACKAGE} has only {} items", standard.len());
    let differences = differences(&ours, &standard);
    assert!(differences.is_empty(), "wit/0.2 is not the standard's:\n{}", differences.join("\n"));
}

/// Without features, as a bindings generator reads them.
#[test]
fn the_interfaces_resolve_without_what_is_unstable() {
    let mut resolve = Resolve::default();
    let (host, _) = resolve.push_dir(ours()).expect("wit/0.2");
    assert!(resolve.packages[host].worlds.contains_key("command"));
    let items = items(&resolve);
    assert!(items.contains_key("wasi:clocks/wall-clock@0.2.12"));
    assert!(!items.contains_key("wasi:clocks/timezone@0.2.12"));
}

#[test]
fn each_kind_of_difference_is_seen() {
    const STANDARD: &str = "
        package wasi:sample@0.2.12;
        @since(version = 0.2.0)
        interface shapes {
            @since(version = 0.2.0)
            type size = u64;
            record point { x: u32, y: u32 }
            variant shape { dot, line(point), }
            enum colour { red, green }
            flags sides { left, right }
            resource canvas {
                constructor(width: size);
                draw: func(what: borrow<canvas>) -> result<list<u8>, colour>;
                empty: static func() -> option<canvas>;
            }
            @unstable(feature = tints)
            tint: func(of: tuple<u8, s8>) -> string;
        }
        interface users { use shapes.{point}; where: func() -> point; }
        world imports { @since(version = 0.2.0) import users; }
    ";
    let changes = [
        ("0.2.12;", "0.2.11;"),
        ("@since(version = 0.2.0)\n        interface", "interface"),
        ("type size = u64", "type size = u32"),
        ("x: u32, y: u32", "y: u32, x: u32"),
        ("x: u32, y", "x: s32, y"),
        ("x: u32, y: u32", "x: u32"),
        ("dot, line(point),", "line(point), dot,"),
        ("line(point)", "line"),
        ("red, green", "red, green, blue"),
        ("left, right", "right, left"),
        ("constructor(width: size)", "constructor(height: size)"),
        ("constructor(width: size)", "constructor(width: u64)"),
        ("what: borrow<canvas>", "what: canvas"),
        ("result<list<u8>, colour>", "result<list<u8>>"),
        ("result<list<u8>, colour>", "result<list<u16>, colour>"),
        ("empty: static func", "empty: func"),
        ("option<canvas>", "canvas"),
        ("feature = tints", "feature = shades"),
        ("@unstable(feature = tints)", "@since(version = 0.2.0)"),
        ("tuple<u8, s8>", "tuple<s8, u8>"),
        ("-> string", ""),
        ("use shapes.{point};", "record point { x: u32, y: u32 }"),
        ("where: func() -> point;", ""),
        ("import users", "export users"),
        ("{ @since(version = 0.2.0) import users; }", "{}"),
        ("@since(version = 0.2.0) import", "@since(version = 0.2.1) import"),
    ];
    let standard = items(&text(STANDARD));
    assert_eq!(differences(&standard, &standard), Vec::<String>::new());
    for (from, to) in changes {
        let changed = STANDARD.replace(from, to);
        assert_ne!(changed, STANDARD, "{from} is not there");
        let changed = items(&text(&changed));
        assert_ne!(differences(&changed, &standard), Vec::<String>::new(), "{from} -> {to}");
    }
}

fn ours() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/0.2")
}

/// A folder of interfaces, with all that is unstable.
fn folder(folder: &Path) -> Resolve {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    if let Err(error) = resolve.push_dir(folder) {
        panic!("{}: {error:#}", folder.display());
    }
    resolve
}

fn text(text: &str) -> Resolve {
    let mut resolve = Resolve { all_features: true, ..Resolve::default() };
    resolve.push_str("sample.wit", text).expect("valid WIT");
    resolve
}

/// Interfaces, worlds, types and functions by name, each with its gate and type written out.
type Items = BTreeMap<String, String>;

fn differences(ours: &Items, standard: &Items) -> Vec<String> {
    let names: BTreeSet<&String> = ours.keys().chain(standard.keys()).collect();
    names
        .into_iter()
        .filter(|name| ours.get(*name) != standard.get(*name))
        .map(|name| {
            let [ours, standard] =
                [ours, standard].map(|items| items.get(name).map_or("missing", String::as_str));
            format!("{name}\n  here:     {ours}\n  standard: {standard}")
        })
        .collect()
}

fn items(resolve: &Resolve) -> Items {
    let mut items = Items::new();
    for (_, package) in &resolve.packages {
        let name = &package.name;
        if name.namespace == "wasi" {
            package_items(resolve, package, &mut items);
        }
    }
    items
}

fn package_items(resolve: &Resolve, package: &Package, items: &mut Items) {
    for (name, id) in &package.interfaces {
        let name = package.name.interface_id(name);
        interface_items(resolve, &name, &resolve.interfaces[*id], items);
    }
    for (name, id) in &package.worlds {
        let name = package.name.interface_id(name);
        world_items(resolve, &name, &resolve.worlds[*id], items);
    }
}

fn interface_items(resolve: &Resolve, interface: &str, def: &Interface, items: &mut Items) {
    items.insert(interface.to_owned(), format!("{}interface", gate(&def.stability)));
    for (name, id) in &def.types {
        let def = &resolve.types[*id];
        let text = format!("{}{}", gate(&def.stability), kind(resolve, &def.kind));
        items.insert(format!("{interface} type {name}"), text);
    }
    for (name, def) in &def.functions {
        items.insert(format!("{interface} function {name}"), function(resolve, def));
    }
}

fn world_items(resolve: &Resolve, world: &str, def: &World, items: &mut Items) {
    items.insert(world.to_owned(), format!("{}world", gate(&def.stability)));
    for (direction, interfaces) in [("import", &def.imports), ("export", &def.exports)] {
        for (key, item) in interfaces {
            let name = resolve.name_world_key(key);
            let WorldItem::Interface { stability, .. } = item else {
                panic!("{world} {direction} {name}: only interfaces are expected here");
            };
            let text = format!("{}interface", gate(stability));
            items.insert(format!("{world} {direction} {name}"), text);
        }
    }
}

fn gate(stability: &Stability) -> String {
    match stability {
        Stability::Unknown => String::new(),
        Stability::Stable { since, deprecated } => {
            format!("@since({since}{}) ", deprecation(deprecated))
        }
        Stability::Unstable { feature, deprecated } => {
            format!("@unstable({feature}{}) ", deprecation(deprecated))
        }
    }
}

fn deprecation(deprecated: &Option<impl ToString>) -> String {
    deprecated.as_ref().map_or(String::new(), |from| format!(", deprecated {}", from.to_string()))
}

/// The name of a function tells whether it is a method, static or async.
fn function(resolve: &Resolve, def: &Function) -> String {
    let params: Vec<_> =
        def.params.iter().map(|p| format!("{}: {}", p.name, ty(resolve, &p.ty))).collect();
    let result = def.result.as_ref().map_or(String::new(), |t| format!(" -> {}", ty(resolve, t)));
    format!("{}func({}){result}", gate(&def.stability), params.join(", "))
}

fn ty(resolve: &Resolve, ty: &Type) -> String {
    match ty {
        Type::Id(id) => named(resolve, *id),
        primitive => format!("{primitive:?}").to_lowercase(),
    }
}

/// A type that has a name is given by its name; how it looks inside is told where it is declared.
fn named(resolve: &Resolve, id: TypeId) -> String {
    let def = &resolve.types[id];
    match (&def.name, def.owner) {
        (Some(name), TypeOwner::Interface(interface)) => {
            format!("{}.{name}", resolve.id_of(interface).unwrap_or_default())
        }
        (Some(name), _) => name.clone(),
        (None, _) => kind(resolve, &def.kind),
    }
}

fn kind(resolve: &Resolve, kind: &TypeDefKind) -> String {
    let list = |parts: Vec<String>| parts.join(", ");
    let optional = |t: &Option<Type>| t.as_ref().map_or("_".to_owned(), |t| ty(resolve, t));
    match kind {
        TypeDefKind::Record(def) => {
            let field = |f: &wit_parser::Field| format!("{}: {}", f.name, ty(resolve, &f.ty));
            format!("record {{ {} }}", list(def.fields.iter().map(field).collect()))
        }
        TypeDefKind::Variant(def) => {
            let case = |c: &wit_parser::Case| format!("{}({})", c.name, optional(&c.ty));
            format!("variant {{ {} }}", list(def.cases.iter().map(case).collect()))
        }
        TypeDefKind::Enum(def) => {
            format!("enum {{ {} }}", list(def.cases.iter().map(|c| c.name.clone()).collect()))
        }
        TypeDefKind::Flags(def) => {
            format!("flags {{ {} }}", list(def.flags.iter().map(|f| f.name.clone()).collect()))
        }
        TypeDefKind::Tuple(def) => {
            format!("tuple<{}>", list(def.types.iter().map(|t| ty(resolve, t)).collect()))
        }
        TypeDefKind::Resource => "resource".to_owned(),
        TypeDefKind::Handle(Handle::Own(id)) => format!("own<{}>", named(resolve, *id)),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", named(resolve, *id)),
        TypeDefKind::Option(t) => format!("option<{}>", ty(resolve, t)),
        TypeDefKind::List(t) => format!("list<{}>", ty(resolve, t)),
        TypeDefKind::Result(def) => {
            format!("result<{}, {}>", optional(&def.ok), optional(&def.err))
        }
        TypeDefKind::Type(t) => format!("= {}", ty(resolve, t)),
        other => panic!("WASI 0.2 has no {}", other.as_str()),
    }
}
