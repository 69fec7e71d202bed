use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::token::Brace;
use syn::{Ident, LitStr, Path, Token, Type, braced, bracketed, parse_quote};

/// What `bindgen!` was given.
pub(crate) struct Config {
    pub(crate) path: Option<LitStr>,
    pub(crate) inline: Option<LitStr>,
    pub(crate) world: Option<LitStr>,
    pub(crate) features: Vec<LitStr>,
    pub(crate) resources: Vec<Override>,
    pub(crate) types: Vec<Override>,
    pub(crate) returns: Vec<Override>,
    pub(crate) async_functions: Vec<LitStr>,
    pub(crate) waiting_functions: Vec<LitStr>,
    pub(crate) filling_functions: Vec<LitStr>,
    /// The crate that the generated code is written against.
    pub(crate) runtime: Path,
}

/// A type of the user's that stands in for a generated one.
pub(crate) struct Override {
    /// What it stands in for, by its name in WIT.
    pub(crate) name: LitStr,
    pub(crate) rust: Type,
}

impl Config {
    /// Where mistakes of the WIT itself are shown: at what names it.
    pub(crate) fn source(&self) -> Span {
        let source = self.inline.as_ref().or(self.path.as_ref());
        source.map_or_else(Span::call_site, LitStr::span)
    }
}

impl Parse for Config {
    /// With braces around it, as formatters leave it alone, or without.
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        if !input.peek(Brace) {
            return Self::parse_options(input);
        }
        let inside;
        braced!(inside in input);
        Self::parse_options(&inside)
    }
}

impl Config {
    fn parse_options(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut config = Self {
            path: None,
            inline: None,
            world: None,
            features: Vec::new(),
            resources: Vec::new(),
            types: Vec::new(),
            returns: Vec::new(),
            async_functions: Vec::new(),
            waiting_functions: Vec::new(),
            filling_functions: Vec::new(),
            runtime: parse_quote!(::wayleave_component),
        };
        let mut seen: Vec<Ident> = Vec::new();
        while !input.is_empty() {
            // `crate` and `async` are keywords.
            let key = input.call(Ident::parse_any)?;
            if seen.contains(&key) {
                return Err(syn::Error::new(key.span(), format!("`{key}` is given twice")));
            }
            input.parse::<Token![:]>()?;
            match key.to_string().as_str() {
                "path" => config.path = Some(input.parse()?),
                "inline" => config.inline = Some(input.parse()?),
                "world" => config.world = Some(input.parse()?),
                "features" => config.features = list(input)?,
                "resources" => config.resources = map(input)?,
                "types" => config.types = map(input)?,
                "returns" => config.returns = map(input)?,
                "async" => config.async_functions = list(input)?,
                "waits" => config.waiting_functions = list(input)?,
                "fills" => config.filling_functions = list(input)?,
                "crate" => config.runtime = input.parse()?,
                other => {
                    let message = format!(
                        "`{other}` is no option of bindgen!: there are `path`, `inline`, `world`, \
                         `features`, `resources`, `types`, `returns`, `async`, `waits`, \
                         `fills` and `crate`"
                    );
                    return Err(syn::Error::new(key.span(), message));
                }
            }
            seen.push(key);
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if config.path.is_none() && config.inline.is_none() {
            return Err(
                input.error("bindgen! needs `path: \"folder\"` or `inline: \"package ...\"`")
            );
        }
        Ok(config)
    }
}

impl Parse for Override {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        Ok(Self { name, rust: input.parse()? })
    }
}

fn list(input: ParseStream<'_>) -> syn::Result<Vec<LitStr>> {
    let inside;
    bracketed!(inside in input);
    unique(Punctuated::<LitStr, Token![,]>::parse_terminated(&inside)?, |name| name)
}

fn map(input: ParseStream<'_>) -> syn::Result<Vec<Override>> {
    let inside;
    braced!(inside in input);
    unique(Punctuated::<Override, Token![,]>::parse_terminated(&inside)?, |entry| &entry.name)
}

fn unique<T>(items: Punctuated<T, Token![,]>, name: impl Fn(&T) -> &LitStr) -> syn::Result<Vec<T>> {
    let mut seen = Vec::new();
    for item in &items {
        let name = name(item);
        if seen.contains(&name.value()) {
            let message = format!("`{}` is given twice", name.value());
            return Err(syn::Error::new(name.span(), message));
        }
        seen.push(name.value());
    }
    Ok(items.into_iter().collect())
}
