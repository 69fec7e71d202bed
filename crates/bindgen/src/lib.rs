//! Rust from WIT.

mod config;
mod define;
mod derive;
mod docs;
mod exports;
mod host;
#[cfg(test)]
mod mistakes;
mod names;
mod overrides;
mod shape;
mod types;
mod wit;
mod world;

use config::Config;
use derive::Trait;
use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Rust types, host traits and typed calls for a world of WIT.
#[proc_macro]
pub fn bindgen(input: TokenStream) -> TokenStream {
    let config = parse_macro_input!(input as Config);
    expand(&config).unwrap_or_else(|error| error.into_compile_error()).into()
}

fn expand(config: &Config) -> syn::Result<proc_macro2::TokenStream> {
    let wit = wit::read(config)?;
    world::Generator::new(config, &wit).expand(&wit)
}

/// That a Rust type stands for a component type.
#[proc_macro_derive(ComponentType, attributes(component))]
pub fn component_type(input: TokenStream) -> TokenStream {
    implement(&parse_macro_input!(input), Trait::ComponentType)
}

/// That values can be taken out of a guest.
#[proc_macro_derive(Lift, attributes(component))]
pub fn lift(input: TokenStream) -> TokenStream {
    implement(&parse_macro_input!(input), Trait::Lift)
}

/// That values can be put into a guest.
#[proc_macro_derive(Lower, attributes(component))]
pub fn lower(input: TokenStream) -> TokenStream {
    implement(&parse_macro_input!(input), Trait::Lower)
}

fn implement(input: &DeriveInput, which: Trait) -> TokenStream {
    derive::derive(input, which).unwrap_or_else(|error| error.into_compile_error()).into()
}
