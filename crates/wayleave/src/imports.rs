//! What is said of an import that nothing provides.

/// What would provide an import, or what to do about it.
pub(crate) fn explain(module: &str, name: &str) -> String {
    let origin = match module {
        "wasi_snapshot_preview1" | "wasi_unstable" => {
            "this function is not in the WASI standard; the program was built for a runtime that adds it"
        }
        "wasi" if name == "thread-spawn" => {
            "it comes from wasi-threads, which is not supported; build for wasm32-wasip1 without threads"
        }
        "wasix_32v1" | "wasix_64v1" => {
            "it belongs to WASIX, which is not the WASI standard; build for wasm32-wasip1 instead"
        }
        "__wbindgen_placeholder__" | "__wbindgen_externref_xform__" | "wbg" => {
            "it comes from wasm-bindgen and needs JavaScript; build for wasm32-wasip1 instead"
        }
        "gojs" | "go" => {
            "it needs Go's JavaScript host; build with GOOS=wasip1 GOARCH=wasm instead"
        }
        "env" if name.starts_with("emscripten_") || name.starts_with("invoke_") => {
            "it needs Emscripten's JavaScript host; build with -sSTANDALONE_WASM or wasi-sdk instead"
        }
        "env" if name == "memory" || name == "__linear_memory" => {
            "the program wants a memory from outside; build it with a memory of its own"
        }
        "env" => {
            "the program was linked with a function that is missing, or made for a host that has it"
        }
        "a" => {
            "the names are minified, as for Emscripten's JavaScript host; build for WASI instead"
        }
        _ if module.starts_with("wasi_ephemeral_") => {
            "it belongs to a proposal that was never standardised"
        }
        _ if module.starts_with("wasi:") || module.contains('/') => {
            "it belongs to WASI 0.2 or later; link the module into a component"
        }
        _ => "no version of WASI has it; another module or host would have to provide it",
    };
    origin.to_owned()
}

/// What would provide an interface that a component imports, or what to do about it.
pub(crate) fn explain_interface(name: &str) -> String {
    let (base, version) = name.split_once('@').unwrap_or((name, ""));
    let package = base.split_once('/').map_or(base, |(package, _)| package);
    match package {
        "wasi:io" | "wasi:clocks" | "wasi:random" | "wasi:filesystem" | "wasi:cli"
        | "wasi:sockets" | "wasi:http"
            if version.starts_with("0.2.") =>
        {
            format!(
                "this version provides {package} up to {}; this is newer, or not stable",
                wayleave_wasi::p2::VERSION
            )
        }
        package if package.starts_with("wasi:") && version.starts_with("0.3.") => {
            "WASI 0.3 is not provided yet; build for wasm32-wasip2 instead".to_owned()
        }
        package if package.starts_with("wasi:") => {
            "it belongs to a proposal or version of WASI that is not provided".to_owned()
        }
        _ => "it is not WASI: another component has to provide it; compose the two, for example \
              with `wac plug`"
            .to_owned(),
    }
}

/// What to do when the import is a function that may never be called.
pub(crate) const TRAP_HINT: &str =
    "if the program never calls it, `--unknown-imports trap` lets it run";
