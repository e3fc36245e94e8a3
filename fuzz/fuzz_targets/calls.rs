//! Whatever applications, owners and the network do to three nodes, in whatever order and at whatever times.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use underpass_core::{Access, Duration, MAX_TRANSMIT, Outgoing, Purpose, Whom};
use underpass_fuzz::{World, address, path_to};

const HOSTS: usize = 3;

#[derive(Arbitrary, Debug)]
enum Step {
    Connect(u8, u8),
    ConnectAddress(u8, u8),
    Allow(u8, u8),
    Close(u8, u8),
    Access(u8, u8, u8, u8),
    Datagram(u8, u8, u16),
    Message(u8, u8, u16, bool),
    Broadcast(u8, u16),
    Hold(u8, bool),
    ChangeSecret(u8),
    RetireSecret(u8),
    NetworkChanged(u8),
    Moved(u8, u8),
    Deliver(u8),
    Lose(u8),
    Swap(u8),
    Again(u8),
    Spoil(u8, u16, u8),
    Elsewhere(u8, u8),
    Garbage(u8, Vec<u8>),
    Settle,
    Wait(u16),
    WaitLong(u8),
}

fn whom(choice: u8) -> Whom {
    [Whom::Nobody, Whom::Pinned, Whom::Listed, Whom::Network][usize::from(choice) % 4]
}

fn take(step: Step, world: &mut World) {
    let host = |number: u8| usize::from(number) % HOSTS;
    let now = world.now;
    let id = |world: &World, of: u8| world.hosts[host(of)].keys.id();
    let at = |world: &World, position: u8| usize::from(position) % world.wire.len().max(1);
    match step {
        Step::Connect(from, to) => {
            let (id, path) = (id(world, to), path_to(world.hosts[host(to)].address));
            let _ = world.hosts[host(from)].node.connect(id, path, now);
        }
        Step::ConnectAddress(from, to) => {
            let path = path_to(world.hosts[host(to)].address);
            let _ = world.hosts[host(from)].node.connect_address(path, now);
        }
        Step::Allow(from, to) => {
            let id = id(world, to);
            let _ = world.hosts[host(from)].node.allow(id, now);
        }
        Step::Close(from, to) => {
            let id = id(world, to);
            let node = &mut world.hosts[host(from)].node;
            if let Some(peer) = node.peer(&id) {
                let _ = node.close(peer, now);
            }
        }
        Step::Access(of, answers, messages, relays) => {
            let access = Access {
                answers: whom(answers),
                messages: whom(messages),
                relays: whom(relays),
            };
            world.hosts[host(of)].node.set_access(access, now);
        }
        Step::Datagram(from, to, len) => {
            let id = id(world, to);
            let node = &mut world.hosts[host(from)].node;
            if let Some(peer) = node.peer(&id) {
                let payload = vec![1; usize::from(len) % 1400];
                let _ = node.send_datagram(peer, &payload, &mut [0; MAX_TRANSMIT]);
            }
        }
        Step::Message(from, to, len, is_request) => {
            let id = id(world, to);
            let node = &mut world.hosts[host(from)].node;
            let peer = if host(from) == host(to) { Some(node.oneself()) } else { node.peer(&id) };
            let payload = vec![2; usize::from(len) % 9000];
            let purpose = match is_request {
                true => Purpose::Request,
                false => Purpose::Notice,
            };
            if let Some(peer) = peer {
                let message = Outgoing { kind: 1, purpose, payload: &payload };
                let _ = node.send_message(peer, message, now);
            }
        }
        Step::Broadcast(from, len) => {
            let payload = vec![3; usize::from(len) % 600];
            let _ = world.hosts[host(from)].node.broadcast(1, &payload, now);
        }
        Step::Hold(of, hold) => world.hosts[host(of)].node.hold_messages(hold),
        Step::ChangeSecret(secret) => {
            for host in &mut world.hosts {
                host.node.change_secret([secret; 32]);
            }
        }
        Step::RetireSecret(of) => world.hosts[host(of)].node.retire_previous_secret(),
        Step::NetworkChanged(of) => world.hosts[host(of)].node.network_changed(now),
        Step::Moved(of, to) => world.hosts[host(of)].address = address(usize::from(to)),
        Step::Deliver(count) => {
            for _ in 0..count {
                world.deliver();
            }
        }
        Step::Lose(position) => {
            let at = at(world, position);
            world.wire.remove(at);
        }
        Step::Swap(position) => {
            let at = at(world, position);
            if at > 0 {
                world.wire.swap(at, at - 1);
            }
        }
        Step::Again(position) => {
            let at = at(world, position);
            if let Some(packet) = world.wire.get(at) {
                let (to, from, mut bytes) = (packet.to, packet.from, packet.bytes.clone());
                world.hand(to, from, &mut bytes);
            }
        }
        Step::Spoil(position, byte, with) => {
            let at = at(world, position);
            if let Some(packet) = world.wire.get_mut(at).filter(|it| !it.bytes.is_empty()) {
                let byte = usize::from(byte) % packet.bytes.len();
                packet.bytes[byte] ^= with;
            }
        }
        Step::Elsewhere(position, from) => {
            let at = at(world, position);
            if let Some(packet) = world.wire.get_mut(at) {
                packet.from = address(usize::from(from));
            }
        }
        Step::Garbage(to, mut bytes) => world.hand(host(to), address(9), &mut bytes),
        Step::Settle => world.settle(),
        Step::Wait(ms) => world.wait(Duration::from_millis(ms.into())),
        Step::WaitLong(s) => world.wait(Duration::from_secs(u64::from(s) * 10)),
    }
    for host in 0..HOSTS {
        world.collect(host);
    }
    // What nobody takes is lost some time.
    world.wire.truncate(1000);
}

fuzz_target!(|steps: Vec<Step>| {
    let mut world = World::new(HOSTS);
    for step in steps.into_iter().take(200) {
        take(step, &mut world);
    }
});
