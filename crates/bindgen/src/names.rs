//! Names of WIT as names of Rust.

use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};
use proc_macro2::{Ident, Span};
use std::collections::HashSet;

/// `input-stream` as `input_stream`: functions, parameters, fields, modules.
pub(crate) fn snake(name: &str) -> Ident {
    ident(&name.to_snake_case())
}

/// `input-stream` as `InputStream`: types and cases.
pub(crate) fn camel(name: &str) -> Ident {
    ident(&name.to_upper_camel_case())
}

/// `symlink-follow` as `SYMLINK_FOLLOW`: flags.
pub(crate) fn shouty(name: &str) -> Ident {
    ident(&name.to_shouty_snake_case())
}

/// A name that may be a keyword of Rust.
pub(crate) fn ident(name: &str) -> Ident {
    match name {
        // These can not be escaped.
        "self" | "super" | "crate" | "Self" | "_" => Ident::new(&format!("{name}_"), here()),
        // A keyword since the edition of 2024.
        "gen" => Ident::new_raw(name, here()),
        _ => match syn::parse_str::<Ident>(name) {
            Ok(_) => Ident::new(name, here()),
            Err(_) => Ident::new_raw(name, here()),
        },
    }
}

fn here() -> Span {
    Span::call_site()
}

/// Names in one place, each of which is given once: what comes later and would have the name of
/// something earlier gets an underscore.
#[derive(Default)]
pub(crate) struct Names(HashSet<String>);

impl Names {
    pub(crate) fn unique(&mut self, name: Ident) -> Ident {
        let mut name = name;
        while !self.0.insert(name.to_string()) {
            name = Ident::new(&format!("{}_", unraw(&name)), name.span());
        }
        name
    }
}

/// A name without its escape.
pub(crate) fn unraw(name: &Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_rust_names() {
        assert_eq!(snake("input-stream").to_string(), "input_stream");
        assert_eq!(snake("set-HTTP-x").to_string(), "set_http_x");
        assert_eq!(snake("type").to_string(), "r#type");
        assert_eq!(snake("gen").to_string(), "r#gen");
        assert_eq!(snake("self").to_string(), "self_");
        assert_eq!(camel("input-stream").to_string(), "InputStream");
        assert_eq!(camel("self").to_string(), "Self_");
        assert_eq!(shouty("symlink-follow").to_string(), "SYMLINK_FOLLOW");
    }

    #[test]
    fn later_names_give_way() {
        let mut names = Names::default();
        let mut give = |name| names.unique(snake(name)).to_string();
        assert_eq!(give("a-b"), "a_b");
        assert_eq!(give("a-b"), "a_b_");
        assert_eq!(give("type"), "r#type");
        assert_eq!(give("type"), "type_");
    }
}
