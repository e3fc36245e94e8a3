//! More callers than a node can have under way at once.

use underpass_core::{Counter, Dropped, Duration};

use crate::net::{A, B, Host, Net, Packet, address, network, path_to};

const HELLO_LEN: usize = 192;

/// A host calls B, and shows a cookie if it is asked for one; nothing else is delivered.
fn call_with_cookie(net: &mut Net, from: usize) -> Result<(), Dropped> {
    net.connect(from, B);
    let hello = net.wire.pop().expect("it calls");
    let called = net.handle(hello);
    net.wire.retain(|packet| packet.bytes.len() == 56);
    let Some(cookie) = net.wire.pop() else { return called };
    net.handle(cookie).expect("it asked for it");
    let hello = net.wire.pop().expect("it calls again");
    net.handle(hello)
}

/// B, with as many strangers' handshakes under way as it allows, none of which goes on.
fn besieged(count: usize) -> Net {
    let mut net = Net::new(count);
    for stranger in 2..count {
        let _ = call_with_cookie(&mut net, stranger);
        net.wire.clear();
    }
    net
}

#[test]
fn under_load_a_caller_shows_that_it_is_where_it_says() {
    let mut net = besieged(4);
    net.connect(A, B);
    let hello = net.wire.pop().expect("A calls");
    assert_eq!(net.handle(hello.clone()), Err(Dropped::CookieRequired));
    let cookie = net.wire.pop().expect("B asks for a proof");
    assert_eq!(cookie.to, hello.from);
    assert!(cookie.bytes.len() < HELLO_LEN);
    net.handle(cookie).expect("it is for A");
    let again = net.wire.pop().expect("A calls again at once");
    assert_eq!(again.bytes[..176], hello.bytes[..176], "all but mac2 is the same");
    assert_ne!(again.bytes[176..], hello.bytes[176..]);
}

/// Where an operation takes a tenth of a second, four handshakes at once would all end too late.
#[test]
fn a_handshake_that_was_begun_is_finished_before_the_next() {
    let mut net = Net::new(3);
    for caller in [A, 2] {
        net.connect(caller, B);
        let mut hello = net.wire.pop().expect("it calls");
        let now = net.now;
        let node = &mut net.hosts[B].node;
        node.handle_datagram(path_to(hello.from), &mut hello.bytes, now)
            .expect("it is well formed");
    }
    let now = net.now;
    let Host { node, keys, .. } = &mut net.hosts[B];
    let mut jobs = 0;
    while node.poll_transmit(&mut [0; underpass_core::MAX_TRANSMIT]).is_none() {
        let job = node.poll_job().expect("there is work until somebody is answered");
        node.complete_job(job.run(keys), now).expect("it is waited for");
        jobs += 1;
    }
    // Four multiplications, and whose key it is.
    assert!(jobs <= 6, "{jobs} operations for the first answer");
}

#[test]
fn a_cookie_is_good_for_its_own_address_only() {
    let mut net = besieged(4);
    net.connect(A, B);
    let hello = net.wire.pop().unwrap();
    let _ = net.handle(hello);
    let cookie = net.wire.pop().unwrap();
    net.handle(cookie).unwrap();
    let mut elsewhere = net.wire.pop().unwrap();
    elsewhere.from = address(9);
    assert_eq!(net.handle(elsewhere), Err(Dropped::CookieRequired));
}

#[test]
fn a_forged_cookie_changes_nothing() {
    let mut net = besieged(4);
    net.connect(A, B);
    let hello = net.wire.pop().unwrap();
    let _ = net.handle(hello.clone());
    let mut cookie = net.wire.pop().unwrap();
    cookie.bytes[40] ^= 1;
    assert_eq!(net.handle(cookie), Err(Dropped::HandshakeUnauthentic));
    net.run_for(Duration::from_millis(250));
    assert!(net.hosts[A].node.counters().done(Counter::HandshakesBegun) == 1);
}

#[test]
fn cookies_ask_for_one_more_hello_at_once_and_no_more() {
    let mut net = besieged(4);
    net.connect(A, B);
    let mut hellos = 0;
    // B sees A at another address every time, as behind a restless NAT.
    let mut port = 10_000;
    net.run(Duration::from_secs(4), |packet| {
        hellos += usize::from(packet.from == address(A) && packet.bytes.len() == HELLO_LEN);
        port += 1;
        true
    });
    assert!(hellos <= 8, "{hellos} in 4 s");
}

#[test]
fn nothing_is_remembered_for_a_cookie() {
    let mut net = besieged(4);
    let begun = net.hosts[B].node.counters().done(Counter::Jobs);
    for number in 0..200 {
        let mut stranger = Host::new(4, network(), number, net.now);
        let id = net.hosts[B].id();
        stranger.node.connect(id, path_to(address(B)), net.now).unwrap();
        stranger.node.run_jobs(&stranger.keys, net.now);
        for packet in stranger.drain() {
            let _ = net.handle(Packet { from: address(100), ..packet });
        }
    }
    let counters = net.hosts[B].node.counters();
    assert_eq!(counters.dropped(Dropped::CookieRequired), 200);
    assert_eq!(counters.done(Counter::Jobs), begun, "no public-key work");
}

#[test]
fn strangers_do_not_keep_out_a_peer_that_the_node_knows() {
    let mut net = Net::new(6);
    net.connect(A, B);
    net.settle();
    // A loses its session and calls from where B knows it, while strangers have all that is theirs.
    net.restart(A, 77);
    for stranger in 2..6 {
        net.connect(stranger, B);
    }
    let hellos = std::mem::take(&mut net.wire);
    for hello in hellos {
        let _ = net.handle(hello);
    }
    net.wire.clear();
    net.connect(A, B);
    net.run_for(Duration::from_millis(600));
    assert!(net.is_active(A, B));
    assert_eq!(net.hosts[B].node.counters().dropped(Dropped::HandshakesFull), 0);
}

#[test]
fn strangers_do_not_keep_the_node_from_calling() {
    let mut net = besieged(6);
    net.connect(B, A);
    net.run_for(Duration::from_millis(600));
    assert!(net.is_active(B, A));
}

#[test]
fn one_peer_does_not_keep_out_the_others() {
    let mut net = Net::new(3);
    for peer in [A, 2] {
        net.connect(peer, B);
        net.settle();
    }
    net.restart(A, 77);
    // The other calls again and again, in another life each time, and goes on with none.
    for life in 0..3 {
        net.restart(2, 150 + life);
        let _ = call_with_cookie(&mut net, 2);
        net.wire.clear();
    }
    net.connect(A, B);
    net.run(Duration::from_secs(4), |packet| ![packet.to, packet.from].contains(&address(2)));
    assert!(net.is_active(A, B));
}

#[test]
fn a_node_busy_with_its_own_calls_asks_for_cookies_and_keeps_a_place_for_peers() {
    let mut net = Net::new(6);
    net.connect(A, B);
    net.settle();
    net.restart(A, 77);
    for other in 2..5 {
        let (id, path, now) = (net.hosts[other].id(), path_to(address(90 + other)), net.now);
        net.hosts[B].node.connect(id, path, now).expect("there is room");
    }
    net.collect(B);
    net.wire.clear();
    net.connect(5, B);
    let mut stranger = net.wire.pop().expect("it calls");
    stranger.from = address(222);
    assert_eq!(net.handle(stranger), Err(Dropped::CookieRequired));
    net.wire.clear();
    net.restart(5, 88);
    assert_eq!(call_with_cookie(&mut net, 5), Err(Dropped::HandshakesFull));
    net.wire.clear();
    assert_eq!(call_with_cookie(&mut net, A), Ok(()));
}
