//! The language has one description, its types. Its schema, its reference and the scenarios are held
//! against that.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use underpass_sim::scenario::schema::schema;

mod keys;
mod reference;
mod validate;

use keys::Key;
use validate::complaint;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A TOML text as JSON, which is what a schema is about.
fn json(text: &str) -> Value {
    let value: toml::Value = toml::from_str(text).expect("this is TOML");
    serde_json::to_value(value).expect("both have the same values, but for dates")
}

/// Every file of `scenarios/`, with its text.
fn scenarios() -> Vec<(PathBuf, String)> {
    fn visit(folder: &Path, files: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).expect("it is a folder") {
            let path = entry.expect("listed").path();
            if path.is_dir() {
                visit(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                let text = fs::read_to_string(&path).expect("a text");
                files.push((path, text));
            }
        }
    }
    let mut files = Vec::new();
    visit(&root().join("scenarios"), &mut files);
    files.sort();
    assert!(files.len() >= 25, "the scenarios are gone");
    files
}

#[test]
fn the_schema_takes_every_scenario() {
    let schema = schema();
    for (path, text) in scenarios() {
        assert_eq!(complaint(&json(&text), &schema), None, "{}", path.display());
    }
}

/// Mistakes that an editor can underline.
#[test]
fn the_schema_refuses_what_has_the_wrong_form() {
    let schema = schema();
    let folder = root().join("sim/tests/it/diagnostics");
    for name in [
        "array-for-table",
        "defaults-unknown-key",
        "defaults-unknown-table",
        "key-missing",
        "mode-unknown",
        "negative-number",
        "not-two",
        "unit-duration",
        "unit-rate",
        "unknown-key-nested",
        "unknown-key-top",
        "unknown-value",
        "wrong-type",
    ] {
        let text = fs::read_to_string(folder.join(format!("{name}.toml"))).expect(name);
        assert!(complaint(&json(&text), &schema).is_some(), "{name} is taken");
    }
}

#[test]
fn some_scenario_uses_every_key() {
    let schema = schema();
    let mut used = BTreeSet::new();
    for (_, text) in scenarios() {
        keys::used(&json(&text), &schema, &schema, &mut used);
    }
    // Nothing of ours is known to fail.
    let all = keys::all(&schema).into_iter().filter(|(key, _)| key != "quarantine");
    let unused: Vec<Key> = all.filter(|key| !used.contains(key)).collect();
    assert!(unused.is_empty(), "keys that no file in scenarios/ uses: {unused:#?}");
}
