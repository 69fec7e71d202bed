//! Definitions of the types of an interface.

use crate::docs::docs;
use crate::names::{Names, camel, shouty, snake};
use crate::shape::{Case, Field, Flags, MAX_FLAGS, Record, Shape, Subject, Variant};
use crate::types::{Contents, type_name};
use crate::world::{Generator, ROOT, allow};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::quote;
use syn::{Generics, Result};
use wit_parser::{Type, TypeDef, TypeDefKind, TypeId};

impl Generator<'_> {
    /// The definition of a type, as it is written in its module.
    pub(crate) fn definition(&self, id: TypeId) -> Result<TokenStream> {
        let ty = &self.resolve.types[id];
        let Some(name) = &ty.name else { return Ok(TokenStream::new()) };
        let (at, _) = self.home(id)?;
        let ident = type_name(name);
        let docs = docs(&ty.docs, &format!("The {} `{name}`.", ty.kind.as_str()));
        let attributes = if at.is_empty() { quote!(#docs) } else { docs };
        let allow = at.is_empty().then(allow);
        if let Some(alias) = self.foreign(id) {
            let root = self.path(at, ROOT);
            return Ok(quote!(#allow #attributes pub type #ident = #root #alias;));
        }
        let definition = match &ty.kind {
            TypeDefKind::Record(record) => {
                let mut names = Names::default();
                let fields = record.fields.iter().map(|field| {
                    let ident = names.unique(snake(&field.name));
                    let ty = self.rust_type(&field.ty, at)?;
                    Ok((&field.docs, Field { name: field.name.clone(), ident, ty }))
                });
                let (docs, fields): (Vec<_>, Vec<_>) =
                    fields.collect::<Result<Vec<_>>>()?.into_iter().unzip();
                self.record(&ident, &docs, Record { fields }, self.contents_of_kind(&ty.kind))
            }
            TypeDefKind::Variant(variant) => {
                let cases = variant.cases.iter().map(|case| {
                    let payload = case.ty.as_ref().map(|ty| self.rust_type(ty, at)).transpose()?;
                    let ident = camel(&case.name);
                    Ok((&case.docs, Case { name: case.name.clone(), ident, payload }))
                });
                let (docs, cases): (Vec<_>, Vec<_>) =
                    cases.collect::<Result<Vec<_>>>()?.into_iter().unzip();
                let variant = Variant { cases, is_enum: false };
                self.variant(&ident, &docs, variant, self.contents_of_kind(&ty.kind))
            }
            TypeDefKind::Enum(cases) => {
                let cases = cases.cases.iter().map(|case| {
                    let (name, ident) = (case.name.clone(), camel(&case.name));
                    (&case.docs, Case { name, ident, payload: None })
                });
                let (docs, cases): (Vec<_>, Vec<_>) = cases.unzip();
                let variant = Variant { cases, is_enum: true };
                self.variant(&ident, &docs, variant, Contents::default())
            }
            TypeDefKind::Flags(flags) if flags.flags.len() > MAX_FLAGS => {
                return Err(self.error(format!(
                    "`{name}` has {} flags: no component has a type of more than {MAX_FLAGS}",
                    flags.flags.len()
                )));
            }
            TypeDefKind::Flags(flags) => {
                let docs: Vec<_> = flags.flags.iter().map(|flag| &flag.docs).collect();
                let names = flags.flags.iter().map(|flag| flag.name.clone()).collect();
                self.flags(&ident, &docs, Flags { names })
            }
            TypeDefKind::Resource => quote!(pub enum #ident {}),
            TypeDefKind::Type(Type::Id(original)) if self.home(*original)?.0 != at => {
                self.reexport(ty, &ident, *original, at)?
            }
            other => {
                let rust = self.structural(other, at)?;
                quote!(pub type #ident = #rust;)
            }
        };
        Ok(quote!(#allow #attributes #definition))
    }

    /// A type that is another module's: it exists once.
    fn reexport(
        &self,
        ty: &TypeDef,
        ident: &Ident,
        original: TypeId,
        at: &[Ident],
    ) -> Result<TokenStream> {
        let path = self.path(at, self.home(original)?.0);
        let name = self.resolve.types[original].name.as_deref().or(ty.name.as_deref());
        let name = type_name(name.unwrap_or_default());
        Ok(match name == *ident {
            true => quote!(pub use #path #name;),
            false => quote!(pub use #path #name as #ident;),
        })
    }

    fn record(
        &self,
        ident: &Ident,
        docs: &[&wit_parser::Docs],
        record: Record,
        contents: Contents,
    ) -> TokenStream {
        let derives = derives(contents);
        let fields = record.fields.iter().zip(docs).map(|(field, docs)| {
            let docs = crate::docs::docs(docs, "");
            let Field { ident, ty, .. } = field;
            quote!(#docs pub #ident: #ty)
        });
        let definition = quote!(#derives pub struct #ident { #(#fields),* });
        let traits = self.traits(ident, &record);
        quote!(#definition #traits)
    }

    fn variant(
        &self,
        ident: &Ident,
        docs: &[&wit_parser::Docs],
        variant: Variant,
        contents: Contents,
    ) -> TokenStream {
        let derives = match variant.is_enum {
            true => quote!(#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]),
            false => derives(contents),
        };
        let cases = variant.cases.iter().zip(docs).map(|(case, docs)| {
            let docs = crate::docs::docs(docs, "");
            let ident = &case.ident;
            let payload = case.payload.as_ref().map(|ty| quote!((#ty)));
            quote!(#docs #ident #payload)
        });
        let definition = quote!(#derives pub enum #ident { #(#cases),* });
        let traits = self.traits(ident, &variant);
        quote!(#definition #traits)
    }

    fn flags(&self, ident: &Ident, docs: &[&wit_parser::Docs], flags: Flags) -> TokenStream {
        let runtime = self.runtime;
        let bits = flags.bits();
        let text = ident.to_string();
        let names = &flags.names;
        let idents: Vec<_> = names.iter().map(|name| shouty(name)).collect();
        let values = (0..names.len()).map(|index| Literal::u32_unsuffixed(1 << index));
        let docs = docs.iter().map(|docs| crate::docs::docs(docs, ""));
        let all = Literal::u32_unsuffixed(flags.all());
        let traits = self.traits(ident, &flags);
        quote! {
            #[derive(Clone, Copy, PartialEq, Eq, Hash)]
            pub struct #ident { bits: #bits }

            impl #ident {
                #(#docs pub const #idents: Self = Self { bits: #values };)*

                /// None of the flags.
                #[inline]
                pub const fn empty() -> Self {
                    Self { bits: 0 }
                }

                /// All of the flags.
                #[inline]
                pub const fn all() -> Self {
                    Self { bits: #all }
                }

                /// The flags of these bits. Bits that no flag has are left out.
                #[inline]
                pub const fn from_bits(bits: #bits) -> Self {
                    Self { bits: bits & #all }
                }

                /// The bits, the first flag's the lowest.
                #[inline]
                pub const fn bits(self) -> #bits {
                    self.bits
                }

                /// Whether it has none.
                #[inline]
                pub const fn is_empty(self) -> bool {
                    self.bits == 0
                }

                /// Whether it has all that `other` has.
                #[inline]
                pub const fn contains(self, other: Self) -> bool {
                    self.bits & other.bits == other.bits
                }

                /// Adds the flags of `other`, or takes them away.
                #[inline]
                pub fn set(&mut self, other: Self, on: bool) {
                    self.bits = if on { self.bits | other.bits } else { self.bits & !other.bits };
                }
            }

            #[automatically_derived]
            impl ::core::default::Default for #ident {
                #[inline]
                fn default() -> Self {
                    Self::empty()
                }
            }

            #[automatically_derived]
            impl ::core::ops::BitOr for #ident {
                type Output = Self;

                #[inline]
                fn bitor(self, other: Self) -> Self {
                    Self { bits: self.bits | other.bits }
                }
            }

            #[automatically_derived]
            impl ::core::ops::BitOrAssign for #ident {
                #[inline]
                fn bitor_assign(&mut self, other: Self) {
                    *self = *self | other;
                }
            }

            #[automatically_derived]
            impl ::core::ops::BitAnd for #ident {
                type Output = Self;

                #[inline]
                fn bitand(self, other: Self) -> Self {
                    Self { bits: self.bits & other.bits }
                }
            }

            #[automatically_derived]
            impl ::core::fmt::Debug for #ident {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    let flags: &[(&str, Self)] = &[#((#names, Self::#idents)),*];
                    let set = flags.iter().filter(|(_, flag)| self.contains(*flag));
                    #runtime::abi::debug_flags(f, #text, set.map(|(name, _)| *name))
                }
            }

            #traits
        }
    }

    fn traits(&self, ident: &Ident, shape: &dyn Shape) -> TokenStream {
        let generics = Generics::default();
        let subject = Subject { runtime: self.runtime, ident, generics: &generics };
        let component_type = subject.component_type(shape);
        let (lift, lower) = (subject.lift(shape), subject.lower(shape));
        quote!(#component_type #lift #lower)
    }
}

/// What can be derived: resources are not copied by copying their handle, and of the user's types
/// no more is known than that they can be shown.
fn derives(contents: Contents) -> TokenStream {
    match contents {
        Contents { foreign: true, .. } | Contents { own: true, .. } => quote!(#[derive(Debug)]),
        Contents { borrow: true, .. } => quote!(#[derive(Clone, Debug)]),
        Contents { heap: true, .. } => quote!(#[derive(Clone, Debug, PartialEq)]),
        _ => quote!(#[derive(Clone, Copy, Debug, PartialEq)]),
    }
}
