//! What is shown.

use super::screen::{harmless, span};

#[test]
fn what_others_say_steers_no_terminal() {
    assert_eq!(harmless("a\u{1b}[2Jb\nc\u{9b}"), "a\\u{1b}[2Jb\nc\\u{9b}");
}

#[test]
fn spans_have_their_two_greatest_units() {
    let spans = [0.4, 59.0, 61.0, 3600.0, 90_000.0].map(span);
    assert_eq!(spans, ["0 s", "59 s", "1 min 1 s", "1 h 0 min", "1 d 1 h"]);
}
