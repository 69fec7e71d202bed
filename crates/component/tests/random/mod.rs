//! Random component types, as text and as values, for the tests that send them through components.

use std::fmt::Write as _;
use wayleave_component::Value;

/// A type, as a generator of texts and values.
#[derive(Debug)]
pub(crate) enum Type {
    Simple(&'static str),
    List(Box<Type>),
    /// Of a length that is part of the type.
    FixedList(Box<Type>, usize),
    Map(Box<Type>, Box<Type>),
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

/// Keys of maps may be these.
const KEYS: [&str; 11] =
    ["bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "char", "string"];

/// Numbers without end from one seed (SplitMix64), and the types that were named so far.
pub(crate) struct Random {
    state: u64,
    /// Whether types may be of those that are not in the standard yet.
    beyond: bool,
    /// Definitions, by their numbers.
    pub(crate) named: Vec<String>,
}

impl Random {
    pub(crate) fn new(seed: u64, beyond: bool) -> Self {
        Self { state: seed, beyond, named: Vec::new() }
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn types(&mut self, depth: usize, most: usize) -> Vec<Type> {
        (0..=self.below(most)).map(|_| self.ty(depth)).collect()
    }

    fn maybe(&mut self, depth: usize) -> Option<Type> {
        (self.below(3) > 0).then(|| self.ty(depth))
    }

    pub(crate) fn ty(&mut self, depth: usize) -> Type {
        if depth == 0 {
            return Type::Simple(SIMPLE[self.below(SIMPLE.len())]);
        }
        match self.below(if self.beyond { 12 } else { 10 }) {
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
            10 => Type::FixedList(Box::new(self.ty(depth - 1)), 1 + self.below(5)),
            11 => {
                let key = Type::Simple(KEYS[self.below(KEYS.len())]);
                Type::Map(Box::new(key), Box::new(self.ty(depth - 1)))
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
    pub(crate) fn value(&mut self, ty: &Type) -> Value {
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
            Type::FixedList(element, len) => {
                Value::List((0..*len).map(|_| self.value(element)).collect())
            }
            Type::Map(key, value) => Value::Map(
                (0..self.below(6)).map(|_| (self.value(key), self.value(value))).collect(),
            ),
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

/// Fields or cases: each with its name and what it may have for a type.
fn list(kind: &str, prefix: &str, types: impl Iterator<Item = Option<String>>) -> String {
    types.enumerate().fold(String::new(), |mut text, (n, ty)| {
        let _ = write!(text, "({kind} \"{prefix}{n}\" {}) ", ty.unwrap_or_default());
        text
    })
}

impl Type {
    pub(crate) fn text(&self) -> String {
        let several = |types: &[Self]| types.iter().map(Self::text).collect::<Vec<_>>().join(" ");
        match self {
            Self::Simple(name) => (*name).to_owned(),
            Self::List(element) => format!("(list {})", element.text()),
            Self::FixedList(element, len) => format!("(list {} {len})", element.text()),
            Self::Map(key, value) => format!("(map {} {})", key.text(), value.text()),
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
    pub(crate) fn flat(&self) -> Vec<&'static str> {
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
            Self::Simple("string") | Self::List(_) | Self::Map(..) => vec!["i32", "i32"],
            Self::FixedList(element, len) => element.flat().repeat(*len),
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

/// The string encodings, as options of functions.
pub(crate) const ENCODINGS: [&str; 3] =
    ["string-encoding=utf8", "string-encoding=utf16", "string-encoding=latin1+utf16"];

/// Definitions of types by their numbers, imported under names as the model asks of them.
pub(crate) fn definitions(named: &[String]) -> String {
    named.iter().enumerate().fold(String::new(), |mut text, (n, definition)| {
        let _ =
            write!(text, "(type $d{n} {definition}) (import \"t{n}\" (type $t{n} (eq $d{n}))) ");
        text
    })
}
