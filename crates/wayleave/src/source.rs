use crate::Error;
use std::borrow::Cow;
use wayleave_engine::artifact::is_artifact_bytes;

/// A program in binary form.
pub(crate) enum Source<'a> {
    /// A core module.
    Module(Cow<'a, [u8]>),
    /// A component.
    Component(Cow<'a, [u8]>),
}

impl<'a> Source<'a> {
    fn new(binary: Cow<'a, [u8]>) -> Self {
        // After the magic number come a version and a layer: 0 is modules, 1 is components.
        match binary.get(4..8) {
            Some([_, _, 1, 0]) => Self::Component(binary),
            _ => Self::Module(binary),
        }
    }
}

/// The program that some bytes are, or that their text describes.
///
/// # Errors
/// What the bytes are instead, or where their text is wrong.
pub(crate) fn program(bytes: &[u8]) -> Result<Source<'_>, Error> {
    if bytes.starts_with(b"\0asm") {
        return Ok(Source::new(Cow::Borrowed(bytes)));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if looks_like_text(text) => match wat::parse_str(text) {
            Ok(binary) => Ok(Source::new(Cow::Owned(binary))),
            Err(error) => Err(Error::Text { reason: one_line(&error.to_string()) }),
        },
        _ => Err(Error::NotWasm { reason: describe(bytes).to_owned() }),
    }
}

/// Text modules start with a parenthesis or a comment.
fn looks_like_text(text: &str) -> bool {
    let start = text.trim_start();
    start.starts_with('(') || start.starts_with(";;")
}

fn describe(bytes: &[u8]) -> &'static str {
    let kinds: [(&[u8], &str); 8] = [
        (b"wayleave bundle\0", "`wayleave compile` made it, but it is damaged; compile it again"),
        (b"\x7fELF", "it is a native program, or a part of what `wayleave compile` makes"),
        (b"MZ", "it is a Windows program"),
        (b"\x1f\x8b", "it is compressed with gzip; decompress it first"),
        (b"\x28\xb5\x2f\xfd", "it is compressed with zstd; decompress it first"),
        (b"PK\x03\x04", "it is a zip archive; unpack it first"),
        (b"#!", "it is a script"),
        (b"BC\xc0\xde", "it is LLVM bitcode; link it for a wasm32-wasip1 target first"),
    ];
    if bytes.is_empty() {
        return "the file is empty";
    }
    if is_artifact_bytes(bytes) {
        return "`wayleave compile` has made machine code of it already";
    }
    if b"\0asm".starts_with(bytes) {
        return "the file is cut off after its first bytes";
    }
    match kinds.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        Some((_, kind)) => kind,
        None => "it starts neither like a binary module nor like WebAssembly text",
    }
}

/// The message and the place, without the excerpt that the parser draws below.
fn one_line(error: &str) -> String {
    let mut lines = error.lines().map(str::trim);
    let message = lines.next().unwrap_or_default();
    let place = lines.find_map(|line| line.strip_prefix("--> <anon>:"));
    match place.and_then(|place| place.split_once(':')) {
        Some((line, column)) => format!("line {line}, column {column}: {message}"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(bytes: &[u8]) -> String {
        match program(bytes) {
            Err(error) => error.to_string(),
            Ok(_) => String::new(),
        }
    }

    #[test]
    fn what_things_are_called() {
        assert_eq!(error(b""), "not WebAssembly: the file is empty");
        assert!(error(b"\0as").contains("cut off"));
        assert!(error(b"\x7fELF\x02").contains("native program"));
        assert!(error(b"\x1f\x8b\x08").contains("gzip"));
        assert!(error(b"hello").contains("neither"));
        assert!(matches!(program(b"\0asm\x0d\0\x01\0"), Ok(Source::Component(_))));
        assert!(matches!(program(b"(component)"), Ok(Source::Component(_))));
        assert!(matches!(program(b"  (module)"), Ok(Source::Module(_))));
        assert!(matches!(program(b";; a comment\n(module)"), Ok(Source::Module(_))));
    }

    #[test]
    fn mistakes_in_text_have_a_place_and_one_line() {
        let message = error(b"(module\n  (fun))");
        assert!(message.starts_with("WebAssembly text, line 2, column "), "{message}");
        assert!(!message.contains('\n'));
    }
}
