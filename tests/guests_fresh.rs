//! The built guest programs are what their sources say: nothing was edited without a rebuild,
//! nothing was added without being built, no built file was replaced by hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

const REMEDY: &str = "run guests/build.sh";

fn guests() -> PathBuf {
    // From wherever this crate lies in the workspace, up to the folder that has `guests`.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.ancestors().find(|folder| folder.join("guests/build.sh").exists());
    root.expect("a workspace with guests/build.sh").join("guests")
}

/// The recorded hashes by path: lines as `sha256sum` writes them, hash, two spaces, path.
fn recorded(guests: &Path) -> BTreeMap<PathBuf, String> {
    let text = fs::read_to_string(guests.join("built/SOURCES.sha256")).expect(REMEDY);
    text.lines()
        .map(|line| line.split_once("  ").expect("lines of sha256sum"))
        .map(|(hash, path)| (PathBuf::from(path), hash.to_owned()))
        .collect()
}

fn sha256(path: &Path) -> Option<String> {
    let digest = Sha256::digest(fs::read(path).ok()?);
    Some(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The files below `folder`, relative to `guests`, with this ending.
fn files(guests: &Path, folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![guests.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path.strip_prefix(guests).expect("a path below").to_owned());
            }
        }
    }
    found
}

#[test]
fn every_recorded_file_is_as_it_was() {
    let guests = guests();
    let recorded = recorded(&guests);
    assert!(!recorded.is_empty(), "{REMEDY}");
    for (path, hash) in recorded {
        let now = sha256(&guests.join(&path));
        assert_eq!(now.as_ref(), Some(&hash), "{} has changed: {REMEDY}", path.display());
    }
}

#[test]
fn every_file_is_recorded() {
    let guests = guests();
    let recorded = recorded(&guests);
    for (folder, ending) in [
        ("rust/src", "rs"),
        ("bench", "rs"),
        ("c", "c"),
        ("components", "rs"),
        ("components", "wit"),
        ("built", "wasm"),
    ] {
        let found = files(&guests, folder, ending);
        assert!(!found.is_empty(), "no .{ending} files in {folder}");
        for path in found {
            assert!(recorded.contains_key(&path), "{} is not recorded: {REMEDY}", path.display());
        }
    }
}
