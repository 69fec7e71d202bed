use super::{Bodies, Shape, Subject};
use proc_macro2::TokenStream;
use quote::quote;

/// A set of flags, as a struct over its `bits`.
pub(crate) struct Flags {
    /// Their names in WIT.
    pub(crate) names: Vec<String>,
}

/// No component has a type of more flags.
pub(crate) const MAX_FLAGS: usize = 32;

impl Flags {
    /// The Rust type of the bits.
    pub(crate) fn bits(&self) -> TokenStream {
        match self.names.len() {
            0..=8 => quote!(u8),
            9..=16 => quote!(u16),
            _ => quote!(u32),
        }
    }

    /// The bits that flags have.
    pub(crate) fn all(&self) -> u32 {
        match self.names.len() {
            MAX_FLAGS.. => u32::MAX,
            count => (1 << count) - 1,
        }
    }
}

impl Shape for Flags {
    fn component_type(&self, subject: &Subject<'_>) -> TokenStream {
        let runtime = subject.runtime;
        let (names, bits) = (&self.names, self.bits());
        quote! {
            const SIZE: u32 = <#bits as #runtime::ComponentType>::SIZE;
            const ALIGN: u32 = <#bits as #runtime::ComponentType>::ALIGN;
            const FLAT: usize = 1;

            fn check(
                ty: #runtime::plan::Type,
                context: &#runtime::abi::TypeContext<'_>,
            ) -> ::core::result::Result<(), #runtime::Mismatch> {
                #runtime::abi::check_flags(ty, context, &[#(#names),*])
            }
        }
    }

    /// Bits beyond the last flag are ignored.
    fn lift(&self, subject: &Subject<'_>) -> Bodies {
        let (runtime, bits) = (subject.runtime, self.bits());
        Bodies {
            flat: quote!(<#bits as #runtime::Lift<'_>>::lift(from, slots, at).map(Self::from_bits)),
            memory: quote!(<#bits as #runtime::Lift<'_>>::load(from, at).map(Self::from_bits)),
        }
    }

    fn lower(&self, subject: &Subject<'_>) -> Bodies {
        let runtime = subject.runtime;
        Bodies {
            flat: quote!(#runtime::Lower::lower(&self.bits, to, slots, at)),
            memory: quote!(#runtime::Lower::store(&self.bits, to, at)),
        }
    }

    fn parts(&self) -> Vec<&TokenStream> {
        Vec::new()
    }
}
