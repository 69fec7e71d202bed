//! A world as a tree of Rust modules.

use crate::config::Config;
use crate::names::{ident, snake};
use crate::overrides::Overrides;
use crate::wit::Wit;
use heck::ToSnakeCase;
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use syn::{Error, LitStr, Path, Result};
use wit_parser::{
    InterfaceId, PackageName, Resolve, TypeId, TypeOwner, World, WorldItem, WorldKey,
};

/// Everything that generating the code of one world needs to know.
pub(crate) struct Generator<'a> {
    pub(crate) config: &'a Config,
    pub(crate) resolve: &'a Resolve,
    pub(crate) world: &'a World,
    pub(crate) overrides: Overrides<'a>,
    /// The crate that the generated code is written against.
    pub(crate) runtime: &'a Path,
    modules: HashMap<InterfaceId, Module>,
}

/// Where an interface is in Rust.
pub(crate) struct Module {
    /// From the place of the macro on.
    pub(crate) path: Vec<Ident>,
    /// Its name in the component: `wasi:io/streams@0.2.12`.
    pub(crate) name: String,
    pub(crate) exported: bool,
}

/// The place of the macro.
pub(crate) const ROOT: &[Ident] = &[];

impl<'a> Generator<'a> {
    pub(crate) fn new(config: &'a Config, wit: &'a Wit) -> Self {
        let (resolve, world) = (&wit.resolve, &wit.resolve.worlds[wit.world]);
        let mut modules = HashMap::new();
        for (items, exported) in [(&world.imports, false), (&world.exports, true)] {
            let interfaces = || {
                items.iter().filter_map(|(key, item)| match item {
                    WorldItem::Interface { id, .. } => Some((key, *id)),
                    _ => None,
                })
            };
            let ambiguous = ambiguous(resolve, interfaces().map(|(_, id)| id));
            for (key, id) in interfaces() {
                let mut path = if exported { vec![ident("exports")] } else { Vec::new() };
                path.extend(module_path(resolve, key, &ambiguous));
                let name = resolve.name_world_key(key);
                modules.insert(id, Module { path, name, exported });
            }
        }
        let overrides = Overrides::new(config);
        Self { config, resolve, world, overrides, runtime: &config.runtime, modules }
    }

    /// All of the code.
    pub(crate) fn expand(&self, wit: &Wit) -> Result<TokenStream> {
        let mut tree = Tree::default();
        let mut errors: Option<Error> = None;
        let mut keep = |result: Result<TokenStream>| match result {
            Ok(code) => code,
            Err(error) => {
                match &mut errors {
                    Some(errors) => errors.combine(error),
                    None => errors = Some(error),
                }
                TokenStream::new()
            }
        };
        for item in self.world.imports.values() {
            if let WorldItem::Interface { id, .. } = item {
                let code = keep(self.imported_interface(*id));
                tree.add(&self.module(*id)?.path, code);
            }
        }
        for item in self.world.exports.values() {
            if let WorldItem::Interface { id, .. } = item {
                let code = keep(self.exported_interface(*id));
                tree.add(&self.module(*id)?.path, code);
            }
        }
        let root = keep(self.root());
        keep(self.overrides.check().map(|()| TokenStream::new()));
        if let Some(errors) = errors {
            return Err(errors);
        }
        let modules = tree.modules();
        let aliases = self.aliases();
        let files = files(wit);
        Ok(quote!(#files #aliases #modules #root))
    }

    /// What is at the place of the macro itself.
    fn root(&self) -> Result<TokenStream> {
        let imports = self.imported_root()?;
        let link_all = self.link_all()?;
        let exports = self.exported_world()?;
        Ok(quote!(#imports #link_all #exports))
    }

    /// The types that the user gave, under names that all modules can reach.
    fn aliases(&self) -> TokenStream {
        let aliases = self.overrides.aliases().map(|(alias, given)| {
            let rust = &given.rust;
            quote! {
                #[allow(non_camel_case_types, dead_code, reason = "generated")]
                type #alias = #rust;
            }
        });
        aliases.collect()
    }

    pub(crate) fn module(&self, id: InterfaceId) -> Result<&Module> {
        self.modules.get(&id).ok_or_else(|| {
            let name = self.resolve.id_of(id).unwrap_or_else(|| "an interface".to_owned());
            self.error(format!("{name} is used, but not part of the world"))
        })
    }

    /// The module of a type, and its interface if it is in one.
    pub(crate) fn home(&self, id: TypeId) -> Result<(&[Ident], Option<&Module>)> {
        match self.resolve.types[id].owner {
            TypeOwner::Interface(interface) => {
                let module = self.module(interface)?;
                Ok((&module.path, Some(module)))
            }
            TypeOwner::World(_) | TypeOwner::None => Ok((ROOT, None)),
        }
    }

    /// A path from one module to another, to be followed by a name.
    pub(crate) fn path(&self, from: &[Ident], to: &[Ident]) -> TokenStream {
        if from == to {
            return TokenStream::new();
        }
        let up = from.iter().map(|_| quote!(super::));
        let down = to.iter().map(|name| quote!(#name::));
        let here = from.is_empty().then(|| quote!(self::));
        quote!(#here #(#up)* #(#down)*)
    }

    /// A mistake in the WIT, or what can not be generated from it.
    pub(crate) fn error(&self, message: impl std::fmt::Display) -> Error {
        let place = self.config.world.as_ref().map_or_else(|| self.config.source(), LitStr::span);
        Error::new(place, message)
    }
}

/// Packages of which the interfaces have more than one version.
fn ambiguous(
    resolve: &Resolve,
    interfaces: impl Iterator<Item = InterfaceId>,
) -> BTreeSet<(String, String)> {
    let mut packages: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for id in interfaces {
        if let Some(package) = resolve.interfaces[id].package {
            let PackageName { namespace, name, version } = &resolve.packages[package].name;
            packages.entry((namespace.clone(), name.clone())).or_default().insert(version.clone());
        }
    }
    packages.into_iter().filter(|(_, versions)| versions.len() > 1).map(|(name, _)| name).collect()
}

fn module_path(
    resolve: &Resolve,
    key: &WorldKey,
    ambiguous: &BTreeSet<(String, String)>,
) -> Vec<Ident> {
    let id = match key {
        WorldKey::Name(name) => return vec![snake(name)],
        WorldKey::Interface(id) => *id,
    };
    let interface = &resolve.interfaces[id];
    let mut path = Vec::new();
    if let Some(package) = interface.package {
        let PackageName { namespace, name, version } = &resolve.packages[package].name;
        path.push(snake(namespace));
        let versioned =
            version.as_ref().filter(|_| ambiguous.contains(&(namespace.clone(), name.clone())));
        path.push(match versioned {
            Some(version) => ident(&format!("{name}_{version}").to_snake_case()),
            None => snake(name),
        });
    }
    path.extend(interface.name.as_deref().map(snake));
    path
}

/// Makes the compiler look at the files again when they change.
fn files(wit: &Wit) -> TokenStream {
    let files = wit.files.iter().filter_map(|file| file.to_str());
    let files = files.map(|file| {
        quote!(
            const _: &[u8] = include_bytes!(#file);
        )
    });
    files.collect()
}

/// Lints that generated code may offend, whatever the user's crate asks for.
pub(crate) fn allow() -> TokenStream {
    quote! {
        #[allow(
            clippy::all,
            clippy::pedantic,
            dead_code,
            missing_docs,
            rustdoc::bare_urls,
            rustdoc::broken_intra_doc_links,
            rustdoc::invalid_html_tags,
            unreachable_pub,
            unused_imports,
            reason = "generated"
        )]
    }
}

/// Modules in modules.
#[derive(Default)]
struct Tree {
    code: TokenStream,
    inside: BTreeMap<Ident, Tree>,
}

impl Tree {
    fn add(&mut self, path: &[Ident], code: TokenStream) {
        match path.split_first() {
            None => self.code.extend(code),
            Some((name, rest)) => self.inside.entry(name.clone()).or_default().add(rest, code),
        }
    }

    fn modules(&self) -> TokenStream {
        let allow = allow();
        let modules = self.inside.iter().map(|(name, tree)| {
            let (code, modules) = (&tree.code, tree.modules());
            quote!(#allow pub mod #name { #code #modules })
        });
        modules.collect()
    }
}
