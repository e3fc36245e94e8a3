use underpass_core::Instant;

use super::{Bench, CANARY, CHAT, LAPTOP, SENSOR};
use crate::payload::Stamp;

#[test]
fn a_payload_in_the_clear() {
    let stamp = Stamp { send: CHAT, number: 0, sent_at: Instant::ORIGIN };
    let payload = stamp.payload(CANARY, 64);
    let mut bench = Bench::new();
    bench.transmitted(LAPTOP, SENSOR, &payload[..15]);
    bench.is_quiet();
    bench.transmitted(LAPTOP, SENSOR, &[&[9; 5], &payload[..]].concat());
    bench.complains(
        "plaintext: laptop sent an application's bytes to 198.18.1.1:4747 unsealed (at 2s, from \
         byte 5 of its datagram 7)",
    );
}
