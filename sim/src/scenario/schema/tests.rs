use super::*;

/// Every reference leads somewhere.
#[test]
fn no_reference_is_broken() {
    fn check(value: &Value, definitions: &Map<String, Value>) {
        if value.get("$ref").is_some() {
            assert!(referred(value, definitions).is_some(), "{value}");
        }
        match value {
            Value::Object(object) => object.values().for_each(|value| check(value, definitions)),
            Value::Array(array) => array.iter().for_each(|value| check(value, definitions)),
            _ => {}
        }
    }
    let schema = schema();
    check(&schema, schema["$defs"].as_object().expect("definitions"));
}

#[test]
fn every_key_says_what_it_means() {
    let schema = schema();
    let definitions = schema["$defs"].as_object().expect("definitions");
    for (name, table) in definitions.iter().chain([(&"File".to_owned(), &schema)]) {
        for (key, value) in table["properties"].as_object().into_iter().flatten() {
            assert!(value["description"].is_string(), "{name}.{key}: {value}");
        }
    }
}
