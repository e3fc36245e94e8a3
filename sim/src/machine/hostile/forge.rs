//! Sends variations of what it overheard.

use std::collections::VecDeque;
use std::net::SocketAddr;

use underpass_core::{Duration, MAX_DATAGRAM};

use super::raid::Raid;
use super::{Dice, meddling};
use crate::machine::Cx;
use crate::trace::PacketInfo;
use crate::wire::{SEALED, header};

/// Datagrams that it remembers.
const TEMPLATES_MAX: usize = 64;

/// Sends datagrams that it overheard to where they went, each varied in one way: another kind,
/// version, index or counter, another epoch with another counter, reserved bits set, shorter or
/// longer, bytes changed, or the header of one on the content of another. They claim to come from
/// their sender, from the sender of another, or from an address that hardly anybody has.
#[derive(Clone, Debug)]
pub struct Forge {
    /// Time between two, not zero.
    pub every: Duration,
}

pub(super) struct Forger {
    every: Duration,
    /// The newest last.
    templates: VecDeque<Template>,
}

struct Template {
    source: SocketAddr,
    destination: SocketAddr,
    bytes: Vec<u8>,
}

impl Forger {
    pub(super) fn new(forge: &Forge) -> Self {
        Self { every: forge.every, templates: VecDeque::new() }
    }

    fn drawn(&self, what: &str, dice: &Dice) -> Option<&Template> {
        match self.templates.len() {
            0 => None,
            known => self.templates.get(dice.below(what, known)),
        }
    }
}

impl Raid for Forger {
    fn every(&self) -> Duration {
        self.every
    }

    fn overheard(&mut self, packet: &PacketInfo<'_>) {
        let &PacketInfo { source, destination, bytes, .. } = packet;
        if self.templates.len() == TEMPLATES_MAX {
            self.templates.pop_front();
        }
        self.templates.push_back(Template { source, destination, bytes: bytes.into() });
    }

    fn strike(&mut self, number: u64, cx: &mut Cx<'_>) {
        let dice = Dice::new(cx, &["forge"], number);
        let Some(template) = self.drawn("template", &dice) else { return };
        let Some(other) = self.drawn("other", &dice) else { return };
        let mut bytes = template.bytes.clone();
        vary(&mut bytes, &other.bytes, &dice);
        let source = match dice.below("source", 3) {
            0 => template.source,
            1 if other.source.is_ipv4() == template.source.is_ipv4() => other.source,
            _ => dice.address(template.destination.is_ipv4()),
        };
        cx.inject(source, template.destination, &bytes);
    }
}

/// Makes the datagram another one.
pub(super) fn vary(bytes: &mut Vec<u8>, other: &[u8], dice: &Dice) {
    if bytes.len() < header::LEN {
        return lengthen(bytes, dice);
    }
    let before = bytes.clone();
    match dice.below("variation", 9) {
        0 => bytes[header::KIND] ^= dice.nonzero("kind"),
        1 => {
            bytes[header::VERSION] ^= dice.nonzero("version");
            // Under a counter that was there, the replay window is asked first.
            if bytes[header::KIND] == SEALED {
                dice.fill("counter", &mut bytes[header::COUNTER]);
            }
        }
        2 => bytes[header::RESERVED.start + dice.below("reserved", 2)] ^= dice.nonzero("bits"),
        3 => dice.fill("index", &mut bytes[header::INDEX]),
        4 => dice.fill("counter", &mut bytes[header::COUNTER]),
        5 => meddling::truncate(bytes, dice),
        6 => lengthen(bytes, dice),
        7 if other.len() >= header::LEN => {
            bytes.truncate(header::LEN);
            bytes.extend(&other[header::LEN..]);
        }
        _ => meddling::flip(&mut bytes[header::LEN..], dice),
    }
    if *bytes == before {
        meddling::flip(bytes, dice);
    }
}

/// Adds bytes at the end; cuts some off where there is no room for more.
fn lengthen(bytes: &mut Vec<u8>, dice: &Dice) {
    let length = bytes.len();
    if length >= MAX_DATAGRAM {
        return meddling::truncate(bytes, dice);
    }
    bytes.resize(length + 1 + dice.below("lengthen-by", MAX_DATAGRAM - length), 0);
    dice.fill("lengthen", &mut bytes[length..]);
}
