//! What each mistake in a scenario file is answered with.
//!
//! Every `diagnostics/*.toml` holds one class of mistake; the snapshot beside it holds the message.
//! After a change: `INSTA_UPDATE=always cargo test -p underpass-sim --test it diagnostics`, and
//! read each message that changed as the person who made the mistake.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use underpass_sim::scenario::{self, Vocabulary};

const VOCABULARY: Vocabulary<'_> = Vocabulary {
    machines: &["underpass", "registered"],
    ..Vocabulary::with_metrics(&["datagrams_sent", "datagrams_received", "handshakes"])
};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/diagnostics")
}

/// The names of the files with this ending, sorted.
fn names(ending: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder()).expect("the folder is part of the sources");
    let names = files.map(|file| file.expect("listed").file_name().into_string().expect("ASCII"));
    names.filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect()
}

#[test]
fn every_mistake_has_its_message() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let names = names(".toml");
    assert!(names.len() > 100, "the files are gone");
    for name in names {
        let file = format!("{name}.toml");
        let text = fs::read_to_string(folder().join(&file)).expect("listed");
        let report = match scenario::parse(&text, &file, &name, &VOCABULARY) {
            Ok(_) => panic!("{file}: no mistake was found"),
            Err(report) => report,
        };
        assert!(!report.diagnostics().is_empty(), "{file}: a report without a mistake");
        settings.bind(|| insta::assert_snapshot!(name, report.render(false)));
    }
}

#[test]
fn no_message_is_left_over() {
    let without: Vec<_> = names(".snap").difference(&names(".toml")).cloned().collect();
    assert!(without.is_empty(), "no file for {without:?}");
}
