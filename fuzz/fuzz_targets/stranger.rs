//! Datagrams of somebody who holds no key, to a node that is in touch with another: none of them changes what it
//! knows of its peers, and the two are in touch afterwards.
#![no_main]

use libfuzzer_sys::fuzz_target;
use underpass_core::Duration;
use underpass_core::inspect::peers_digest;
use underpass_fuzz::{World, address, parts};

fuzz_target!(|input: &[u8]| {
    let mut world = World::in_touch();
    for (from, datagram) in parts(input).take(16) {
        let before = peers_digest(&world.hosts[0].node);
        // In the name of the peer, or from elsewhere.
        world.hand(0, address(usize::from(from)), &mut datagram.to_vec());
        assert_eq!(peers_digest(&world.hosts[0].node), before, "a stranger changed something");
    }
    world.run(Duration::from_secs(60));
    assert!(world.peer(0, 1).is_some(), "a stranger ended a session");
});
