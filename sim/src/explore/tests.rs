use std::collections::BTreeSet;

use super::*;

#[test]
fn what_is_made_by_chance_is_a_file_that_runs() {
    let mut shown = BTreeSet::new();
    for seed in 0..300 {
        let draft = generate(seed, &Size::DEFAULT);
        let text = draft.text();
        let again = Draft::read(&text).expect("it is TOML");
        assert_eq!(again.text(), text, "what is read is what was written");
        if let Err(report) = draft.scenario() {
            panic!("seed {seed}: {report}\n{text}");
        }
        shown.insert(text);
    }
    assert_eq!(shown.len(), 300, "every seed makes another one");
}
