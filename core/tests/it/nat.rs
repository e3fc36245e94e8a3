//! A toy of a NAT (RFC 4787): its mappings are as told, and it lets in only who was sent to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use underpass_core::{Duration, Instant};

use crate::net::Packet;

/// Which port a NAT gives.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Ports {
    /// One for each socket inside, whomever it sends to (endpoint-independent mapping).
    OfSocket,
    /// The same, and that of the socket itself, so that a mapping made anew is the one before.
    Kept,
    /// For each socket and destination the next one (address and port-dependent mapping).
    Counted,
    /// The same, in no order.
    Scattered,
}

pub(crate) struct Nat {
    address: Ipv4Addr,
    inside: Vec<SocketAddr>,
    ports: Ports,
    /// After so long without a packet from inside a mapping is forgotten.
    timeout: Duration,
    mappings: Vec<Mapping>,
    made: u16,
}

struct Mapping {
    inside: SocketAddr,
    /// Whom it is for, if not for all.
    only: Option<SocketAddr>,
    port: u16,
    sent_to: Vec<SocketAddr>,
    used: Instant,
}

impl Nat {
    /// Its public address ends in `number`.
    pub(crate) fn new(number: u8, inside: &[SocketAddr], ports: Ports) -> Self {
        Self {
            address: Ipv4Addr::new(198, 51, 100, number),
            inside: inside.to_vec(),
            ports,
            timeout: Duration::from_secs(120),
            mappings: Vec::new(),
            made: 0,
        }
    }

    pub(crate) fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// Forgets everything; its next ports are others.
    pub(crate) fn reboot(&mut self) {
        self.mappings.clear();
    }

    pub(crate) fn has(&self, inside: SocketAddr) -> bool {
        self.inside.contains(&inside)
    }

    pub(crate) fn is_at(&self, address: SocketAddr) -> bool {
        address.ip() == IpAddr::V4(self.address)
    }

    pub(crate) fn leave(&mut self, mut packet: Packet, now: Instant) -> Option<Packet> {
        if self.has(packet.to) {
            return Some(packet);
        }
        if matches!(packet.to.ip(), IpAddr::V4(ip) if ip.is_private()) || self.is_at(packet.to) {
            return None;
        }
        let mapping = self.mapping(packet.from, packet.to, now);
        mapping.used = now;
        if !mapping.sent_to.contains(&packet.to) {
            mapping.sent_to.push(packet.to);
        }
        packet.from.set_port(mapping.port);
        packet.from.set_ip(self.address.into());
        Some(packet)
    }

    pub(crate) fn enter(&mut self, mut packet: Packet, now: Instant) -> Option<Packet> {
        self.expire(now);
        let mapping = self.mappings.iter().find(|mapping| mapping.port == packet.to.port())?;
        packet.to = mapping.inside;
        mapping.sent_to.contains(&packet.from).then_some(packet)
    }

    fn expire(&mut self, now: Instant) {
        let timeout = self.timeout;
        self.mappings.retain(|mapping| now.saturating_since(mapping.used) < timeout);
    }

    fn mapping(&mut self, inside: SocketAddr, to: SocketAddr, now: Instant) -> &mut Mapping {
        self.expire(now);
        let is_for_all = matches!(self.ports, Ports::OfSocket | Ports::Kept);
        let only = (!is_for_all).then_some(to);
        let is_it = |mapping: &Mapping| mapping.inside == inside && mapping.only == only;
        if let Some(place) = self.mappings.iter().position(is_it) {
            return &mut self.mappings[place];
        }
        self.made += 1;
        let port = match self.ports {
            Ports::Scattered => 20_000 + self.made.wrapping_mul(7919) % 40_000,
            Ports::Kept => inside.port(),
            Ports::OfSocket | Ports::Counted => 40_000 + self.made,
        };
        self.mappings.push(Mapping { inside, only, port, sent_to: Vec::new(), used: now });
        self.mappings.last_mut().expect("it was pushed")
    }
}
