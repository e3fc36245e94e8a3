//! Two boards that know of each other no more than the keys, and the daemon as their relay.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::Result;
use crate::board::{Board, network};
use crate::daemon::Home;
use crate::machine::Machine;

/// Readings that each sends to the other.
const MESSAGES: u32 = 100;
/// How often, in milliseconds.
const INTERVAL: &str = "interval 50";
/// For all of them.
const PATIENCE: Duration = Duration::from_secs(120);

/// Has them talk.
pub(crate) fn run(program: &Path, directory: &Path, images: [(Machine, &Path); 2]) -> Result {
    let home = Home::make(program, directory.join("relay"))?;
    let daemon = home.up(&["--set", "relay=true"])?;
    let [one, other] = images;
    let mut boards =
        [Board::new(one, &directory.join("one"))?, Board::new(other, &directory.join("other"))?];
    let ids = [boards[1].id, boards[0].id];
    for ((board, peer), (machine, _)) in boards.iter_mut().zip(ids).zip(images) {
        let relay = format!("relay {} {}:{}", home.id, machine.host(), home.port);
        board.tell(&[&network(&home.secret), &relay, &format!("peer {peer}"), INTERVAL])?;
    }
    let began = Instant::now();
    for board in &mut boards {
        while board.status("acked")? < MESSAGES {
            if began.elapsed() > PATIENCE {
                return Err("the boards do not get their readings across".to_owned());
            }
            sleep(Duration::from_secs(1));
        }
        if board.status("lost")? > 0 {
            return Err("readings were lost".to_owned());
        }
        board.running.check()?;
    }
    let relayed = daemon.counted("underpass_datagrams_relayed_total")?;
    // A reading and its acknowledgement, each way.
    if relayed < u64::from(2 * MESSAGES) {
        return Err(format!("only {relayed} datagrams went through the relay"));
    }
    println!(
        "{MESSAGES} readings each way through the relay in {:?}: it carried {relayed} datagrams",
        began.elapsed()
    );
    daemon.stop(false)?;
    println!("{:?} and {:?}: passed", one.0, other.0);
    Ok(())
}
