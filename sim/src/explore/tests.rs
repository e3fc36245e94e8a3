use std::collections::BTreeSet;

use super::*;

#[test]
fn what_is_made_by_chance_is_a_file_that_runs() {
    let mut shown = BTreeSet::new();
    for seed in 0..300 {
        let draft = generate(seed, &Size::DEFAULT, None);
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

/// What fails in one way: somebody says something to another.
fn fails_alike(draft: &Draft) -> bool {
    draft.scenario().is_ok_and(|scenario| !scenario.sends.is_empty())
}

#[test]
fn what_a_failure_does_not_need_is_left_out() {
    for seed in 0..10 {
        let draft = generate(seed, &Size { sends: (2, 4), ..Size::DEFAULT }, None);
        assert!(fails_alike(&draft), "{}", draft.text());
        let small = shrink(draft, fails_alike);
        let scenario = small.scenario().expect("it fails as a file that runs");
        let counts = (scenario.nodes.len(), scenario.nats.len(), scenario.sends.len());
        assert_eq!(counts, (2, 0, 1), "{}", small.text());
        assert_eq!(small.events(), 1, "{}", small.text());
        assert_eq!(scenario.sends[0].at, underpass_core::Instant::ORIGIN, "{}", small.text());
    }
}

#[test]
fn chance_is_replaced_by_what_it_did() {
    let text = "format = 1\ntitle = \"A bad link\"\nduration = \"60s\"\ncheckers_only = true\n\
                [link]\ndelay = \"10ms\"\nloss = \"20%\"\n\
                [[node]]\nname = \"a\"\npeers = [\"b\"]\n[[node]]\nname = \"b\"\n";
    let draft = Draft::read(text).expect("it is TOML");
    let pinned = pin_losses(&draft).expect("a fifth of all packets is lost");
    assert!(pinned.events() > 3 && !pinned.text().contains("loss"), "{}", pinned.text());
    let hash =
        |draft: &Draft| attempt(draft).map(|it| it.report.map(|report| report.tally.delivered));
    assert_eq!(hash(&pinned).ok(), hash(&draft).ok(), "the same packets arrive");
}
