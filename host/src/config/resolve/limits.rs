//! How much a node holds.

use std::ops::RangeInclusive;

use toml::Spanned;
use underpass_core::Capacity;

use super::super::diagnostic::Diagnostic;
use super::super::file::{Limits, Machine, OwnLimits};
use super::super::units;
use super::Reader;
use crate::capacity::{BOARD, HOST};

impl Reader<'_> {
    pub(super) fn capacity(&mut self, written: Option<&Spanned<Limits>>, relays: bool) -> Capacity {
        let mut capacity = match written.map(Spanned::get_ref) {
            Some(Limits::Of(Machine::Board)) => BOARD,
            _ => HOST,
        };
        if let Some(Limits::Own(own)) = written.map(Spanned::get_ref) {
            self.own_capacity(own, &mut capacity);
        }
        if !relays
            && !matches!(written.map(Spanned::get_ref), Some(Limits::Own(own)) if own.circuits.is_some())
        {
            capacity.circuits = 0;
        }
        capacity
    }

    fn own_capacity(&mut self, own: &OwnLimits, capacity: &mut Capacity) {
        // The ranges that `underpass_core::CapacityError` names.
        self.limit(own.peers.as_ref(), 1..=16_384, &mut capacity.peers);
        self.limit(own.handshakes.as_ref(), 2..=4_096, &mut capacity.handshakes);
        self.limit(own.messages.as_ref(), 2..=16_384, &mut capacity.messages);
        self.limit(own.circuits.as_ref(), 0..=16_384, &mut capacity.circuits);
        self.power(own.message_window.as_ref(), 32..=1_024, &mut capacity.message_window);
        self.power(own.window_bits.as_ref(), 128..=65_536, &mut capacity.window_bits);
        if let Some(written) = &own.buffer {
            match units::bytes(written.get_ref()) {
                Some(bytes @ 1_440..=10_485_600) => capacity.buffer = bytes as usize,
                _ => self.add(
                    Diagnostic::at(written.span(), "`buffer` is from 1440B to 10485600B")
                        .help("write it like \"4MiB\""),
                ),
            }
        }
    }

    pub(super) fn limit(
        &mut self,
        written: Option<&Spanned<u64>>,
        range: RangeInclusive<u64>,
        into: &mut usize,
    ) {
        let Some(written) = written else { return };
        match range.contains(written.get_ref()) {
            true => *into = *written.get_ref() as usize,
            false => {
                let message = format!("this is from {} to {}", range.start(), range.end());
                self.add(Diagnostic::at(written.span(), message));
            }
        }
    }

    fn power(
        &mut self,
        written: Option<&Spanned<u64>>,
        range: RangeInclusive<u64>,
        into: &mut usize,
    ) {
        if let Some(written) = written.filter(|written| !written.get_ref().is_power_of_two()) {
            self.add(Diagnostic::at(written.span(), "this is a power of two"));
            return;
        }
        self.limit(written, range, into);
    }
}
