//! Packets that come from where their sender is not: copied on the way, or written so.

use std::net::SocketAddr;

use underpass_core::{Duration, Event};

use crate::net::{A, B, Net, Packet, address};

const SEALED: u8 = 16;

/// Somebody who has nothing to do with it.
fn bystander() -> SocketAddr {
    address(200)
}

/// Bytes that came from the bystander's address, and that went there.
#[derive(Default, Debug)]
struct Passed {
    came: usize,
    went: usize,
}

impl Passed {
    fn is_within_bounds(&self) -> bool {
        self.went < 3 * self.came.max(1)
    }
}

/// Lets time pass; `claim` says which of A's packets come from the bystander's address, and whether
/// the genuine one comes after it.
fn run_claiming(
    net: &mut Net,
    span: Duration,
    mut claim: impl FnMut(&Packet) -> Option<bool>,
) -> Passed {
    let mut passed = Passed::default();
    net.run_past(span, |net, packet| {
        if packet.to == bystander() {
            passed.went += packet.bytes.len();
            return false;
        }
        let claimed = (packet.from == address(A)).then(|| claim(packet)).flatten();
        if claimed.is_some() {
            passed.came += packet.bytes.len();
            let _ = net.handle(Packet { from: bystander(), ..packet.clone() });
        }
        claimed.unwrap_or(true)
    });
    passed
}

/// The first sealed packet only.
fn first_sealed(genuine_follows: bool) -> impl FnMut(&Packet) -> Option<bool> {
    let mut sealed = 0;
    move |packet| {
        sealed += usize::from(packet.bytes[0] == SEALED);
        (sealed == 1 && packet.bytes[0] == SEALED).then_some(genuine_follows)
    }
}

fn is_undisturbed(net: &mut Net) -> bool {
    let is_loss = |event: &Event| matches!(event, Event::Disconnected(_));
    let lost = net.hosts.iter().any(|host| host.events.iter().any(is_loss));
    !lost && net.is_active(A, B) && net.is_active(B, A)
}

#[test]
fn a_faster_copy_of_what_confirms_a_session_does_not_lead_it_away() {
    let mut net = Net::new(2);
    net.connect(A, B);
    let passed = run_claiming(&mut net, Duration::from_secs(60), first_sealed(true));
    assert!(is_undisturbed(&mut net) && passed.is_within_bounds(), "{passed:?}");
}

#[test]
fn nor_does_it_lead_an_active_peer_away_that_renews_its_session() {
    let mut net = Net::connected();
    // Up to the renewal.
    net.run_for(Duration::from_secs(15 * 60 - 1));
    net.wire.clear();
    let mut hellos = 0;
    let mut copy = first_sealed(true);
    let passed = run_claiming(&mut net, Duration::from_secs(60), |packet| {
        hellos += usize::from(packet.bytes.len() == 192);
        if hellos > 0 { copy(packet) } else { None }
    });
    assert!(hellos > 0 && passed.came > 0);
    assert!(is_undisturbed(&mut net) && passed.is_within_bounds(), "{passed:?}");
}

#[test]
fn nor_do_faster_copies_of_everything() {
    let mut net = Net::connected();
    let passed = run_claiming(&mut net, Duration::from_secs(120), |packet| {
        (packet.bytes[0] == SEALED).then_some(true)
    });
    assert!(passed.is_within_bounds(), "{passed:?}");
    net.run_for(Duration::from_secs(60));
    assert!(net.is_active(A, B) && net.is_active(B, A));
}

#[test]
fn a_peer_cannot_have_somebody_else_pinged_on_and_on() {
    for span in [1, 10, 120] {
        let mut net = Net::new(2);
        net.connect(A, B);
        let passed = run_claiming(&mut net, Duration::from_secs(span), first_sealed(false));
        assert!(passed.came > 0 && passed.is_within_bounds(), "{passed:?} in {span} s");
    }
}

#[test]
fn nor_dialled_in_its_place() {
    let mut net = Net::connected();
    net.connect(B, A);
    net.run(Duration::from_secs(60), |_| false);
    // A calls B, seemingly from elsewhere, and is gone.
    net.restart(A, 9);
    net.connect(A, B);
    let passed = run_claiming(&mut net, Duration::from_secs(2), first_sealed(false));
    net.restart(A, 10);
    let mut went = passed.went;
    net.run(Duration::from_secs(600), |packet| {
        went += if packet.to == bystander() { packet.bytes.len() } else { 0 };
        true
    });
    assert!(went < 3 * passed.came, "{went} bytes for {}", passed.came);
    assert!(net.is_active(B, A), "B calls A where A is");
}

#[test]
fn a_peer_that_moves_is_followed_as_soon_as_it_speaks() {
    let mut net = Net::connected();
    net.hosts[A].address = address(7);
    // The ping after ten seconds, and the time that B gives the old address to answer.
    net.run_for(Duration::from_secs(15));
    net.hosts[B].events.clear();
    let mut to_old = 0;
    net.run(Duration::from_secs(60), |packet| {
        to_old += usize::from(packet.to == address(A));
        true
    });
    assert_eq!(to_old, 0);
    assert!(is_undisturbed(&mut net));
}

#[test]
fn it_is_followed_also_if_the_first_pings_there_are_lost() {
    for lost in 1..4 {
        let mut net = Net::connected();
        net.run_for(Duration::from_secs(6));
        net.hosts[A].address = address(7);
        let mut pings = 0;
        net.run(Duration::from_secs(35), |packet| {
            pings += usize::from(packet.to == address(7));
            packet.to != address(7) || pings > lost
        });
        assert!(is_undisturbed(&mut net), "{lost} lost");
        // What B sends reaches A where A is.
        let peer = net.peer(B, A).unwrap();
        let sent = net.hosts[B].seal(peer, b"there you are").unwrap();
        assert_eq!(sent.to, address(7), "{lost} lost");
    }
}

#[test]
fn who_moves_twice_within_a_round_trip_is_found_where_it_answers() {
    let mut net = Net::new(2);
    net.delay = Duration::from_millis(400);
    net.connect(A, B);
    net.run_for(Duration::from_secs(60));
    for place in 20..23 {
        net.hosts[A].address = address(place);
        net.run_for(Duration::from_millis(1200));
    }
    net.run_for(Duration::from_secs(40));
    assert!(net.is_active(A, B) && net.is_active(B, A));
    let peer = net.peer(B, A).unwrap();
    let sent = net.hosts[B].seal(peer, b"at last").expect("it has a path");
    assert_eq!(sent.to, net.hosts[A].address);
}

#[test]
fn who_was_asked_for_while_it_called_is_dialled_when_it_falls_silent() {
    let mut net = Net::new(2);
    net.connect(A, B);
    for _ in 0..3 {
        let packet = net.wire.remove(0);
        net.handle(packet).expect("Hello, Welcome, Ping");
    }
    net.connect(B, A);
    net.wire.clear();
    // A is gone before it has answered once, and comes back without calling.
    net.run(Duration::from_secs(40), |_| false);
    net.restart(A, 33);
    net.run_for(Duration::from_secs(100));
    assert!(net.is_active(B, A));
}
