//! The environment and flags, each written as the line of a file that would say the same.

use super::complaint::suggest;

/// How the value of a key is written outside of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    /// As it is.
    Text,
    /// Between commas.
    Texts,
    /// `true` or `false`.
    Bool,
}

/// Every key that one value says.
const KEYS: &[(&str, Form)] = &[
    ("key_file", Form::Text),
    ("state_file", Form::Text),
    ("listen", Form::Texts),
    ("peers", Form::Texts),
    ("foreign_relays", Form::Texts),
    ("relay", Form::Bool),
    ("limits", Form::Text),
    ("ping_interval", Form::Text),
    ("message_lifetime", Form::Text),
    ("discoverable", Form::Bool),
    ("tags", Form::Texts),
    ("newcomers", Form::Bool),
    ("access.answers", Form::Text),
    ("access.messages", Form::Text),
    ("access.relays", Form::Text),
    ("access.allow", Form::Texts),
    ("network.name", Form::Text),
    ("network.secret_file", Form::Text),
    ("network.previous_secret_file", Form::Text),
    ("network.open", Form::Bool),
    ("api.enabled", Form::Bool),
    ("api.listen", Form::Text),
    ("api.token_file", Form::Text),
    ("api.hosts", Form::Texts),
    ("log.level", Form::Text),
    ("log.format", Form::Text),
];

/// What the names of variables begin with.
pub(crate) const PREFIX: &str = "UNDERPASS_";

/// Variables that are no keys.
pub(crate) const CONFIG_VARIABLE: &str = "UNDERPASS_CONFIG";

/// A value from outside the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Outside {
    /// As messages call it.
    pub(crate) name: String,
    /// The line of a file that says the same; what is wrong with the name otherwise.
    pub(crate) line: Result<String, String>,
}

/// Those of the environment, in order of their names.
pub(crate) fn of_environment(variables: impl Iterator<Item = (String, String)>) -> Vec<Outside> {
    let mut ours: Vec<_> =
        variables.filter(|(name, _)| name.starts_with(PREFIX) && name != CONFIG_VARIABLE).collect();
    ours.sort();
    let variable = |key: &str| format!("{PREFIX}{}", key.to_uppercase().replace('.', "_"));
    let outside = |(name, value): (String, String)| {
        let key = KEYS.iter().find(|(key, _)| variable(key) == name);
        let line = match key {
            Some((key, form)) => Ok(line(key, *form, &value)),
            None => {
                let known: Vec<_> = KEYS.iter().map(|(key, _)| variable(key)).collect();
                Err(suggest(&name, "variables", &known))
            }
        };
        Outside { name, line }
    };
    ours.into_iter().map(outside).collect()
}

/// A flag that sets a key.
pub(crate) fn of_flag(name: &str, key: &str, value: &str) -> Outside {
    let line = match KEYS.iter().find(|(known, _)| *known == key) {
        Some((key, form)) => Ok(line(key, *form, value)),
        None => {
            let known: Vec<_> = KEYS.iter().map(|(key, _)| (*key).to_owned()).collect();
            Err(suggest(key, "keys", &known))
        }
    };
    Outside { name: name.into(), line }
}

fn line(key: &str, form: Form, value: &str) -> String {
    let quoted = |text: &str| toml::Value::String(text.into()).to_string();
    let value = match form {
        Form::Text => quoted(value),
        Form::Texts => {
            let each = value.split(',').map(str::trim).filter(|text| !text.is_empty());
            format!("[{}]", each.map(quoted).collect::<Vec<_>>().join(", "))
        }
        Form::Bool if ["true", "false"].contains(&value) => value.into(),
        Form::Bool => quoted(value),
    };
    format!("{key} = {value}")
}
