use super::{Only, name_of};
use serde_json::{Map, Value, json};
use std::fmt::Write as _;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use wayleave::system::stdio::printable_json;
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
    let args: Vec<_> = call.args.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let mut line = format!("{}({})", name_of(call), args.join(", "));
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
        call.args.iter().map(|(name, value)| (name.clone(), json_value(value))).collect();
    let (outcome, value) = match call.outcome {
        CallOutcome::Returned(text) => ("returned", json_value(text)),
        CallOutcome::Failed(text) => ("failed", json_value(text)),
        CallOutcome::Stopped(stop) => ("stopped", one_line(stop).into()),
    };
    let nanoseconds = u64::try_from(call.time.as_nanos()).unwrap_or(u64::MAX);
    let line = json!({
        "interface": call.interface,
        "function": call.function,
        "args": args,
        outcome: value,
        "ns": nanoseconds,
    });
    printable_json(&line.to_string()).into_owned()
}

/// What is written as a number, as true or false, or as text in quotes is just that; anything else, and
/// text that was cut, is given as it is written.
fn json_value(text: &str) -> Value {
    match text {
        "true" => true.into(),
        "false" => false.into(),
        text => number(text).or_else(|| unquoted(text)).unwrap_or_else(|| text.into()),
    }
}

fn number(text: &str) -> Option<Value> {
    let whole = || text.parse().ok().map(|number: i64| number.into());
    whole().or_else(|| text.parse().ok().map(|number: u64| number.into()))
}

/// What is in quotes, without them.
fn unquoted(text: &str) -> Option<Value> {
    let mut rest = text.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut plain = String::new();
    while let Some(c) = rest.next() {
        let c = match (c, rest.as_str().starts_with("u{")) {
            // It has ended before: something follows.
            ('"', _) => return None,
            ('\\', true) => {
                let (hex, after) = rest.as_str().strip_prefix("u{")?.split_once('}')?;
                rest = after.chars();
                char::from_u32(u32::from_str_radix(hex, 16).ok()?)?
            }
            ('\\', false) => match rest.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                '0' => '\0',
                same @ ('\\' | '"' | '\'') => same,
                _ => return None,
            },
            (c, _) => c,
        };
        plain.push(c);
    }
    Some(plain.into())
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
        let args = [
            ("path", r#""a\nb\u{1b}\"\\""#),
            ("fd", "3"),
            ("offset", "-1"),
            ("size", "18446744073709551615"),
            ("follow", "true"),
            ("list", r#"["a", "b"]"#),
            ("two", r#""a", "b""#),
            ("odd", r#""\x41""#),
            ("cut", r#""abc"..."#),
            ("handle", "#3"),
        ];
        let args = args.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let line = json_line(&call(&args, CallOutcome::Returned("ok")));
        assert!(!line.contains('\n'));
        let value: Value = serde_json::from_str(&line).unwrap();
        let expected = json!({
            "path": "a\nb\x1b\"\\",
            "fd": 3,
            "offset": -1,
            "size": u64::MAX,
            "follow": true,
            "list": r#"["a", "b"]"#,
            "two": r#""a", "b""#,
            "odd": r#""\x41""#,
            "cut": r#""abc"..."#,
            "handle": "#3",
        });
        assert_eq!(value["args"], expected);
        assert_eq!((&value["returned"], &value["ns"]), (&json!("ok"), &json!(12_000)));
    }
}
