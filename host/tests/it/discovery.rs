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
    let refused = a.ask(&["broadcast", "hear, hear"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.err.contains("`discoverable = true`"), "{}", refused.err);
}

/// As a person does it who reads no further: the first is made, each next one calls the one before.
#[test]
fn a_chain_of_daemons_as_they_are_made_discovers_itself() {
    let c = Daemon::as_made(&[]).up();
    let secret = c.file("network.secret");
    let after = |before: &Daemon| {
        let secret = secret.to_str().expect("text");
        Daemon::as_made(&["--secret", secret, "--peer", &before.url()]).up()
    };
    let b = after(&c);
    let a = after(&b);
    for (one, other) in [(&a, &c), (&c, &a)] {
        one.hears_of(&other.id);
        let mut watch = other.watch();
        one.send(&other.id, &["--timeout-ms", "60000"], b"nice to meet you").ok();
        one.send(&other.id, &[], b".").ok();
        assert_eq!(watch.messages_until_dot(), [b"nice to meet you"]);
    }
}

#[test]
fn what_one_tells_everybody_is_heard_by_those_it_does_not_know() {
    let [a, b, c] = three();
    a.hears_of(&c.id);
    let mut watches = [b.watch(), c.watch()];
    a.ask(&["broadcast", "hear, hear", "--kind", "9"]).ok();
    for watch in &mut watches {
        let heard = watch.next_of("broadcast");
        assert_eq!((&heard["peer"], &heard["kind"]), (&a.id.clone().into(), &9.into()));
        assert_eq!(heard["payload"], data_encoding::BASE64.encode(b"hear, hear"));
    }
    let long = a.ask(&["broadcast", &"x".repeat(513)]);
    assert_eq!(long.code, Some(1));
    assert!(long.err.contains("at most 512 bytes"), "{}", long.err);
    let often = (0..10).map(|_| a.ask(&["broadcast", "again"])).find(|said| said.code != Some(0));
    assert!(often.expect("it is too often").err.contains("no more than eight a minute"));
}
