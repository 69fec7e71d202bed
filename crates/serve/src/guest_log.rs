use crate::AccessLog;
use crate::request_id::RequestId;
use serde_json::json;
use std::io::Write;
use std::sync::Arc;
use wayleave::system::fs::File;
use wayleave::system::stdio::Lines;

tokio::task_local! {
    /// The request that is being answered, while its guest runs.
    pub(crate) static REQUEST: RequestId;
}

/// A standard stream of an app's guests: each line becomes one of standard error, with the app and
/// the request that it belongs to.
pub(crate) fn stream(app: &str, name: &'static str, format: AccessLog) -> Arc<dyn File> {
    let app = app.to_owned();
    Arc::new(Lines::new(move |line| {
        let request = REQUEST.try_with(RequestId::clone).ok();
        let request = request.as_deref().unwrap_or("-");
        let line = String::from_utf8_lossy(line);
        tell(&app, request, name, &line, format);
    }))
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
