//! The keys of the language, and which of them a file uses.

use std::collections::BTreeSet;

use serde_json::Value;

/// A key with what is said of it: tables that share a key share both.
pub(super) type Key = (String, String);

/// Every key of every table.
pub(super) fn all(schema: &Value) -> BTreeSet<Key> {
    let definitions = schema["$defs"].as_object().expect("definitions");
    let tables = definitions.values().chain([schema]);
    let keys = tables.flat_map(|table| table["properties"].as_object().into_iter().flatten());
    keys.map(|(key, value)| named(key, value)).collect()
}

fn named(key: &str, value: &Value) -> Key {
    (key.into(), value["description"].as_str().unwrap_or_default().into())
}

/// The keys that a value uses, which is to be as `form` says.
pub(super) fn used(value: &Value, form: &Value, schema: &Value, keys: &mut BTreeSet<Key>) {
    if let Some(definition) = referred(form, schema) {
        used(value, definition, schema, keys);
    }
    for forms in ["anyOf", "oneOf"] {
        let forms = form[forms].as_array().into_iter().flatten();
        forms.for_each(|form| used(value, form, schema, keys));
    }
    match value {
        Value::Object(table) => {
            for (key, value) in table {
                let of_key = &form["properties"][key];
                if of_key.is_null() {
                    used(value, &form["additionalProperties"], schema, keys);
                } else {
                    keys.insert(named(key, of_key));
                    used(value, of_key, schema, keys);
                }
            }
        }
        Value::Array(array) => {
            array.iter().for_each(|element| used(element, &form["items"], schema, keys));
        }
        _ => {}
    }
}

/// What a form refers to.
pub(super) fn referred<'s>(form: &Value, schema: &'s Value) -> Option<&'s Value> {
    let name = form["$ref"].as_str()?.strip_prefix("#/$defs/")?;
    Some(&schema["$defs"][name])
}
