use super::Edit;
use crate::Settings;
use crate::manifest::write::quoted;
use crate::manifest::{Key, Section};
use std::ops::Range;

/// What changes in a list of a table: `span` is where it stands.
pub(super) fn extend(
    text: &str,
    table: &Section<'_>,
    key: &Key<Settings>,
    span: &Range<usize>,
    more: &Settings,
    edits: &mut Vec<Edit>,
) {
    let items = table.items(key.name());
    let meaning = |text: &str| {
        let mut meant = Settings::default();
        key.read_text(&mut meant, text, table.folder()).is_ok().then_some(meant)
    };
    let mut new = Vec::new();
    for wanted in key.texts_of(more) {
        let Some(meant) = meaning(&wanted) else { continue };
        let guests = meant.guest_paths();
        let there = items.iter().find(|(_, item)| {
            let same_place = |item: &Settings| !item.guest_paths().is_disjoint(&guests);
            meaning(item).is_some_and(|item| item == meant || same_place(&item))
        });
        match there {
            Some((_, item)) if meaning(item).as_ref() == Some(&meant) => {}
            Some((span, _)) => edits.push((span.clone(), quoted(&wanted))),
            None => new.push(quoted(&wanted)),
        }
    }
    if !new.is_empty() {
        let last = items.last().map(|(span, _)| span);
        add(text, span, last, &new, edits);
    }
}

/// Adds items behind the last one, as that is written.
fn add(
    text: &str,
    list: &Range<usize>,
    last: Option<&Range<usize>>,
    new: &[String],
    edits: &mut Vec<Edit>,
) {
    let Some(last) = last else {
        let at = list.start + 1;
        edits.push((at..at, new.join(", ")));
        return;
    };
    let rest = &text[last.end..list.end];
    let Some(line_end) = rest.find('\n') else {
        edits.push((last.end..last.end, format!(", {}", new.join(", "))));
        return;
    };
    // Each on a line of its own, behind the last one's comment.
    let comma = rest.trim_start().starts_with(',');
    if !comma {
        edits.push((last.end..last.end, ",".to_owned()));
    }
    let line_start = text[..last.start].rfind('\n').map_or(0, |end| end + 1);
    let indent = &text[line_start..last.start];
    let indent = if indent.trim().is_empty() { indent } else { "    " };
    let mut lines = new.join(&format!(",\n{indent}"));
    if comma {
        lines.push(',');
    }
    let at = last.end + line_end + 1;
    edits.push((at..at, format!("{indent}{lines}\n")));
}
