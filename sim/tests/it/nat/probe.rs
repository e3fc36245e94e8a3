//! A prober behind a NAT and its server outside, after RFC 5780: what the NAT does is found out from
//! the endpoints that the server sees, and from what comes back.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use underpass_core::Instant;
use underpass_sim::machine::{Cx, IpFamily, Machine, Socket};
use underpass_sim::scenario::model::NodeId;

use super::setup::{decode, encode, ms, public};

/// The two nodes that are the two addresses of the server, and its ports.
pub(crate) const SERVERS: [NodeId; 2] = [NodeId(0), NodeId(1)];
pub(crate) const PORTS: [u16; 2] = [3478, 3479];
/// The prober's first port.
pub(crate) const LOCAL_PORT: u16 = 5000;

const REQUEST: u8 = 0;
const RESPONSE: u8 = 1;
/// From one address of the server to the other, which answers.
const FORWARDED: u8 = 2;
/// From prober to prober.
const GREETING: u8 = 3;

/// Which endpoint of the server: its address, and its port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Endpoint(pub(crate) u8, pub(crate) u8);

impl Endpoint {
    pub(crate) fn address(self) -> SocketAddr {
        public(SERVERS[usize::from(self.0)], PORTS[usize::from(self.1)])
    }
}

/// One address of the server: answers from the endpoint that it is asked to, after the time that it
/// is asked to wait, with the endpoint that it sees.
#[derive(Default)]
pub(crate) struct Server {
    sockets: Vec<Socket>,
    /// By when, and which of these: on which socket, to whom, with which token.
    due: BTreeMap<(Instant, u64), (Socket, SocketAddr, u8)>,
    asked: u64,
}

impl Server {
    fn answer_later(&mut self, cx: &mut Cx<'_>, port: u8, to: SocketAddr, token: u8, at: Instant) {
        self.asked += 1;
        self.due.insert((at, self.asked), (self.sockets[usize::from(port)], to, token));
        self.timeout(cx);
    }
}

impl Machine for Server {
    fn start(&mut self, cx: &mut Cx<'_>) {
        self.sockets = PORTS.map(|port| cx.bind(IpFamily::V4, port).expect("it is free")).to_vec();
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, _: Socket, from: SocketAddr, bytes: &mut [u8]) {
        match *bytes {
            [REQUEST, token, address, port, a, b, c, d] => {
                let at = cx.now() + ms(u32::from_be_bytes([a, b, c, d]).into());
                if SERVERS[usize::from(address)] == cx.node() {
                    return self.answer_later(cx, port, from, token, at);
                }
                let mut forwarded = vec![FORWARDED, token, port];
                forwarded.extend(encode(from));
                let to = Endpoint(address, port).address();
                send(cx, self.sockets[0], to, &forwarded);
            }
            [FORWARDED, token, port, ref client @ ..] => {
                let client = decode(client);
                self.answer_later(cx, port, client, token, cx.now());
            }
            ref other => panic!("the server was sent {other:?}"),
        }
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) {
        while let Some((&(at, _), _)) = self.due.first_key_value() {
            if at > cx.now() {
                break;
            }
            let (_, (socket, to, token)) = self.due.pop_first().expect("there is a first");
            let mut response = vec![RESPONSE, token];
            response.extend(encode(to));
            send(cx, socket, to, &response);
        }
        cx.wake_at(self.due.first_key_value().map(|(&(at, _), _)| at));
    }
}

/// Something that a prober sends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) at_ms: u64,
    /// Which of its sockets, from zero.
    pub(crate) socket: u8,
    pub(crate) says: Says,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Says {
    /// A request to an endpoint of the server, to be answered from another so long after.
    Ask { token: u8, to: Endpoint, from: Endpoint, after_ms: u32 },
    /// A greeting to the endpoint at which the request with this token was seen.
    Greet { seen: u8 },
}

/// What a prober was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Heard {
    pub(crate) at: Instant,
    pub(crate) socket: u8,
    pub(crate) from: SocketAddr,
}

/// Sends what its script says, and notes what it hears.
pub(crate) struct Prober {
    script: Vec<Step>,
    next: usize,
    sockets: Vec<Socket>,
    /// The endpoint that the server saw, by token.
    pub(crate) seen: BTreeMap<u8, SocketAddr>,
    pub(crate) greetings: Vec<Heard>,
}

impl Prober {
    pub(crate) fn new(mut script: Vec<Step>) -> Self {
        script.sort_by_key(|step| step.at_ms);
        let (seen, greetings) = (BTreeMap::new(), Vec::new());
        Self { script, next: 0, sockets: Vec::new(), seen, greetings }
    }

    pub(crate) fn port(&self, token: u8) -> u16 {
        self.seen[&token].port()
    }

    fn say(&self, cx: &mut Cx<'_>, step: Step) {
        let socket = self.sockets[usize::from(step.socket)];
        match step.says {
            Says::Ask { token, to, from, after_ms } => {
                let mut request = vec![REQUEST, token, from.0, from.1];
                request.extend(after_ms.to_be_bytes());
                send(cx, socket, to.address(), &request);
            }
            Says::Greet { seen } => {
                if let Some(to) = self.seen.get(&seen) {
                    send(cx, socket, *to, &[GREETING]);
                }
            }
        }
    }
}

impl Machine for Prober {
    fn start(&mut self, cx: &mut Cx<'_>) {
        let sockets = self.script.iter().map(|step| step.socket).max().map_or(0, |last| last + 1);
        let bind = |offset: u8| cx.bind(IpFamily::V4, LOCAL_PORT + u16::from(offset));
        self.sockets = (0..sockets).map(bind).map(|bound| bound.expect("it is free")).collect();
        self.timeout(cx);
    }

    fn datagram(&mut self, cx: &mut Cx<'_>, on: Socket, from: SocketAddr, bytes: &mut [u8]) {
        let socket = self.sockets.iter().position(|socket| *socket == on).expect("one of its own");
        match *bytes {
            [RESPONSE, token, ref seen @ ..] => {
                self.seen.insert(token, decode(seen));
            }
            [GREETING] => {
                let socket = u8::try_from(socket).expect("few sockets");
                self.greetings.push(Heard { at: cx.now(), socket, from });
            }
            ref other => panic!("the prober was sent {other:?}"),
        }
    }

    fn timeout(&mut self, cx: &mut Cx<'_>) {
        while let Some(step) = self.script.get(self.next).copied() {
            let at = Instant::ORIGIN + ms(step.at_ms);
            if at > cx.now() {
                return cx.wake_at(Some(at));
            }
            self.next += 1;
            self.say(cx, step);
        }
    }
}

fn send(cx: &mut Cx<'_>, socket: Socket, to: SocketAddr, bytes: &[u8]) {
    cx.transmit(|buffer| {
        buffer[..bytes.len()].copy_from_slice(bytes);
        Some((socket, to, bytes.len()))
    });
}
