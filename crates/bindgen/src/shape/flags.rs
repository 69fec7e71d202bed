use super::{Bodies, Shape, Subject};
use proc_macro2::TokenStream;
use quote::quote;

/// A set of flags, as a struct over its `bits`: whole numbers of 8, 16 or 32 bits, or several of
/// the last.
pub(crate) struct Flags {
    /// Their names in WIT.
    pub(crate) names: Vec<String>,
}

/// What the bits of flags are kept in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bits {
    /// A number of so many bits.
    One(u32),
    /// So many numbers of 32 bits.
    Words(usize),
}

impl Flags {
    pub(crate) fn bits(&self) -> Bits {
        match self.names.len() {
            1..=8 => Bits::One(8),
            9..=16 => Bits::One(16),
            17..=32 => Bits::One(32),
            count => Bits::Words(count.div_ceil(32)),
        }
    }

    /// The Rust type of the bits.
    pub(crate) fn bits_type(&self) -> TokenStream {
        match self.bits() {
            Bits::One(8) => quote!(u8),
            Bits::One(16) => quote!(u16),
            Bits::One(_) => quote!(u32),
            Bits::Words(words) => quote!([u32; #words]),
        }
    }
}

impl Shape for Flags {
    fn component_type(&self, subject: &Subject<'_>) -> TokenStream {
        let runtime = subject.runtime;
        let names = &self.names;
        let (size, align, flat) = match self.bits() {
            Bits::One(bits) => (quote!(#bits / 8), quote!(#bits / 8), 1),
            Bits::Words(0) => (quote!(0), quote!(1), 0),
            Bits::Words(words) => (quote!(4 * #words as u32), quote!(4), words),
        };
        quote! {
            const SIZE: u32 = #size;
            const ALIGN: u32 = #align;
            const FLAT: usize = #flat;

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
        let runtime = subject.runtime;
        let bits = self.bits_type();
        if let Bits::One(_) = self.bits() {
            let from = |bits| quote!(#bits.map(Self::from_bits));
            return Bodies {
                flat: from(quote!(<#bits as #runtime::Lift<'_>>::lift(from, slots, at))),
                memory: from(quote!(<#bits as #runtime::Lift<'_>>::load(from, at))),
            };
        }
        let count = self.names.len().div_ceil(32);
        let words = |word| {
            quote! {
                let mut bits: #bits = [0; #count];
                for (index, word) in bits.iter_mut().enumerate() {
                    *word = #word?;
                }
                ::core::result::Result::Ok(Self::from_bits(bits))
            }
        };
        Bodies {
            flat: words(quote!(<u32 as #runtime::Lift<'_>>::lift(from, slots, at + index))),
            memory: words(quote!(<u32 as #runtime::Lift<'_>>::load(from, at + 4 * index as u32))),
        }
    }

    fn lower(&self, subject: &Subject<'_>) -> Bodies {
        let runtime = subject.runtime;
        if let Bits::One(_) = self.bits() {
            return Bodies {
                flat: quote!(#runtime::Lower::lower(&self.bits, to, slots, at)),
                memory: quote!(#runtime::Lower::store(&self.bits, to, at)),
            };
        }
        let words = |word| {
            quote! {
                for (index, word) in self.bits.iter().enumerate() {
                    #word?;
                }
                ::core::result::Result::Ok(())
            }
        };
        Bodies {
            flat: words(quote!(#runtime::Lower::lower(word, to, slots, at + index))),
            memory: words(quote!(#runtime::Lower::store(word, to, at + 4 * index as u32))),
        }
    }
}
