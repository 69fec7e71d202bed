//! The command line, by example: each file below `tests/cli` is a session that shows commands and
//! exactly what they print. `TRYCMD=overwrite cargo test --test cli` rewrites them after a change.

#[test]
fn sessions() {
    let cache = tempfile::tempdir().expect("a folder for the cache");
    trycmd::TestCases::new()
        .case("../../tests/cli/*.md")
        .env("WAYLEAVE_CACHE_DIR", cache.path().to_string_lossy())
        .run();
}
