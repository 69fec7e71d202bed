use crate::AccessLog;
use crate::request_id::RequestId;
use serde_json::json;
use std::io::Write;
use std::sync::Arc;
use wayleave::system::stdio::{Lines, printable, printable_json};

tokio::task_local! {
    /// The request that is being answered, while its guest runs.
    pub(crate) static REQUEST: RequestId;
}

/// The standard streams of an app's guests: each line becomes one of standard error, with the app and
/// the request that it belongs to.
pub(crate) struct Streams {
    pub(crate) stdout: Arc<GuestLines>,
    pub(crate) stderr: Arc<GuestLines>,
}

type GuestLines = Lines<RequestId, Box<dyn Fn(&RequestId, &[u8]) + Send + Sync>>;

impl Streams {
    pub(crate) fn new(app: &str, format: AccessLog) -> Self {
        let stream = |name: &'static str| {
            let app = app.to_owned();
            let take = move |request: &RequestId, line: &[u8]| {
                tell(&app, request, name, &String::from_utf8_lossy(line), format);
            };
            let writer =
                || REQUEST.try_with(RequestId::clone).unwrap_or_else(|_| RequestId::none());
            Arc::new(GuestLines::new(writer, Box::new(take)))
        };
        Self { stdout: stream("stdout"), stderr: stream("stderr") }
    }

    /// Nothing is written for this request any more.
    pub(crate) fn end(&self, request: &RequestId) {
        self.stdout.end(request);
        self.stderr.end(request);
    }
}

/// Says something about an app on standard error.
pub(crate) fn tell(app: &str, request: &str, from: &str, message: &str, format: AccessLog) {
    let line = line(app, request, from, message, format);
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

/// One line. A guest must not move the cursor of whoever reads it, nor turn what is around.
fn line(app: &str, request: &str, from: &str, message: &str, format: AccessLog) -> String {
    match format {
        AccessLog::Json => {
            let line = json!({ "app": app, "id": request, "from": from, "message": message });
            format!("{}\n", printable_json(&line.to_string()))
        }
        AccessLog::Off | AccessLog::Text => {
            let message = message.replace('\n', "\\n");
            format!("[{app} {request}] {from}: {}\n", printable(&message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_line_acts_on_a_terminal() {
        let said = "\x1b[2Ja\r\u{202e}b\u{9b}1m\tc\nd";
        let shown = line("app", "1", "stdout", said, AccessLog::Text);
        let expected =
            concat!("[app 1] stdout: ", r"\u{1b}[2Ja\u{d}\u{202e}b\u{9b}1m", "\tc", r"\nd", "\n");
        assert_eq!(shown, expected);
        let json = line("app", "1", "stdout", said, AccessLog::Json);
        assert!(json.trim_end().bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{json:?}");
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["message"], said);
    }
}
