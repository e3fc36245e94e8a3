//! Both ends and what is between them, in virtual time.

use smoltcp::iface::{Config as InterfaceConfig, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{FaultInjector, Loopback, Medium};
use smoltcp::socket::udp;
use smoltcp::time::Instant as Time;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};
use underpass_core::{
    Config, Event, Message, Network, Node, Outcome, Outgoing, Path, Peer, PeerState, Purpose,
    SecretIdentity, SendError, Socket,
};
use underpass_driver::{Inbox, Pump, Udp, instant};

underpass_core::storage! {
    pub(crate) struct Board {
        peers: 2, handshakes: 4, window_bits: 256,
        messages: 8, message_window: 32, buffer: 4096, circuits: 0, punches: 1, records: 0, rumours: 0,
    }
}

/// Microseconds between two looks at everything.
const TICK_US: i64 = 1_000;

/// After so much virtual time, what has not come will not.
const PATIENCE_US: i64 = 300_000_000;

pub(crate) struct End {
    pub(crate) pump: Pump<Board>,
    pub(crate) inbox: Counts,
    pub(crate) peer: Peer,
    keys: SecretIdentity,
    socket: SocketHandle,
    path: Path,
}

/// An inbox that counts.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) messages: u32,
    pub(crate) datagrams: u32,
    pub(crate) is_full: bool,
}

impl Inbox for Counts {
    fn has_room(&self) -> bool {
        !self.is_full
    }

    fn datagram(&mut self, _: Peer, _: &[u8]) {
        self.datagrams += 1;
    }

    fn message(&mut self, _: Message<'_>) {
        self.messages += 1;
    }
}

impl End {
    fn new(number: u8, sockets: &mut SocketSet<'static>) -> Self {
        let mut drawn = number;
        let mut draw = || {
            drawn += 2;
            [drawn; 32]
        };
        let (keys, _) = SecretIdentity::generate(&mut draw).expect("half of all seeds will do");
        let config = Config::new(Network::closed("bench", [1; 32]));
        let now = instant(Time::ZERO);
        let node = Node::new(config, keys.id(), [number; 32], Board::EMPTY, now);
        let node = node.expect("its lengths go together");
        let buffer =
            || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; 4], vec![0; 4 * 1280]);
        let mut socket = udp::Socket::new(buffer(), buffer());
        let port = 4747 + u16::from(number);
        socket.bind(port).expect("each has a port of its own");
        let path = Path { socket: Socket(0), remote: ([127, 0, 0, 1], port).into() };
        let peer = node.oneself();
        let (pump, socket) = (Pump::new(node), sockets.add(socket));
        Self { pump, inbox: Counts::default(), peer, keys, socket, path }
    }

    pub(crate) fn state(&self) -> PeerState {
        self.pump.node().peer_state(self.peer).expect("it is never closed")
    }

    /// How the next message has ended that has.
    pub(crate) fn ended(&mut self) -> Option<Outcome> {
        loop {
            if let Event::Message(_, _, outcome) = self.pump.node_mut().poll_event()? {
                return Some(outcome);
            }
        }
    }
}

pub(crate) struct Bench {
    pub(crate) ends: [End; 2],
    device: FaultInjector<Loopback>,
    interface: Interface,
    sockets: SocketSet<'static>,
    now: Time,
}

impl Bench {
    /// Of a hundred frames so many are lost, and so many damaged.
    pub(crate) fn new(lost: u8, damaged: u8) -> Self {
        let mut device = FaultInjector::new(Loopback::new(Medium::Ip), 1);
        device.set_drop_chance(lost);
        device.set_corrupt_chance(damaged);
        let config = InterfaceConfig::new(HardwareAddress::Ip);
        let mut interface = Interface::new(config, &mut device, Time::ZERO);
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(IpAddress::v4(127, 0, 0, 1), 8)).expect("there is room");
        });
        let mut sockets = SocketSet::new(vec![]);
        let ends = [0, 1].map(|number| End::new(number, &mut sockets));
        Self { ends, device, interface, sockets, now: Time::ZERO }
    }

    pub(crate) fn lose(&mut self, lost: u8) {
        self.device.set_drop_chance(lost);
    }

    /// The first dials the second, and both know each other then.
    pub(crate) fn connect(&mut self) {
        let [caller, called] = &mut self.ends;
        let dialled =
            caller.pump.node_mut().connect(called.keys.id(), called.path, instant(self.now));
        caller.peer = dialled.expect("there is room");
        self.until(|[caller, called]| {
            called.peer = called.pump.node_mut().peer(&caller.keys.id())?;
            let states = [caller.state(), called.state()];
            (states == [PeerState::Active; 2]).then_some(())
        });
    }

    pub(crate) fn send(&mut self, from: usize, payload: &[u8]) {
        self.offer(from, payload).expect("there is room");
    }

    fn offer(&mut self, from: usize, payload: &[u8]) -> Result<(), SendError> {
        let message = Outgoing { kind: 1, purpose: Purpose::Notice, payload };
        let End { pump, peer, .. } = &mut self.ends[from];
        pump.node_mut().send_message(*peer, message, instant(self.now)).map(|_| ())
    }

    /// Each end sends so many messages, as room allows, and all of them are acknowledged.
    pub(crate) fn exchange(&mut self, count: u32) {
        let (mut to_send, mut acked) = ([count; 2], [0; 2]);
        while acked != [count; 2] {
            for from in [0, 1] {
                if to_send[from] > 0 && self.offer(from, b"21.5").is_ok() {
                    to_send[from] -= 1;
                }
            }
            self.tick();
            for (end, acked) in self.ends.iter_mut().zip(&mut acked) {
                while let Some(outcome) = end.ended() {
                    assert_eq!(outcome, Outcome::Acked);
                    *acked += 1;
                }
            }
            assert!(self.now.total_micros() < PATIENCE_US, "only {acked:?} were acknowledged");
        }
    }

    /// Lets time pass until something has come of it.
    pub(crate) fn until<R>(&mut self, mut found: impl FnMut(&mut [End; 2]) -> Option<R>) -> R {
        let end = self.now.total_micros() + PATIENCE_US;
        while self.now.total_micros() < end {
            if let Some(found) = found(&mut self.ends) {
                return found;
            }
            self.tick();
        }
        panic!("nothing came of it")
    }

    pub(crate) fn pass(&mut self, micros: i64) {
        for _ in 0..micros / TICK_US {
            self.tick();
        }
    }

    fn tick(&mut self) {
        self.now = Time::from_micros(self.now.total_micros() + TICK_US);
        self.interface.poll(self.now, &mut self.device, &mut self.sockets);
        for End { pump, inbox, socket, keys, .. } in &mut self.ends {
            let wire = &mut Udp(self.sockets.get_mut(*socket));
            pump.step(instant(self.now), wire, inbox);
            pump.run_job(keys, instant(self.now));
        }
    }
}
