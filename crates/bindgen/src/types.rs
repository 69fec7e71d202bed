//! Types of WIT as types of Rust.

use crate::names::camel;
use crate::overrides::Item;
use crate::world::{Generator, Module};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Result;
use wit_parser::{Handle, Type, TypeDefKind, TypeId, TypeOwner};

/// What a type has in it, as far as it decides about the traits of the Rust type.
#[derive(Clone, Copy, Default)]
pub(crate) struct Contents {
    /// A handle that is handed over.
    pub(crate) own: bool,
    /// A handle that is lent.
    pub(crate) borrow: bool,
    /// Text or a list.
    pub(crate) heap: bool,
    /// A type of the user's.
    pub(crate) foreign: bool,
}

impl Contents {
    fn and(self, other: Self) -> Self {
        Self {
            own: self.own | other.own,
            borrow: self.borrow | other.borrow,
            heap: self.heap | other.heap,
            foreign: self.foreign | other.foreign,
        }
    }
}

/// What parameters are taken as where they lie in the guest's memory.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Borrowed {
    Bytes,
    Text,
}

impl Generator<'_> {
    /// The Rust type, as it is written in a module.
    pub(crate) fn rust_type(&self, ty: &Type, at: &[Ident]) -> Result<TokenStream> {
        Ok(match ty {
            Type::Bool => quote!(bool),
            Type::U8 => quote!(u8),
            Type::U16 => quote!(u16),
            Type::U32 => quote!(u32),
            Type::U64 => quote!(u64),
            Type::S8 => quote!(i8),
            Type::S16 => quote!(i16),
            Type::S32 => quote!(i32),
            Type::S64 => quote!(i64),
            Type::F32 => quote!(f32),
            Type::F64 => quote!(f64),
            Type::Char => quote!(char),
            Type::String => quote!(::std::string::String),
            Type::ErrorContext => return Err(self.unsupported("error-context")),
            Type::Id(id) => match &self.resolve.types[*id].name {
                Some(name) => self.named(*id, name, at)?,
                None => self.structural(&self.resolve.types[*id].kind, at)?,
            },
        })
    }

    /// A type that has a name.
    fn named(&self, id: TypeId, name: &str, at: &[Ident]) -> Result<TokenStream> {
        let (home, _) = self.home(id)?;
        let (path, name) = (self.path(at, home), type_name(name));
        Ok(quote!(#path #name))
    }

    /// A type without a name of its own, by its parts.
    pub(crate) fn structural(&self, kind: &TypeDefKind, at: &[Ident]) -> Result<TokenStream> {
        let maybe = |ty: &Option<Type>| match ty {
            Some(ty) => self.rust_type(ty, at),
            None => Ok(quote!(())),
        };
        let runtime = self.runtime;
        Ok(match kind {
            TypeDefKind::Tuple(tuple) => {
                if tuple.types.len() > MAX_TUPLE {
                    return Err(self.error(format!(
                        "a tuple of {} is too long: bindgen! knows tuples of up to {MAX_TUPLE}",
                        tuple.types.len()
                    )));
                }
                let types = tuple.types.iter().map(|ty| self.rust_type(ty, at));
                let types = types.collect::<Result<Vec<_>>>()?;
                quote!((#(#types,)*))
            }
            TypeDefKind::Option(some) => {
                let some = self.rust_type(some, at)?;
                quote!(::core::option::Option<#some>)
            }
            TypeDefKind::Result(result) => {
                let (ok, err) = (maybe(&result.ok)?, maybe(&result.err)?);
                quote!(::core::result::Result<#ok, #err>)
            }
            TypeDefKind::List(element) => {
                let element = self.rust_type(element, at)?;
                quote!(::std::vec::Vec<#element>)
            }
            TypeDefKind::Type(ty) => self.rust_type(ty, at)?,
            TypeDefKind::Handle(Handle::Own(resource)) => {
                let resource = self.rust_type(&Type::Id(*resource), at)?;
                quote!(#runtime::Own<#resource>)
            }
            TypeDefKind::Handle(Handle::Borrow(resource)) => {
                let resource = self.rust_type(&Type::Id(*resource), at)?;
                quote!(#runtime::Borrow<#resource>)
            }
            other => return Err(self.unsupported(other.as_str())),
        })
    }

    fn unsupported(&self, what: &str) -> syn::Error {
        let world = &self.world.name;
        self.error(format!(
            "the world `{world}` has a type `{what}`, which bindgen! does not know yet"
        ))
    }

    /// Whether a parameter is taken where it lies.
    pub(crate) fn borrowed(&self, ty: &Type) -> Option<Borrowed> {
        match ty {
            Type::String => Some(Borrowed::Text),
            Type::Id(id) if self.is_foreign(*id) => None,
            Type::Id(id) => match &self.resolve.types[*id].kind {
                TypeDefKind::Type(ty) => self.borrowed(ty),
                TypeDefKind::List(element) if self.dealias(element) == Type::U8 => {
                    Some(Borrowed::Bytes)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// What a name of a type stands for in the end.
    fn dealias(&self, ty: &Type) -> Type {
        match ty {
            Type::Id(id) if !self.is_foreign(*id) => match &self.resolve.types[*id].kind {
                TypeDefKind::Type(ty) => self.dealias(ty),
                _ => *ty,
            },
            other => *other,
        }
    }

    /// Whether the user gave a type for it.
    fn is_foreign(&self, id: TypeId) -> bool {
        self.foreign(id).is_some()
    }

    /// The alias of the type that the user gave for a type.
    pub(crate) fn foreign(&self, id: TypeId) -> Option<Ident> {
        let (name, interface) = self.names_of(id)?;
        let item = Item { interface: interface.as_deref(), name, separator: '/' };
        match self.resolve.types[id].kind {
            // One that the guest defines is no type of the host's.
            TypeDefKind::Resource if self.is_exported(id) => None,
            TypeDefKind::Resource => self.overrides.resource(&item),
            _ => self.overrides.ty(&item),
        }
    }

    fn is_exported(&self, id: TypeId) -> bool {
        matches!(self.home(id), Ok((_, Some(Module { exported: true, .. }))))
    }

    fn names_of(&self, id: TypeId) -> Option<(&str, Option<String>)> {
        let ty = &self.resolve.types[id];
        let interface = match ty.owner {
            TypeOwner::Interface(_) => Some(self.home(id).ok()?.1?.name.clone()),
            _ => None,
        };
        Some((ty.name.as_deref()?, interface))
    }

    /// What is in a type.
    pub(crate) fn contents(&self, ty: &Type) -> Contents {
        match ty {
            Type::String => Contents { heap: true, ..Contents::default() },
            Type::Id(id) if self.is_foreign(*id) => {
                Contents { foreign: true, ..Contents::default() }
            }
            Type::Id(id) => self.contents_of_kind(&self.resolve.types[*id].kind),
            _ => Contents::default(),
        }
    }

    pub(crate) fn contents_of_kind(&self, kind: &TypeDefKind) -> Contents {
        let all = |types: &mut dyn Iterator<Item = &Type>| {
            types.map(|ty| self.contents(ty)).fold(Contents::default(), Contents::and)
        };
        match kind {
            TypeDefKind::Record(record) => all(&mut record.fields.iter().map(|field| &field.ty)),
            TypeDefKind::Variant(variant) => {
                all(&mut variant.cases.iter().filter_map(|case| case.ty.as_ref()))
            }
            TypeDefKind::Tuple(tuple) => all(&mut tuple.types.iter()),
            TypeDefKind::Option(ty) | TypeDefKind::Type(ty) => self.contents(ty),
            TypeDefKind::Result(result) => all(&mut result.ok.iter().chain(&result.err)),
            TypeDefKind::List(ty) => Contents { heap: true, ..self.contents(ty) },
            TypeDefKind::Handle(Handle::Own(_)) => Contents { own: true, ..Contents::default() },
            TypeDefKind::Handle(Handle::Borrow(_)) => {
                Contents { borrow: true, ..Contents::default() }
            }
            _ => Contents::default(),
        }
    }
}

/// Tuples of more elements have no implementations of the traits.
pub(crate) const MAX_TUPLE: usize = 16;

/// The name of a type. The trait `Host` is in the same modules.
pub(crate) fn type_name(name: &str) -> Ident {
    match name {
        "host" | "exports" => quote::format_ident!("{}_", camel(name)),
        _ => camel(name),
    }
}
