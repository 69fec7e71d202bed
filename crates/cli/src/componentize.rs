use crate::caught::{caught, one_line};
use crate::failure::{Failure, print};
use crate::files::is_same_file;
use crate::run::on_file;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use wasi_preview1_component_adapter_provider as adapters;
use wayleave::ProgramKind;
use wit_component::ComponentEncoder;

/// Turn a module (WASI 0.1) into a component (WASI 0.2), with the standard adapter.
///
/// Modules that were linked with WIT of their own keep it; for the rest, what a module imports must
/// be WASI 0.1.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The component; FILE with the ending .component.wasm if not given
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The module (.wasm) or its text (.wat)
    file: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let file = &args.file;
    let bytes = std::fs::read(file)
        .map_err(|error| Failure::other(format!("can not read {}: {error}", file.display())))?;
    let (kind, module) = wayleave::to_binary(&bytes).map_err(|error| on_file(file, error))?;
    if kind == ProgramKind::Component {
        return Err(about(file, "it is a component already"));
    }
    let component = caught(|| encode(&module)).flatten().map_err(|error| about(file, error))?;
    let output = args.output.clone().unwrap_or_else(|| file.with_extension("component.wasm"));
    if is_same_file(file, &output) {
        return Err(Failure::usage(format!(
            "{}: the component would overwrite the module; name another with --output",
            output.display()
        )));
    }
    std::fs::write(&output, component)
        .map_err(|error| Failure::other(format!("can not write {}: {error}", output.display())))?;
    print(format!("{}\n", output.display()).as_bytes())
}

/// The component around a module.
fn encode(module: &[u8]) -> Result<Vec<u8>, String> {
    // The encoder believes what a module says of itself.
    wasmparser::Validator::new_with_features(wasmparser::WasmFeatures::all())
        .validate_all(module)
        .map_err(|error| format!("not a valid module: {}", one_line(&error.to_string())))?;
    let program = exports_start(module).map_err(|error| one_line(&error))?;
    let adapter = match program {
        true => adapters::WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER,
        false => adapters::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
    };
    let name = adapters::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME;
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.adapter(name, adapter))
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| one_line(&format!("{error:#}")))
}

fn exports_start(module: &[u8]) -> Result<bool, String> {
    for payload in wasmparser::Parser::new(0).parse_all(module) {
        if let wasmparser::Payload::ExportSection(exports) =
            payload.map_err(|error| format!("not a valid module: {error}"))?
        {
            for export in exports {
                let export = export.map_err(|error| format!("not a valid module: {error}"))?;
                if export.name == "_start" {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

fn about(file: &Path, message: impl Display) -> Failure {
    Failure::other(format!("{}: {message}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::damaged::{in_one_line, program, programs};
    use proptest::prelude::*;

    #[test]
    fn what_is_whole_becomes_a_component() {
        assert!(encode(&program("guests/built/exit_code.wasm")).is_ok());
        assert!(encode(&program("guests/wat/reactor.wat")).is_ok());
        assert!(encode(&program("guests/built/components/fixed_clocks.wasm")).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn what_is_damaged_is_refused(module in programs()) {
            in_one_line(caught(|| encode(&module)).flatten());
        }

        #[test]
        fn what_is_cut_off_is_refused(end in any::<prop::sample::Index>()) {
            let module = program("guests/built/exit_code.wasm");
            // Custom sections come last, and a module may end between them.
            in_one_line(caught(|| encode(&module[..end.index(module.len())])).flatten());
        }

        #[test]
        fn any_bytes(rest in prop::collection::vec(any::<u8>(), 0..100)) {
            let module = [&b"\0asm\x01\0\0\0"[..], &rest[..]].concat();
            in_one_line(caught(|| encode(&module)).flatten());
        }
    }
}
