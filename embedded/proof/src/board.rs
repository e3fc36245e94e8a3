//! A board, from its first boot on.

use std::path::Path;

use underpass_core::PeerId;

use crate::Result;
use crate::daemon::NETWORK;
use crate::machine::{Machine, Running};

/// One that runs, and who it is.
pub(crate) struct Board {
    pub(crate) running: Running,
    pub(crate) id: PeerId,
}

impl Board {
    /// Boots one that has never run.
    pub(crate) fn new((machine, image): (Machine, &Path), directory: &Path) -> Result<Self> {
        let running = Running::start(machine, image, directory)?;
        let id = running.hear("id ")?;
        running.hear("say ")?;
        let id = id.parse().map_err(|error| format!("the board's id `{id}`: {error}"))?;
        Ok(Self { running, id })
    }

    /// Tells it over its serial line what it must know, and has it start again with that.
    pub(crate) fn tell(&mut self, lines: &[&str]) -> Result {
        for line in lines {
            self.running.say(line)?;
            self.running.hear("ok")?;
        }
        self.running.say("save")?;
        self.running.hear("saved")?;
        if self.running.hear("id ")? != self.id.to_string() {
            return Err("the board has forgotten who it is".to_owned());
        }
        Ok(())
    }

    /// A number that it says of itself.
    pub(crate) fn status(&mut self, name: &str) -> Result<u32> {
        self.running.say("status")?;
        let said = self.running.hear("status ")?;
        let mut words = said.split(' ').skip_while(|word| *word != name).skip(1);
        let value = words.next().and_then(|word| word.parse().ok());
        value.ok_or_else(|| format!("the board says of itself `{said}`"))
    }
}

/// What it is told of the network.
pub(crate) fn network(secret: &str) -> String {
    format!("network {NETWORK} {secret}")
}
