//! Values of any type come back as they were: from the host through one guest and its adapter into
//! another, from there to the host, and back the same way.
//!
//! The adapter between the guests is the translator's, with layouts and encodings of its own: where
//! ours differed, values would not arrive as they were.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use proptest::prelude::*;
use std::fmt::Write as _;
use wayleave_component::{Component, Linker, Value};
use wayleave_engine::{Config, Engine, Limits};

/// A type, as a generator of texts and values.
#[derive(Debug)]
enum Type {
    Simple(&'static str),
    List(Box<Type>),
    Option(Box<Type>),
    Result(Option<Box<Type>>, Option<Box<Type>>),
    Tuple(Vec<Type>),
    /// With the number under which it is named.
    Record(usize, Vec<Type>),
    Variant(usize, Vec<Option<Type>>),
    Enum(usize, usize),
    Flags(usize, usize),
}

const SIMPLE: [&str; 13] =
    ["bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string"];

/// Numbers without end from one seed (SplitMix64), and the types that were named so far.
struct Random {
    state: u64,
    named: Vec<String>,
}

impl Random {
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn types(&mut self, depth: usize, most: usize) -> Vec<Type> {
        (0..=self.below(most)).map(|_| self.ty(depth)).collect()
    }

    fn maybe(&mut self, depth: usize) -> Option<Type> {
        (self.below(3) > 0).then(|| self.ty(depth))
    }

    fn ty(&mut self, depth: usize) -> Type {
        if depth == 0 {
            return Type::Simple(SIMPLE[self.below(SIMPLE.len())]);
        }
        match self.below(10) {
            0 => Type::List(Box::new(self.ty(depth - 1))),
            1 => Type::Option(Box::new(self.ty(depth - 1))),
            2 => Type::Result(
                self.maybe(depth - 1).map(Box::new),
                self.maybe(depth - 1).map(Box::new),
            ),
            3 => Type::Tuple(self.types(depth - 1, 4)),
            4 => {
                let fields = self.types(depth - 1, 5);
                let text = list("field", "f", fields.iter().map(|ty| Some(ty.text())));
                Type::Record(self.name(format!("(record {text})")), fields)
            }
            5 => {
                let count = if self.below(8) == 0 { 257 } else { 1 + self.below(5) };
                let cases: Vec<_> = (0..count).map(|_| self.maybe(depth.min(2) - 1)).collect();
                let text = list("case", "c", cases.iter().map(|ty| ty.as_ref().map(Type::text)));
                Type::Variant(self.name(format!("(variant {text})")), cases)
            }
            6 => {
                let count = if self.below(8) == 0 { 300 } else { 1 + self.below(5) };
                let text = names("e", count);
                Type::Enum(self.name(format!("(enum {text})")), count)
            }
            7 => {
                let count = 1 + self.below(32);
                let text = names("g", count);
                Type::Flags(self.name(format!("(flags {text})")), count)
            }
            _ => Type::Simple(SIMPLE[self.below(SIMPLE.len())]),
        }
    }

    fn name(&mut self, definition: String) -> usize {
        self.named.push(definition);
        self.named.len() - 1
    }

    fn text(&mut self) -> String {
        const CHARS: [&str; 4] = ["az AZ09", "äéÿ\u{80}", "€漢字\u{ffff}", "𝄞😀\u{10ffff}"];
        let kinds = 1 + self.below(CHARS.len());
        (0..self.below(20))
            .map(|_| {
                let chars: Vec<char> = CHARS[self.below(kinds)].chars().collect();
                chars[self.below(chars.len())]
            })
            .collect()
    }

    #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
    fn value(&mut self, ty: &Type) -> Value {
        let bits = self.next();
        let boxed = |random: &mut Self, ty: &Option<Box<Type>>| {
            ty.as_ref().map(|ty| Box::new(random.value(ty)))
        };
        match ty {
            Type::Simple("bool") => Value::Bool(bits & 1 == 1),
            Type::Simple("s8") => Value::S8(bits as i8),
            Type::Simple("u8") => Value::U8(bits as u8),
            Type::Simple("s16") => Value::S16(bits as i16),
            Type::Simple("u16") => Value::U16(bits as u16),
            Type::Simple("s32") => Value::S32(bits as i32),
            Type::Simple("u32") => Value::U32(bits as u32),
            Type::Simple("s64") => Value::S64(bits.cast_signed()),
            Type::Simple("u64") => Value::U64(bits),
            Type::Simple("f32") => Value::F32(f32::from_bits(bits as u32)),
            Type::Simple("f64") => Value::F64(f64::from_bits(bits)),
            Type::Simple("char") => Value::Char(self.text().chars().next().unwrap_or('x')),
            Type::Simple(_) => Value::String(self.text()),
            Type::List(element) => {
                Value::List((0..self.below(6)).map(|_| self.value(element)).collect())
            }
            Type::Option(some) => {
                Value::Option((bits & 1 == 1).then(|| Box::new(self.value(some))))
            }
            Type::Result(ok, err) => Value::Result(match bits & 1 {
                0 => Ok(boxed(self, ok)),
                _ => Err(boxed(self, err)),
            }),
            Type::Tuple(types) => Value::Tuple(types.iter().map(|ty| self.value(ty)).collect()),
            Type::Record(_, types) => Value::Record(
                types.iter().enumerate().map(|(n, ty)| (format!("f{n}"), self.value(ty))).collect(),
            ),
            Type::Variant(_, cases) => {
                let case = self.below(cases.len());
                let payload = cases[case].as_ref().map(|ty| Box::new(self.value(ty)));
                Value::Variant(format!("c{case}"), payload)
            }
            Type::Enum(_, count) => Value::Enum(format!("e{}", self.below(*count))),
            Type::Flags(_, count) => Value::Flags(
                (0..*count).filter(|n| bits >> n & 1 == 1).map(|n| format!("g{n}")).collect(),
            ),
        }
    }
}

fn names(prefix: &str, count: usize) -> String {
    (0..count).map(|n| format!("\"{prefix}{n}\"")).collect::<Vec<_>>().join(" ")
}

fn list(kind: &str, prefix: &str, types: impl Iterator<Item = Option<String>>) -> String {
    types.enumerate().fold(String::new(), |mut text, (n, ty)| {
        let _ = write!(text, "({kind} \"{prefix}{n}\" {}) ", ty.unwrap_or_default());
        text
    })
}

impl Type {
    fn text(&self) -> String {
        let several = |types: &[Self]| types.iter().map(Self::text).collect::<Vec<_>>().join(" ");
        match self {
            Self::Simple(name) => (*name).to_owned(),
            Self::List(element) => format!("(list {})", element.text()),
            Self::Option(some) => format!("(option {})", some.text()),
            Self::Result(ok, err) => format!(
                "(result {} {})",
                ok.as_ref().map(|ty| ty.text()).unwrap_or_default(),
                err.as_ref().map(|ty| format!("(error {})", ty.text())).unwrap_or_default()
            ),
            Self::Tuple(types) => format!("(tuple {})", several(types)),
            Self::Record(name, _)
            | Self::Variant(name, _)
            | Self::Enum(name, _)
            | Self::Flags(name, _) => format!("$t{name}"),
        }
    }

    /// The core values that it travels as, computed for a second time.
    fn flat(&self) -> Vec<&'static str> {
        let one = |ty: &Self| ty.flat();
        let variant = |payloads: &mut dyn Iterator<Item = Vec<&'static str>>| {
            let mut flat = vec!["i32"];
            for payload in payloads {
                for (n, ty) in payload.into_iter().enumerate() {
                    match flat.get_mut(n + 1) {
                        None => flat.push(ty),
                        Some(there) if *there == ty => {}
                        Some(there) => {
                            let narrow = |ty: &str| ty.ends_with("32");
                            *there = if narrow(there) && narrow(ty) { "i32" } else { "i64" };
                        }
                    }
                }
            }
            flat
        };
        match self {
            Self::Simple("s64" | "u64") => vec!["i64"],
            Self::Simple("f32") => vec!["f32"],
            Self::Simple("f64") => vec!["f64"],
            Self::Simple("string") | Self::List(_) => vec!["i32", "i32"],
            Self::Simple(_) | Self::Enum(..) | Self::Flags(..) => vec!["i32"],
            Self::Tuple(types) | Self::Record(_, types) => types.iter().flat_map(one).collect(),
            Self::Option(some) => variant(&mut [some.flat()].into_iter()),
            Self::Result(ok, err) => {
                variant(&mut [ok, err].into_iter().flatten().map(|ty| ty.flat()))
            }
            Self::Variant(_, cases) => variant(&mut cases.iter().flatten().map(one)),
        }
    }
}

const ENCODINGS: [&str; 3] =
    ["string-encoding=utf8", "string-encoding=utf16", "string-encoding=latin1+utf16"];

/// A component that hands what it is given to `echo`, and what that gives back.
fn hand_on(name: &str, ty: &Type, types: &str, encoding: &str) -> String {
    let flat = ty.flat();
    let params = if flat.len() > 16 { vec!["i32"] } else { flat.clone() };
    let by_pointer = flat.len() > 1;
    let gets: String = (0..params.len()).fold(String::new(), |mut text, n| {
        let _ = write!(text, "(local.get {n}) ");
        text
    });
    let params = params.join(" ");
    let (echo, run) = match by_pointer {
        true => (
            format!("(param {params} i32)"),
            format!("(result i32) {gets} (i32.const 1024) (call $echo) (i32.const 1024)"),
        ),
        false => (
            format!("(param {params}) (result {params})"),
            format!("(result {params}) {gets} (call $echo)"),
        ),
    };
    let text = ty.text();
    let options = format!(
        r#"(memory (core memory $memory "memory")) (realloc (core func $memory "realloc")) {encoding}"#
    );
    format!(
        r#"(component ${name}
            {types}
            (import "echo" (func $echo (param "x" {text}) (result {text})))
            (core module $memory
                (memory (export "memory") 16)
                (global $top (mut i32) (i32.const 65536))
                (func (export "realloc") (param $old i32) (param $size i32) (param $align i32)
                    (param $new i32) (result i32) (local $at i32)
                    (local.set $at (i32.and
                        (i32.add (global.get $top) (i32.sub (local.get $align) (i32.const 1)))
                        (i32.sub (i32.const 0) (local.get $align))))
                    (global.set $top (i32.add (local.get $at) (local.get $new)))
                    (memory.copy (local.get $at) (local.get $old)
                        (select (local.get $size) (local.get $new)
                            (i32.lt_u (local.get $size) (local.get $new))))
                    (local.get $at)))
            (core instance $memory (instantiate $memory))
            (core func $echo (canon lower (func $echo) {options}))
            (core module $main
                (import "" "echo" (func $echo {echo}))
                (func (export "run") (param {params}) {run}))
            (core instance $main (instantiate $main
                (with "" (instance (export "echo" (func $echo))))))
            (func (export "run") (param "x" {text}) (result {text})
                (canon lift (core func $main "run") {options})))"#
    )
}

fn component(ty: &Type, named: &[String], encodings: [&str; 2]) -> String {
    let types = named.iter().enumerate().fold(String::new(), |mut text, (n, definition)| {
        let _ =
            write!(text, "(type $d{n} {definition}) (import \"t{n}\" (type $t{n} (eq $d{n}))) ");
        text
    });
    let with = (0..named.len()).fold(String::new(), |mut text, n| {
        let _ = write!(text, "(with \"t{n}\" (type $t{n})) ");
        text
    });
    let [outer, inner] = encodings;
    format!(
        r#"(component
            {types}
            (import "echo" (func $echo (param "x" {0}) (result {0})))
            {1} {2}
            (instance $inner (instantiate $inner {with} (with "echo" (func $echo))))
            (instance $outer (instantiate $outer {with} (with "echo" (func $inner "run"))))
            (export "run" (func $outer "run")))"#,
        ty.text(),
        hand_on("inner", ty, &types, inner),
        hand_on("outer", ty, &types, outer),
    )
}

/// Sends values through the component, and compares what the host was given and got back.
fn check<E: Engine>(binary: &[u8], ty: &Type, random: &mut Random) {
    let engine = E::new(&Config::default()).unwrap();
    let component = Component::new(&engine, binary).unwrap();
    let mut linker = Linker::<E, Vec<String>>::new();
    linker
        .root()
        .value_func("echo", |seen: &mut Vec<String>, _, mut args| {
            let value = args.pop();
            seen.push(format!("{value:?}"));
            Ok(value)
        })
        .unwrap();
    let template = linker.link(&engine, &component).unwrap();
    let mut instance = template.instantiate(&engine, Vec::new(), Limits::default()).unwrap();
    let run = instance.func(&["run"]).unwrap();
    for _ in 0..5 {
        let value = [random.value(ty)];
        let result = instance.call(&run, &value).unwrap();
        assert_eq!(result.as_ref(), value.first());
        let nan = |text: &str| text.contains("NaN");
        let seen = instance.state().pop().unwrap();
        if !nan(&seen) {
            assert_eq!(seen, format!("{:?}", value.first()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn values_come_back(seed: u64) {
        let mut random = Random { state: seed, named: Vec::new() };
        let ty = random.ty(3);
        let encodings = [(); 2].map(|()| ENCODINGS[random.below(3)]);
        let text = component(&ty, &random.named, encodings);
        let binary = wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        check::<wayleave_engine::wasmi::Wasmi>(&binary, &ty, &mut random);
        if seed % 4 == 0 {
            check::<wayleave_engine::wasmtime::Wasmtime>(&binary, &ty, &mut random);
        }
    }
}
