//! Libraries that panic on programs nobody has vouched for. The validator has done so on types that
//! are nested deep, the decoder on names that contradict types (wasmparser and wit-parser 0.254.2).

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// Does what may panic. Nothing that it has begun may be used after that.
///
/// # Errors
/// What it has panicked with, in one line; nothing is printed.
pub(crate) fn caught<T>(act: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !CAUGHT.get() {
                others(info);
            }
        }));
    });
    let outside = CAUGHT.replace(true);
    let done = catch_unwind(AssertUnwindSafe(act));
    CAUGHT.set(outside);
    done.map_err(|payload| {
        let message = payload.downcast_ref::<&str>().copied();
        let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        format!("a library fails on it: {}", one_line(message.unwrap_or("it does not say why")))
    })
}

thread_local! {
    /// Whether a panic of this thread is an error of the program that is looked at.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// A message without line breaks.
pub(crate) fn one_line(error: &str) -> String {
    error.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error() {
        assert_eq!(caught(|| 7), Ok(7));
        let error = caught(|| caught(|| panic!("of\n  {}", "its own"))).unwrap();
        assert_eq!(error, Err::<(), _>("a library fails on it: of its own".to_owned()));
        assert!(!CAUGHT.get());
    }
}
