//! Whoever sends what he likes.

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use underpass_core::Purpose;

use crate::daemon::{Daemon, wait_until};
use crate::member::Member;

#[test]
fn a_flood_of_garbage_leaves_it_serving() {
    let a = Daemon::new().up();
    let b = Daemon::near(&a, &[&a.url()]).up();
    b.reach(&a.id);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let mut bytes = [0; 192];
    for round in 0..40_000_u32 {
        // Every kind of packet, of the length that the longest handshake has, and shorter.
        let kind = [1, 2, 3, 4, 5, 16, 17, 255][round as usize % 8];
        (bytes[0], bytes[1]) = (kind, 1);
        bytes[8..12].copy_from_slice(&round.to_le_bytes());
        let len = if round % 3 == 0 { 192 } else { 64 + round as usize % 128 };
        // A full buffer is the flood's affair.
        let _ = socket.send_to(&bytes[..len], a.listen());
        if round % 10_000 == 0 {
            b.reach(&a.id);
        }
    }
    b.reach(&a.id);
    assert_eq!(a.status()["active"], 1);
    assert_eq!(a.status()["peers"].as_array().expect("peers").len(), 1, "strangers are nobody");
}

/// A flood is over when this is gone, whether the test has failed or not.
struct Over<'f>(&'f AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Two daemons send each other messages while this is going on, each of which arrives once.
fn talk(a: &Daemon, b: &Daemon, rounds: usize) {
    let mut watches = [a.watch(), b.watch()];
    for round in 0..rounds {
        let payload = [round as u8; 2000];
        a.send(&b.id, &["--timeout-ms", "60000"], &payload).ok();
        b.send(&a.id, &["--timeout-ms", "60000"], &payload).ok();
    }
    for (from, to) in [(a, b), (b, a)] {
        from.send(&to.id, &["--timeout-ms", "60000"], b".").ok();
    }
    for (watch, from) in watches.iter_mut().zip([b, a]) {
        let got = watch.messages_until_dot_from(&from.id);
        assert!(got.len() == rounds && got.iter().enumerate().all(|(n, all)| all[0] == n as u8));
    }
}

/// Whoever does not know the secret can make nothing that passes for a handshake. What he has seen of others'
/// he can send again, as often as he likes and from wherever he likes; and with a byte changed.
#[test]
fn a_flood_of_strangers_leaves_both_talking() {
    let a = Daemon::new().up();
    let b = Daemon::near(&a, &[&a.url()]).up();
    b.reach(&a.id);
    let id = a.id.parse().expect("an id");
    let seen: Vec<_> =
        (0..64).map(|number| Member::new(number, a.network(), id, a.listen()).hello()).collect();
    let (is_over, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    let flood = |place: usize| {
        let sockets: Vec<_> =
            (0..16).map(|_| UdpSocket::bind("127.0.0.1:0").expect("a socket")).collect();
        let mut round = place;
        while !is_over.load(Ordering::Relaxed) {
            let mut bytes = seen[round % seen.len()].clone();
            match round % 4 {
                0 => {}
                1 => bytes[20 + round % 140] ^= 1,
                2 => bytes.truncate(100),
                _ => bytes[0] = [2, 3, 4, 16, 17][round % 5],
            }
            let to = [a.listen(), b.listen()][round / 4 % 2];
            // A full buffer is the flood's affair.
            let _ = sockets[round % 16].send_to(&bytes, to);
            round += 1;
        }
        sent.fetch_add(round - place, Ordering::Relaxed);
    };
    std::thread::scope(|scope| {
        let _over = Over(&is_over);
        scope.spawn(|| flood(0));
        scope.spawn(|| flood(1));
        talk(&a, &b, 20);
        wait_until("far more was refused than there is room for", || {
            a.refused() + b.refused() > 50_000
        });
    });
    assert!(sent.into_inner() > 50_000);
    for (one, other) in [(&a, &b), (&b, &a)] {
        let peers = one.status()["peers"].clone();
        assert_eq!(peers.as_array().expect("peers").len(), 1, "strangers are nobody: {peers}");
        assert_eq!(one.peer(&other.id)["state"], "active");
    }
}

/// More members, each with a key that nobody knows, than there is room for; they write, too. Those who answer
/// are not put out for newer ones.
#[test]
fn a_flood_of_unknown_members_leaves_both_talking() {
    const PEERS: usize = 128;
    let a = Daemon::new();
    a.configure_top(&format!("limits = {{ peers = {PEERS} }}"));
    let a = a.up();
    let b = Daemon::near(&a, &[&a.url()]).up();
    b.reach(&a.id);
    let id = a.id.parse().expect("an id");
    let (is_over, met) = (AtomicBool::new(false), AtomicUsize::new(0));
    let flood = |first: u32| {
        for number in first.. {
            if is_over.load(Ordering::Relaxed) {
                break;
            }
            let mut member = Member::new(number, a.network(), id, a.listen());
            // Some are let wait: it is full of those before.
            for _ in 0..500 {
                member.turn();
                if member.is_active() {
                    met.fetch_add(1, Ordering::Relaxed);
                    member.send(7, Purpose::Request, &[1; 500]);
                    member.turn();
                    break;
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let _over = Over(&is_over);
        scope.spawn(|| flood(1_000));
        scope.spawn(|| flood(1_000_000));
        talk(&a, &b, 20);
        wait_until("it is full of them", || met.load(Ordering::Relaxed) >= PEERS - 8);
        wait_until("others find no room", || a.refused_as("peers-full") > 8);
        talk(&a, &b, 5);
    });
    assert_eq!(a.peer(&b.id)["state"], "active");
    assert_eq!(b.peer(&a.id)["state"], "active");
}
