//! The command line, by example: each file below `tests/cli` is a session that shows commands and
//! exactly what they print. `TRYCMD=overwrite cargo test --test cli` rewrites them after a change.

/// Sessions with a cache of their own, one after the other.
#[test]
fn sessions() {
    // Where the sessions put what they compile.
    std::fs::create_dir_all("../../target").expect("the target folder");
    for cases in ["run", "components", "libraries", "compositions", "errors", "traps", "cache"] {
        let cache = tempfile::tempdir().expect("a folder for the cache");
        trycmd::TestCases::new()
            .case(format!("../../tests/cli/{cases}.md"))
            .env("WAYLEAVE_CACHE_DIR", cache.path().to_string_lossy())
            .run();
    }
}
