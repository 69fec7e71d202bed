use std::borrow::Cow;
use std::fmt::Write;

/// Text without anything that a terminal would act on: names of imports, functions and files are
/// whatever somebody has put into a module, a manifest or a recording. Lines stay lines.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    escaped(text, |c, shown| shown.extend(c.escape_unicode()))
}

/// As [`printable`], for JSON, which means the same as before to whoever parses it.
#[must_use]
pub fn printable_json(json: &str) -> Cow<'_, str> {
    escaped(json, |c, shown| {
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(shown, "\\u{unit:04x}");
        }
    })
}

fn escaped(text: &str, escape: impl Fn(char, &mut String)) -> Cow<'_, str> {
    let acts = |c: char| c != '\n' && c != '\t' && (c.is_control() || is_turning(c));
    if !text.contains(acts) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) { escape(c, &mut shown) } else { shown.push(c) }
    }
    shown.into()
}

/// Whether a character changes the direction in which others are shown.
fn is_turning(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{printable, printable_json};

    #[test]
    fn nothing_is_left_for_a_terminal_to_act_on() {
        assert_eq!(printable("a: b\n\tc"), "a: b\n\tc");
        assert_eq!(printable("\x1b[2Ja\u{9b}1m\r"), r"\u{1b}[2Ja\u{9b}1m\u{d}");
        assert_eq!(printable("a\u{202e}b"), r"a\u{202e}b");
        assert_eq!(printable("été"), "été");
    }

    #[test]
    fn json_stays_what_it_means() {
        let json = "[\"a\u{202e}\u{9b}é\x7f\\n\"]\n";
        assert_eq!(printable_json(json), "[\"a\\u202e\\u009bé\\u007f\\n\"]\n");
    }
}
