use super::key::Form;
use super::{Key, Manifest, ManifestError, keys};
use crate::Settings;
use std::fmt::Write as _;
use std::path::Path;

impl Settings {
    /// These settings as the text of a manifest, without the program's own name. Relative paths
    /// mean the same in it if the file is put into the current folder.
    ///
    /// # Errors
    /// [`ManifestError::Unwritable`] where reading the text would give something else.
    pub fn to_manifest(&self) -> Result<String, ManifestError> {
        let settings = Self::default().extended_by(Self { argv0: None, ..self.clone() });
        let grants = table("grants", &keys::grants(), &settings);
        let limits = table("limits", &keys::limits(), &settings);
        let between = if grants.is_empty() || limits.is_empty() { "" } else { "\n" };
        let text = grants + between + &limits;
        let unwritable = |reason: String| ManifestError::Unwritable { reason };
        match Manifest::parse(Path::new("wayleave.toml"), &text) {
            Ok(read) if read.always == settings => Ok(text),
            // A path with `::` in it, or one that is not UTF-8.
            Ok(_) => Err(unwritable("it would be read as something else".to_owned())),
            Err(mistake) => Err(unwritable(mistake.to_string())),
        }
    }
}

fn table(name: &str, keys: &[Key<Settings>], from: &Settings) -> String {
    let mut text = String::new();
    for key in keys {
        let texts = key.texts_of(from);
        match (key.form, texts.as_slice()) {
            (_, []) => {}
            (Form::List, [one]) => line(&mut text, key, &format!("[{}]", quoted(one))),
            (Form::List, many) => {
                let items: String =
                    many.iter().map(|item| format!("    {},\n", quoted(item))).collect();
                line(&mut text, key, &format!("[\n{items}]"));
            }
            (_, [one, ..]) => line(&mut text, key, &literal(key, one)),
        }
    }
    if text.is_empty() { text } else { format!("[{name}]\n{text}") }
}

fn line(text: &mut String, key: &Key<Settings>, value: &str) {
    // Writing to a string can not fail.
    let _ = writeln!(text, "{} = {value}", key.name);
}

/// A value of a key that has one, or an entry of its list.
pub(super) fn literal(key: &Key<Settings>, text: &str) -> String {
    match key.form {
        Form::List | Form::Text | Form::Amount => quoted(text),
        Form::Number | Form::Flag => text.to_owned(),
    }
}

/// A basic string of TOML.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(control));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
