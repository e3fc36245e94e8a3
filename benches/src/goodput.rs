//! Messages over a link that is slow and loses packets: how much of what it carries is theirs.

use std::collections::BTreeMap;

use underpass_core::{
    Capacity, Duration, Event, HeapStorage, Instant, MAX_TRANSMIT, Outgoing, PeerState, Purpose,
    Received,
};
use underpass_sim::link::{Incoming, Link, LinkModel, LossModel};
use underpass_sim::random::Draws;
use underpass_sim::units::{Probability, Rate};

use crate::member::Member;

/// Bits a second, all headers included.
const RATE: u64 = 10_000_000;
/// Of a round trip.
const DELAY: Duration = Duration::from_millis(50);
/// Packets that wait at most: twice what is under way in a round trip.
const QUEUE: u32 = 100;
/// Bytes of an IPv4 and a UDP header.
const HEADERS: u64 = 28;
/// Bytes of a message: fifteen packets.
const MESSAGE: usize = 15 * 1120;
/// Virtual time until the flow has settled, and after it.
const WARM_UP: Duration = Duration::from_secs(5);
const MEASURED: Duration = Duration::from_secs(60);

/// How well a link was used.
pub struct Goodput {
    /// Bytes of delivered messages, of what the link could carry in that time, in thousandths.
    pub share_milli: u64,
    /// Messages delivered.
    pub messages: u64,
}

/// A sender that always has more to send, a receiver, and the links between them.
struct Flow {
    members: [Member<HeapStorage>; 2],
    /// By sender.
    links: [Link; 2],
    /// Packets sent, by sender.
    sent: [u64; 2],
    /// By time of arrival and a number of their own.
    under_way: BTreeMap<(Instant, u64), (usize, Vec<u8>)>,
    now: Instant,
    delivered: [u64; 2],
}

/// Sends messages for a minute over a link of 10 Mbit/s and 50 ms a round trip, which loses so many of a
/// thousand packets towards the receiver.
///
/// # Panics
/// If the two cannot connect, which would be a defect of the protocol.
pub fn measure(lost_milli: u64) -> Goodput {
    let mut flow = Flow::new(lost_milli);
    flow.run_until(Instant::ORIGIN + WARM_UP);
    let [_, bytes] = flow.delivered;
    let messages = bytes;
    flow.run_until(Instant::ORIGIN + WARM_UP + MEASURED);
    let bytes = flow.delivered[1] - messages;
    let carried = RATE / 8 * (MEASURED.as_micros() / 1_000_000);
    Goodput { share_milli: bytes * 1000 / carried, messages: bytes / MESSAGE as u64 }
}

impl Flow {
    fn new(lost_milli: u64) -> Self {
        let capacity = Capacity {
            peers: 1,
            handshakes: 2,
            window_bits: 8192,
            messages: 1024,
            message_window: 1024,
            buffer: 1 << 20,
            circuits: 0,
            punches: 1,
            records: 0,
            rumours: 0,
        };
        let loss = Probability::ratio(lost_milli, 1000).expect("a share of one");
        let model = |loss| LinkModel {
            delay: Duration::from_micros(DELAY.as_micros() / 2),
            loss: LossModel::Random(loss),
            rate: Rate::from_bits_per_second(RATE),
            limit: QUEUE,
            ..LinkModel::IDEAL
        };
        let draws = Draws::new(1);
        let member = |number| Member::new(number, HeapStorage::new(capacity));
        let mut flow = Self {
            members: [member(1), member(2)],
            links: [
                Link::new(model(loss), &draws, "there"),
                Link::new(model(Probability::NEVER), &draws, "back"),
            ],
            sent: [0; 2],
            under_way: BTreeMap::new(),
            now: Instant::ORIGIN,
            delivered: [0; 2],
        };
        let (id, path) = (flow.members[1].keys.id(), flow.members[1].path());
        flow.members[0].node.connect(id, path, Instant::ORIGIN).expect("there is room");
        flow.settle();
        flow
    }

    /// Lets virtual time pass; nothing else does.
    fn run_until(&mut self, end: Instant) {
        loop {
            let arrival = self.under_way.first_key_value().map(|((at, _), _)| *at);
            let deadlines = self.members.iter().filter_map(|member| member.node.poll_timeout());
            let next = deadlines.map(|deadline| deadline.at).chain(arrival).min();
            let Some(next) = next.filter(|next| *next <= end) else { return };
            self.now = self.now.max(next);
            if arrival == Some(next) {
                self.arrive();
            }
            for member in &mut self.members {
                member.node.handle_timeout(self.now);
                member.run_jobs(self.now);
            }
            self.settle();
        }
    }

    fn arrive(&mut self) {
        let (_, (from, mut bytes)) = self.under_way.pop_first().expect("one has arrived");
        let path = self.members[from].path();
        // What is refused shows in the figure.
        if let Ok(Received::Message(message)) =
            self.members[1 - from].take(path, &mut bytes, self.now)
        {
            self.delivered[1 - from] += message.payload.len() as u64;
        }
    }

    /// Fills the sender up, takes what has come, and sends what there is to send.
    fn settle(&mut self) {
        self.fill();
        for side in [0, 1] {
            while let Some(message) = self.members[side].node.poll_message() {
                self.delivered[side] += message.payload.len() as u64;
            }
            let mut out = [0; MAX_TRANSMIT];
            while let Some(sent) = self.members[side].node.poll_transmit(&mut out) {
                let (_, bytes) = sent.datagrams(&out).next().expect("it goes somewhere");
                let payload_bytes = bytes.len() as u64;
                self.sent[side] += 1;
                let number = self.sent[side];
                let packet = Incoming {
                    at: self.now,
                    number,
                    payload_bytes,
                    wire_bytes: payload_bytes + HEADERS,
                    is_duplicate: false,
                };
                if let Ok(crossing) = self.links[side].cross(&packet) {
                    let key = (crossing.exit, number * 2 + side as u64);
                    self.under_way.insert(key, (side, bytes.to_vec()));
                }
            }
        }
    }

    fn fill(&mut self) {
        for member in &mut self.members {
            while let Some(event) = member.node.poll_event() {
                assert!(!matches!(event, Event::Disconnected(_)), "the link is not as bad as that");
            }
        }
        let receiver = self.members[1].keys.id();
        let node = &mut self.members[0].node;
        let Some(peer) = node.peer(&receiver) else { return };
        if node.peer_state(peer) != Ok(PeerState::Active) {
            return;
        }
        let payload = [7; MESSAGE];
        let message = Outgoing { kind: 1, purpose: Purpose::Notice, payload: &payload };
        while node.send_message(peer, message, self.now).is_ok() {}
    }
}
