//! Through the kernel's own NAT: `cargo xtask kernel-nat` runs these where namespaces can be made.

mod lab;

use std::process::Command;

use crate::daemon::Daemon;
use lab::{Lab, Nat};

/// Waits until the first is connected with the second, whom it finds through the relay.
fn meet([relay, a, b]: &[Daemon; 3]) {
    meet_by([relay, a, b]);
}

fn meet_by([relay, a, b]: [&Daemon; 3]) {
    a.reach(&relay.id);
    b.reach(&relay.id);
    a.reach(&b.id);
}

/// Waits until packets to a peer go directly.
fn wait_for_direct(from: &Daemon, to: &Daemon) {
    let mut watch = from.watch();
    while from.peer(&to.id)["path"] != "direct" {
        watch.next();
    }
}

fn wait_for_reason(from: &Daemon, to: &Daemon, reason: &str) {
    let mut watch = from.watch();
    while from.peer(&to.id)["why"]["reason"] != reason {
        watch.next();
    }
}

/// A mapping takes its time to expire, and nothing says when it has.
fn idle(secs: &str) {
    Command::new("sleep").arg(secs).status().expect("it is there");
}

#[test]
#[ignore = "needs network namespaces: cargo xtask kernel-nat"]
fn masquerade_to_masquerade_goes_direct() {
    let lab = Lab::new(Nat::Masquerade, Nat::Masquerade);
    let daemons = lab.daemons();
    meet(&daemons);
    let [_, a, b] = &daemons;
    wait_for_direct(a, b);
    wait_for_direct(b, a);
    assert_eq!(a.peer(&b.id)["address"], "203.0.113.2:4747");
    assert!(a.ask(&["why", &b.id]).ok().out.contains("is reached directly, at 203.0.113.2:4747"));
}

#[test]
#[ignore = "needs network namespaces: cargo xtask kernel-nat"]
fn fully_random_to_masquerade_stays_relayed_and_says_why() {
    let lab = Lab::new(Nat::FullyRandom, Nat::Masquerade);
    let daemons = lab.daemons();
    meet(&daemons);
    let [relay, a, b] = &daemons;
    wait_for_reason(b, a, "no-answer");
    wait_for_reason(a, b, "no-answer");
    for (from, to, nat) in [(a, b, "203.0.113.1:"), (b, a, "203.0.113.2:")] {
        let peer = from.peer(&to.id);
        assert_eq!((&peer["path"], &peer["relay"]), (&"relayed".into(), &relay.id.clone().into()));
        let why = from.ask(&["why", &to.id]).ok().out;
        assert!(why.contains(&format!("is reached through {}", relay.id)), "{why}");
        // The evidence: where the relay sees it, what was tried, and when that is done again.
        assert!(
            why.contains("nothing came back from where the peer should be (no-answer)"),
            "{why}"
        );
        assert!(why.contains(&format!("this node is seen at {nat}")), "{why}");
        let probes = peer["why"]["probes"].as_u64().expect("a number");
        assert!(why.contains(&format!("probes of the last attempt: {probes}")), "{why}");
        assert!((1..=8).contains(&probes) && why.contains("next attempt in "), "{why}");
    }
    a.send(&b.id, &[], b"all the same").ok();
    b.send(&a.id, &[], b"all the same").ok();
}

#[test]
#[ignore = "needs network namespaces: cargo xtask kernel-nat"]
fn ports_that_vary_are_named_by_whoever_is_seen_by_two() {
    let lab = Lab::new(Nat::FullyRandom, Nat::Masquerade);
    let [relay, a, b, other] = &lab.daemons_of_two_relays();
    meet_by([relay, a, b]);
    a.reach(&other.id);
    b.reach(&other.id);
    wait_for_reason(a, b, "own-ports-vary");
    let peer = a.peer(&b.id);
    assert_eq!(peer["path"], "relayed");
    let seen: Vec<_> = peer["why"]["seen_at"].as_array().expect("a list").clone();
    assert_eq!(seen.len(), 2, "{peer}");
    assert_ne!(seen[0], seen[1]);
    let why = a.ask(&["why", &b.id]).ok().out;
    let text =
        seen.iter().map(|at| at.as_str().expect("text")).collect::<Vec<_>>().join(" and at ");
    assert!(why.contains(&format!("this node is seen at {text}")), "{why}");
    assert!(why.contains("gives it another port towards every address"), "{why}");
    assert!(why.contains("what helps: "), "{why}");
    wait_for_reason(b, a, "peer-ports-vary");
    a.send(&b.id, &[], b"all the same").ok();
}

#[test]
#[ignore = "needs network namespaces: cargo xtask kernel-nat"]
fn a_mapping_that_expires_is_made_anew_by_whoever_is_behind_it() {
    let lab = Lab::new(Nat::Masquerade, Nat::Masquerade);
    for setting in ["udp_timeout", "udp_timeout_stream"] {
        let setting = format!("net.netfilter.nf_conntrack_{setting}=2");
        lab.exec("nat-a", &["sysctl", "-qw", &setting]);
    }
    let daemons = lab.daemons();
    let [relay, a, _] = &daemons;
    a.reach(&relay.id);
    let mut watches = [relay.watch(), a.watch()];
    // Whoever speaks first: what cannot come in waits until somebody inside has spoken, and then no longer.
    for [first, second] in [[a, relay], [relay, a], [a, relay], [relay, a]] {
        idle("3");
        first.send(&second.id, &[], b"first").ok();
        second.send(&first.id, &[], b"second").ok();
    }
    for [from, to] in [[a, relay], [relay, a]] {
        from.send(&to.id, &[], b".").ok();
    }
    for watch in &mut watches {
        let mut got = watch.messages_until_dot();
        got.sort();
        assert_eq!(got, [&b"first"[..], b"first", b"second", b"second"]);
    }
}

#[test]
#[ignore = "needs network namespaces: cargo xtask kernel-nat"]
fn a_home_without_udp_is_told_so() {
    let lab = Lab::new(Nat::Blocked, Nat::Masquerade);
    let [relay, a, _] = &lab.daemons();
    wait_for_reason(a, relay, "udp-blocked");
    let why = a.ask(&["why", &relay.id]).ok().out;
    assert!(why.contains("the network seems to block it"), "{why}");
}

#[test]
#[ignore = "needs network namespaces: cargo xtask kernel-nat"]
fn connections_forgotten_in_the_middle_lose_nothing() {
    const COUNT: usize = 120;
    let lab = Lab::new(Nat::Masquerade, Nat::Masquerade);
    let daemons = lab.daemons();
    meet(&daemons);
    let [_, a, b] = &daemons;
    wait_for_direct(a, b);
    let mut watch = b.watch();
    let payload = |number: usize| vec![number as u8; 16 * 1024];
    std::thread::scope(|scope| {
        let sender = scope.spawn(|| {
            for number in 0..COUNT {
                a.send(&b.id, &["--timeout-ms", "60000"], &payload(number)).ok();
            }
            a.send(&b.id, &["--timeout-ms", "60000"], b".").ok();
        });
        for _ in 0..3 {
            lab.exec("nat-a", &["conntrack", "-F"]);
            lab.exec("nat-b", &["conntrack", "-F"]);
            idle("0.3");
        }
        sender.join().expect("all were delivered");
    });
    let got = watch.messages_until_dot();
    assert!(got.len() == COUNT && (0..COUNT).all(|number| got[number] == payload(number)));
}

#[test]
#[ignore = "needs network namespaces: cargo xtask kernel-nat"]
fn a_host_that_moves_is_noticed_and_stays_in_touch() {
    let lab = Lab::new(Nat::Masquerade, Nat::Masquerade);
    let [relay, a, _] = &lab.daemons();
    a.reach(&relay.id);
    let mut watch = a.watch();
    // With its first address go the others of that network, and the way out.
    lab.ip("a", "addr flush dev lan");
    lab.ip("a", "addr add 192.168.1.7/24 dev lan");
    lab.ip("a", "route add default via 192.168.1.1");
    watch.next_of("network-changed");
    relay.send(&a.id, &["--timeout-ms", "60000"], b"here, too").ok();
    assert_eq!(a.status()["addresses"], serde_json::json!(["192.168.1.7:4747"]));
}
