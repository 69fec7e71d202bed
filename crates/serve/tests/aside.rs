//! Guests that compute for long go aside. In a process of its own: what is looked at are its threads.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod client;
mod server;

use server::Running;
use std::collections::BTreeSet;
use wayleave::EngineKind;

/// The threads for guests that compute for long.
fn aside() -> BTreeSet<std::ffi::OsString> {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let mut aside = BTreeSet::new();
    for thread in threads.map(Result::unwrap) {
        // It may be gone already.
        let name = std::fs::read_to_string(thread.path().join("comm")).unwrap_or_default();
        if name.trim() == "wayleave-aside" {
            aside.insert(thread.file_name());
        }
    }
    aside
}

#[test]
fn guests_that_compute_for_long_go_aside() {
    for &engine in EngineKind::ALL {
        // Those of the server before may be there for a while.
        let before = aside();
        let server = Running::start(engine, |_| {});
        // Long enough for an interpreter that nobody has optimised.
        assert_eq!(server.get("/compute/500").text(), "half of it all\n");
        assert!(!aside().is_subset(&before), "{engine}");
        assert_eq!(server.get("/hello").text(), "Hello, world!\n");
    }
}
