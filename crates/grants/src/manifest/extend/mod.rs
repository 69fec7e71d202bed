//! Adding to a manifest that somebody has written: everything else in it stays as it is.

mod list;

use super::key::Form;
use super::write::{literal, quoted};
use super::{Document, Key, Manifest, ManifestError, Section, keys};
use crate::Settings;
use std::ops::Range;
use std::path::Path;

/// What takes the place of a part of the text; of nothing, where that is empty.
type Edit = (Range<usize>, String);

impl Manifest {
    /// The text of a manifest, extended by what `more` asks for, in a profile if one is named. A
    /// mount takes the place of one under the same guest path. Comments, order and layout stay.
    ///
    /// Relative paths of `more` are taken from the folder of `path` on.
    ///
    /// # Errors
    /// As [`Manifest::parse`] and [`Manifest::settings`]; [`ManifestError::Unextendable`] where the
    /// text would mean anything else than what it meant before, and `more`.
    pub fn extended_text(
        path: &Path,
        text: &str,
        profile: Option<&str>,
        more: &Settings,
    ) -> Result<String, ManifestError> {
        let before = Self::parse(path, text)?;
        before.settings(profile)?;
        let extended = extend(path, text, profile, more)?;
        let unextendable = || ManifestError::Unextendable {
            path: path.to_owned(),
            by_hand: by_hand(profile, more),
        };
        let extended = extended.ok_or_else(unextendable)?;
        let after = Self::parse(path, &extended).map_err(|_| unextendable())?;
        if before.extended_by(profile, more).is_some_and(|wanted| after.means(&wanted)) {
            Ok(extended)
        } else {
            Err(unextendable())
        }
    }

    /// What it should mean afterwards.
    fn extended_by(&self, profile: Option<&str>, more: &Settings) -> Option<Self> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let mut read = Settings::default();
        for key in &all_keys() {
            for text in key.texts_of(more) {
                key.read_text(&mut read, &text, folder).ok()?;
            }
        }
        let mut wanted = self.clone();
        let place = match profile {
            None => &mut wanted.always,
            Some(name) => &mut wanted.profiles.iter_mut().find(|(other, _)| other == name)?.1,
        };
        *place = std::mem::take(place).extended_by(read);
        Some(wanted)
    }

    /// Whether it asks for the same things, in whatever order.
    fn means(&self, other: &Self) -> bool {
        let names = |manifest: &Self| -> Vec<String> {
            manifest.profiles().map(ToOwned::to_owned).collect()
        };
        let mut profiles = self.profiles.iter().zip(&other.profiles);
        names(self) == names(other)
            && same(&self.always, &other.always)
            && profiles.all(|((_, one), (_, other))| same(one, other))
    }
}

fn all_keys() -> Vec<Key<Settings>> {
    let mut all = keys::grants();
    all.extend(keys::limits());
    all
}

fn same(one: &Settings, other: &Settings) -> bool {
    all_keys().iter().all(|key| {
        let (mut one, mut other) = (key.texts_of(one), key.texts_of(other));
        one.sort();
        other.sort();
        one == other
    })
}

/// `None` where that is not possible.
fn extend(
    path: &Path,
    text: &str,
    profile: Option<&str>,
    more: &Settings,
) -> Result<Option<String>, ManifestError> {
    let document = Document::parse(path, text)?;
    let mut around = document.root();
    if let Some(name) = profile {
        for name in ["profile", name] {
            let Some(table) = around.table(name)? else { return Ok(None) };
            around = table;
        }
    }
    let mut edits = Vec::new();
    let mut appended = String::new();
    for (name, keys) in [("grants", keys::grants()), ("limits", keys::limits())] {
        let keys: Vec<_> = keys.iter().filter(|key| !key.texts_of(more).is_empty()).collect();
        if keys.is_empty() {
            continue;
        }
        match around.table(name)? {
            Some(table) => {
                let Some(more) = within(text, &table, &keys, more) else { return Ok(None) };
                edits.extend(more);
            }
            None => {
                let lines: String = keys.iter().map(|key| line(key, more) + "\n").collect();
                appended += &format!("\n[{}]\n{lines}", header(profile, name));
            }
        }
    }
    if !appended.is_empty() {
        let whole_lines = text.is_empty() || text.ends_with('\n');
        let before = if whole_lines { "" } else { "\n" };
        let appended = if text.is_empty() { appended.trim_start() } else { &appended };
        edits.push((text.len()..text.len(), format!("{before}{appended}")));
    }
    Ok(Some(apply(text, edits)))
}

/// What changes in a table that is there.
fn within(
    text: &str,
    table: &Section<'_>,
    keys: &[&Key<Settings>],
    more: &Settings,
) -> Option<Vec<Edit>> {
    let mut edits = Vec::new();
    let mut lines = String::new();
    for key in keys {
        match (table.span(key.name), key.form) {
            (None, _) => lines += &(line(key, more) + "\n"),
            (Some(span), Form::List) => list::extend(text, table, key, &span, more, &mut edits),
            (Some(span), _) => {
                edits.push((span, literal(key, key.texts_of(more).first()?)));
            }
        }
    }
    if !lines.is_empty() {
        let end = table.end()?;
        let next = text[end..].find('\n').map(|line_end| end + line_end + 1);
        let (at, before) = next.map_or((text.len(), "\n"), |next| (next, ""));
        edits.push((at..at, format!("{before}{lines}")));
    }
    Some(edits)
}

fn apply(text: &str, mut edits: Vec<Edit>) -> String {
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    edits.sort_by_key(|(span, _)| span.start);
    let mut result = String::new();
    let mut done = 0;
    for (span, new) in edits {
        result.push_str(text.get(done..span.start).unwrap_or_default());
        result.push_str(&new.replace('\n', line_end));
        done = span.end;
    }
    result + text.get(done..).unwrap_or_default()
}

fn line(key: &Key<Settings>, more: &Settings) -> String {
    let texts: Vec<_> = key.texts_of(more).iter().map(|text| literal(key, text)).collect();
    match key.form {
        Form::List => format!("{} = [{}]", key.name, texts.join(", ")),
        _ => format!("{} = {}", key.name, texts.concat()),
    }
}

fn header(profile: Option<&str>, table: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match profile {
        None => table.to_owned(),
        Some(name) if name.chars().all(bare) && !name.is_empty() => {
            format!("profile.{name}.{table}")
        }
        Some(name) => format!("profile.{}.{table}", quoted(name)),
    }
}

fn by_hand(profile: Option<&str>, more: &Settings) -> String {
    let mut parts = Vec::new();
    for (name, keys) in [("grants", keys::grants()), ("limits", keys::limits())] {
        let keys = keys.iter().filter(|key| !key.texts_of(more).is_empty());
        let lines: Vec<_> = keys.map(|key| line(key, more)).collect();
        if !lines.is_empty() {
            parts.push(format!("{} to [{}]", lines.join(" and "), header(profile, name)));
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wayleave_system::refusal::Grant;

    fn more(grants: &[(&'static str, &str)]) -> Settings {
        let mut more = Settings::default();
        for (option, value) in grants {
            more.allow(&Grant::new(option, *value)).unwrap();
        }
        more
    }

    fn extended_in(
        profile: Option<&str>,
        text: &str,
        grants: &[(&'static str, &str)],
    ) -> Result<String, String> {
        let path = Path::new("wayleave.toml");
        let text = Manifest::extended_text(path, text, profile, &more(grants));
        text.map_err(|error| error.to_string())
    }

    fn extended(text: &str, grants: &[(&'static str, &str)]) -> String {
        extended_in(None, text, grants).unwrap()
    }

    const READ: (&str, &str) = ("file", "/etc/passwd::ro");

    #[test]
    fn what_is_there_stays_as_it_is() {
        let text = "# For the reports.\n\n[grants]   # narrow\n  dir = [\n    'data::/data::ro', # read\n    \
                    \"out\" # written\n  ] # that is all\nenv = [ \"A=1\" ] # one\n\n\n[limits]\ntimeout = \"10s\" # long\n# the end\n";
        let grants =
            [READ, ("dir", "/srv::ro"), ("dir", "/tmp"), ("max-memory", "64M"), ("timeout", "20s")];
        assert_eq!(
            extended(text, &grants),
            "# For the reports.\n\n[grants]   # narrow\n  dir = [\n    'data::/data::ro', # read\n    \
             \"out\", # written\n    \"/srv::ro\",\n    \"/tmp\"\n  ] # that is all\nenv = [ \"A=1\" ] # one\n\
             file = [\"/etc/passwd::ro\"]\n\n\n[limits]\ntimeout = \"20s\" # long\nmax-memory = \"64M\"\n# the end\n"
        );
    }

    #[test]
    fn lists_keep_their_layout() {
        let lists = |list: &str| extended(&format!("[grants]\ndir = {list}\n"), &[("dir", "/b")]);
        for (list, expected) in [
            ("[]", "[\"/b\"]"),
            ("[ ]", "[\"/b\" ]"),
            ("['/a']", "['/a', \"/b\"]"),
            ("[\"/a\", ]", "[\"/a\", \"/b\", ]"),
            ("[\n\t\"/a\",\n]", "[\n\t\"/a\",\n\t\"/b\",\n]"),
            ("[\n  \"/a\"\n]", "[\n  \"/a\",\n  \"/b\"\n]"),
            ("[\n  \"/a\", # c, d\n  # last\n]", "[\n  \"/a\", # c, d\n  \"/b\",\n  # last\n]"),
            ("[\"/c\",\n  \"/a\"]", "[\"/c\",\n  \"/a\", \"/b\"]"),
            ("[\n  # none\n]", "[\"/b\"\n  # none\n]"),
            ("[\"/b\"]", "[\"/b\"]"),
        ] {
            assert_eq!(lists(list), format!("[grants]\ndir = {expected}\n"), "{list}");
        }
    }

    #[test]
    fn a_mount_takes_the_place_of_what_was_there() {
        let text = "[grants]\ndir = [\"a::/a\", \"data::/data::ro\"] # both\n";
        assert_eq!(
            extended(text, &[("dir", "data::/data"), ("dir", "a::/a")]),
            "[grants]\ndir = [\"a::/a\", \"data::/data\"] # both\n"
        );
        // It would have to be taken out of another list.
        let error = extended_in(None, text, &[("file", "x::/data::ro")]).unwrap_err();
        assert_eq!(
            error,
            "wayleave.toml: it is written so that nothing can be added safely; add by hand: \
             file = [\"x::/data::ro\"] to [grants]"
        );
    }

    #[test]
    fn tables_are_added_where_there_are_none() {
        let added = "[grants]\nfile = [\"/etc/passwd::ro\"]\n";
        assert_eq!(extended("", &[READ]), added);
        assert_eq!(extended("# mine", &[READ]), format!("# mine\n\n{added}"));
        assert_eq!(extended("[grants]", &[READ]), added);
        assert_eq!(
            extended("[grants] # x\n[limits]\n", &[READ]),
            added.replace("]\nf", "] # x\nf") + "[limits]\n"
        );
        let both = extended("[limits]\r\nfuel = 1\r\n", &[READ]);
        assert_eq!(both, format!("[limits]\nfuel = 1\n\n{added}").replace('\n', "\r\n"));
    }

    #[test]
    fn profiles_are_extended_by_themselves() {
        let text =
            "[grants]\nenv = [\"A\"]\n[profile.net.grants]\nallow-outbound = [\"tcp://a:1\"]\n";
        let grants = [("allow-outbound", "tcp://b:2"), ("max-handles", "8")];
        assert_eq!(
            extended_in(Some("net"), text, &grants).unwrap(),
            "[grants]\nenv = [\"A\"]\n[profile.net.grants]\n\
             allow-outbound = [\"tcp://a:1\", \"tcp://b:2\"]\n\n[profile.net.limits]\nmax-handles = 8\n"
        );
        let error = extended_in(Some("nat"), text, &grants).unwrap_err();
        assert!(error.contains("there is no profile `nat`"), "{error}");
    }

    #[test]
    fn what_can_not_be_changed_safely_is_not_changed() {
        for text in [
            "grants = { env = [\"A\"] }\n",
            "grants.env = [\"A\"]\n",
            "[grants]\ndeny-outbound = [\"tcp://a:1\"]\nallow-outbound = [\n\"tcp://b:1\"\n,]\n",
        ] {
            let grants = [READ, ("allow-outbound", "tcp://c:1")];
            let error = extended_in(None, text, &grants).unwrap_err();
            assert!(error.contains("add by hand: "), "{error}");
        }
        // What would contradict itself is refused, too.
        let text = "[grants]\ndeterministic = true\n";
        assert!(extended_in(None, text, &[("allow-outbound", "tcp://a:1")]).is_err());
        // Where the list is there, it does not matter how.
        let inline = "grants = { dir = [\"/a\"] }\n";
        assert_eq!(extended(inline, &[("dir", "/b")]), "grants = { dir = [\"/a\", \"/b\"] }\n");
    }
}
