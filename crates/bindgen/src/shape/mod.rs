//! Implementations of `ComponentType`, `Lift` and `Lower`, for what the derives are put on and for
//! what `bindgen!` defines alike.

mod flags;
mod record;
mod variant;

pub(crate) use flags::{Flags, MAX_FLAGS};
pub(crate) use record::{Field, Record};
pub(crate) use variant::{Case, Variant};

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{GenericParam, Generics, Lifetime, Path, parse_quote};

/// The type that the traits are implemented for.
pub(crate) struct Subject<'a> {
    /// The crate of the traits.
    pub(crate) runtime: &'a Path,
    pub(crate) ident: &'a Ident,
    pub(crate) generics: &'a Generics,
}

/// How values of a type look; gives the bodies of the implementations.
pub(crate) trait Shape {
    fn component_type(&self, subject: &Subject<'_>) -> TokenStream;
    fn lift(&self, subject: &Subject<'_>) -> Bodies;
    fn lower(&self, subject: &Subject<'_>) -> Bodies;
    /// The types of its parts.
    fn parts(&self) -> Vec<&TokenStream>;
    /// Whether to store a value takes no more code than a call of a function that does.
    fn stores_in_place(&self) -> bool {
        false
    }
}

/// From or to core values, and from or to memory.
pub(crate) struct Bodies {
    pub(crate) flat: TokenStream,
    pub(crate) memory: TokenStream,
}

impl Subject<'_> {
    pub(crate) fn component_type(&self, shape: &dyn Shape) -> TokenStream {
        let Self { runtime, ident, .. } = self;
        let generics = self.bounded(&quote!(#runtime::ComponentType));
        let (_, ty, _) = self.generics.split_for_impl();
        let (params, _, bounds) = generics.split_for_impl();
        let body = shape.component_type(self);
        quote! {
            #[automatically_derived]
            #[allow(unused, clippy::all, reason = "generated")]
            impl #params #runtime::ComponentType for #ident #ty #bounds {
                #body
            }
        }
    }

    pub(crate) fn lift(&self, shape: &dyn Shape) -> TokenStream {
        let Self { runtime, ident, .. } = self;
        let memory = self.memory();
        let mut generics = self.bounded(&quote!(#runtime::Lift<#memory>));
        if self.generics.lifetimes().next().is_none() {
            generics.params.insert(0, GenericParam::Lifetime(parse_quote!(#memory)));
        }
        let (_, ty, _) = self.generics.split_for_impl();
        let (params, _, bounds) = generics.split_for_impl();
        let Bodies { flat, memory: load } = shape.lift(self);
        quote! {
            #[automatically_derived]
            #[allow(unused, clippy::all, reason = "generated")]
            impl #params #runtime::Lift<#memory> for #ident #ty #bounds {
                #[inline]
                fn lift(
                    from: &mut #runtime::Lifting<#memory, '_>,
                    slots: &impl #runtime::Slots,
                    at: usize,
                ) -> ::core::result::Result<Self, #runtime::Stop> {
                    #flat
                }

                #[inline]
                fn load(
                    from: &mut #runtime::Lifting<#memory, '_>,
                    at: u32,
                ) -> ::core::result::Result<Self, #runtime::Stop> {
                    #load
                }
            }
        }
    }

    pub(crate) fn lower(&self, shape: &dyn Shape) -> TokenStream {
        let Self { runtime, ident, .. } = self;
        let generics = self.bounded(&quote!(#runtime::Lower));
        let (_, ty, _) = self.generics.split_for_impl();
        let (params, _, bounds) = generics.split_for_impl();
        let Bodies { flat, memory: store } = shape.lower(self);
        let parts = shape.parts();
        let inline = match shape.stores_in_place() {
            true => quote!(#[inline(always)]),
            false => quote!(#[inline]),
        };
        quote! {
            #[automatically_derived]
            #[allow(unused, clippy::all, reason = "generated")]
            impl #params #runtime::Lower for #ident #ty #bounds {
                const PLAIN: bool = true #(&& <#parts as #runtime::Lower>::PLAIN)*;
                const ALLOCATES: bool = false #(|| <#parts as #runtime::Lower>::ALLOCATES)*;

                #[inline]
                fn lower<__G: #runtime::Guest>(
                    &self,
                    to: &mut __G,
                    slots: &mut impl #runtime::Slots,
                    at: usize,
                ) -> ::core::result::Result<(), #runtime::Stop> {
                    #flat
                }

                #inline
                fn store<__G: #runtime::Guest>(
                    &self,
                    to: &mut __G,
                    at: u32,
                ) -> ::core::result::Result<(), #runtime::Stop> {
                    #store
                }
            }
        }
    }

    /// The borrow of the guest's memory: the type's own lifetime, if it has one.
    fn memory(&self) -> Lifetime {
        let own = self.generics.lifetimes().next().map(|param| param.lifetime.clone());
        own.unwrap_or_else(|| parse_quote!('__m))
    }

    /// The generics of the type, each of its type parameters with the bound.
    fn bounded(&self, bound: &TokenStream) -> Generics {
        let mut generics = self.generics.clone();
        for param in generics.type_params_mut() {
            param.bounds.push(parse_quote!(#bound));
        }
        generics
    }
}
