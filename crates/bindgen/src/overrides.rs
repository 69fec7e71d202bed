//! What the user has said about single items, found by their names in WIT.

use crate::config::{Config, Override};
use proc_macro2::Ident;
use quote::format_ident;
use std::cell::RefCell;
use syn::{Error, LitStr, Result};

/// The overrides of a configuration. Those that nothing asks for are mistakes.
pub(crate) struct Overrides<'a> {
    config: &'a Config,
    used: RefCell<Vec<&'a LitStr>>,
    /// Everything that was asked for, to tell what there is.
    asked: RefCell<Vec<(Kind, String)>>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Resource,
    Type,
    Function,
}

/// An item, by the interface it is in and its own name.
pub(crate) struct Item<'a> {
    /// `wasi:io/streams@0.2.12`; none for an item of the world itself.
    pub(crate) interface: Option<&'a str>,
    pub(crate) name: &'a str,
    /// Between the two.
    pub(crate) separator: char,
}

impl Item<'_> {
    pub(crate) fn full_name(&self) -> String {
        let [_, name] = self.names();
        name
    }

    /// With and without the version of the package.
    fn names(&self) -> [String; 2] {
        let name = |interface: &str| format!("{interface}{}{}", self.separator, self.name);
        match self.interface {
            None => [self.name.to_owned(), self.name.to_owned()],
            Some(interface) => {
                let bare = interface.split('@').next().unwrap_or(interface);
                [name(bare), name(interface)]
            }
        }
    }
}

impl<'a> Overrides<'a> {
    pub(crate) fn new(config: &'a Config) -> Self {
        Self { config, used: RefCell::default(), asked: RefCell::default() }
    }

    /// The alias of the type that is given for a resource.
    pub(crate) fn resource(&self, item: &Item<'_>) -> Option<Ident> {
        let given = self.config.resources.iter().map(|given| &given.name);
        self.find(Kind::Resource, given, item).map(|name| alias("resource", name))
    }

    /// The alias of the type that is given for a type.
    pub(crate) fn ty(&self, item: &Item<'_>) -> Option<Ident> {
        let given = self.config.types.iter().map(|given| &given.name);
        self.find(Kind::Type, given, item).map(|name| alias("type", name))
    }

    /// The alias of the type that is given for what a function returns.
    pub(crate) fn returns(&self, item: &Item<'_>) -> Option<Ident> {
        let given = self.config.returns.iter().map(|given| &given.name);
        self.find(Kind::Function, given, item).map(|name| alias("returns", name))
    }

    /// Whether a function is `async`.
    pub(crate) fn is_async(&self, item: &Item<'_>) -> bool {
        self.find(Kind::Function, self.config.async_functions.iter(), item).is_some()
    }

    /// Whether a function may wait.
    pub(crate) fn waits(&self, item: &Item<'_>) -> bool {
        self.find(Kind::Function, self.config.waiting_functions.iter(), item).is_some()
    }

    /// Whether a function puts bytes into the guest's memory itself.
    pub(crate) fn fills(&self, item: &Item<'_>) -> bool {
        self.find(Kind::Function, self.config.filling_functions.iter(), item).is_some()
    }

    fn find(
        &self,
        kind: Kind,
        mut given: impl Iterator<Item = &'a LitStr>,
        item: &Item<'_>,
    ) -> Option<&'a LitStr> {
        let names = item.names();
        let found = given.find(|given| names.contains(&given.value()));
        self.asked.borrow_mut().push((kind, names[0].clone()));
        self.used.borrow_mut().extend(found);
        found
    }

    /// Each type that was given, with the name under which the generated code knows it. Here, at
    /// the place of the macro, the paths mean what they mean to the user.
    pub(crate) fn aliases(&self) -> impl Iterator<Item = (Ident, &'a Override)> {
        let of = |kind, given: &'a [Override]| {
            given.iter().map(move |given| (alias(kind, &given.name), given))
        };
        let Config { resources, types, returns, .. } = self.config;
        of("resource", resources).chain(of("type", types)).chain(of("returns", returns))
    }

    /// That each one named something.
    pub(crate) fn check(&self) -> Result<()> {
        let of = |kind, given: &'a [Override]| given.iter().map(move |given| (kind, &given.name));
        let Config { resources, types, returns, .. } = self.config;
        let Config { async_functions, waiting_functions, filling_functions, .. } = self.config;
        let functions = async_functions.iter().chain(waiting_functions).chain(filling_functions);
        let functions = functions.map(|name| (Kind::Function, name));
        let all = of(Kind::Resource, resources)
            .chain(of(Kind::Type, types))
            .chain(of(Kind::Function, returns))
            .chain(functions);
        let used = self.used.borrow();
        let errors = all
            .filter(|(_, name)| !used.iter().any(|used| std::ptr::eq(*used, *name)))
            .map(|(kind, name)| Error::new(name.span(), self.unknown(kind, &name.value())));
        match errors.reduce(|mut all, error| {
            all.combine(error);
            all
        }) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    fn unknown(&self, kind: Kind, name: &str) -> String {
        let mut asked = self.asked.borrow().clone();
        asked.sort();
        asked.dedup();
        let what = |kind| match kind {
            Kind::Resource => "resource",
            Kind::Type => "type",
            Kind::Function => "imported function",
        };
        if let Some((other, _)) = asked.iter().find(|(_, known)| known == name) {
            return format!("`{name}` is no {} but a {}", what(kind), what(*other));
        }
        let last = |name: &str| name.rsplit(['/', '.']).next().map(str::to_owned);
        let mut near = asked.iter().filter(|(of, known)| *of == kind && last(known) == last(name));
        let hint = match near.next() {
            Some((_, known)) => format!("; there is `{known}`"),
            None => String::new(),
        };
        format!("the world has no {} `{name}`{hint}", what(kind))
    }
}

fn alias(kind: &str, name: &LitStr) -> Ident {
    let name = name.value();
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format_ident!("__{kind}_{name}")
}
