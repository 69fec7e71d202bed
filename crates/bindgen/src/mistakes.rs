//! What is said about mistakes, and where.

use crate::config::Config;
use crate::derive::{Trait, derive};
use syn::{DeriveInput, Error};

/// Each message begins where the input is wrong: with the text of that part.
#[track_caller]
fn expect(error: Error, place: &str, message: &str) {
    let found = error.span().source_text().unwrap_or_default();
    assert!(error.to_string().contains(message), "{error}");
    assert_eq!(found, place, "{error}");
}

#[track_caller]
fn mistake(input: &str, place: &str, message: &str) {
    let result = syn::parse_str::<Config>(input).and_then(|config| crate::expand(&config));
    match result {
        Ok(_) => panic!("nothing was wrong"),
        Err(error) => expect(error, place, message),
    }
}

#[track_caller]
fn bad_derive(input: &str, place: &str, message: &str) {
    let input: DeriveInput = syn::parse_str(input).unwrap();
    match derive(&input, Trait::Lift) {
        Ok(_) => panic!("nothing was wrong"),
        Err(error) => expect(error, place, message),
    }
}

const WORLD: &str = r#"inline: "
    package a:b@1.2.0;
    interface i {
        resource r { m: func(); }
        record t { x: u8 }
        @unstable(feature = gated) f: func();
        g: func() -> t;
    }
    world w { import i; }
", "#;

fn mistake_in(options: &str, place: &str, message: &str) {
    mistake(&format!("{WORLD} {options}"), place, message);
}

#[test]
fn options() {
    mistake("", "", "bindgen! needs `path: \"folder\"` or `inline");
    mistake("worlds: \"w\"", "worlds", "`worlds` is no option of bindgen!: there are `path`");
    // Of other generators.
    mistake("tracing: true", "tracing", "`tracing` is no option of bindgen!: there are `path`");
    mistake_in("trappable_imports: true", "trappable_imports", "no option of bindgen!: there are");
    mistake("path: \"x\", path: \"y\"", "path", "`path` is given twice");
    mistake("path: wit", "wit", "expected string literal");
    mistake("path: \"x\" world: \"y\"", "world", "expected `,`");
    mistake("async: true", "true", "expected square brackets");
    mistake("types: [\"a:b/i/t\"]", "[", "expected curly braces");
    mistake("types: { \"a:b/i/t\" }", "}", "expected `:`");
    mistake_in("async: [\"a:b/i.g\", \"a:b/i.g\"]", "\"a:b/i.g\"", "`a:b/i.g` is given twice");
}

#[test]
fn files() {
    mistake("path: \"wit/nowhere\"", "\"wit/nowhere\"", "no file or folder `wit/nowhere`");
    // What a parser says has the line and column in it.
    let wit = "\"package a:b;\nworld w { import nothing; }\"";
    mistake(&format!("inline: {wit}"), wit, "inline:2:18");
    // What is in a file is told with the file.
    let path = "\"tests/wit/mistaken.wit\"";
    mistake(&format!("path: {path}"), path, "mistaken.wit:4:7");
    let wit = "\"package a:b; world {\"";
    mistake(&format!("inline: {wit}"), wit, "inline:1:20");
}

#[test]
fn worlds() {
    mistake_in("world: \"v\"", "\"v\"", "no world `v`: the package `a:b@1.2.0` has `w`");
    mistake_in("world: \"c:d/w\"", "\"c:d/w\"", "unknown package `c:d`");
    let wit = "\"package a:b; world v {} world w {}\"";
    mistake(&format!("inline: {wit}"), wit, "say which world is meant");
    let wit = "\"package a:b; interface i {}\"";
    mistake(&format!("inline: {wit}"), wit, "the package `a:b` has none");
}

#[test]
fn features() {
    mistake_in(
        "features: [\"gated\", \"gaited\"]",
        "\"gaited\"",
        "nothing is gated by the feature `gaited`; features: `gated`",
    );
}

#[test]
fn overrides() {
    mistake_in("types: { \"a:b/i/u\": U }", "\"a:b/i/u\"", "the world has no type `a:b/i/u`");
    mistake_in("types: { \"a:c/i/t\": T }", "\"a:c/i/t\"", "no type `a:c/i/t`; there is `a:b/i/t`");
    mistake_in("types: { \"a:b/i/r\": R }", "\"a:b/i/r\"", "`a:b/i/r` is no type but a resource");
    mistake_in("resources: { \"a:b/i/t\": T }", "\"a:b/i/t\"", "no resource but a type");
    mistake_in("async: [\"a:b/i.h\"]", "\"a:b/i.h\"", "the world has no imported function");
    // Not without its feature.
    mistake_in("async: [\"a:b/i.f\"]", "\"a:b/i.f\"", "the world has no imported function");
    mistake_in("returns: { \"a:b/i.r.m\": T }", "\"a:b/i.r.m\"", "there is `a:b/i.[method]r.m`");
    let config = format!("{WORLD} async: [\"a:b/i.h\"], types: {{ \"a:b/i/u\": U }}");
    let error = syn::parse_str::<Config>(&config).and_then(|config| crate::expand(&config));
    let errors: Vec<_> = error.unwrap_err().into_iter().collect();
    let [types, functions] = <[Error; 2]>::try_from(errors).unwrap();
    expect(types, "\"a:b/i/u\"", "the world has no type");
    assert_eq!(functions.to_compile_error().to_string().matches("compile_error").count(), 1);
    expect(functions, "\"a:b/i.h\"", "the world has no imported function");
    let config = format!("{WORLD} types: {{ \"a:b/i/t\": T, \"a:b@1.2.0/i/t\": T }}");
    let error = syn::parse_str::<Config>(&config).and_then(|config| crate::expand(&config));
    expect(error.unwrap_err(), "\"a:b@1.2.0/i/t\"", "the world has no type");
}

#[test]
fn what_is_not_known_yet() {
    let interface =
        |item: &str| format!("\"package a:b; interface i {{ {item} }} world w {{ import i; }}\"");
    for (item, message) in [
        ("f: async func();", "`a:b/i.f` is an async function, which bindgen! does not know yet"),
        ("f: func(x: stream<u8>);", "a type `stream`, which bindgen! does not know yet"),
        ("f: func() -> future<u8>;", "a type `future`"),
        ("record r { x: error-context }", "a type `error-context`"),
        (
            "resource r { m: async func(); }",
            "is an async function, which bindgen! does not know yet",
        ),
        ("f: func() -> list<u8, 4>;", "which bindgen! does not know yet"),
        ("f: func() -> map<string, u8>;", "which bindgen! does not know yet"),
        (
            "f: func() -> tuple<u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8>;",
            "a tuple of 17 is too long: bindgen! knows tuples of up to 16",
        ),
    ] {
        let wit = interface(item);
        mistake(&format!("inline: {wit}"), &wit, message);
    }
    let wit = "\"package a:b; world w { export f: async func(); }\"";
    mistake(&format!("inline: {wit}"), wit, "`f` is an async function");
    let flags: String = (0..33).map(|n| format!("x{n}, ")).collect();
    let wit = interface(&format!("flags many {{ {flags} }}"));
    mistake(&format!("inline: {wit}"), &wit, "`many` has 33 flags");
}

#[test]
fn derives() {
    bad_derive("struct S(u8);", "S", "a record's fields have names");
    bad_derive("union U { a: u8 }", "U", "a union is no type of a component");
    bad_derive("enum E {}", "E", "a variant has at least one case");
    bad_derive("enum E { A(u8, u8) }", "(u8, u8)", "a case carries one value or none");
    bad_derive("enum E { A { x: u8 } }", "{ x: u8 }", "a case carries one value or none");
    bad_derive("struct S<'a, 'b> { a: &'a u8, b: &'b u8 }", "'b", "only one lifetime");
    bad_derive("#[component(variant)] struct S { a: u8 }", "S", "a struct is no variant");
    bad_derive("struct S { #[component(title = \"x\")] a: u8 }", "title", "there are `variant`");
}
