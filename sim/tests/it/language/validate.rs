//! As much of a JSON Schema validator as the schema of scenario files needs. It knows every keyword
//! that this schema uses and refuses any other, so that nothing goes unchecked; a complete one would
//! bring forty crates, some under licences that the project does not take.

use regex::Regex;
use serde_json::Value;

use super::keys::referred;

/// Says nothing about values.
const NOTES: &[&str] = &["$schema", "$defs", "title", "description", "format", "$comment"];

/// What is wrong with a value, if anything.
pub(super) fn complaint(value: &Value, schema: &Value) -> Option<String> {
    check(value, schema, schema)
}

fn check(value: &Value, form: &Value, schema: &Value) -> Option<String> {
    let keywords = match form {
        Value::Bool(true) => return None,
        Value::Bool(false) => return Some(format!("{value} must not be there")),
        Value::Object(keywords) => keywords,
        _ => panic!("{form} is no schema"),
    };
    keywords.iter().find_map(|(keyword, says)| {
        let taken = |form: &&Value| check(value, form, schema).is_none();
        let wrong = |is_right: bool| {
            (!is_right).then(|| format!("{value} is not as `{keyword}` says: {says}"))
        };
        match keyword.as_str() {
            "$ref" => check(value, referred(form, schema).expect("defined"), schema),
            "type" => wrong(has_type(value, says)),
            "const" => wrong(value == says),
            "enum" => wrong(list(says).contains(value)),
            "pattern" => {
                let pattern = Regex::new(says.as_str().expect("a text")).expect("a pattern");
                wrong(value.as_str().is_none_or(|text| pattern.is_match(text)))
            }
            "minimum" => wrong(value.as_f64().is_none_or(|it| Some(it) >= says.as_f64())),
            "maximum" => wrong(value.as_f64().is_none_or(|it| Some(it) <= says.as_f64())),
            "minItems" => {
                wrong(value.as_array().is_none_or(|it| Some(it.len() as u64) >= says.as_u64()))
            }
            "maxItems" => {
                wrong(value.as_array().is_none_or(|it| Some(it.len() as u64) <= says.as_u64()))
            }
            "items" => value.as_array()?.iter().find_map(|element| check(element, says, schema)),
            "anyOf" => wrong(list(says).iter().any(|form| taken(&form))),
            "oneOf" => wrong(list(says).iter().filter(taken).count() == 1),
            "required" => {
                let table = value.as_object()?;
                let missing =
                    list(says).iter().find(|key| !table.contains_key(key.as_str().expect("a key")));
                missing.map(|key| format!("{key} is missing in {value}"))
            }
            "properties" => {
                let table = value.as_object()?;
                table.iter().find_map(|(key, value)| check(value, says.get(key)?, schema))
            }
            "additionalProperties" => {
                let table = value.as_object()?;
                let other = |key: &String| {
                    keywords.get("properties").is_none_or(|it| it.get(key).is_none())
                };
                let others = table.iter().filter(|(key, _)| other(key));
                others.into_iter().find_map(|(key, value)| {
                    check(value, says, schema).map(|wrong| format!("{key}: {wrong}"))
                })
            }
            note if NOTES.contains(&note) => None,
            other => panic!("the validator does not know `{other}`"),
        }
    })
}

fn has_type(value: &Value, name: &Value) -> bool {
    match name.as_str().expect("one type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        other => panic!("the validator does not know the type {other}"),
    }
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().expect("an array")
}
