//! What the TOML reader complains about, in words for people.

use super::diagnostic::Diagnostic;

/// The reader only hands out a text, so the text is taken apart; tests pin its wording.
pub(super) fn diagnostic(error: &toml::de::Error, text: &str) -> Diagnostic {
    let span = error.span().unwrap_or(0..0);
    let message = error.message();
    let at = |message: String| Diagnostic::at(span.clone(), message);
    if let Some((name, known)) = split(message, "unknown field `") {
        return at(format!("unknown key `{name}`"))
            .label("there is no such key here")
            .help(suggest(&name, "keys", &known));
    }
    if let Some((value, known)) = split(message, "unknown variant `") {
        return at(format!("unknown value {value:?}"))
            .label("not one of its values")
            .help(suggest(&value, "values", &known));
    }
    if let Some(key) =
        message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`'))
    {
        return at(format!("`{key}` is missing")).label(format!("this table has no `{key}`"));
    }
    if (message.starts_with("invalid type") || message.starts_with("invalid value"))
        && let Some((_, expected)) = message.rsplit_once(", expected ")
    {
        let written = text.get(span.clone()).unwrap_or_default();
        let diagnostic = at(format!("this must be {}", plain(expected))).label("it is not");
        let is_bare = written.parse::<f64>().is_ok() || ["true", "false"].contains(&written);
        return match (expected, is_bare) {
            ("a string", true) => diagnostic.help(format!("put it in quotes: `\"{written}\"`")),
            ("a sequence", _) if written.starts_with('"') => {
                diagnostic.help(format!("put it in brackets: `[{written}]`"))
            }
            _ => diagnostic,
        };
    }
    at(message.into())
}

/// What was written, and what could have been.
fn split(message: &str, begin: &str) -> Option<(String, Vec<String>)> {
    let (name, rest) = message.strip_prefix(begin)?.split_once("`, ")?;
    let known = rest.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    Some((name.into(), known))
}

/// The reader's words for what it expects, in those of people who write TOML.
fn plain(expected: &str) -> &str {
    match expected {
        "a sequence" => "an array",
        "a boolean" => "`true` or `false`",
        "u16" => "a whole number from 0 to 65535",
        "u64" | "usize" => "a whole number, zero or more",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
}

/// The name that was probably meant, otherwise all that there are.
pub(super) fn suggest(name: &str, what: &str, known: &[String]) -> String {
    let distance = |candidate: &&String| strsim::osa_distance(name, candidate);
    let nearest = known.iter().min_by_key(distance);
    match nearest.filter(|nearest| strsim::osa_distance(name, nearest) <= (name.len() / 3).max(1)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let all: Vec<_> = known.iter().map(|name| format!("`{name}`")).collect();
            format!("the {what} are {}", all.join(", "))
        }
    }
}
