use super::{Key, keys};
use crate::Settings;
use std::path::Path;

/// What to leave out of settings, as people write it: `KEY` for all that it says, or `KEY=ENTRY`
/// for one entry of a list, as it is written or by its guest path or name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Without {
    key: String,
    entry: Option<String>,
}

impl std::str::FromStr for Without {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, entry) = match text.split_once('=') {
            Some((key, entry)) => (key, Some(entry.to_owned())),
            None => (text, None),
        };
        let known = all();
        if known.iter().all(|known| known.name() != key) {
            let names: Vec<_> = known.iter().map(Key::name).collect();
            return Err(format!("{key:?} is none of {}", names.join(", ")));
        }
        Ok(Self { key: key.to_owned(), entry })
    }
}

impl Settings {
    /// These settings without what is named.
    ///
    /// # Errors
    /// When it is not there: whoever wanted to leave something out would not have done so.
    pub fn without(&self, what: &Without) -> Result<Self, String> {
        let mut left = Self { argv0: self.argv0.clone(), ..Self::default() };
        let mut found = false;
        for key in all() {
            for text in key.texts_of(self) {
                let named = key.name() == what.key
                    && what.entry.as_ref().is_none_or(|entry| is(&text, entry));
                found |= named;
                if !named {
                    key.read_text(&mut left, &text, Path::new(""))?;
                }
            }
        }
        match &what.entry {
            _ if found => Ok(left),
            None => Err(format!("there is no `{}` to do without", what.key)),
            Some(entry) => Err(format!("`{}` has no {entry:?} to do without", what.key)),
        }
    }
}

fn all() -> Vec<Key<Settings>> {
    let mut all = keys::grants();
    all.extend(keys::limits());
    all
}

fn is(text: &str, entry: &str) -> bool {
    let name = text.split_once('=').map(|(name, _)| name);
    text == entry || name == Some(entry) || text.split("::").any(|part| part == entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            argv0: Some("a".to_owned()),
            dirs: vec!["/srv::/data::ro".parse().unwrap(), "/tmp".parse().unwrap()],
            env: vec!["A=1".parse().unwrap(), "B".parse().unwrap()],
            inherit_env: true,
            ..Settings::default()
        }
    }

    fn left(what: &str) -> Result<Settings, String> {
        settings().without(&what.parse()?)
    }

    #[test]
    fn all_of_a_kind_or_one_of_it() {
        assert_eq!(left("dir").unwrap(), Settings { dirs: Vec::new(), ..settings() });
        for entry in ["dir=/data", "dir=/srv", "dir=/srv::/data::ro"] {
            let dirs = vec!["/tmp".parse().unwrap()];
            assert_eq!(left(entry).unwrap(), Settings { dirs, ..settings() }, "{entry}");
        }
        for entry in ["env=A", "env=A=1"] {
            let env = vec!["B".parse().unwrap()];
            assert_eq!(left(entry).unwrap(), Settings { env, ..settings() }, "{entry}");
        }
        assert!(!left("inherit-env").unwrap().inherit_env);
    }

    #[test]
    fn what_is_not_there_can_not_be_left_out() {
        for what in ["dirs", "", "=", "dir=/dat", "env=C", "env=A=2", "stdin", "fuel"] {
            assert!(left(what).is_err(), "{what}");
        }
    }
}
