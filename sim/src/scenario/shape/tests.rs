use super::*;

/// The mistakes in a text without a matrix.
fn mistakes(text: &str) -> Vec<Diagnostic> {
    let files = crate::scenario::include::gather("", text);
    read(&files).and_then(|document| document.shape(&[])).err().expect("there are some")
}

/// The reader's wording, on which the diagnostics are built. If an update of the TOML crates
/// changes it, this says so more plainly than the messages that get worse.
#[test]
fn the_reader_complains_as_expected() {
    let complaint = |text: &str| {
        let text = format!("format = 1\ntitle = \"t\"\nduration = \"1s\"\n{text}\n");
        let error = toml::from_str::<File>(&text).unwrap_err();
        Complaint::of(error.message())
    };
    let known = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let drop = "[[fault]]\nat = \"1s\"\ndrop = { form = \"a\" }";
    let keys = known(&["from", "to", "nth"]);
    assert_eq!(complaint(drop), Complaint::UnknownKey { known: keys });
    let node = "[[node]]\nname = \"a\"\ninterfaces = [\"ipv5\"]";
    let value = "ipv5".into();
    assert_eq!(complaint(node), Complaint::UnknownValue { value, known: known(&["ipv4", "ipv6"]) });
    assert_eq!(complaint("[[node]]"), Complaint::MissingKey { key: "name".into() });
    for (text, expected) in [
        ("tags = 5", "an array"),
        ("quarantine = 5", "a string"),
        ("max_events = -1", "a whole number, zero or more"),
        ("expect = [{ never = 1 }]", "`true` or `false`"),
        ("expect = [{ during = [\"1s\"] }]", "an array of two"),
        ("expect = [{ session = 1 }]", "a table"),
        ("send = [{ mode = 1 }]", "a string"),
    ] {
        assert_eq!(complaint(text), Complaint::WrongForm { expected: expected.into() }, "{text}");
    }
    assert!(matches!(complaint("[link]\ndelay = \"5\""), Complaint::Quantity { .. }));
}

#[test]
fn a_table_is_not_read_from_an_array() {
    let text = "format = 1\ntitle = \"t\"\nduration = \"1s\"\n\
                expect = [{ session = [[\"a\", \"b\"], \"active\"] }]\n";
    assert!(!mistakes(text).is_empty());
}

#[test]
fn many_mistakes_are_cut_off() {
    let nodes = "[[node]]\n".repeat(1_000);
    let mistakes = mistakes(&format!("format = 1\n{nodes}"));
    assert_eq!(mistakes.len(), MISTAKES_MAX);
}
