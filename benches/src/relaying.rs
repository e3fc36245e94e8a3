//! Packets through a relay, and the same bytes opened and sealed by the bare cipher.

use std::hint::black_box;
use std::ops::Range;

use underpass_core::{
    Access, Config, Instant, MAX_TRANSMIT, Network, Peer, Received, RelayLimits, Route, Whom,
};

use crate::data_path::{BATCH, Bare};
use crate::member::Member;

/// Header and tag of a sealed datagram.
const SEAL_LEN: usize = 32;

underpass_core::storage! {
    /// Enough for a relay of two.
    pub struct Small {
        peers: 4, handshakes: 4, window_bits: 256,
        messages: 16, message_window: 32, buffer: 4096, circuits: 1, punches: 1, records: 0, rumours: 0,
    }
}

/// Two members that send to each other through a third, and a batch of packets on its way there.
pub struct Relaying {
    sender: Member<Small>,
    relay: Member<Small>,
    receiver: Peer,
    payload: Vec<u8>,
    packets: Vec<[u8; MAX_TRANSMIT]>,
    places: Vec<Range<usize>>,
}

impl Relaying {
    /// For payloads of `size` bytes.
    ///
    /// # Panics
    /// If the two cannot connect, which would be a defect of the protocol.
    pub fn new(size: usize) -> Self {
        let access = Access { relays: Whom::Network, ..Access::DEFAULT };
        let most = u32::MAX;
        let relay = RelayLimits {
            circuit_bytes: most,
            peer_bytes: most,
            all_bytes: most,
            ..RelayLimits::DEFAULT
        };
        let config = Config { access, relay, ..Config::new(Network::closed("bench", [5; 32])) };
        let mut members = [
            Member::new(1, Small::EMPTY),
            Member::configured(2, config, Small::EMPTY),
            Member::new(3, Small::EMPTY),
        ];
        let (id, path) = (members[1].keys.id(), members[1].path());
        for end in [0, 2] {
            members[end].node.connect(id, path, Instant::ORIGIN).expect("there is room");
            settle(&mut members);
        }
        let other = members[2].keys.id();
        let receiver =
            members[0].node.connect(other, None, Instant::ORIGIN).expect("there is room");
        settle(&mut members);
        let route = members[0].node.route(receiver);
        assert!(matches!(route, Ok(Some(Route::Relayed(_)))), "{route:?}");
        let [sender, relay, _] = members;
        let packets = vec![[0; MAX_TRANSMIT]; BATCH];
        Self { sender, relay, receiver, payload: vec![7; size], packets, places: vec![0..0; BATCH] }
    }

    /// The bare cipher on as many bytes as the relay opens and seals; once a batch was sealed.
    pub fn bare(&self) -> Bare {
        Bare::new(self.places[0].len() - SEAL_LEN - 1)
    }

    /// Seals a batch for the relay.
    ///
    /// # Panics
    /// If a payload is refused.
    pub fn seal(&mut self) {
        for (packet, place) in self.packets.iter_mut().zip(&mut self.places) {
            let sent = self.sender.node.send_datagram(self.receiver, &self.payload, packet);
            let mut ranges = sent.expect("they are connected").ranges();
            *place = ranges.next().expect("it goes somewhere").1;
        }
    }

    /// The relay takes the batch that was sealed last, and makes of each packet the one that it sends on.
    ///
    /// # Panics
    /// If it refuses one, or sends on bytes that are not where those were that came.
    pub fn forward(&mut self) {
        let path = self.sender.path();
        for (packet, place) in self.packets.iter_mut().zip(&self.places) {
            let datagram = black_box(&mut packet[place.clone()]);
            let came = datagram.as_ptr_range();
            match self.relay.node.handle_datagram(path, datagram, Instant::ORIGIN) {
                Ok(Received::Forward { transmit, datagram }) => {
                    assert_eq!(datagram.as_ptr_range(), came, "it is not copied");
                    let _ = black_box(transmit);
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

/// Lets the three talk until nobody has more to say; only the one in the middle is reached.
fn settle(members: &mut [Member<Small>; 3]) {
    let mut buffer = [0; MAX_TRANSMIT];
    loop {
        let mut talked = false;
        for from in 0..members.len() {
            members[from].run_jobs(Instant::ORIGIN);
            while let Some(sent) = members[from].node.poll_transmit(&mut buffer) {
                talked = true;
                for (path, range) in sent.ranges() {
                    let Some(to) = members.iter().position(|it| it.address == path.remote) else {
                        continue;
                    };
                    if from == 1 || to == 1 {
                        hand_over(members, from, to, &mut buffer[range]);
                    }
                }
            }
        }
        if !talked {
            return;
        }
    }
}

fn hand_over(members: &mut [Member<Small>; 3], from: usize, to: usize, datagram: &mut [u8]) {
    let path = members[from].path();
    if let Ok(Received::Forward { transmit, datagram }) =
        members[to].take(path, datagram, Instant::ORIGIN)
    {
        let next = transmit.ranges().next().expect("it goes somewhere").0.remote;
        let next = members.iter().position(|it| it.address == next).expect("it is one of them");
        hand_over(members, to, next, &mut datagram.to_vec());
    }
}
