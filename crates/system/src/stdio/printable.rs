use std::borrow::Cow;

/// Text without anything that a terminal would act on: names of imports, functions and files are
/// whatever somebody has put into a module, a manifest or a recording. Lines stay lines.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    let acts = |c: char| c != '\n' && c != '\t' && (c.is_control() || is_turning(c));
    if !text.contains(acts) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) { shown.extend(c.escape_unicode()) } else { shown.push(c) }
    }
    shown.into()
}

/// Whether a character changes the direction in which others are shown.
fn is_turning(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn nothing_is_left_for_a_terminal_to_act_on() {
        assert_eq!(printable("a: b\n\tc"), "a: b\n\tc");
        assert_eq!(printable("\x1b[2Ja\u{9b}1m\r"), r"\u{1b}[2Ja\u{9b}1m\u{d}");
        assert_eq!(printable("a\u{202e}b"), r"a\u{202e}b");
        assert_eq!(printable("été"), "été");
    }
}
