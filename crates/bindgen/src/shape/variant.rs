use super::{Bodies, Shape, Subject};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// One of several cases. An enum is a variant whose cases carry nothing.
pub(crate) struct Variant {
    pub(crate) cases: Vec<Case>,
    /// Whether it is an `enum` in WIT.
    pub(crate) is_enum: bool,
}

pub(crate) struct Case {
    /// Its name in WIT.
    pub(crate) name: String,
    pub(crate) ident: Ident,
    pub(crate) payload: Option<TokenStream>,
}

impl Variant {
    fn payloads(&self) -> Vec<&TokenStream> {
        self.cases.iter().filter_map(|case| case.payload.as_ref()).collect()
    }

    fn layout(&self, subject: &Subject<'_>) -> TokenStream {
        let runtime = subject.runtime;
        let (count, payloads) = (self.cases.len(), self.payloads());
        quote! {
            #runtime::abi::variant_layout(#count, &[#(#runtime::abi::layout_of::<#payloads>()),*])
        }
    }

    fn check(&self, subject: &Subject<'_>) -> TokenStream {
        let runtime = subject.runtime;
        let names: Vec<_> = self.cases.iter().map(|case| &case.name).collect();
        if self.is_enum {
            return quote!(#runtime::abi::check_enum(ty, context, &[#(#names),*]));
        }
        let payloads = self.cases.iter().map(|case| match &case.payload {
            Some(ty) => quote! {
                ::core::option::Option::Some(<#ty as #runtime::ComponentType>::check)
            },
            None => quote!(::core::option::Option::None),
        });
        quote!(#runtime::abi::check_variant(ty, context, &[#((#names, #payloads)),*]))
    }

    /// A match over the number of the case.
    fn lift_cases(
        &self,
        number: &TokenStream,
        payload: impl Fn(&TokenStream) -> TokenStream,
    ) -> TokenStream {
        let arms =
            self.cases.iter().enumerate().map(|(number, Case { ident, payload: ty, .. })| {
                let pattern = match u32::try_from(number) {
                    Ok(number) if number as usize + 1 < self.cases.len() => quote!(#number),
                    // The number was checked.
                    _ => quote!(_),
                };
                match ty.as_ref().map(&payload) {
                    Some(payload) => quote!(#pattern => Self::#ident(#payload)),
                    None => quote!(#pattern => Self::#ident),
                }
            });
        quote!(::core::result::Result::Ok(match #number { #(#arms),* }))
    }

    /// A match over the case.
    fn lower_cases(
        &self,
        number: impl Fn(u32) -> TokenStream,
        payload: &TokenStream,
    ) -> TokenStream {
        let arms = (0..).zip(&self.cases).map(|(case, Case { ident, payload: ty, .. })| {
            let number = number(case);
            match ty {
                Some(_) => quote!(Self::#ident(payload) => { #number #payload?; }),
                None => quote!(Self::#ident => { #number }),
            }
        });
        quote! {
            match self { #(#arms)* }
            ::core::result::Result::Ok(())
        }
    }
}

impl Shape for Variant {
    fn component_type(&self, subject: &Subject<'_>) -> TokenStream {
        let runtime = subject.runtime;
        let (layout, check, payloads) =
            (self.layout(subject), self.check(subject), self.payloads());
        quote! {
            const SIZE: u32 = #layout.0;
            const ALIGN: u32 = #layout.1;
            const FLAT: usize = #runtime::abi::variant_flat(
                &[#(<#payloads as #runtime::ComponentType>::FLAT),*]
            );

            fn check(
                ty: #runtime::plan::Type,
                context: &#runtime::abi::TypeContext<'_>,
            ) -> ::core::result::Result<(), #runtime::Mismatch> {
                #check
            }
        }
    }

    fn lift(&self, subject: &Subject<'_>) -> Bodies {
        let runtime = subject.runtime;
        let (count, layout) = (self.cases.len(), self.layout(subject));
        let flat = self.lift_cases(
            &quote!(#runtime::abi::Discriminant::lift(slots, at, #count)?),
            |ty| quote!(<#ty as #runtime::Lift<'_>>::lift(from, slots, at + 1)?),
        );
        let cases = self.lift_cases(
            &quote!(#runtime::abi::Discriminant::load(from, at, #count)?),
            |ty| quote!(<#ty as #runtime::Lift<'_>>::load(from, at + payload)?),
        );
        Bodies { flat, memory: quote!(let (_, _, payload) = const { #layout }; #cases) }
    }

    fn lower(&self, subject: &Subject<'_>) -> Bodies {
        let runtime = subject.runtime;
        let (count, layout) = (self.cases.len(), self.layout(subject));
        let flat = self.lower_cases(
            |case| quote!(slots.set_u32(at, #case);),
            &quote!(#runtime::Lower::lower(payload, to, slots, at + 1)),
        );
        let cases = self.lower_cases(
            |case| quote!(#runtime::abi::Discriminant::store(#case, to, at, #count)?;),
            &quote!(#runtime::Lower::store(payload, to, at + payload_offset)),
        );
        Bodies { flat, memory: quote!(let (_, _, payload_offset) = const { #layout }; #cases) }
    }

    fn parts(&self) -> Vec<&TokenStream> {
        self.payloads()
    }
}
