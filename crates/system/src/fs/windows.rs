//! Names that Windows takes for something else than a file of that name.

/// Whether a component of a path could mean a device, another stream or another drive on Windows:
/// whatever a provider there is asked for, it must not be asked for this.
pub(super) fn is_reserved(component: &str) -> bool {
    // Streams (`file:stream`), drives (`C:x`), other separators (`\\\\?\\`), wildcards.
    let forbidden = |c: char| c.is_ascii_control() || "<>:\"/\\|?*".contains(c);
    if component.chars().any(forbidden) {
        return true;
    }
    if matches!(component, "." | "..") {
        return false;
    }
    // Both are cut off at the end, and leave another name.
    component.ends_with(['.', ' ']) || is_device(component)
}

/// Extensions, and spaces before them, make no difference; nor does case.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end_matches(' ');
    let stem = stem.to_ascii_uppercase();
    if matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$") {
        return true;
    }
    let number = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let mut number = number.unwrap_or_default().chars();
    // The superscripts are digits of Latin-1, and Windows takes them for such.
    matches!((number.next(), number.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
}

#[cfg(test)]
mod tests {
    use super::is_reserved;

    #[test]
    fn devices_streams_and_drives_are_no_names() {
        for name in [
            "CON",
            "con",
            "NUL",
            "Aux",
            "prn",
            "CONIN$",
            "conout$",
            "COM1",
            "com9",
            "COM0",
            "LPT5",
            "COM¹",
            "com²",
            "LPT³",
            "NUL.txt",
            "nul.tar.gz",
            "COM1.",
            "COM¹.log",
            "con .txt",
            "NUL ",
            "file.",
            "file ",
            "file. .",
            "...",
            ". .",
            "file:stream",
            "file::$DATA",
            "C:x",
            "C:",
            r"\\?\C:\x",
            r"a\b",
            "a/b",
            "a*",
            "a?",
            "a<b",
            "a|b",
            "a\"b",
            "a\u{1}",
        ] {
            assert!(is_reserved(name), "{name:?}");
        }
    }

    #[test]
    fn other_names_are_names() {
        for name in [
            ".", "..", "file", ".hidden", "a.b", "a b", "CONSOLE", "COM", "COM10", "COM1x",
            "xCOM1", "NULL", "null.txt", "COM⁴", "LPT¹²", "x.NUL", "CONIN", "été",
        ] {
            assert!(!is_reserved(name), "{name:?}");
        }
    }
}
