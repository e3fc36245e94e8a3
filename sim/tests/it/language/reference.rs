//! docs/scenarios.md says what is so: its tables of keys are what the types say, its examples run.
//!
//! After a change of a key: `UPDATE_REFERENCE=1 cargo test -p underpass-sim --test it reference`, and
//! read what changed.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write;
use std::fs;

use serde_json::Value;
use underpass_sim::RunReport;
use underpass_sim::machine::underpass::Underpass;
use underpass_sim::scenario::schema::schema;
use underpass_sim::scenario::{self, Scenario, Vocabulary};

use super::keys::{self, Key, referred};
use super::{json, root};

/// Between these the document has what the types say of a table.
const BEGIN: &str = "<!-- keys of ";
const END: &str = "<!-- end -->\n";

fn reference() -> String {
    fs::read_to_string(root().join("docs/scenarios.md")).expect("there is a reference")
}

#[test]
fn the_tables_of_keys_are_what_the_types_say() {
    let (schema, reference) = (schema(), reference());
    let mut parts = reference.split(BEGIN);
    let mut text = parts.next().expect("a beginning").to_owned();
    let mut told = BTreeSet::new();
    for part in parts {
        let (name, rest) = part.split_once(" -->\n").expect("a name");
        let (_, rest) = rest.split_once(END).expect("an end");
        let table = if name == "File" { &schema } else { &schema["$defs"][name] };
        assert!(table["properties"].is_object(), "there is no table {name}");
        let written = write_table(table, &schema, &mut told);
        text += &format!("{BEGIN}{name} -->\n{written}{END}{rest}");
    }
    if text != reference && env::var_os("UPDATE_REFERENCE").is_some() {
        return fs::write(root().join("docs/scenarios.md"), &text).expect("it can be written");
    }
    let untold: Vec<Key> = keys::all(&schema).difference(&told).cloned().collect();
    assert!(untold.is_empty(), "keys that no table of docs/scenarios.md has: {untold:#?}");
    assert!(text == reference, "docs/scenarios.md is behind: see the head of this file");
}

fn write_table(table: &Value, schema: &Value, told: &mut BTreeSet<Key>) -> String {
    let mut text = String::from("| key | form | meaning |\n|---|---|---|\n");
    let required: Vec<&str> =
        table["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (key, value) in table["properties"].as_object().expect("keys") {
        let says = value["description"].as_str().unwrap_or_default();
        told.insert((key.clone(), says.into()));
        let mut says = says.split_whitespace().collect::<Vec<_>>().join(" ");
        for (word, meaning) in words(value, schema) {
            write!(says, "<br>`{word}`: {meaning}").expect("a text takes all");
        }
        let is_required = required.contains(&key.as_str()) || value["$comment"].is_string();
        let needed = if is_required { "; required" } else { "" };
        let form = format!("{}{needed}", form(value, schema));
        writeln!(text, "| `{key}` | {form} | {says} |").expect("a text takes all");
    }
    text
}

/// The words that a value may be, with what each means.
fn words(value: &Value, schema: &Value) -> Vec<(String, String)> {
    if let Some(definition) = referred(value, schema) {
        return words(definition, schema);
    }
    if let Some(word) = value["const"].as_str() {
        let meaning = value["description"].as_str().unwrap_or_default();
        return vec![(word.into(), meaning.into())];
    }
    let forms = ["anyOf", "oneOf"].into_iter().filter_map(|forms| value[forms].as_array());
    forms.flatten().chain(value.get("items")).flat_map(|form| words(form, schema)).collect()
}

/// The form of a value in a few words.
fn form(value: &Value, schema: &Value) -> String {
    if value["$ref"] == "#/$defs/MatrixValue" {
        return String::new();
    }
    if let Some(definition) = referred(value, schema) {
        return form(definition, schema);
    }
    if let Some(title) = value["title"].as_str() {
        return title.trim_start_matches("a ").into();
    }
    if value["const"].is_string() {
        return "word".into();
    }
    for forms in ["anyOf", "oneOf"] {
        if let Some(forms) = value[forms].as_array() {
            let mut all: Vec<_> =
                forms.iter().map(|it| form(it, schema)).filter(|form| !form.is_empty()).collect();
            all.dedup();
            return all.join(" or ");
        }
    }
    match value["type"].as_str() {
        Some("array") => {
            let of = form(&value["items"], schema);
            let two = if value["minItems"] == 2 { "two: " } else { "array: " };
            format!("{two}{of}")
        }
        Some("object") => "table".into(),
        Some("string") => "text".into(),
        Some("integer") => "number".into(),
        Some("boolean") => "`true` or `false`".into(),
        other => panic!("a form that has no word: {other:?} in {value}"),
    }
}

/// An example, with the words behind `toml` at its head.
struct Example {
    line: usize,
    kind: String,
    text: String,
}

fn examples() -> Vec<Example> {
    let reference = reference();
    let mut examples = Vec::new();
    let mut open: Option<Example> = None;
    for (line, text) in (1..).zip(reference.lines()) {
        match (&mut open, text.strip_prefix("```")) {
            (None, Some(kind)) => {
                open = Some(Example { line, kind: kind.into(), text: String::new() });
            }
            (Some(_), Some(_)) => examples.extend(open.take()),
            (Some(example), None) => {
                example.text += text;
                example.text.push('\n');
            }
            (None, None) => {}
        }
    }
    examples.retain(|example| example.kind.starts_with("toml"));
    examples
}

/// Examples are whole files, or (`toml network`) what a file adds that includes `network.toml`.
#[test]
fn the_examples_pass() {
    let vocabulary = Vocabulary::with_metrics(Underpass::metrics().leak());
    for Example { line, kind, text } in examples() {
        let text = match kind.as_str() {
            "toml" => text,
            "toml network" => format!("include = [\"network.toml\"]\n{text}"),
            other => panic!("line {line}: what is {other}?"),
        };
        let path = "tests/it/language/example.toml";
        let found = scenario::parse_all(&text, path, "example", &vocabulary);
        let scenarios = found.unwrap_or_else(|report| panic!("line {line}:\n{report}"));
        let runs = |scenario: &Scenario| -> Vec<RunReport> {
            scenario.seeds.iter().map(|seed| underpass_sim::run(scenario, *seed)).collect()
        };
        let mut runs: Vec<_> = scenarios.iter().map(runs).collect();
        let reports = runs.iter_mut().map(|reports| reports.iter_mut().collect());
        underpass_sim::judge(&mut scenarios.iter().zip(reports).collect::<Vec<_>>());
        for report in runs.iter().flatten() {
            assert!(report.passed(), "line {line}, {}: {:#?}", report.name(), report.failures);
        }
    }
}

#[test]
fn every_key_has_an_example() {
    let schema = schema();
    let mut used = BTreeSet::new();
    for example in examples() {
        keys::used(&json(&example.text), &schema, &schema, &mut used);
    }
    let unused: Vec<Key> = keys::all(&schema).difference(&used).cloned().collect();
    assert!(unused.is_empty(), "keys without an example in docs/scenarios.md: {unused:#?}");
}
