use super::{Key, ManifestError};
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The text of a manifest, and where it was.
pub struct Document<'t> {
    path: PathBuf,
    text: &'t str,
    root: Spanned<DeTable<'t>>,
}

/// A table of a manifest.
#[derive(Clone, Copy)]
pub struct Section<'d> {
    document: &'d Document<'d>,
    table: &'d DeTable<'d>,
    start: usize,
}

impl<'t> Document<'t> {
    /// Reads the text of a manifest; relative paths in it are taken from the folder of `path` on.
    ///
    /// # Errors
    /// [`ManifestError::Mistake`] when it is not TOML.
    pub fn parse(path: &Path, text: &'t str) -> Result<Self, ManifestError> {
        match DeTable::parse(text) {
            Ok(root) => Ok(Self { path: path.to_owned(), text, root }),
            Err(error) => {
                let start = error.span().map_or(0, |span| span.start);
                Err(mistake(path, text, start, &format!("not TOML: {}", error.message())))
            }
        }
    }

    /// The whole document.
    pub fn root(&self) -> Section<'_> {
        Section { document: self, table: self.root.get_ref(), start: 0 }
    }

    fn mistake(&self, start: usize, message: &str) -> ManifestError {
        mistake(&self.path, self.text, start, message)
    }
}

fn mistake(path: &Path, text: &str, start: usize, message: &str) -> ManifestError {
    let (line, column) = position(text, start);
    let message = message.replace('\n', " ");
    ManifestError::Mistake { path: path.to_owned(), line, column, message }
}

/// Line and column, from 1 on.
pub(super) fn position(text: &str, start: usize) -> (usize, usize) {
    let before = text.get(..start.min(text.len())).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

impl<'d> Section<'d> {
    /// The folder from which relative paths are taken.
    pub fn folder(&self) -> &'d Path {
        self.document.path.parent().unwrap_or(Path::new(""))
    }

    /// That there are no keys but these.
    ///
    /// # Errors
    /// [`ManifestError::Mistake`] at the first other one.
    pub fn only(&self, known: &[&str]) -> Result<(), ManifestError> {
        let unknown = |(key, _): &Entry<'_>| !known.contains(key);
        match self.entries().into_iter().find(unknown) {
            Some((key, value)) => Err(self.unknown(key, self.key_start(key, value), known)),
            None => Ok(()),
        }
    }

    /// Reads the keys of this table into `target`. Besides them it may have these tables.
    ///
    /// # Errors
    /// [`ManifestError::Mistake`]: an unknown key, a value of a wrong type, a text that is not
    /// understood.
    pub fn read<T: 'static>(
        &self,
        keys: &[Key<T>],
        tables: &[&str],
        target: &mut T,
    ) -> Result<(), ManifestError> {
        let known: Vec<_> = keys.iter().map(|key| key.name).chain(tables.iter().copied()).collect();
        self.only(&known)?;
        for (name, value) in self.entries() {
            if let Some(key) = keys.iter().find(|key| key.name == name) {
                key.read(target, value, self.folder())
                    .map_err(|(start, message)| self.document.mistake(start, &message))?;
            }
        }
        Ok(())
    }

    /// What each text of these keys means by itself, and its line and column. Mistakes are left out.
    pub(super) fn each<T: Default + 'static>(&self, keys: &[Key<T>]) -> Vec<((usize, usize), T)> {
        let mut all = Vec::new();
        for (name, value) in self.entries() {
            let Some(key) = keys.iter().find(|key| key.name == name) else { continue };
            let items = match value.get_ref() {
                DeValue::Array(array) => array.iter().collect(),
                _ => vec![value],
            };
            for item in items {
                let mut meant = T::default();
                if let DeValue::String(text) = item.get_ref()
                    && key.read_text(&mut meant, text, self.folder()).is_ok()
                {
                    all.push((position(self.document.text, item.span().start), meant));
                }
            }
        }
        all
    }

    /// Where the value of a key stands in the text.
    pub(super) fn span(&self, name: &str) -> Option<Range<usize>> {
        self.value(name).map(Spanned::span)
    }

    /// The texts of a list, and where each stands; nothing where there is no list.
    pub(super) fn items(&self, name: &str) -> Vec<(Range<usize>, &'d str)> {
        let Some(DeValue::Array(array)) = self.value(name).map(Spanned::get_ref) else {
            return Vec::new();
        };
        let text = |item: &'d Spanned<DeValue<'d>>| match item.get_ref() {
            DeValue::String(text) => Some((item.span(), &**text)),
            _ => None,
        };
        array.iter().filter_map(text).collect()
    }

    /// Where its last value ends, or its header, if it has one: `[NAME]` and not `NAME = {}` or
    /// `NAME.KEY = VALUE`.
    pub(super) fn end(&self) -> Option<usize> {
        let header = self.document.text.get(self.start..)?;
        if !header.starts_with('[') {
            return None;
        }
        let ends = self.table.values().map(|value| value.span().end);
        Some(ends.max().unwrap_or(self.start))
    }

    /// A table in this one.
    ///
    /// # Errors
    /// [`ManifestError::Mistake`] when it is something else.
    pub fn table(&self, name: &str) -> Result<Option<Self>, ManifestError> {
        self.value(name).map(|value| self.section(name, value)).transpose()
    }

    /// The tables in this one, by their names, in the order of the text.
    ///
    /// # Errors
    /// [`ManifestError::Mistake`] when one of them is something else.
    pub fn tables(&self) -> Result<Vec<(&'d str, Self)>, ManifestError> {
        let entries = self.entries().into_iter();
        entries.map(|(name, value)| Ok((name, self.section(name, value)?))).collect()
    }

    /// The tables of a list in this one (`[[NAME]]`).
    ///
    /// # Errors
    /// [`ManifestError::Mistake`] when it is something else.
    pub fn list(&self, name: &str) -> Result<Vec<Self>, ManifestError> {
        let Some(value) = self.value(name) else { return Ok(Vec::new()) };
        match value.get_ref() {
            DeValue::Array(array) => array.iter().map(|value| self.section(name, value)).collect(),
            other => {
                let found = found(other);
                let message = format!("`{name}` is a list of tables, [[{name}]]; this is {found}");
                Err(self.document.mistake(value.span().start, &message))
            }
        }
    }

    /// Whether it has this key.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.value(key).is_some()
    }

    /// That it has these keys.
    ///
    /// # Errors
    /// [`ManifestError::Mistake`] where the table begins.
    pub fn require(&self, keys: &[&str]) -> Result<(), ManifestError> {
        match keys.iter().find(|key| !self.has(key)) {
            Some(key) => Err(self.mistake(key, &format!("`{key}` is missing"))),
            None => Ok(()),
        }
    }

    /// A mistake at a key of this table, or at the table itself where that is missing.
    #[must_use]
    pub fn mistake(&self, key: &str, message: &str) -> ManifestError {
        let start = self.value(key).map(|value| self.key_start(key, value));
        self.document.mistake(start.unwrap_or(self.start), message)
    }

    pub(super) fn mistake_at(&self, line: usize, column: usize, message: String) -> ManifestError {
        ManifestError::Mistake { path: self.document.path.clone(), line, column, message }
    }

    /// The line in which a key stands first, from 1 on.
    pub(super) fn line_of(&self, key: &str) -> usize {
        let start = self.value(key).map_or(self.start, |value| self.key_start(key, value));
        position(self.document.text, start).0
    }

    fn section(&self, name: &str, value: &'d Spanned<DeValue<'d>>) -> Result<Self, ManifestError> {
        let start = value.span().start;
        match value.get_ref() {
            DeValue::Table(table) => Ok(Self { table, start, ..*self }),
            other => {
                let message = format!("`{name}` is a table; this is {}", found(other));
                Err(self.document.mistake(start, &message))
            }
        }
    }

    fn value(&self, name: &str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.table.iter().find(|(key, _)| key.get_ref() == name).map(|(_, value)| value)
    }

    fn key_start(&self, name: &str, value: &Spanned<DeValue<'_>>) -> usize {
        let key = self.table.keys().find(|key| key.get_ref() == name);
        key.map_or(value.span().start, |key| key.span().start)
    }

    /// In the order of the text, so that of several mistakes the first one is told.
    fn entries(&self) -> Vec<Entry<'d>> {
        let entries = self.table.iter().map(|(key, value)| (&**key.get_ref(), value));
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by_key(|(key, value)| self.key_start(key, value));
        entries
    }

    fn unknown(&self, key: &str, start: usize, known: &[&str]) -> ManifestError {
        let part = known.iter().find(|known| known.ends_with(key) || key.ends_with(**known));
        let near = part.or_else(|| {
            let far = |known: &&&str| typos(known, key);
            known.iter().min_by_key(far).filter(|known| typos(known, key) <= MOST_TYPOS)
        });
        let expected = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("expected one of {}", quoted(known)),
        };
        self.document.mistake(start, &format!("unknown key `{key}`; {expected}"))
    }
}

type Entry<'d> = (&'d str, &'d Spanned<DeValue<'d>>);

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// A name that differs in more letters from what is known is not taken for it.
const MOST_TYPOS: usize = 2;

/// How many letters are missing, too many or other ones (the distance of Levenshtein).
fn typos(known: &str, key: &str) -> usize {
    let known: Vec<char> = known.chars().collect();
    let mut row: Vec<usize> = (0..=known.len()).collect();
    for (above, letter) in key.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], above + 1);
        for (index, other) in known.iter().enumerate() {
            let replaced = corner + usize::from(*other != letter);
            corner = row[index + 1];
            row[index + 1] = replaced.min(corner + 1).min(row[index] + 1);
        }
    }
    row[known.len()]
}

/// What a value is, in words.
pub(super) fn found(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
