//! What a node knows, in words.

use underpass_core::inspect::{PeerView, peer_view};
use underpass_core::{Deadline, Dropped, Node, PeerState, Route};

use super::{HeapStorage, Roster};
use crate::scenario::model::NodeId;

/// Lines about each of these peers, then about what else the node waits for and what it refused.
pub(super) fn of(
    node: &Node<HeapStorage>,
    roster: &Roster,
    peers: &[(NodeId, &str)],
) -> Vec<String> {
    let mut lines = Vec::new();
    let mut shown = Vec::new();
    for &(peer, name) in peers {
        match peer_view(node, &roster.identity(peer).id()) {
            None => lines.push(format!("knows nothing of {name}")),
            Some(view) => {
                lines.extend(of_peer(name, &view));
                shown.push(view.next);
            }
        }
    }
    let next = node.poll_timeout();
    if let Some(Deadline { at, timer }) = next.filter(|_| !shown.contains(&next)) {
        lines.push(format!("next of all its timers: {timer:?} at {at}"));
    }
    let refused = Dropped::ALL.iter().map(|why| (why.name(), node.counters().dropped(*why)));
    let refused: Vec<String> = refused
        .filter(|(_, count)| *count > 0)
        .map(|(why, count)| format!("{} {count}", why.trim_start_matches("dropped.")))
        .collect();
    if !refused.is_empty() {
        lines.push(format!("refused datagrams: {}", refused.join(", ")));
    }
    lines
}

/// How it sees a peer; then where that is and what it waits for.
fn of_peer(name: &str, view: &PeerView) -> [String; 2] {
    let PeerView { state, since, route, also, dialled, is_dialled, next } = view;
    let state = match state {
        PeerState::Init => "init",
        PeerState::Active => "active",
        PeerState::Disconnected => "disconnected",
    };
    let way = |route: &Route| match route {
        Route::Direct(path) => format!("at {}", path.remote),
        _ => "through a relay".into(),
    };
    let mut parts = vec![match (route, dialled) {
        (Some(route), _) => format!("{name} reached {}", way(route)),
        (None, Some(path)) => format!("{name} thought to be at {}", path.remote),
        (None, None) => format!("{name} at no known address"),
    }];
    parts.extend(also.as_ref().map(|route| format!("and {}", way(route))));
    if *is_dialled {
        parts.push("being dialled".into());
    }
    parts.push(match next {
        Some(Deadline { at, timer }) => format!("next timer {timer:?} at {at}"),
        None => "no timer".into(),
    });
    [format!("{name} {state} since {since}"), parts.join(", ")]
}
