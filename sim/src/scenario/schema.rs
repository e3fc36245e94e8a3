//! The JSON Schema of scenario files, for editors: what the types of [`super::file`] say of
//! themselves.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::file::File;

/// What stands in a file where the matrix gives a value.
const PLACEHOLDER: &str = "MatrixValue";

/// Keys of the whole scenario that no cell can have a value for.
const FIXED: &[&str] = &["format", "include"];

/// Beside a key that must be there, and need not be in this table of this file.
const ELSEWHERE: &str = "required, here, in an included file or in [defaults]";

/// Types that describe the matrix itself.
const OF_MATRIX: &[&str] = &["Matrix", "When", "Choice", "Value"];

/// The schema, draft 2020-12. It knows forms; what names mean, `check` knows.
pub fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<File>().to_value();
    without_null(&mut schema);
    let definitions = take_definitions(&mut schema);
    let mut placed = Map::new();
    for (name, mut definition) in definitions.clone() {
        if !OF_MATRIX.contains(&name.as_str()) && name != "Defaults" {
            take_values(&mut definition, &[], &definitions);
        }
        placed.insert(name, definition);
    }
    take_values(&mut schema, FIXED, &definitions);
    add_defaults(&mut placed);
    loosen(&mut placed);
    placed.insert(PLACEHOLDER.into(), placeholder());
    schema["$defs"] = Value::Object(placed);
    schema["title"] = "Underpass scenario".into();
    // A file that others include need not be whole.
    excuse(&mut schema, &[]);
    schema
}

fn placeholder() -> Value {
    json!({
        "description": "Stands for the value that each cell of `[matrix]` has for this name.",
        "type": "string",
        "pattern": "^\\$[A-Za-z_][A-Za-z0-9_-]*$",
    })
}

fn take_definitions(schema: &mut Value) -> Map<String, Value> {
    match schema["$defs"].take() {
        Value::Object(definitions) => definitions,
        _ => Map::new(),
    }
}

/// TOML has no null: what need not be there is left out.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(types)) = object.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    object["type"] = only.clone();
                }
            }
            if let Some(Value::Array(forms)) = object.get_mut("anyOf") {
                forms.retain(|form| form["type"] != "null");
                if let [Value::Object(only)] = forms.as_slice() {
                    let only = only.clone();
                    object.remove("anyOf");
                    // What is said of the key goes before what is said of its type.
                    for (key, value) in only {
                        object.entry(key).or_insert(value);
                    }
                }
            }
            object.remove("default");
            object.values_mut().for_each(without_null);
        }
        Value::Array(array) => array.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// Lets `"$name"` stand for the values of a table, but for these keys.
fn take_values(table: &mut Value, but: &[&str], definitions: &Map<String, Value>) {
    if let Some(Value::Object(keys)) = table.get_mut("properties") {
        let keys = keys.iter_mut().filter(|(key, _)| !but.contains(&key.as_str()));
        keys.for_each(|(_, value)| take_value(value, definitions));
    }
    for forms in ["anyOf", "oneOf"] {
        if let Some(Value::Array(forms)) = table.get_mut(forms) {
            forms.iter_mut().for_each(|form| take_values(form, but, definitions));
        }
    }
}

fn take_value(value: &mut Value, definitions: &Map<String, Value>) {
    if value.get("properties").is_some() {
        return take_values(value, &[], definitions);
    }
    if let Some(items) = value.get_mut("items") {
        return take_value(items, definitions);
    }
    if !is_single(value, definitions) {
        return;
    }
    let description = value.as_object_mut().and_then(|value| value.remove("description"));
    let form = value.take();
    *value = json!({ "anyOf": [form, { "$ref": format!("#/$defs/{PLACEHOLDER}") }] });
    if let Some(description) = description {
        value["description"] = description;
    }
}

/// Whether a value may be one that is no table and no array, and not any text anyway.
fn is_single(value: &Value, definitions: &Map<String, Value>) -> bool {
    if let Some(definition) = referred(value, definitions) {
        return is_single(definition, definitions);
    }
    let any = |forms: &str| {
        let forms = value.get(forms).and_then(Value::as_array);
        forms.is_some_and(|forms| forms.iter().any(|form| is_single(form, definitions)))
    };
    let is_text = value["type"] == "string";
    let is_bound = ["pattern", "enum", "const"].iter().any(|key| value.get(key).is_some());
    let is_number = value["type"] == "integer" || value["type"] == "boolean";
    is_number || (is_text && is_bound) || any("anyOf") || any("oneOf")
}

fn referred<'d>(value: &Value, definitions: &'d Map<String, Value>) -> Option<&'d Value> {
    definitions.get(value.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?)
}

/// Defaults have the keys of the entries that they are for, all but the name, and none is required.
fn add_defaults(definitions: &mut Map<String, Value>) {
    let Some(Value::Object(mut lists)) =
        definitions.get("Defaults").map(|it| it["properties"].clone())
    else {
        return;
    };
    for list in lists.values_mut() {
        let Some(entry) = referred(list, definitions) else { continue };
        let mut own = entry.clone();
        if let Some(own) = own.as_object_mut() {
            own.remove("required");
        }
        if let Some(Value::Object(keys)) = own.get_mut("properties") {
            keys.remove("name");
        }
        own["description"] = list["description"].clone();
        *list = own;
    }
    definitions["Defaults"]["properties"] = Value::Object(lists);
}

/// What an entry must have, it may have from a default; the name alone is its own.
fn loosen(definitions: &mut Map<String, Value>) {
    let lists = definitions.get("Defaults").and_then(|it| it["properties"].as_object()).cloned();
    let titles = lists.into_iter().flatten().filter_map(|(list, _)| entry_type(&list));
    for title in titles {
        let Some(entry) = definitions.get_mut(title) else { continue };
        excuse(entry, &["name"]);
    }
}

/// Asks for no keys but these: the others may come from elsewhere. A comment says so.
fn excuse(table: &mut Value, own: &[&str]) {
    let Some(Value::Array(required)) = table.get_mut("required").map(Value::take) else { return };
    let is_own = |key: &Value| key.as_str().is_some_and(|key| own.contains(&key));
    let (own, others): (Vec<Value>, _) = required.into_iter().partition(is_own);
    table["required"] = own.into();
    for key in others.iter().filter_map(Value::as_str) {
        table["properties"][key]["$comment"] = ELSEWHERE.into();
    }
}

/// The type of the entries of a list.
fn entry_type(list: &str) -> Option<&'static str> {
    let types = ["Link", "Nat", "Node", "Send", "Fault", "Expect"];
    types.into_iter().find(|name| name.to_lowercase() == list)
}

#[cfg(test)]
mod tests;
