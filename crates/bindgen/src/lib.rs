//! Rust from WIT.

mod config;
mod define;
mod docs;
mod host;
mod names;
mod overrides;
mod shape;
mod types;
mod wit;
mod world;

use config::Config;
use proc_macro::TokenStream;
use syn::parse_macro_input;

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
