use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// A line on the terminal while a program compiles; nothing where standard error is no terminal.
pub(crate) struct Progress {
    what: String,
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress {
    pub(crate) fn new(file: &Path) -> Self {
        let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
        Self { what: format!("compiling {name}"), bar: Mutex::new(None) }
    }

    pub(crate) fn start(&self) {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8))
            .with_message(self.what.clone());
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {msg} ({elapsed}, kept for the next start)")
        {
            bar.set_style(style);
        }
        // The first line after this time: short compilations show nothing.
        bar.enable_steady_tick(Duration::from_millis(250));
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    pub(crate) fn finish(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}
