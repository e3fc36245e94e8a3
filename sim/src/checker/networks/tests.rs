use super::*;
use crate::machine::SendId;

const LAPTOP: NodeId = NodeId(0);
const RELAY: NodeId = NodeId(1);

/// What the checker says when the laptop reports something; the relay is of another network.
fn said(is_open: bool, observation: &Observation) -> Option<String> {
    let mut checker = Networks {
        names: ["laptop", "relay"].map(str::to_owned).into(),
        networks: vec![0, 1],
        open: if is_open { [RELAY].into() } else { BTreeSet::new() },
        complaint: Complaint::default(),
    };
    checker.observed(Instant::ORIGIN, LAPTOP, observation);
    checker.violation()
}

const SESSION: Observation = Observation::Established { peer: RELAY, handshake_hash: [0; 32] };

#[test]
fn a_relay_for_strangers_has_sessions_with_them() {
    assert_eq!(said(true, &SESSION), None);
}

#[test]
fn another_node_of_another_network_has_none() {
    assert_eq!(
        said(false, &SESSION).as_deref(),
        Some("networks: laptop has a session with relay, of another network (at 0s)")
    );
}

#[test]
fn nothing_of_a_relay_for_strangers_comes_out() {
    let latency = underpass_core::Duration::ZERO;
    let delivered = Observation::Delivered { from: RELAY, send: SendId(0), number: 0, latency };
    assert_eq!(
        said(true, &delivered).as_deref(),
        Some("networks: laptop was handed something of relay, of another network (at 0s)")
    );
}
