//! `run --invoke`: one call of an exported function, with its arguments as text.

use crate::failure::{Failure, print};
use crate::run::on_file;
use crate::{report, wave};
use std::error::Error as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use wasm_wave::parser::ParserError;
use wasm_wave::untyped::UntypedFuncCall;
use wasm_wave::value::Value as TextValue;
use wayleave::component::Value;
use wayleave::component::plan::{FuncType, Types};
use wayleave::recording::Ended;
use wayleave::system::refusal::Refusal;
use wayleave::{Error, Instance, Outcome, Program};

/// What a call has come to.
pub(crate) enum Called {
    /// Its result as text, if it has one.
    Returned(Option<String>),
    /// The guest's end.
    Ended(Outcome),
}

impl Called {
    /// As it is recorded.
    pub(crate) fn recorded(&self) -> Ended {
        match self {
            Self::Returned(text) => Ended::returned(text.as_deref().unwrap_or_default().as_bytes()),
            Self::Ended(outcome) => (&outcome.end).into(),
        }
    }

    /// This, or how it was ended from outside when it was recorded.
    pub(crate) fn into_recorded(self, ended: &Ended) -> Self {
        match self {
            Self::Ended(outcome) => Self::Ended(outcome.into_recorded(ended)),
            returned => returned,
        }
    }

    /// Prints the result, or tells how the guest has ended and what it was refused then.
    pub(crate) fn report(
        &self,
        file: &Path,
        timeout: Option<Duration>,
        refused: Option<&Refusal>,
    ) -> Result<ExitCode, Failure> {
        match self {
            Self::Returned(None) => Ok(ExitCode::SUCCESS),
            Self::Returned(Some(text)) => print(format!("{text}\n").as_bytes()),
            Self::Ended(outcome) => Ok(report::outcome(file, outcome, timeout, refused)),
        }
    }
}

/// A call that fits the program.
pub(crate) struct Call {
    path: Vec<String>,
    args: Vec<Value>,
}

impl Call {
    /// What `call` says: found out before anything of the program runs.
    pub(crate) fn parse(file: &Path, program: &Program, call: &str) -> Result<Self, Failure> {
        let (interface, function) = match call.split_once('#') {
            Some((interface, function)) => (Some(interface), function),
            None => (None, call),
        };
        let before = call.len() - function.len();
        let parsed = UntypedFuncCall::parse(function).map_err(|error| {
            let mistake = mistake(call, before, &error);
            Failure::usage(format!(
                "--invoke: `{call}` is no call: {mistake}; write it as `name(1, \"two\")`"
            ))
        })?;
        let path = find(program, interface, parsed.name())?;
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        let (ty, types) = program.func_type(&names).map_err(|error| on_file(file, error))?;
        let args = arguments(&parsed, &ty, &types, |error| mistake(call, before, error))?;
        Ok(Self { path, args })
    }

    /// Calls it.
    pub(crate) fn on(&self, file: &Path, instance: &mut Instance) -> Result<Called, Failure> {
        let path: Vec<&str> = self.path.iter().map(String::as_str).collect();
        match instance.invoke(&path, &self.args) {
            Ok(result) => Ok(Called::Returned(result.map(|result| wave::to_text(&result)))),
            Err(Error::Stopped(stop)) => Ok(Called::Ended(instance.ended(stop))),
            Err(error) => Err(on_file(file, error)),
        }
    }
}

/// Where the function is, that must be the only one of its name.
fn find(program: &Program, interface: Option<&str>, name: &str) -> Result<Vec<String>, Failure> {
    if let Some(interface) = interface {
        return Ok(vec![interface.to_owned(), name.to_owned()]);
    }
    let mut found = program.find_funcs(name);
    match (found.pop(), found.is_empty()) {
        (Some(path), true) => Ok(path),
        (Some(path), false) => Err(Failure::usage(format!(
            "--invoke: several interfaces export `{name}`: say which, as `{}(...)`",
            path.join("#")
        ))),
        // The component's own error tells what there is.
        (None, _) => Ok(vec![name.to_owned()]),
    }
}

/// What is wrong with a call, and where in its text; the parser has seen what is behind `before`.
fn mistake(call: &str, before: usize, error: &ParserError) -> String {
    let what = match (error.detail(), error.source()) {
        (Some(detail), _) => format!("{}: {detail}", error.kind()),
        (None, Some(source)) => format!("{}: {source}", error.kind()),
        (None, None) => error.kind().to_string(),
    };
    let seen = call.get(..before + error.span().start).unwrap_or(call);
    format!("{what} at character {}", seen.chars().count() + 1)
}

fn arguments(
    call: &UntypedFuncCall<'_>,
    ty: &FuncType,
    types: &Types,
    mistake: impl Fn(&ParserError) -> String,
) -> Result<Vec<Value>, Failure> {
    let text_type = |(name, ty): &(String, _)| {
        wave::text_type(*ty, types).ok_or_else(|| {
            Failure::usage(format!(
                "--invoke: the argument `{name}` is a resource, which can not be written as text"
            ))
        })
    };
    let text_types = ty.params.iter().map(text_type).collect::<Result<Vec<_>, _>>()?;
    let wrong = |what: String| {
        let params = ty.params.iter().zip(&text_types);
        let params: Vec<_> = params.map(|((name, _), ty)| format!("{name}: {ty}")).collect();
        Failure::usage(format!(
            "--invoke: the arguments of `{}`: {what}; it takes ({})",
            call.name(),
            params.join(", ")
        ))
    };
    let values: Vec<TextValue> =
        call.to_wasm_params(&text_types).map_err(|error| wrong(mistake(&error)))?;
    let nodes = call.params_node().and_then(|params| params.as_tuple().ok()).into_iter().flatten();
    let mut pairs = nodes.zip(&text_types);
    let unknown = pairs.find_map(|(value, ty)| wave::unknown_field(value, ty, call.source()));
    if let Some(field) = unknown {
        return Err(wrong(format!("there is no field `{field}`")));
    }
    let pairs = values.iter().zip(&ty.params);
    let values = pairs.map(|(value, (_, ty))| wave::from_text(value, *ty, types));
    values.collect::<Option<_>>().ok_or_else(|| {
        Failure::usage(format!("--invoke: the arguments of `{}` do not fit", call.name()))
    })
}
