use crate::AccessLog;
use crate::request_id::RequestId;
use serde_json::json;
use std::io::Write;
use std::sync::Arc;
use wayleave::system::stdio::Lines;

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
    let line = match format {
        AccessLog::Json => {
            let line = json!({ "app": app, "id": request, "from": from, "message": message });
            format!("{line}\n")
        }
        AccessLog::Off | AccessLog::Text => {
            let message: String = message.chars().map(visible).collect();
            format!("[{app} {request}] {from}: {message}\n")
        }
    };
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}

/// A guest must not move the cursor of whoever reads the log.
fn visible(c: char) -> char {
    if c.is_control() && c != '\t' { char::REPLACEMENT_CHARACTER } else { c }
}
