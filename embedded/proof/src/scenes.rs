//! What happens between the board and its peer, one scene after the other.

use std::net::UdpSocket;
use std::path::Path;
use std::time::Duration;

use underpass_core::{PeerId, SecretIdentity};
use underpass_sensor::Sensor;
use underpass_sensor::messages::{Command, Lamp, Status};

use crate::Result;
use crate::host::{Host, NETWORK, draw};
use crate::qemu::{Machine, Qemu};
use crate::wire::HostWire;

/// Messages that each end sends in each scene of the kind.
const MESSAGES: u32 = 100;

/// How often the board sends a reading in these scenes, in milliseconds.
const INTERVAL_MS: u32 = 50;

/// How fast the host's clock runs while a renewal is waited for: fifteen minutes are 45 seconds. Much
/// faster, and answers that take a fifth of a second on a busy computer would be too late for it.
const HURRY: u64 = 20;

/// How often a renewal may come too late, for a computer that is busier than that.
const RENEWALS_MAX: u32 = 3;

/// For what takes moments.
const SOON: Duration = Duration::from_secs(30);
/// For what takes lost packets' retries, or the detection of silence.
const LATER: Duration = Duration::from_secs(120);

/// All of them, with one board.
pub(crate) fn run(machine: Machine, image: &Path, directory: &Path) -> Result {
    let (keys, secret) = (identity()?, draw()?);
    let wire = HostWire::bind()?;
    let board = provision(machine, image, directory, &keys, &secret, wire.port())?;
    let mut stage = Stage { qemu: board.0, board: board.1, host: Host::new(keys, secret, wire)? };
    stage.meet()?;
    stage.exchange("in peace")?;
    stage.renew()?;
    stage.garbage()?;
    stage.host.wire.spoils = Some(20);
    stage.exchange("while 5 % are lost and 5 % damaged")?;
    stage.host.wire.spoils = None;
    let [lost, damaged] = stage.host.wire.spoilt;
    println!("{lost} datagrams were lost, {damaged} damaged");
    stage = stage.restart(secret)?;
    stage.exchange("after the host's restart")?;
    stage.lamp()?;
    let status = stage.status()?;
    println!("stack used at most: {} bytes", status.stack_used);
    println!("{machine:?}: passed");
    Ok(())
}

/// Boots a board that has never run, and tells it over its serial line whom to look for.
fn provision(
    machine: Machine,
    image: &Path,
    directory: &Path,
    keys: &SecretIdentity,
    secret: &[u8; 32],
    port: u16,
) -> Result<(Qemu, PeerId)> {
    let mut qemu = Qemu::start(machine, image, directory)?;
    let id = qemu.hear("id ")?;
    let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    qemu.hear("say ")?;
    qemu.say(&format!("network {NETWORK} {secret}"))?;
    qemu.hear("ok")?;
    // QEMU's network has this host's own address at 10.0.2.2.
    qemu.say(&format!("peer {} 10.0.2.2:{port}", keys.id()))?;
    qemu.hear("ok, restarting")?;
    if qemu.hear("id ")? != id {
        return Err("the board has forgotten who it is".to_owned());
    }
    let board = id.parse().map_err(|error| format!("the board's id `{id}`: {error}"))?;
    Ok((qemu, board))
}

struct Stage {
    qemu: Qemu,
    board: PeerId,
    host: Host,
}

impl Stage {
    fn meet(&mut self) -> Result {
        let board = self.board;
        let took = self.host.until("the board was there", SOON, |host| Ok(host.sees(&board)))?;
        println!("met after {took:?}");
        Ok(())
    }

    /// Each end sends its messages, and all are acknowledged.
    fn exchange(&mut self, when: &str) -> Result {
        let board = self.board;
        self.settle(Command::Interval { ms: INTERVAL_MS })?;
        let (readings, acked) = (self.host.heard.readings.len(), self.host.acked);
        let before = self.status()?;
        let mut left = MESSAGES;
        let took = self.host.until("all messages had arrived", LATER, |host| {
            while left > 0 && host.ask(&board, Command::Status)?.is_some() {
                left -= 1;
            }
            let is_heard = host.heard.readings.len() >= readings + MESSAGES as usize;
            Ok(left == 0 && is_heard && host.acked > acked + MESSAGES)
        })?;
        self.settle(Command::Interval { ms: Sensor::INTERVAL_MS })?;
        let after = self.status()?;
        let counted = after.acked - before.acked;
        if counted < MESSAGES || after.lost > before.lost || self.host.failed > 0 {
            return Err(format!("messages were lost {when}: {before:?}, then {after:?}"));
        }
        if self.host.heard.mistakes > 0 {
            return Err(format!("something came twice or means nothing {when}"));
        }
        println!("{when}: {MESSAGES} commands and {counted} readings acknowledged in {took:?}");
        self.qemu.check()
    }

    /// The session is renewed while the host's clock hurries, and the peers never lose sight of each other.
    fn renew(&mut self) -> Result {
        let board = self.board;
        for _ in 0..RENEWALS_MAX {
            let (session, gone) = (self.host.session(&board), self.host.gone);
            self.host.clock.run_at(HURRY);
            let took = self.host.until("the session was renewed", LATER, |host| {
                Ok(host.session(&board) != session && host.sees(&board))
            })?;
            self.host.clock.run_at(1);
            self.status()?;
            if self.host.gone == gone {
                println!("renewed after {took:?}");
                return Ok(());
            }
            println!("the computer was too busy for a hurried clock: once more");
        }
        Err(format!("{RENEWALS_MAX} times the peers lost sight of each other at a renewal"))
    }

    /// Bytes of no meaning, of every length and from a stranger, change nothing.
    fn garbage(&mut self) -> Result {
        let board = self.board;
        let session = self.host.session(&board);
        let stranger = UdpSocket::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
        for len in 0..1_400 {
            let bytes: Vec<u8> = draw()?.into_iter().cycle().take(len).collect();
            let sent = stranger.send_to(&bytes, ("127.0.0.1", self.qemu.port));
            sent.map_err(|error| format!("garbage was not sent: {error}"))?;
        }
        self.status()?;
        if self.host.session(&board) != session {
            return Err("garbage has ended a session".to_owned());
        }
        println!("1400 datagrams of garbage changed nothing");
        self.qemu.check()
    }

    /// The host starts again, and knows nothing but its keys.
    fn restart(self, secret: [u8; 32]) -> Result<Self> {
        let Self { qemu, board, host } = self;
        let (keys, wire) = host.into_parts();
        let mut stage = Self { qemu, board, host: Host::new(keys, secret, wire)? };
        let found = |host: &mut Host| Ok(host.sees(&board));
        let took = stage.host.until("the board had found the host again", LATER, found)?;
        println!("found again after {took:?}");
        Ok(stage)
    }

    /// The lamp does what it is told.
    fn lamp(&mut self) -> Result {
        for (lamp, is_lit) in [(Lamp::Off, false), (Lamp::On, true), (Lamp::State, true)] {
            if self.settle(Command::Lamp(lamp))?.is_lit != is_lit {
                return Err(format!("the lamp should show {lamp:?}"));
            }
        }
        println!("the lamp does as it is told");
        Ok(())
    }

    fn status(&mut self) -> Result<Status> {
        self.settle(Command::Status)
    }

    /// Asks for something, and waits for the answer.
    fn settle(&mut self, command: Command) -> Result<Status> {
        let board = self.board;
        let (mut question, mut answer) = (None, None);
        self.host.until("the board had answered", LATER, |host| {
            if question.is_none() {
                question = host.ask(&board, command)?.map(|id| id.request());
            }
            let mut replies = host.heard.replies.drain(..);
            answer = replies.find(|(asked, _)| Some(*asked) == question);
            Ok(answer.is_some())
        })?;
        let (_, status) = answer.expect("it was waited for");
        Ok(status)
    }
}

fn identity() -> Result<SecretIdentity> {
    let mut failed = None;
    let drawn = SecretIdentity::generate(|| {
        draw().unwrap_or_else(|error| {
            failed = Some(error);
            [0; 32]
        })
    });
    match (failed, drawn) {
        (None, Some((keys, _))) => Ok(keys),
        (Some(error), _) => Err(error),
        (None, None) => Err("this host's randomness is stuck".to_owned()),
    }
}
