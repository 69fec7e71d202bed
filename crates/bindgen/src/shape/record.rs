use super::{Bodies, Shape, Subject};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// Fields, one after the other.
pub(crate) struct Record {
    pub(crate) fields: Vec<Field>,
}

pub(crate) struct Field {
    /// Its name in WIT.
    pub(crate) name: String,
    pub(crate) ident: Ident,
    pub(crate) ty: TokenStream,
}

impl Record {
    fn idents(&self) -> Vec<&Ident> {
        self.fields.iter().map(|field| &field.ident).collect()
    }

    fn types(&self) -> Vec<&TokenStream> {
        self.fields.iter().map(|field| &field.ty).collect()
    }

    /// `Self` from variables, one for each field.
    fn of_variables(&self) -> (Vec<Ident>, TokenStream) {
        let variables: Vec<_> = (0..self.fields.len()).map(|n| format_ident!("field{n}")).collect();
        let idents = self.idents();
        let value = quote!(::core::result::Result::Ok(Self { #(#idents: #variables),* }));
        (variables, value)
    }
}

impl Shape for Record {
    fn component_type(&self, subject: &Subject<'_>) -> TokenStream {
        let runtime = subject.runtime;
        let names = self.fields.iter().map(|field| &field.name);
        let types = self.types();
        let fields = quote!(&[#((#names, <#types as #runtime::ComponentType>::check)),*]);
        quote! {
            const SIZE: u32 =
                #runtime::abi::record_layout(&[#(#runtime::abi::layout_of::<#types>()),*]).0;
            const ALIGN: u32 =
                #runtime::abi::record_layout(&[#(#runtime::abi::layout_of::<#types>()),*]).1;
            const FLAT: usize = 0 #(+ <#types as #runtime::ComponentType>::FLAT)*;

            fn check(
                ty: #runtime::plan::Type,
                context: &#runtime::abi::TypeContext<'_>,
            ) -> ::core::result::Result<(), #runtime::Mismatch> {
                #runtime::abi::check_record(ty, context, #fields)
            }

            fn check_fields(
                types: &[#runtime::plan::Type],
                context: &#runtime::abi::TypeContext<'_>,
            ) -> ::core::result::Result<(), #runtime::Mismatch> {
                #runtime::abi::check_params(types, context, #fields)
            }
        }
    }

    fn lift(&self, subject: &Subject<'_>) -> Bodies {
        let runtime = subject.runtime;
        let types = self.types();
        let (variables, value) = self.of_variables();
        let flat = quote! {
            #(
                let #variables = <#types as #runtime::Lift<'_>>::lift(from, slots, at)?;
                let at = at + <#types as #runtime::ComponentType>::FLAT;
            )*
            #value
        };
        let memory = quote! {
            let offset = 0;
            #(
                let offset =
                    #runtime::abi::align_to(offset, <#types as #runtime::ComponentType>::ALIGN);
                let #variables = <#types as #runtime::Lift<'_>>::load(from, at + offset)?;
                let offset = offset + <#types as #runtime::ComponentType>::SIZE;
            )*
            #value
        };
        Bodies { flat, memory }
    }

    fn lower(&self, subject: &Subject<'_>) -> Bodies {
        let runtime = subject.runtime;
        let (idents, types) = (self.idents(), self.types());
        let flat = quote! {
            #(
                #runtime::Lower::lower(&self.#idents, to, slots, at)?;
                let at = at + <#types as #runtime::ComponentType>::FLAT;
            )*
            ::core::result::Result::Ok(())
        };
        let memory = quote! {
            let offset = 0;
            #(
                let offset =
                    #runtime::abi::align_to(offset, <#types as #runtime::ComponentType>::ALIGN);
                #runtime::Lower::store(&self.#idents, to, at + offset)?;
                let offset = offset + <#types as #runtime::ComponentType>::SIZE;
            )*
            ::core::result::Result::Ok(())
        };
        Bodies { flat, memory }
    }

    fn parts(&self) -> Vec<&TokenStream> {
        self.types()
    }

    /// Its fields do it.
    fn stores_in_place(&self) -> bool {
        true
    }
}
