//! The derives: the traits for types that are written by hand.

use crate::names::unraw;
use crate::shape::{Case, Field, Record, Shape, Subject, Variant};
use heck::ToKebabCase;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{
    Attribute, Data, DataEnum, DataStruct, DeriveInput, Error, Fields, Ident, LitStr, Path, Result,
    parse_quote,
};

/// The traits that can be derived.
#[derive(Clone, Copy)]
pub(crate) enum Trait {
    ComponentType,
    Lift,
    Lower,
}

/// Implements a trait for a type.
pub(crate) fn derive(input: &DeriveInput, which: Trait) -> Result<TokenStream> {
    let options = Options::of(&input.attrs)?;
    let shape: Box<dyn Shape> = match &input.data {
        Data::Struct(data) if !options.variant => Box::new(record(input, data)?),
        Data::Enum(data) => Box::new(variant(input, data, options.variant)?),
        Data::Struct(_) => return Err(Error::new_spanned(&input.ident, "a struct is no variant")),
        Data::Union(_) => {
            return Err(Error::new_spanned(&input.ident, "a union is no type of a component"));
        }
    };
    let mut lifetimes = input.generics.lifetimes();
    if let (Some(_), Some(second)) = (lifetimes.next(), lifetimes.next()) {
        return Err(Error::new_spanned(
            second,
            "only one lifetime is possible: that of the guest's memory",
        ));
    }
    let runtime = options.runtime.unwrap_or_else(|| parse_quote!(::wayleave_component));
    let subject = Subject { runtime: &runtime, ident: &input.ident, generics: &input.generics };
    Ok(match which {
        Trait::ComponentType => subject.component_type(&*shape),
        Trait::Lift => subject.lift(&*shape),
        Trait::Lower => subject.lower(&*shape),
    })
}

/// What `#[component(...)]` says.
#[derive(Default)]
struct Options {
    runtime: Option<Path>,
    variant: bool,
    name: Option<LitStr>,
}

impl Options {
    /// Of a type.
    fn of(attributes: &[Attribute]) -> Result<Self> {
        let options = Self::parse(attributes)?;
        match options.name {
            Some(name) => Err(Error::new_spanned(name, "types have no name in their structure")),
            None => Ok(options),
        }
    }

    /// The name in WIT of a field or case: its own in kebab-case, unless another is given.
    fn name(attributes: &[Attribute], ident: &Ident) -> Result<String> {
        let options = Self::parse(attributes)?;
        if options.variant || options.runtime.is_some() {
            return Err(Error::new_spanned(ident, "only `name` can be said here"));
        }
        let name = options.name.map(|name| name.value());
        Ok(name.unwrap_or_else(|| unraw(ident).to_kebab_case()))
    }

    fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut options = Self::default();
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident(HELPER)) {
            attribute.parse_nested_meta(|meta| {
                if meta.path.is_ident("variant") {
                    options.variant = true;
                } else if meta.path.is_ident("crate") {
                    options.runtime = Some(meta.value()?.parse()?);
                } else if meta.path.is_ident("name") {
                    options.name = Some(meta.value()?.parse()?);
                } else {
                    let known = "there are `variant`, `name = \"...\"` and `crate = path`";
                    return Err(meta.error(known));
                }
                Ok(())
            })?;
        }
        Ok(options)
    }
}

const HELPER: &str = "component";

fn record(input: &DeriveInput, data: &DataStruct) -> Result<Record> {
    let Fields::Named(fields) = &data.fields else {
        return Err(Error::new_spanned(&input.ident, "a record's fields have names"));
    };
    let fields = fields.named.iter().filter_map(|field| Some((field, field.ident.as_ref()?)));
    let fields = fields.map(|(field, ident)| {
        let name = Options::name(&field.attrs, ident)?;
        Ok(Field { name, ident: ident.clone(), ty: field.ty.to_token_stream() })
    });
    Ok(Record { fields: fields.collect::<Result<_>>()? })
}

fn variant(input: &DeriveInput, data: &DataEnum, is_variant: bool) -> Result<Variant> {
    if data.variants.is_empty() {
        return Err(Error::new_spanned(&input.ident, "a variant has at least one case"));
    }
    let cases = data.variants.iter().map(|case| {
        let payload = match &case.fields {
            Fields::Unit => None,
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                fields.unnamed.first().map(|field| field.ty.to_token_stream())
            }
            fields => {
                let message = "a case carries one value or none: make it a tuple or a record";
                return Err(Error::new_spanned(fields, message));
            }
        };
        let name = Options::name(&case.attrs, &case.ident)?;
        Ok(Case { name, ident: case.ident.clone(), payload })
    });
    let cases: Vec<_> = cases.collect::<Result<_>>()?;
    let is_enum = !is_variant && cases.iter().all(|case| case.payload.is_none());
    Ok(Variant { cases, is_enum })
}
