/// Why a component could not be loaded or linked. How a guest ended is a
/// [`Stop`](wayleave_engine::Stop).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The binary is malformed or invalid, or needs what is not supported.
    #[error("not a valid component: {0}")]
    Invalid(String),
    /// It has asynchronous functions, or streams and futures.
    #[error(
        "it is a component for WASI 0.3, which is not provided yet: build it for WASI 0.2 \
         (wasm32-wasip2) instead; {0}"
    )]
    Async(String),
    /// Nothing provides an import.
    #[error("import {}: nothing provides it", dotted(.path))]
    Missing {
        /// The name of the interface, and the name in it.
        path: Vec<String>,
        /// What it is: `function`, `resource`, `module`.
        kind: &'static str,
    },
    /// What is provided is something else than what is imported.
    #[error("import {}: {reason}", dotted(.path))]
    Unfit {
        /// As for [`Error::Missing`].
        path: Vec<String>,
        /// What differs.
        reason: String,
    },
    /// An export is missing or has another type.
    #[error("export {}: {reason}", dotted(.path))]
    Export {
        /// The name of the interface, and the name in it.
        path: Vec<String>,
        /// What is wrong.
        reason: String,
    },
    /// A plan that can not be written or read.
    #[error("a component's plan can not be used: {0}")]
    Plan(String),
    /// The engine could not do it.
    #[error(transparent)]
    Engine(#[from] wayleave_engine::Error),
}

/// A name as people write it: the interface and what is in it.
fn dotted(path: &[String]) -> String {
    match path {
        [] => "``".to_owned(),
        [one] => format!("`{one}`"),
        [first, rest @ ..] => format!("`{first}` `{}`", rest.join("` `")),
    }
}
