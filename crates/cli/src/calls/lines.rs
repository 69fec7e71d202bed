use super::{Only, unversioned};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use wayleave::{CallOutcome, HostCall, Tracer};

/// A line for each call, written when it has ended.
pub(super) struct Lines {
    to: Mutex<Box<dyn Write + Send>>,
    only: Only,
    json: bool,
}

impl Lines {
    pub(super) fn new(to: Box<dyn Write + Send>, only: Only, json: bool) -> Self {
        Self { to: Mutex::new(to), only, json }
    }
}

impl Tracer for Lines {
    fn wants(&self, interface: &str, function: &str) -> bool {
        self.only.wants(interface, function)
    }

    fn called(&self, call: &HostCall<'_>) {
        let mut line = if self.json { json_line(call) } else { text_line(call) };
        line.push('\n');
        let mut to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody reads it any more: that is no reason to end the program.
        let _ = to.write_all(line.as_bytes());
    }
}

fn text_line(call: &HostCall<'_>) -> String {
    let mut line = String::new();
    if call.interface.contains(':') {
        let _ = write!(line, "{} ", unversioned(call.interface));
    }
    let args: Vec<_> = call.args.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let _ = write!(line, "{}({})", call.function, args.join(", "));
    let _ = match call.outcome {
        CallOutcome::Returned("") => Ok(()),
        CallOutcome::Returned(text) | CallOutcome::Failed(text) => write!(line, " = {text}"),
        CallOutcome::Stopped(stop) => write!(line, " ended the program: {}", one_line(stop)),
    };
    let _ = write!(line, " <{:?}>", call.time);
    line
}

fn json_line(call: &HostCall<'_>) -> String {
    let args: Map<String, Value> =
        call.args.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let (outcome, text) = match call.outcome {
        CallOutcome::Returned(text) => ("returned", text.to_owned()),
        CallOutcome::Failed(text) => ("failed", text.to_owned()),
        CallOutcome::Stopped(stop) => ("stopped", one_line(stop)),
    };
    let nanoseconds = u64::try_from(call.time.as_nanos()).unwrap_or(u64::MAX);
    json!({
        "interface": call.interface,
        "function": call.function,
        "args": args,
        outcome: text,
        "ns": nanoseconds,
    })
    .to_string()
}

fn one_line(stop: &wayleave::Stop) -> String {
    stop.to_string().lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn call<'a>(args: &'a [(String, String)], outcome: CallOutcome<'a>) -> HostCall<'a> {
        let time = Duration::from_micros(12);
        HostCall { interface: "wasi:io/streams@0.2.0", function: "read", args, outcome, time }
    }

    #[test]
    fn text() {
        let args = [("fd".to_owned(), "3".to_owned()), ("path".to_owned(), "\"a\"".to_owned())];
        let line = text_line(&call(&args, CallOutcome::Failed("err(access)")));
        assert_eq!(line, "wasi:io/streams read(fd: 3, path: \"a\") = err(access) <12µs>");
        let core = HostCall { interface: "wasi_unstable", ..call(&[], CallOutcome::Returned("")) };
        assert_eq!(text_line(&core), "read() <12µs>");
    }

    #[test]
    fn json() {
        let args = [("path".to_owned(), "\"a\nb\"".to_owned())];
        let line = json_line(&call(&args, CallOutcome::Returned("ok")));
        assert!(!line.contains('\n'));
        let value: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["args"]["path"], "\"a\nb\"");
        assert_eq!((&value["returned"], &value["ns"]), (&json!("ok"), &json!(12_000)));
    }
}
