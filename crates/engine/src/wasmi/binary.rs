//! The little of the binary format that the engine does not tell. For modules that it has found
//! valid; of others nothing sensible is made, and nothing panics.

pub(super) const TYPES: u8 = 1;
const IMPORTS: u8 = 2;
pub(super) const FUNCTIONS: u8 = 3;
const EXPORTS: u8 = 7;
const START: u8 = 8;
pub(super) const CODE: u8 = 10;
/// The kind of an imported or exported function.
const FUNC: u8 = 0;
const TABLE: u8 = 1;
const MEMORY: u8 = 2;
const GLOBAL: u8 = 3;

/// The place of each of the module's imports when they are sorted by kind, as the engine has them:
/// functions, tables, memories, globals. `None` when that is their order already.
pub(super) fn import_places(wasm: &[u8]) -> Option<Vec<usize>> {
    let body = sections(wasm)?.find(|section| section.id == IMPORTS)?.body;
    let kinds = import_kinds(body)?;
    let rank = |kind: u8| [FUNC, TABLE, MEMORY, GLOBAL].iter().position(|&other| other == kind);
    let mut sorted: Vec<usize> = (0..kinds.len()).collect();
    // Stable: within a kind, the order stays.
    sorted.sort_by_key(|&index| kinds.get(index).copied().and_then(rank));
    let mut places = vec![0; kinds.len()];
    for (place, &index) in sorted.iter().enumerate() {
        *places.get_mut(index)? = place;
    }
    (!places.is_sorted()).then_some(places)
}

/// The module with its start function as an export instead, so that the host calls it like any
/// other, and that export's name; `None` when there is no start function.
pub(super) fn detach_start(wasm: &[u8]) -> Option<(Vec<u8>, String)> {
    let func = sections(wasm)?.find(|section| section.id == START)?.body;
    let name = unused_name(wasm);
    let export = [&leb(name.len()), name.as_bytes(), &[FUNC], func].concat();
    let has_exports = sections(wasm)?.any(|section| section.id == EXPORTS);

    let mut out = wasm.get(..8)?.to_vec();
    for section in sections(wasm)? {
        match section.id {
            EXPORTS => {
                let (count, rest) = read_leb(section.body)?;
                append(&mut out, EXPORTS, &[&leb(count + 1), rest, &export].concat());
            }
            // In the order of sections, this is where exports may stand.
            START if !has_exports => append(&mut out, EXPORTS, &[&leb(1), &export[..]].concat()),
            START => {}
            _ => out.extend_from_slice(section.whole),
        }
    }
    Some((out, name))
}

fn import_kinds(body: &[u8]) -> Option<Vec<u8>> {
    let (count, mut rest) = read_leb(body)?;
    let mut kinds = Vec::new();
    for _ in 0..count {
        let kind;
        (kind, rest) = skip_name(skip_name(rest)?)?.split_first()?;
        rest = match *kind {
            FUNC => skip_leb(rest)?,
            TABLE => skip_limits(skip_type(rest)?)?,
            MEMORY => skip_limits(rest)?,
            // And whether it is mutable.
            GLOBAL => skip_type(rest)?.get(1..)?,
            _ => return None,
        };
        kinds.push(*kind);
    }
    Some(kinds)
}

fn skip_name(bytes: &[u8]) -> Option<&[u8]> {
    let (len, rest) = read_leb(bytes)?;
    rest.get(len..)
}

fn skip_type(bytes: &[u8]) -> Option<&[u8]> {
    match bytes.split_first()? {
        // A reference to a type by its number.
        (0x63 | 0x64, rest) => skip_leb(rest),
        (_, rest) => Some(rest),
    }
}

fn skip_limits(bytes: &[u8]) -> Option<&[u8]> {
    let (flags, rest) = bytes.split_first()?;
    // After the minimum: a maximum, a page size.
    [0x01, 0x08]
        .iter()
        .filter(|&bit| flags & bit != 0)
        .try_fold(skip_leb(rest)?, |rest, _| skip_leb(rest))
}

/// Skips a number of up to 64 bits.
fn skip_leb(bytes: &[u8]) -> Option<&[u8]> {
    let last = bytes.iter().take(10).position(|byte| byte & 0x80 == 0)?;
    bytes.get(last + 1..)
}

pub(super) struct Section<'a> {
    pub(super) id: u8,
    pub(super) body: &'a [u8],
    pub(super) whole: &'a [u8],
}

/// The sections up to the first that is malformed.
pub(super) fn sections(wasm: &[u8]) -> Option<impl Iterator<Item = Section<'_>>> {
    let mut rest = wasm.get(8..)?;
    Some(std::iter::from_fn(move || {
        let (&id, after_id) = rest.split_first()?;
        let (size, after_size) = read_leb(after_id)?;
        let (body, after) = after_size.split_at_checked(size)?;
        let (whole, _) = rest.split_at_checked(rest.len() - after.len())?;
        rest = after;
        Some(Section { id, body, whole })
    }))
}

/// A name that no export has: a module can not contain its own hash.
fn unused_name(wasm: &[u8]) -> String {
    format!("wayleave:start:{}", blake3::hash(wasm).to_hex())
}

pub(super) fn append(out: &mut Vec<u8>, id: u8, body: &[u8]) {
    out.push(id);
    out.extend_from_slice(&leb(body.len()));
    out.extend_from_slice(body);
}

pub(super) fn leb(mut number: usize) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let low = number.to_le_bytes()[0] & 0x7f;
        number >>= 7;
        if number == 0 {
            out.push(low);
            return out;
        }
        out.push(low | 0x80);
    }
}

/// A number of at most 32 bits, and what follows it.
fn read_leb(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0;
    for (index, &byte) in bytes.iter().enumerate().take(5) {
        number |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((number, bytes.get(index + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detached(text: &str) -> Option<(Vec<u8>, String)> {
        detach_start(&wat::parse_str(text).unwrap())
    }

    fn exports(text: &str) -> Vec<String> {
        let (wasm, name) = detached(text).unwrap();
        let engine = ::wasmi::Engine::default();
        let module = ::wasmi::Module::new(&engine, &wasm).unwrap();
        assert!(!sections(&wasm).unwrap().any(|section| section.id == START));
        assert!(module.get_export(&name).is_some());
        module.exports().map(|export| export.name().to_owned()).collect()
    }

    #[test]
    fn a_start_function_becomes_an_export() {
        assert_eq!(exports("(module (func) (start 0))").len(), 1);
        let text = r#"(module
            (memory (export "memory") 1) (func) (func) (start 1) (data (i32.const 0) "x"))"#;
        assert_eq!(exports(text).len(), 2);
    }

    #[test]
    fn imports_are_found_in_the_engines_order() {
        let places = |text: &str| import_places(&wat::parse_str(text).unwrap());
        let text = r#"(module (import "b" "g" (global (mut i64))) (import "b" "m" (memory 1 70000))
            (import "b" "t" (table 1 2 externref)) (import "a" "f" (func))
            (import "b" "m" (memory i64 1)) (import "a" "f" (func)))"#;
        assert_eq!(places(text), Some(vec![5, 3, 2, 0, 4, 1]));
        assert_eq!(places(r#"(module (import "a" "f" (func)) (import "a" "m" (memory 1)))"#), None);
        assert_eq!(places("(module)"), None);
        assert_eq!(import_places(b"\0asm\x01\0\0\0\x02\x03\xff\xff\x03"), None);
    }

    #[test]
    fn other_modules_stay_as_they_are() {
        assert!(detached("(module)").is_none());
        assert!(detach_start(b"").is_none());
        assert!(detach_start(b"\0asm\x01\0\0\0\x08\xff\xff\xff\xff\x7f").is_none());
    }

    #[test]
    fn numbers_survive() {
        for number in [0, 1, 127, 128, 300, 1 << 20] {
            assert_eq!(read_leb(&leb(number)), Some((number, [].as_slice())));
        }
    }
}
