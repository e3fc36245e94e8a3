//! What a peer says that holds a valid key and keeps to no rule: whatever it seals, the node goes on.
#![no_main]

use libfuzzer_sys::fuzz_target;
use underpass_core::inspect::rewrite;
use underpass_core::{Duration, MAX_PAYLOAD, MAX_TRANSMIT};
use underpass_fuzz::{World, address, parts};

fuzz_target!(|input: &[u8]| {
    let mut world = World::in_touch();
    for (wait, content) in parts(input).take(32) {
        let Some(peer) = world.peer(1, 0) else { break };
        // A datagram's type takes a byte of its content.
        let payload = vec![0; content.len().saturating_sub(1).min(MAX_PAYLOAD)];
        let mut out = [0; MAX_TRANSMIT];
        let node = &mut world.hosts[1].node;
        let Ok(sent) = node.send_datagram(peer, &payload, &mut out) else { break };
        let Some((_, datagram)) = sent.datagrams(&out).next() else { break };
        let mut datagram = datagram.to_vec();
        rewrite(node, &mut datagram, |sealed| {
            let len = sealed.len().min(content.len());
            sealed[..len].copy_from_slice(&content[..len]);
        });
        world.hand(0, address(1), &mut datagram);
        world.run(Duration::from_millis(u64::from(wait) * 20));
    }
    world.run(Duration::from_secs(60));
});
