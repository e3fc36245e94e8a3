//! What nodes report.

use std::fmt::Write as _;

use std::net::{IpAddr, SocketAddr};

use underpass_core::{Duration, Instant, Outcome, RelayReason};

use crate::machine::SendId;
use crate::scenario::model::{NodeId, SessionState};
use crate::units::Period;

/// Something that a node reports about itself. Expectations and checkers are written over these.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Observation {
    /// Its session with a peer is now in this state.
    Session {
        /// With whom.
        peer: NodeId,
        /// The state.
        state: SessionState,
    },
    /// Its packets to a peer travel so from now on; `None`: not at all.
    Route {
        /// To whom.
        peer: NodeId,
        /// How.
        way: Option<Way>,
    },
    /// It says why packets to a peer go through a relay, or do not go at all.
    Why {
        /// To whom.
        peer: NodeId,
        /// Why.
        why: RelayReason,
    },
    /// It knows a node by its record, or does no longer.
    Known {
        /// Which node.
        peer: NodeId,
        /// Whether it does.
        is: bool,
    },
    /// It found a node that has the tag which it looked for.
    Found {
        /// Which node.
        peer: NodeId,
    },
    /// It heard a broadcast, and handed it to its application.
    Heard {
        /// Who spoke.
        from: NodeId,
        /// The statement that the broadcast belongs to.
        send: SendId,
        /// Which broadcast of that statement.
        number: u64,
        /// The time from application to application.
        latency: Duration,
    },
    /// It sent on what a peer has for another.
    Forwarded {
        /// Bytes of what went out, with its own seal.
        bytes: u32,
    },
    /// A handshake with a peer completed.
    Established {
        /// With whom.
        peer: NodeId,
        /// The hash over the handshake, equal at both ends.
        handshake_hash: [u8; 32],
    },
    /// It measured the round trip to a peer.
    Rtt {
        /// To whom.
        peer: NodeId,
        /// The time from request to answer.
        rtt: Duration,
    },
    /// It accepted a payload of its application: sent the datagram, or keeps the message until it
    /// ends.
    Sent {
        /// The statement the payload belongs to.
        send: SendId,
        /// Which payload of that statement.
        number: u64,
        /// To whom.
        to: NodeId,
    },
    /// It has no room for a message of its application, which offers it again later.
    Waits {
        /// The statement the message belongs to.
        send: SendId,
        /// Which message of that statement.
        number: u64,
        /// To whom it is to go.
        to: NodeId,
    },
    /// It did not accept a payload of its application.
    Refused {
        /// The statement the payload belongs to.
        send: SendId,
        /// Which payload of that statement.
        number: u64,
        /// To whom it was to go.
        to: NodeId,
        /// Why not.
        why: &'static str,
    },
    /// It handed a payload to its application.
    Delivered {
        /// Who sent it.
        from: NodeId,
        /// The statement the payload belongs to.
        send: SendId,
        /// Which payload of that statement.
        number: u64,
        /// The time from application to application.
        latency: Duration,
    },
    /// It says how a message of its application ended.
    Ended {
        /// The statement the message belongs to.
        send: SendId,
        /// Which message of that statement.
        number: u64,
        /// To whom it was to go.
        to: NodeId,
        /// How.
        outcome: Outcome,
    },
    /// It handed to its application what no application gave out.
    Garbled {
        /// Who is said to have sent it.
        from: NodeId,
    },
    /// It discarded a datagram that it received.
    Dropped {
        /// Why.
        reason: &'static str,
    },
    /// It was switched on.
    Started {
        /// How often it was before.
        incarnation: u32,
    },
    /// It was switched off.
    Stopped,
    /// It does not run for a while, and hears of nothing. Its clock goes on.
    Suspended,
    /// It runs again.
    Resumed,
    /// It accepted a payload of the application on it, under that application's name for it.
    AppSent {
        /// The name.
        number: u64,
        /// To whom.
        to: NodeId,
    },
    /// It handed a payload to the application on it that another one sent.
    AppReceived {
        /// Who sent it.
        from: NodeId,
        /// The sender's name for it.
        number: u64,
    },
    /// It says how a message of the application on it ended.
    AppEnded {
        /// The name.
        number: u64,
        /// To whom it was to go.
        to: NodeId,
        /// How.
        outcome: Outcome,
    },
    /// Anything else that a machine wants to tell.
    Custom {
        /// What it is.
        kind: &'static str,
        /// How much.
        value: i64,
    },
}

/// How packets to a peer travel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    /// To this address and port.
    Direct(SocketAddr),
    /// Through this relay.
    Relayed(NodeId),
}

impl Observation {
    /// Appends the encoding that goes into the trace hash: a tag, then the fields in their order,
    /// integers in little-endian order, text after its length. Two observations never encode
    /// alike.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        match *self {
            Self::Session { peer, state } => {
                out.extend([0, state_code(state)]);
                out.extend(peer.0.to_le_bytes());
            }
            Self::Established { peer, handshake_hash } => {
                out.push(1);
                out.extend(peer.0.to_le_bytes());
                out.extend(handshake_hash);
            }
            Self::Rtt { peer, rtt } => {
                out.push(2);
                out.extend(peer.0.to_le_bytes());
                out.extend(rtt.as_micros().to_le_bytes());
            }
            Self::Sent { send, number, to } => encode_payload(out, 3, send, number, to),
            Self::Refused { send, number, to, why } => {
                encode_payload(out, 4, send, number, to);
                encode_text(out, why);
            }
            Self::Delivered { from, send, number, latency } => {
                encode_payload(out, 5, send, number, from);
                out.extend(latency.as_micros().to_le_bytes());
            }
            Self::Dropped { reason } => {
                out.push(6);
                encode_text(out, reason);
            }
            Self::Started { incarnation } => {
                out.push(7);
                out.extend(incarnation.to_le_bytes());
            }
            Self::Stopped => out.push(8),
            Self::Suspended => out.push(18),
            Self::Resumed => out.push(19),
            Self::Custom { kind, value } => {
                out.push(9);
                encode_text(out, kind);
                out.extend(value.to_le_bytes());
            }
            Self::Garbled { from } => {
                out.push(10);
                out.extend(from.0.to_le_bytes());
            }
            Self::AppSent { number, to } => encode_app(out, 20, number, to),
            Self::AppReceived { from, number } => encode_app(out, 21, number, from),
            Self::AppEnded { number, to, outcome } => {
                encode_app(out, 22, number, to);
                out.push(outcome_code(outcome));
            }
            Self::Route { peer, way } => {
                out.push(32);
                out.extend(peer.0.to_le_bytes());
                encode_way(out, way);
            }
            Self::Why { peer, why } => {
                out.push(34);
                out.extend(peer.0.to_le_bytes());
                encode_text(out, reason(why));
            }
            Self::Known { peer, is } => {
                out.push(35);
                out.extend(peer.0.to_le_bytes());
                out.push(is.into());
            }
            Self::Found { peer } => {
                out.push(37);
                out.extend(peer.0.to_le_bytes());
            }
            Self::Heard { from, send, number, latency } => {
                encode_payload(out, 36, send, number, from);
                out.extend(latency.as_micros().to_le_bytes());
            }
            Self::Forwarded { bytes } => {
                out.push(33);
                out.extend(bytes.to_le_bytes());
            }
            Self::Waits { send, number, to } => encode_payload(out, 16, send, number, to),
            Self::Ended { send, number, to, outcome } => {
                encode_payload(out, 17, send, number, to);
                out.push(outcome_code(outcome));
            }
        }
    }

    /// The observation as one line of JSON: `time_us`, `node`, `kind`, then its own fields; before all
    /// these `run`, if there is one to be named. `docs/trace.md` lists them.
    pub fn to_json<'n>(
        &self,
        run: Option<&str>,
        at: Instant,
        node: NodeId,
        name_of: impl Fn(NodeId) -> &'n str,
    ) -> String {
        let mut line = Line::new(run, at, name_of(node));
        match *self {
            Self::Session { peer, state } => line
                .text("kind", "session")
                .text("peer", name_of(peer))
                .text("state", state_name(state)),
            Self::Route { peer, way } => {
                line.text("kind", "route").text("peer", name_of(peer));
                match way {
                    Some(Way::Direct(address)) => line.text("direct", &address.to_string()),
                    Some(Way::Relayed(relay)) => line.text("relayed", name_of(relay)),
                    None => &mut line,
                }
            }
            Self::Why { peer, why } => {
                line.text("kind", "why").text("peer", name_of(peer)).text("why", reason(why))
            }
            Self::Known { peer, is: true } => {
                line.text("kind", "known").text("peer", name_of(peer))
            }
            Self::Known { peer, is: false } => {
                line.text("kind", "forgotten").text("peer", name_of(peer))
            }
            Self::Found { peer } => line.text("kind", "found").text("peer", name_of(peer)),
            Self::Heard { from, send, number, latency } => line
                .text("kind", "heard")
                .text("from", name_of(from))
                .number("send", send.0)
                .number("number", number)
                .number("latency_us", latency.as_micros()),
            Self::Forwarded { bytes } => line.text("kind", "forwarded").number("bytes", bytes),
            Self::Established { peer, handshake_hash } => line
                .text("kind", "established")
                .text("peer", name_of(peer))
                .text("handshake_hash", &hex(&handshake_hash)),
            Self::Rtt { peer, rtt } => line
                .text("kind", "rtt")
                .text("peer", name_of(peer))
                .number("rtt_us", rtt.as_micros()),
            Self::Sent { send, number, to } => line
                .text("kind", "sent")
                .number("send", send.0)
                .number("number", number)
                .text("to", name_of(to)),
            Self::Refused { send, number, to, why } => line
                .text("kind", "refused")
                .number("send", send.0)
                .number("number", number)
                .text("to", name_of(to))
                .text("why", why),
            Self::Delivered { from, send, number, latency } => line
                .text("kind", "delivered")
                .text("from", name_of(from))
                .number("send", send.0)
                .number("number", number)
                .number("latency_us", latency.as_micros()),
            Self::Garbled { from } => line.text("kind", "garbled").text("from", name_of(from)),
            Self::Waits { send, number, to } => line
                .text("kind", "waits")
                .number("send", send.0)
                .number("number", number)
                .text("to", name_of(to)),
            Self::Ended { send, number, to, outcome } => line
                .text("kind", "ended")
                .number("send", send.0)
                .number("number", number)
                .text("to", name_of(to))
                .text("outcome", outcome_name(outcome)),
            Self::Dropped { reason } => line.text("kind", "dropped").text("reason", reason),
            Self::Started { incarnation } => {
                line.text("kind", "started").number("incarnation", incarnation)
            }
            Self::Stopped => line.text("kind", "stopped"),
            Self::Suspended => line.text("kind", "suspended"),
            Self::Resumed => line.text("kind", "resumed"),
            Self::AppSent { number, to } => {
                line.text("kind", "app_sent").number("number", number).text("to", name_of(to))
            }
            Self::AppReceived { from, number } => line
                .text("kind", "app_received")
                .text("from", name_of(from))
                .number("number", number),
            Self::AppEnded { number, to, outcome } => line
                .text("kind", "app_ended")
                .number("number", number)
                .text("to", name_of(to))
                .text("outcome", outcome_name(outcome)),
            Self::Custom { kind, value } => line.text("kind", kind).number("value", value),
        };
        line.finish()
    }
}

impl Observation {
    /// In a few words: `session with sensor active`.
    pub fn describe<'n>(&self, name_of: impl Fn(NodeId) -> &'n str) -> String {
        let payload = |what: &str, number, send: SendId, whom: &str| {
            format!("payload {number} of send {} {what} {whom}", send.0)
        };
        let app = |what: &str, number, whom: &str| {
            format!("application's payload {number} {what} {whom}")
        };
        match *self {
            Self::Session { peer, state } => {
                format!("session with {} {}", name_of(peer), state_name(state))
            }
            Self::Established { peer, handshake_hash } => {
                let hash = hex(&handshake_hash[..8]);
                format!("handshake with {} done ({hash}..)", name_of(peer))
            }
            Self::Route { peer, way: None } => format!("no path to {}", name_of(peer)),
            Self::Route { peer, way: Some(Way::Direct(address)) } => {
                format!("path to {} direct, at {address}", name_of(peer))
            }
            Self::Route { peer, way: Some(Way::Relayed(relay)) } => {
                format!("path to {} through {}", name_of(peer), name_of(relay))
            }
            Self::Why { peer, why } => {
                format!("no direct path to {}: {}", name_of(peer), reason(why))
            }
            Self::Known { peer, is: true } => format!("knows {} by its record", name_of(peer)),
            Self::Known { peer, is: false } => format!("has forgotten {}", name_of(peer)),
            Self::Found { peer } => format!("has found {}", name_of(peer)),
            Self::Heard { from, send, number, latency } => {
                let what = payload("heard, of", number, send, name_of(from));
                format!("{what}, after {}", Period(latency))
            }
            Self::Forwarded { bytes } => format!("{bytes} bytes sent on for a peer"),
            Self::Rtt { peer, rtt } => {
                format!("round trip to {} {}", name_of(peer), Period(rtt))
            }
            Self::Sent { send, number, to } => payload("sent to", number, send, name_of(to)),
            Self::Waits { send, number, to } => {
                payload("waits for room, to", number, send, name_of(to))
            }
            Self::Refused { send, number, to, why } => {
                let what = payload("refused, to", number, send, name_of(to));
                format!("{what}: {why}")
            }
            Self::Delivered { from, send, number, latency } => {
                let what = payload("delivered, from", number, send, name_of(from));
                format!("{what}, after {}", Period(latency))
            }
            Self::Ended { send, number, to, outcome } => {
                let what = format!("{}, to", outcome_name(outcome));
                payload(&what, number, send, name_of(to))
            }
            Self::Garbled { from } => format!("a payload from {} that nobody sent", name_of(from)),
            Self::Dropped { reason } => format!("a datagram refused: {reason}"),
            Self::Started { incarnation: 0 } => "started".into(),
            Self::Started { incarnation } => format!("started again ({incarnation})"),
            Self::Stopped => "stopped".into(),
            Self::Suspended => "suspended".into(),
            Self::Resumed => "runs again".into(),
            Self::AppSent { number, to } => app("sent to", number, name_of(to)),
            Self::AppReceived { from, number } => app("received from", number, name_of(from)),
            Self::AppEnded { number, to, outcome } => {
                app(&format!("{}, to", outcome_name(outcome)), number, name_of(to))
            }
            Self::Custom { kind, value } => format!("{kind} {value}"),
        }
    }
}

fn encode_payload(out: &mut Vec<u8>, tag: u8, send: SendId, number: u64, other: NodeId) {
    out.push(tag);
    out.extend(send.0.to_le_bytes());
    out.extend(number.to_le_bytes());
    out.extend(other.0.to_le_bytes());
}

fn encode_app(out: &mut Vec<u8>, tag: u8, number: u64, other: NodeId) {
    out.push(tag);
    out.extend(number.to_le_bytes());
    out.extend(other.0.to_le_bytes());
}

/// A tag; then address and port, or the relay.
fn encode_way(out: &mut Vec<u8>, way: Option<Way>) {
    match way {
        None => out.push(0),
        Some(Way::Direct(address)) => {
            match address.ip() {
                IpAddr::V4(ip) => {
                    out.push(1);
                    out.extend(ip.octets());
                }
                IpAddr::V6(ip) => {
                    out.push(2);
                    out.extend(ip.octets());
                }
            }
            out.extend(address.port().to_le_bytes());
        }
        Some(Way::Relayed(relay)) => {
            out.push(3);
            out.extend(relay.0.to_le_bytes());
        }
    }
}

/// All reasons in words.
pub(crate) const REASONS: [&str; 10] = [
    "none was tried yet",
    "one is being tried",
    "no relay says where it is",
    "its own NAT gives a port for each destination",
    "the peer's NAT gives a port for each destination",
    "both NATs give a port for each destination",
    "nothing came back",
    "the one there was has failed",
    "the one there is loses too much",
    "nobody has answered by UDP",
];

/// A reason in words.
pub(crate) fn reason(why: RelayReason) -> &'static str {
    match why {
        RelayReason::NotTried => REASONS[0],
        RelayReason::Trying => REASONS[1],
        RelayReason::NoAddress => REASONS[2],
        RelayReason::OwnPortsVary => REASONS[3],
        RelayReason::PeerPortsVary => REASONS[4],
        RelayReason::BothPortsVary => REASONS[5],
        RelayReason::NoAnswer => REASONS[6],
        RelayReason::Lost { .. } => REASONS[7],
        RelayReason::Lossy => REASONS[8],
        RelayReason::UdpBlocked => REASONS[9],
        _ => "unknown",
    }
}

fn encode_text(out: &mut Vec<u8>, text: &str) {
    let length = u64::try_from(text.len()).expect("text fits in memory");
    out.extend(length.to_le_bytes());
    out.extend(text.as_bytes());
}

fn state_code(state: SessionState) -> u8 {
    match state {
        SessionState::Init => 0,
        SessionState::Active => 1,
        SessionState::Disconnected => 2,
    }
}

fn state_name(state: SessionState) -> &'static str {
    match state {
        SessionState::Init => "init",
        SessionState::Active => "active",
        SessionState::Disconnected => "disconnected",
    }
}

fn outcome_code(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Acked => 0,
        Outcome::Failed => 1,
        Outcome::Unknown => 2,
    }
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Acked => "acked",
        Outcome::Failed => "failed",
        Outcome::Unknown => "unknown",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all");
        text
    })
}

/// A JSON object on one line, whose fields keep their order.
struct Line(String);

impl Line {
    fn new(run: Option<&str>, at: Instant, node: &str) -> Self {
        let mut line = Self(String::with_capacity(128));
        if let Some(run) = run {
            line.text("run", run);
        }
        line.number("time_us", at.as_micros()).text("node", node);
        line
    }

    fn text(&mut self, key: &str, value: &str) -> &mut Self {
        let value = serde_json::to_string(value).expect("text is valid JSON");
        self.field(key, &value)
    }

    fn number(&mut self, key: &str, value: impl Into<i128>) -> &mut Self {
        self.field(key, &value.into().to_string())
    }

    fn field(&mut self, key: &str, value: &str) -> &mut Self {
        let before = if self.0.is_empty() { '{' } else { ',' };
        write!(self.0, "{before}\"{key}\":{value}").expect("a String takes all");
        self
    }

    fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}
