//! What everybody must hear.

use underpass_core::{BroadcastError, Duration, Gossip, MAX_BROADCAST};

use super::{knows, net_of};
use crate::net::Net;

const OPEN: Gossip = Gossip::DISCOVERABLE;

fn crowd(count: usize) -> Net {
    let mut net = net_of(&vec![OPEN; count]);
    for host in 1..count {
        net.connect(host, host - 1);
    }
    net.run_for(Duration::from_secs(400));
    net
}

/// What a host has been told since it was asked last.
fn heard(net: &mut Net, host: usize) -> Vec<(u16, Vec<u8>)> {
    let mut heard = Vec::new();
    while let Some(broadcast) = net.hosts[host].node.poll_broadcast() {
        heard.push((broadcast.kind, broadcast.payload.to_vec()));
    }
    heard
}

fn tell(net: &mut Net, host: usize, payload: &[u8]) -> Result<(), BroadcastError> {
    let now = net.now;
    let told = net.hosts[host].node.broadcast(3, payload, now);
    net.collect(host);
    told
}

#[test]
fn everybody_hears_it_once() {
    let mut net = crowd(10);
    tell(&mut net, 4, b"fire").unwrap();
    net.run_for(Duration::from_secs(2));
    for host in (0..10).filter(|host| *host != 4) {
        assert_eq!(heard(&mut net, host), [(3, b"fire".to_vec())], "host {host}");
    }
    assert!(heard(&mut net, 4).is_empty(), "it knows already");
    net.run_for(Duration::from_secs(600));
    for host in 0..10 {
        assert!(heard(&mut net, host).is_empty(), "host {host} heard it twice");
    }
}

#[test]
fn whoever_was_cut_off_hears_it_when_it_is_back() {
    let mut net = crowd(4);
    let away = net.hosts[3].address;
    net.run(Duration::from_secs(60), |packet| packet.from != away && packet.to != away);
    tell(&mut net, 0, b"fire").unwrap();
    net.run(Duration::from_secs(60), |packet| packet.from != away && packet.to != away);
    assert!(heard(&mut net, 3).is_empty());
    net.run_for(Duration::from_secs(300));
    assert_eq!(heard(&mut net, 3), [(3, b"fire".to_vec())]);
}

#[test]
fn who_says_too_much_is_not_handed_on() {
    let mut net = crowd(2);
    for number in 0..8 {
        tell(&mut net, 0, &[number]).unwrap();
        net.run_for(Duration::from_secs(1));
        assert_eq!(heard(&mut net, 1).len(), 1);
    }
    assert_eq!(tell(&mut net, 0, b"more"), Err(BroadcastError::TooOften));
    net.run_for(Duration::from_secs(60));
    tell(&mut net, 0, b"later").unwrap();
}

#[test]
fn it_has_a_length_and_an_origin_that_is_known() {
    let mut net = net_of(&[OPEN, Gossip::SILENT]);
    assert_eq!(tell(&mut net, 0, &[0; MAX_BROADCAST + 1]), Err(BroadcastError::TooLong));
    tell(&mut net, 0, &[0; MAX_BROADCAST]).unwrap();
    assert_eq!(tell(&mut net, 1, b"psst"), Err(BroadcastError::NotDiscoverable));
}

#[test]
fn whoever_wants_to_be_found_no_more_is_known_as_such_by_all() {
    let mut net = crowd(5);
    assert!(knows(&net, 4, 0).is_some_and(|known| !known.is_ended));
    let now = net.now;
    net.hosts[0].node.set_gossip(Gossip::OFF, now);
    net.collect(0);
    net.run_for(Duration::from_secs(2));
    for of in 1..5 {
        let known = knows(&net, of, 0);
        assert!(known.is_none_or(|known| known.is_ended), "host {of}");
        assert!(known.is_none_or(|known| known.addresses == [None; 4]));
    }
}
