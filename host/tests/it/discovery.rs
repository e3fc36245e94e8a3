//! Nodes that find each other by hearsay.

use crate::daemon::Daemon;

/// A and C know B, which relays, and nothing of each other; all are discoverable.
fn three() -> [Daemon; 3] {
    let b = Daemon::new();
    b.configure_top("discoverable = true\nrelay = true");
    let b = b.up();
    let a = Daemon::near(&b, &[&b.url()]);
    a.configure_top("discoverable = true");
    let c = Daemon::near(&b, &[&b.url()]);
    c.configure_top("discoverable = true\ntags = [\"films\"]");
    [a.up(), b, c.up()]
}

#[test]
fn three_discover_each_other_and_talk() {
    let [a, b, c] = three();
    for (one, other) in [(&a, &b), (&a, &c), (&b, &a), (&b, &c), (&c, &a), (&c, &b)] {
        one.hears_of(&other.id);
    }
    let mut watch = c.watch();
    a.send(&c.id, &[], b"nice to meet you").ok();
    a.send(&c.id, &[], b".").ok();
    assert_eq!(watch.messages_until_dot(), [b"nice to meet you"]);
    let found = a.ask(&["find", "films", "--json"]).json();
    assert_eq!(found["found"], serde_json::json!([c.id]));
}

#[test]
fn one_that_only_listens_hears_of_others_and_nobody_hears_of_it() {
    let [a, b, c] = three();
    let silent = Daemon::near(&c, &[&b.url()]);
    silent.configure_top("discoverable = false");
    let silent = silent.up();
    for other in [&a, &c] {
        silent.hears_of(&other.id);
        let known = other.ask(&["known", "--json"]).json();
        assert!(!known.to_string().contains(&silent.id), "{known}");
    }
}

#[test]
fn who_takes_no_part_says_so() {
    let a = Daemon::new().up();
    let refused = a.ask(&["find", "films"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("takes no part in gossip"), "{}", refused.err);
}
