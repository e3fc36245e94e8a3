//! Writes what fuzzing begins with: what nodes say to each other when nobody disturbs them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use underpass_core::inspect::rewrite;
use underpass_core::{Access, Duration, MAX_TRANSMIT, Outgoing, Purpose, Whom};
use underpass_fuzz::{Board, World, address, join, path_to};

/// Of each type of content so many are kept.
const EACH: usize = 3;

fn main() {
    let mut world = World::recorded(3);
    let (mut datagrams, mut contents) = (Vec::new(), BTreeMap::<u8, Vec<Vec<u8>>>::new());
    live(&mut world, |world, sender, datagram| {
        datagrams.push(datagram.to_vec());
        let node = &mut world.hosts[sender].node;
        // Sealed anew under another counter, it is the same content; the copy goes nowhere.
        rewrite(node, &mut datagram.to_vec(), |content| {
            let of_type = contents.entry(content[0]).or_default();
            if of_type.len() < EACH {
                of_type.push(content.to_vec());
            }
        });
    });
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let write = |target: &str, name: &str, bytes: &[u8]| {
        let folder = corpus.join(target);
        fs::create_dir_all(&folder).expect("the folder can be made");
        fs::write(folder.join(name), bytes).expect("the file can be written");
    };
    for (kind, of_type) in &contents {
        let name = format!("type-{kind}");
        write("insider", &name, &join(of_type.iter().map(|content| (5, &content[..]))));
    }
    let all = contents.values().flatten().map(|content| (1, &content[..]));
    write("insider", "all", &join(all));
    for (number, some) in datagrams.chunks(8).take(6).enumerate() {
        let name = format!("heard-{number}");
        write("stranger", &name, &join(some.iter().map(|datagram| (1, &datagram[..]))));
    }
    for (number, host) in world.hosts.iter().enumerate() {
        let recording = &host.node.log().expect("it is recorded").0;
        write("recording", &format!("node-{number}"), recording);
        let mut saved = vec![0; Board::CAPACITY.saved_len_max()];
        let len = host.node.save(&mut saved).expect("there is room");
        write("saved", &format!("node-{number}"), &saved[..len]);
    }
}

/// Two come to know each other by a third, which relays, and talk.
fn live(world: &mut World, mut heard: impl FnMut(&mut World, usize, &[u8])) {
    let now = world.now;
    let access = Access { relays: Whom::Network, ..Access::DEFAULT };
    world.hosts[0].node.set_access(access, now);
    let (id, path) = (world.hosts[0].keys.id(), path_to(address(0)));
    for host in [1, 2] {
        world.hosts[host].node.connect(id, path, now).expect("there is room");
        world.collect(host);
    }
    let mut steps = 0;
    while steps < 400 {
        while let Some(packet) = world.wire.pop_front() {
            let sender = world.hosts.iter().position(|host| host.address == packet.from);
            heard(world, sender.expect("one of them sent it"), &packet.bytes);
            world.hand(packet.to, packet.from, &mut packet.bytes.clone());
        }
        match steps {
            50 => talk(world, 1, 0),
            100 => talk(world, 0, 2),
            150 => drop(world.hosts[1].node.broadcast(1, b"to all", world.now)),
            _ => {}
        }
        for host in 0..3 {
            world.collect(host);
        }
        world.wait(Duration::from_millis(200));
        steps += 1;
    }
}

fn talk(world: &mut World, from: usize, to: usize) {
    let now = world.now;
    let Some(peer) = world.peer(from, to) else { return };
    let node = &mut world.hosts[from].node;
    let _ = node.send_datagram(peer, b"hello", &mut [0; MAX_TRANSMIT]);
    for len in [5, 2000] {
        let payload = vec![4; len];
        let message = Outgoing { kind: 1, purpose: Purpose::Request, payload: &payload };
        let _ = node.send_message(peer, message, now);
    }
}
