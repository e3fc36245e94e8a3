//! A board and the daemon: what happens, one scene after the other.

use std::fs;
use std::net::UdpSocket;
use std::path::Path;
use std::time::{Duration, Instant};

use underpass_core::PeerId;
use underpass_sensor::messages::{Command, Lamp};

use crate::Result;
use crate::board::{Board, network};
use crate::daemon::{Daemon, Home};
use crate::machine::Machine;
use crate::wire::Wire;

/// Messages that each end sends in each scene of the kind.
const MESSAGES: u32 = 100;

/// How often the board sends a reading in these scenes, in milliseconds.
const INTERVAL_MS: u32 = 50;
const INTERVAL_DEFAULT_MS: u32 = 10_000;

/// For what takes lost packets' retries, or the detection of silence.
const LATER: Duration = Duration::from_secs(120);

/// All of them, with one board.
pub(crate) fn run(program: &Path, directory: &Path, image: (Machine, &Path)) -> Result {
    let home = Home::make(program, directory.join("daemon"))?;
    let wire = Wire::to(home.port)?;
    let mut board = Board::new(image, &directory.join("board"))?;
    let at = image.0.host();
    let peer = format!("peer {} {at}:{}", home.id, wire.port);
    let mut daemon = home.up(&[])?;
    board.tell(&[&network(&home.secret), &peer])?;
    println!("met after {:?}", meet(&mut daemon, &board.id)?);
    exchange(&mut daemon, &mut board, "in peace")?;
    garbage(&daemon, &mut board)?;
    wire.spoil(true);
    exchange(&mut daemon, &mut board, "while 5 % are lost and 5 % damaged")?;
    wire.spoil(false);
    let [lost, damaged] = wire.spoilt();
    println!("{lost} datagrams were lost, {damaged} damaged");
    lamp(&daemon, &board.id)?;

    daemon.stop(false)?;
    let mut daemon = home.up(&[])?;
    println!("found again after {:?}", meet(&mut daemon, &board.id)?);
    exchange(&mut daemon, &mut board, "after the daemon's restart")?;

    // A power cut: the board is not told.
    daemon.stop(true)?;
    let mut daemon = home.up(&[])?;
    println!("found again after {:?}, unannounced", meet(&mut daemon, &board.id)?);
    println!("stack used at most: {} bytes", board.status("stack")?);
    if image.0.can_hurry() {
        renew(&mut daemon, &mut board, &directory.join("board/hurry"))?;
    }
    record(&mut daemon, &mut board, &directory.join("board.rec"))?;
    daemon.stop(false)?;
    println!("{:?}: passed", image.0);
    Ok(())
}

fn meet(daemon: &mut Daemon<'_>, board: &PeerId) -> Result<Duration> {
    daemon.until("the board was there", LATER, |daemon| daemon.sees(board))
}

/// Each end sends its messages, and all are acknowledged.
fn exchange(daemon: &mut Daemon<'_>, board: &mut Board, when: &str) -> Result {
    let before = daemon.ask(&board.id, Command::Interval { ms: INTERVAL_MS })?;
    let readings = daemon.heard.readings.len();
    let began = Instant::now();
    for _ in 0..MESSAGES {
        daemon.ask(&board.id, Command::Status)?;
    }
    daemon.until("all readings had arrived", LATER, |daemon| {
        Ok(daemon.heard.readings.len() >= readings + MESSAGES as usize)
    })?;
    let took = began.elapsed();
    daemon.ask(&board.id, Command::Interval { ms: INTERVAL_DEFAULT_MS })?;
    let mut after = daemon.ask(&board.id, Command::Status)?;
    daemon.until("all readings were acknowledged", LATER, |daemon| {
        after = daemon.ask(&board.id, Command::Status)?;
        Ok(after.acked - before.acked >= MESSAGES)
    })?;
    if after.lost > before.lost {
        return Err(format!("readings were lost {when}: {before:?}, then {after:?}"));
    }
    if daemon.heard.mistakes > 0 {
        return Err(format!("something came twice or means nothing {when}"));
    }
    let counted = after.acked - before.acked;
    println!("{when}: {MESSAGES} commands and {counted} readings acknowledged in {took:?}");
    board.running.check()
}

/// Counts the sessions that both ends use.
const CONFIRMED: &str = "underpass_handshakes_confirmed_total";

/// The board starts again, and is met again.
fn restart(daemon: &mut Daemon<'_>, board: &mut Board, lines: &[&str]) -> Result {
    let before = daemon.counted(CONFIRMED)?;
    board.tell(lines)?;
    let met = daemon.until("the board was there again", LATER, |daemon| {
        Ok(daemon.counted(CONFIRMED)? > before && daemon.sees(&board.id)?)
    });
    met.map(|_| ())
}

/// The session is renewed, and the peers never lose sight of each other. The file is what the board's hurry is.
fn renew(daemon: &mut Daemon<'_>, board: &mut Board, hurry: &Path) -> Result {
    fs::write(hurry, "").map_err(|error| format!("cannot write {}: {error}", hurry.display()))?;
    restart(daemon, board, &[])?;
    let (met, gone) = (daemon.counted(CONFIRMED)?, daemon.heard.gone);
    let took = daemon.until("the session was renewed", LATER, |daemon| {
        Ok(daemon.counted(CONFIRMED)? > met && daemon.sees(&board.id)?)
    })?;
    daemon.ask(&board.id, Command::Status)?;
    if daemon.heard.gone > gone {
        return Err("the peers lost sight of each other at a renewal".to_owned());
    }
    println!("renewed after {took:?}");
    fs::remove_file(hurry).map_err(|error| error.to_string())
}

/// Bytes of no meaning, of every length and from a stranger, change nothing.
fn garbage(daemon: &Daemon<'_>, board: &mut Board) -> Result {
    let stranger = UdpSocket::bind(("127.0.0.1", 0)).map_err(|error| error.to_string())?;
    let mut noise = 1_u32;
    for len in 0..1_400 {
        let bytes: Vec<u8> = (0..len)
            .map(|_| {
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (noise >> 24) as u8
            })
            .collect();
        let sent = stranger.send_to(&bytes, ("127.0.0.1", board.running.port));
        sent.map_err(|error| format!("garbage was not sent: {error}"))?;
    }
    daemon.ask(&board.id, Command::Status)?;
    if daemon.heard.gone > 0 {
        return Err("garbage has ended a session".to_owned());
    }
    println!("1400 datagrams of garbage changed nothing");
    board.running.check()
}

/// The lamp does what it is told.
fn lamp(daemon: &Daemon<'_>, board: &PeerId) -> Result {
    for (lamp, is_lit) in [(Lamp::Off, false), (Lamp::On, true), (Lamp::State, true)] {
        if daemon.ask(board, Command::Lamp(lamp))?.is_lit != is_lit {
            return Err(format!("the lamp should show {lamp:?}"));
        }
    }
    println!("the lamp does as it is told");
    Ok(())
}

/// The board says over its serial line what its node is told, from its start on.
fn record(daemon: &mut Daemon<'_>, board: &mut Board, file: &Path) -> Result {
    restart(daemon, board, &["record on"])?;
    for _ in 0..10 {
        daemon.ask(&board.id, Command::Status)?;
    }
    board.tell(&["record off"])?;
    let recording = board.running.recording();
    fs::write(file, &recording)
        .map_err(|error| format!("cannot write {}: {error}", file.display()))?;
    println!("a recording of {} bytes is in {}", recording.len(), file.display());
    Ok(())
}
