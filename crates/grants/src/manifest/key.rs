use super::document::found;
use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeArray, DeValue};

/// A key that a table of a manifest may have: what is read into it, what is written, and what its
/// schema says are all derived from this.
pub struct Key<T> {
    pub(super) name: &'static str,
    pub(super) form: Form,
    /// How its value is written.
    pub(super) written: &'static str,
    /// What it means, in one sentence.
    pub(super) about: &'static str,
    read: Box<Read<T>>,
    write: Box<Write<T>>,
}

type Read<T> = dyn Fn(&mut T, &str, &Path) -> Result<(), String> + Send + Sync;
type Write<T> = dyn Fn(&T) -> Vec<String> + Send + Sync;

/// What a value is in TOML.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A list of texts, each of which is read.
    List,
    /// A text.
    Text,
    /// A text with a unit, or a whole number.
    Amount,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Flag,
}

/// A mistake, and where in the text.
pub(super) type Mistake = (usize, String);

impl<T: 'static> Key<T> {
    fn new(
        name: &'static str,
        form: Form,
        read: impl Fn(&mut T, &str, &Path) -> Result<(), String> + Send + Sync + 'static,
        write: impl Fn(&T) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        let (read, write) = (Box::new(read), Box::new(write));
        Self { name, form, written: "", about: "", read, write }
    }

    /// A list of texts: `read` is given one after the other, `write` gives all.
    pub fn list(
        name: &'static str,
        read: impl Fn(&mut T, &str, &Path) -> Result<(), String> + Send + Sync + 'static,
        write: impl Fn(&T) -> Vec<String> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, Form::List, read, write)
    }

    /// A text.
    pub fn text(
        name: &'static str,
        read: impl Fn(&mut T, &str, &Path) -> Result<(), String> + Send + Sync + 'static,
        write: impl Fn(&T) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, Form::Text, read, move |from| write(from).into_iter().collect())
    }

    /// A text as the command line has it, for a place that holds what it means.
    pub fn value<V: FromStr<Err: Display> + Display>(
        name: &'static str,
        set: impl Fn(&mut T, V) + Send + Sync + 'static,
        seen: impl Fn(&T) -> Option<V> + Send + Sync + 'static,
    ) -> Self {
        let read = move |to: &mut T, text: &str, _: &Path| {
            set(to, text.parse().map_err(|error: V::Err| error.to_string())?);
            Ok(())
        };
        Self::text(name, read, move |from| seen(from).as_ref().map(V::to_string))
    }

    /// A size or time: a text with a unit, or a whole number without.
    pub fn amount<V: 'static>(
        name: &'static str,
        parse: fn(&str) -> Result<V, String>,
        format: fn(&V) -> String,
        set: impl Fn(&mut T, V) + Send + Sync + 'static,
        seen: impl Fn(&T) -> Option<V> + Send + Sync + 'static,
    ) -> Self {
        let read = move |to: &mut T, text: &str, _: &Path| {
            let value = parse(text).map_err(|reason| format!("{text:?}: {reason}"))?;
            set(to, value);
            Ok(())
        };
        let write = move |from: &T| seen(from).iter().map(format).collect();
        Self::new(name, Form::Amount, read, write)
    }

    /// A whole number, `least` or more.
    pub fn number(
        name: &'static str,
        least: u64,
        set: impl Fn(&mut T, u64) + Send + Sync + 'static,
        seen: impl Fn(&T) -> Option<u64> + Send + Sync + 'static,
    ) -> Self {
        let read = move |to: &mut T, text: &str, _: &Path| {
            let number: u64 =
                text.parse().map_err(|_| format!("{text} is too large, or below 0"))?;
            if number < least {
                return Err(format!("`{name}` is at least {least}"));
            }
            set(to, number);
            Ok(())
        };
        let write = move |from: &T| seen(from).iter().map(u64::to_string).collect();
        Self::new(name, Form::Number, read, write)
    }

    /// `true` or `false`. What is `None` is not written.
    pub fn flag(
        name: &'static str,
        set: impl Fn(&mut T, bool) + Send + Sync + 'static,
        seen: impl Fn(&T) -> Option<bool> + Send + Sync + 'static,
    ) -> Self {
        let read = move |to: &mut T, text: &str, _: &Path| {
            set(to, text == "true");
            Ok(())
        };
        Self::new(name, Form::Flag, read, move |from| {
            seen(from).iter().map(bool::to_string).collect()
        })
    }

    /// What it means, and how its value is written.
    #[must_use]
    pub fn about(self, written: &'static str, about: &'static str) -> Self {
        Self { written, about, ..self }
    }

    /// The same key, for something that has a `T` in it.
    pub fn within<U: 'static>(self, place: fn(&mut U) -> &mut T, seen: fn(&U) -> &T) -> Key<U> {
        let (read, write) = (self.read, self.write);
        Key {
            name: self.name,
            form: self.form,
            written: self.written,
            about: self.about,
            read: Box::new(move |to, text, folder| read(place(to), text, folder)),
            write: Box::new(move |from| write(seen(from))),
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Reads one text, as [`Key::texts_of`] gives it.
    pub(super) fn read_text(
        &self,
        target: &mut T,
        text: &str,
        folder: &Path,
    ) -> Result<(), String> {
        (self.read)(target, text, folder)
    }

    /// What is to be written for it.
    pub(super) fn texts_of(&self, from: &T) -> Vec<String> {
        (self.write)(from)
    }
}

impl<T> Key<T> {
    pub(super) fn read(
        &self,
        target: &mut T,
        value: &Spanned<DeValue<'_>>,
        folder: &Path,
    ) -> Result<(), Mistake> {
        let start = value.span().start;
        let at = |result: Result<(), String>, start| result.map_err(|message| (start, message));
        match (self.form, value.get_ref()) {
            (Form::List, DeValue::Array(array)) => self.read_list(target, array, folder),
            (Form::Text | Form::Amount, DeValue::String(text)) => {
                at(self.read_plain(target, text, folder), start)
            }
            (Form::Number | Form::Amount, DeValue::Integer(number)) if number.radix() == 10 => {
                at((self.read)(target, number.as_str(), folder), start)
            }
            (Form::Flag, DeValue::Boolean(flag)) => {
                at((self.read)(target, &flag.to_string(), folder), start)
            }
            (_, other) => Err((start, self.expected(found(other)))),
        }
    }

    fn read_list(&self, target: &mut T, array: &DeArray<'_>, folder: &Path) -> Result<(), Mistake> {
        for item in array {
            let start = item.span().start;
            let DeValue::String(text) = item.get_ref() else {
                return Err((start, self.expected(&format!("{} in it", found(item.get_ref())))));
            };
            self.read_plain(target, text, folder).map_err(|message| (start, message))?;
        }
        Ok(())
    }

    /// Nothing that is granted has a NUL byte in it: programs take it for the text's end.
    fn read_plain(&self, target: &mut T, text: &str, folder: &Path) -> Result<(), String> {
        if text.contains('\0') {
            return Err(format!("a text has no NUL byte in it, as this one: {text:?}"));
        }
        (self.read)(target, text, folder)
    }

    fn expected(&self, found: &str) -> String {
        let Self { name, written, .. } = self;
        match self.form {
            Form::List => format!("`{name}` is a list of texts, [\"{written}\"]; this is {found}"),
            Form::Text => format!("`{name}` is a text, \"{written}\"; this is {found}"),
            Form::Amount => {
                format!("`{name}` is a text, \"{written}\", or a whole number; this is {found}")
            }
            Form::Number => format!("`{name}` is a whole number; this is {found}"),
            Form::Flag => format!("`{name}` is true or false; this is {found}"),
        }
    }
}
