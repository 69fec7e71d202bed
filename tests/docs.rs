//! The manifests in the documentation are manifests, and the schema knows them; what is none, the
//! schema knows as well. And the lines of the page of grants are ones that run.
#![allow(clippy::unwrap_used, reason = "a test that can not go on has failed")]

use serde_json::Value;
use std::path::Path;
use wayleave::grants::manifest::Manifest;

/// The blocks of TOML in all pages.
fn examples() -> Vec<(String, String)> {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let mut examples = Vec::new();
    for page in std::fs::read_dir(docs).unwrap() {
        let page = page.unwrap().path();
        if page.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let text = std::fs::read_to_string(&page).unwrap();
        for block in text.split("```toml\n").skip(1) {
            let (block, _) = block.split_once("```").unwrap();
            examples.push((page.display().to_string(), block.to_owned()));
        }
    }
    examples
}

fn is_of_server(text: &str) -> bool {
    text.contains("[[app]]") || text.contains("[serve]")
}

#[test]
fn examples_are_manifests() {
    let examples = examples();
    assert!(examples.len() >= 2);
    for (page, text) in examples {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wayleave.toml");
        std::fs::write(&path, &text).unwrap();
        if is_of_server(&text) {
            wayleave_serve::Settings::from_manifest(&path).unwrap();
        } else {
            let manifest = Manifest::read(&path).unwrap_or_else(|error| panic!("{page}: {error}"));
            for profile in manifest.profiles() {
                manifest.settings(Some(profile)).unwrap();
            }
        }
        check(&schema(), &value(&text), "").unwrap_or_else(|error| panic!("{page}: {error}"));
    }
}

#[test]
fn the_schema_refuses_what_is_no_manifest() {
    for text in [
        "[grant]",
        "[grants]\noutbound = []",
        "[grants]\ndir = \"a\"",
        "[grants]\ndir = [1]",
        "[grants]\ninherit-env = 1",
        "[limits]\nfuel = \"1\"",
        "[limits]\nfuel = -1",
        "[limits]\ntimeout = true",
        "[profile.a]\nenv = []",
        "[profile.a.grants]\nenvs = []",
        "[[app]]\nname = \"a\"",
        "[[app]]\ncomponent = \"a\"\ngrants.stdin = \"null\"",
        "[app]\ncomponent = \"a\"",
        "[serve.tls]\ncertificate = \"a\"",
    ] {
        assert!(check(&schema(), &value(text), "").is_err(), "{text}");
    }
}

/// The lines that begin with `wayleave` in a page, those that follow each other together.
fn command_lines(page: &str) -> Vec<Vec<String>> {
    let mut blocks = vec![Vec::new()];
    for line in page.lines() {
        match line.strip_prefix("    wayleave ") {
            Some(line) => blocks.last_mut().unwrap().push(format!("wayleave {line}")),
            None => blocks.push(Vec::new()),
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// Makes all that lines of the page name: folders, files, programs that do next to nothing.
fn furnish(folder: &Path, line: &str, manifest: &str) {
    let hello = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/built/hello.wasm");
    for name in ["data", "out", "cache", "test-data", "tools/data", "tools/cache"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    // An archive of nothing.
    std::fs::write(folder.join("rootfs.tar"), [0; 1024]).unwrap();
    std::fs::write(folder.join("key.pem"), "a key").unwrap();
    for place in ["wayleave.toml", "tools/wayleave.toml"] {
        let place = folder.join(place);
        if !place.exists() {
            std::fs::write(place, manifest).unwrap();
        }
    }
    let words: Vec<_> = line.split_whitespace().collect();
    for program in words.iter().filter(|word| word.ends_with(".wasm")) {
        std::fs::copy(&hello, folder.join(program)).unwrap();
    }
    // What is learned is written to a new file.
    if let Some(at) = words.iter().position(|word| *word == "--learn") {
        let _ = std::fs::remove_file(folder.join(words[at + 1]));
    }
}

#[cfg(unix)]
#[test]
fn lines_of_the_page_of_grants_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/grants.md")).unwrap();
    let (_, manifest) = page.split_once("```toml\n[grants]").unwrap();
    let manifest = format!("[grants]{}", manifest.split_once("```").unwrap().0);
    let bin = Path::new(env!("CARGO_BIN_EXE_wayleave")).parent().unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let cache = tempfile::tempdir().unwrap();
    let blocks = command_lines(&page);
    assert!(blocks.iter().flatten().count() >= 15, "{blocks:?}");
    for block in blocks {
        let folder = tempfile::tempdir().unwrap();
        for line in block {
            furnish(folder.path(), &line, &manifest);
            let output = std::process::Command::new("sh")
                .args(["-c", &line])
                .current_dir(folder.path())
                .env("PATH", &path)
                .env("LANG", "C")
                .env("WAYLEAVE_CACHE_DIR", cache.path())
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{line}: {told}");
        }
    }
}

fn schema() -> Value {
    wayleave_serve::manifest_schema()
}

fn value(text: &str) -> Value {
    let table: toml::Table = text.parse().unwrap();
    serde_json::to_value(table).unwrap()
}

/// As much of JSON schemas as ours uses; a word that this does not know is a mistake.
fn check(schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    for (word, rule) in schema.as_object().unwrap() {
        let holds = match word.as_str() {
            "$schema" | "title" | "description" => true,
            "type" => match rule {
                Value::Array(types) => types.iter().any(|ty| is(value, ty)),
                ty => is(value, ty),
            },
            "minimum" => value.as_i64().is_none_or(|number| number >= rule.as_i64().unwrap()),
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    check(rule, item, place)?;
                }
                true
            }
            "required" => {
                let has = |key: &Value| value.get(key.as_str().unwrap()).is_some();
                rule.as_array().unwrap().iter().all(has)
            }
            "properties" => {
                for (key, rule) in rule.as_object().unwrap() {
                    if let Some(value) = value.get(key) {
                        check(rule, value, &format!("{place}.{key}"))?;
                    }
                }
                true
            }
            "additionalProperties" => {
                let none = serde_json::Map::new();
                let known = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
                for (key, value) in value.as_object().unwrap_or(&none) {
                    if known.contains_key(key) {
                        continue;
                    }
                    if *rule == Value::Bool(false) {
                        return Err(format!("{place}.{key} is unknown"));
                    }
                    check(rule, value, &format!("{place}.{key}"))?;
                }
                true
            }
            other => return Err(format!("the schema has the word {other}")),
        };
        if !holds {
            return Err(format!("{place}: {word} {rule} does not hold of {value}"));
        }
    }
    Ok(())
}

fn is(value: &Value, ty: &Value) -> bool {
    match ty.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        _ => false,
    }
}
