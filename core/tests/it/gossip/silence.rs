//! Nodes that are not discoverable.

use underpass_core::{Counter, Duration, Event, FindError, Gossip};

use super::{knows, net_of, tag};
use crate::net::Net;

const OPEN: Gossip = Gossip::DISCOVERABLE;

/// A silent node that knows the first of a chain, whose last has films.
fn cinema(count: usize) -> (Net, usize) {
    let mut all = vec![OPEN; count];
    all[count - 1] = OPEN.with_tag(tag("films"));
    all.push(Gossip::SILENT);
    let mut net = net_of(&all);
    for host in 1..count {
        net.connect(host - 1, host);
    }
    net.connect(count, 0);
    net.run_for(Duration::from_secs(30));
    (net, count)
}

#[test]
fn nobody_knows_of_a_silent_node_but_whom_it_has_called() {
    let (mut net, silent) = cinema(6);
    let (id, address) = (net.hosts[silent].id(), net.hosts[silent].address);
    net.run_past(Duration::from_secs(1800), |_, packet| {
        let ends = [packet.from, packet.to];
        let called = std::net::SocketAddr::from(([20, 0, 0, 1], 4747));
        assert!(!ends.contains(&address) || ends.contains(&called));
        true
    });
    for of in 0..silent {
        assert!(knows(&net, of, silent).is_none(), "host {of}");
        assert_eq!(net.hosts[of].node.peer(&id).is_some(), of == 0, "host {of}");
    }
    assert!(net.hosts[silent].node.known_peers().count() >= 4, "it hears what others hear");
    assert_eq!(net.hosts[silent].node.record_sequence(), 0);
}

#[test]
fn a_silent_node_finds_others_by_tag_and_reaches_them() {
    let (mut net, silent) = cinema(6);
    let now = net.now;
    net.hosts[silent].node.find(tag("films"), now).unwrap();
    net.collect(silent);
    net.run_for(Duration::from_secs(20));
    let films = net.hosts[5].id();
    assert!(net.hosts[silent].events.contains(&Event::Found(films)));
    assert_eq!(net.hosts[silent].events.last(), Some(&Event::SearchEnded));
    let now = net.now;
    net.hosts[silent].node.connect(films, None, now).unwrap();
    net.collect(silent);
    net.run_for(Duration::from_secs(2));
    assert!(net.is_active(silent, 5));
    net.run_for(Duration::from_secs(600));
    for of in 0..silent {
        assert!(knows(&net, of, silent).is_none(), "host {of}");
    }
}

#[test]
fn what_nobody_has_is_not_found() {
    let (mut net, silent) = cinema(3);
    net.hosts[silent].events.clear();
    let now = net.now;
    net.hosts[silent].node.find(tag("books"), now).unwrap();
    net.collect(silent);
    net.run_for(Duration::from_secs(60));
    let is_found = |event: &Event| matches!(event, Event::Found(_));
    assert!(!net.hosts[silent].events.iter().any(is_found));
    assert!(net.hosts[silent].events.contains(&Event::SearchEnded));
    // Eight questions of sixteen steps at most.
    let asked: u64 =
        (0..3).map(|host| net.hosts[host].node.counters().done(Counter::RequestsReceived)).sum();
    assert!((1..=8 * 16).contains(&asked), "{asked}");
}

#[test]
fn whoever_takes_no_part_finds_nobody() {
    let mut net = net_of(&[Gossip::OFF]);
    let now = net.now;
    assert_eq!(net.hosts[0].node.find(tag("films"), now), Err(FindError::Off));
}
