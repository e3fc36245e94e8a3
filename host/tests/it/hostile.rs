//! Whoever sends what he likes.

use std::net::UdpSocket;

use crate::daemon::Daemon;

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
