//! Turns a module's start function into an export, so that the host calls it like any other.

const EXPORTS: u8 = 7;
const START: u8 = 8;
/// The kind of an exported function.
const FUNC: u8 = 0;

/// The module without its start section, and the name under which it exports that function now;
/// `None` when there is no start function.
///
/// For valid modules. Of others it makes something that is as invalid.
pub(super) fn detach(wasm: &[u8]) -> Option<(Vec<u8>, String)> {
    let func = sections(wasm)?.find(|section| section.id == START)?.body;
    let name = unused_name(wasm);
    let export = [&leb(name.len()), name.as_bytes(), &[FUNC], func].concat();
    let has_exports = sections(wasm)?.any(|section| section.id == EXPORTS);

    let mut out = wasm.get(..8)?.to_vec();
    for section in sections(wasm)? {
        match section.id {
            EXPORTS => {
                let (count, rest) = read_leb(section.body)?;
                append(&mut out, &[&leb(count + 1), rest, &export].concat());
            }
            // In the order of sections, this is where exports may stand.
            START if !has_exports => append(&mut out, &[&leb(1), export.as_slice()].concat()),
            START => {}
            _ => out.extend_from_slice(section.whole),
        }
    }
    Some((out, name))
}

struct Section<'a> {
    id: u8,
    body: &'a [u8],
    whole: &'a [u8],
}

/// The sections up to the first that is malformed.
fn sections(wasm: &[u8]) -> Option<impl Iterator<Item = Section<'_>>> {
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

fn append(out: &mut Vec<u8>, exports: &[u8]) {
    out.push(EXPORTS);
    out.extend_from_slice(&leb(exports.len()));
    out.extend_from_slice(exports);
}

fn leb(mut number: usize) -> Vec<u8> {
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
        detach(&wat::parse_str(text).unwrap())
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
    fn other_modules_stay_as_they_are() {
        assert!(detached("(module)").is_none());
        assert!(detach(b"").is_none());
        assert!(detach(b"\0asm\x01\0\0\0\x08\xff\xff\xff\xff\x7f").is_none());
    }

    #[test]
    fn numbers_survive() {
        for number in [0, 1, 127, 128, 300, 1 << 20] {
            assert_eq!(read_leb(&leb(number)), Some((number, [].as_slice())));
        }
    }
}
