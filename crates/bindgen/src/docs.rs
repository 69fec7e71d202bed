use proc_macro2::TokenStream;
use quote::quote;
use wit_parser::Docs;

/// The documentation of an item of WIT as that of a Rust item; `otherwise` when there is none.
pub(crate) fn docs(docs: &Docs, otherwise: &str) -> TokenStream {
    let text = docs.contents.as_deref().unwrap_or(otherwise);
    let mut in_code = false;
    let lines = text.trim_end().lines().map(|line| {
        let line = doc_line(line, &mut in_code);
        quote!(#[doc = #line])
    });
    lines.collect()
}

/// Examples in WIT are no Rust: whatever rustdoc would compile and run as such is made plain text.
fn doc_line(line: &str, in_code: &mut bool) -> String {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    if let Some(language) = text.strip_prefix("```") {
        *in_code = !*in_code;
        let rust = *in_code && (language.trim().is_empty() || language.starts_with("rust"));
        let language = if rust { "text" } else { language };
        return format!(" {}```{language}", " ".repeat(indent.min(3)));
    }
    if *in_code {
        return format!(" {line}");
    }
    // Four spaces would begin a block of code.
    format!(" {}{text}", " ".repeat(indent.min(3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_not_run() {
        let given = Docs { contents: Some("A\n```\n    x\n```\n    indented".into()) };
        let expected = quote! {
            #[doc = " A"]
            #[doc = " ```text"]
            #[doc = "     x"]
            #[doc = " ```"]
            #[doc = "    indented"]
        };
        assert_eq!(docs(&given, "").to_string(), expected.to_string());
    }
}
