//! What people see: tables and words, in colours where there are any.

use crate::view::{KnownNode, PeerStatus, Status};

/// The text in a colour, if there is any.
pub(super) fn paint(is_colored: bool, code: &str, text: &str) -> String {
    match is_colored {
        true => format!("\x1b[{code}m{text}\x1b[0m"),
        false => text.into(),
    }
}

/// What others have said may not steer the terminal.
pub(super) fn harmless(text: &str) -> String {
    let each = text.chars().map(|c| match c.is_control() && c != '\n' {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    });
    each.collect()
}

pub(super) fn status(status: &Status, is_colored: bool) -> String {
    let mut lines = vec![
        format!("id       {}", status.id),
        format!("up       {}", span(status.uptime_secs)),
        format!("listens  {}", status.listen.join(", ")),
        format!("relays   {}", if status.relays { "yes" } else { "no" }),
        format!(
            "peers    {} known, {} active, {} of them relayed",
            status.peers.len(),
            status.active,
            status.relayed
        ),
    ];
    if !status.peers.is_empty() {
        lines.push(String::new());
        lines.push(peers(&status.peers, is_colored));
    }
    lines.join("\n")
}

pub(super) fn known(known: &[KnownNode]) -> String {
    let rows = known.iter().map(|node| {
        let mut what = Vec::new();
        what.extend(node.is_relay.then_some("relays"));
        what.extend(node.is_bootstrap.then_some("takes newcomers"));
        what.extend(node.has_answered.then_some("has answered"));
        let addresses = match node.addresses.is_empty() {
            true => "at no address of its own".into(),
            false => node.addresses.join(", "),
        };
        let age = span(node.age_secs);
        format!("{:51}  {age:>8} ago  {addresses}  {}", node.id, what.join(", "))
    });
    rows.map(|row| row.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

pub(super) fn peers(peers: &[PeerStatus], is_colored: bool) -> String {
    let rows = peers.iter().map(|peer| {
        let way = match (&peer.address, &peer.relay) {
            (Some(address), _) => address.clone(),
            (None, Some(relay)) => format!("through {}", short(relay)),
            (None, None) => String::from("-"),
        };
        let round_trip = peer.round_trip_ms.map_or("-".into(), |millis| format!("{millis:.1} ms"));
        let (state, color) = match (peer.state.as_str(), peer.path.as_str()) {
            ("active", _) if peer.has_left => ("left", "33"),
            ("active", "direct") => ("direct", "32"),
            ("active", _) => ("relayed", "33"),
            ("disconnected", _) if peer.has_left => ("left", "33"),
            ("disconnected", _) => ("disconnected", "31"),
            _ => ("calling", "33"),
        };
        let state = paint(is_colored, color, &format!("{state:12}"));
        let why = peer.why.as_ref().map_or(String::new(), |why| format!("  ({})", why.text));
        format!("{:51}  {state}  {round_trip:>9}  {way}{why}", name(peer))
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// The peer with why it is relayed, and the evidence.
pub(super) fn why(peer: &PeerStatus) -> String {
    let name = name(peer);
    let Some(why) = &peer.why else {
        return match (peer.state.as_str(), peer.path.as_str(), &peer.address) {
            ("active", "direct", Some(address)) => {
                format!("{name} is reached directly, at {address}")
            }
            ("active", ..) => format!("{name} is relayed, and nothing is known to be in the way"),
            _ => format!("{name} does not answer, and nothing is known to be in the way"),
        };
    };
    let mut lines = vec![match (&peer.relay, peer.state.as_str()) {
        (Some(relay), "active") => format!("{name} is reached through {relay}:"),
        _ => format!("{name} is not reached:"),
    }];
    lines.push(format!("  {} ({})", why.text, why.reason));
    match &why.seen_at[..] {
        [] => {}
        [one] => lines.push(format!("  this node is seen at {one}")),
        many => lines.push(format!("  this node is seen at {}", many.join(" and at "))),
    }
    lines.push(format!("  probes of the last attempt: {}", why.probes));
    if let Some(secs) = why.next_try_secs {
        lines.push(format!("  next attempt in {secs:.0} s"));
    }
    if let Some(help) = &why.help {
        lines.push(format!("  what helps: {help}"));
    }
    lines.join("\n")
}

pub(super) fn name(peer: &PeerStatus) -> &str {
    peer.id.as_deref().or(peer.asked_as.as_deref()).unwrap_or("not known yet")
}

/// The beginning of an id.
fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}

/// The two greatest units.
pub(super) fn span(secs: f64) -> String {
    let secs = secs.max(0.0) as u64;
    let (days, hours, minutes) = (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{secs} s"),
        (0, 0, _) => format!("{minutes} min {} s", secs % 60),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}
