//! Nodes that others find only at the relays that their records name.

use std::net::SocketAddr;

use underpass_core::{Access, Config, Duration, Gossip, Route, Whom};

use super::{configured, host, knows};
use crate::net::{A, B, Net, Packet, network};

const OPEN: Gossip = Gossip::DISCOVERABLE;

/// A is reached at one relay, B at another; these two know each other. Nothing passes between A and B.
fn two_relays(of_a: Gossip) -> Net {
    let mut net = Net::new(0);
    for (number, gossip) in [of_a, OPEN].into_iter().enumerate() {
        let host = host(number, gossip, number as u8 + 100, &net);
        net.hosts.push(host);
    }
    let access = Access { relays: Whom::Network, ..Access::DEFAULT };
    let relay = Config { access, gossip: OPEN, ..Config::new(network()) };
    for number in 2..4 {
        let host = configured(number, relay.clone(), number as u8 + 100, &net);
        net.hosts.push(host);
    }
    net.delay = Duration::from_millis(10);
    net.connect(2, 3);
    net.connect(A, 2);
    net.connect(B, 3);
    net.run(Duration::from_secs(130), apart);
    net
}

fn apart(packet: &Packet) -> bool {
    let ends = [A, B].map(|number| SocketAddr::from(([20, number as u8, 0, 1], 4747)));
    !(ends.contains(&packet.from) && ends.contains(&packet.to))
}

#[test]
fn whoever_is_found_at_another_relay_is_asked_for_there() {
    let mut net = two_relays(OPEN);
    assert!(knows(&net, A, B).is_some());
    let (id, now) = (net.hosts[B].id(), net.now);
    let peer = net.hosts[A].node.connect(id, None, now).unwrap();
    net.collect(A);
    net.run(Duration::from_secs(15), apart);
    assert!(net.is_active(A, B) && net.is_active(B, A));
    let relay = net.peer(A, 3).expect("it was called");
    assert_eq!(net.hosts[A].node.route(peer), Ok(Some(Route::Relayed(relay))));
}

#[test]
fn a_silent_node_does_not_show_itself_at_a_relay_that_it_did_not_choose() {
    let mut net = two_relays(Gossip::SILENT);
    assert!(knows(&net, A, B).is_some());
    let (id, now) = (net.hosts[B].id(), net.now);
    net.hosts[A].node.connect(id, None, now).unwrap();
    net.collect(A);
    let ends = [net.hosts[A].address, net.hosts[3].address];
    net.run_past(Duration::from_secs(60), |_, packet| {
        assert!(!(ends.contains(&packet.from) && ends.contains(&packet.to)));
        apart(packet)
    });
}
