//! `cargo xtask parity`: what a simulated board was told is told to the core on the boards' processors, and all
//! that comes out must be the same.

use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::Result;
use crate::cargo::{cargo, output_of};
use crate::firmware::build_daemon;
use crate::images::{Program, TARGETS, build, target_directory};
use crate::processor::{PROCESSORS, Processor};
use crate::toolchain::Route;

const PACKAGE: &str = "underpass-parity";

/// Runs, and of each a node that holds what a board does: an hour of loss, partitions and other ways for three of
/// them, a power cut, a crowd that meets, one that is found by hearsay.
const RECORDED: [(&str, &str); 6] = [
    ("migration/boards-for-an-hour@1", "sensor"),
    ("migration/boards-for-an-hour@1", "lamp"),
    ("migration/boards-for-an-hour@1", "relay"),
    ("security/a-board-without-a-clock@1", "board"),
    ("clocks/boards-with-slow-keys@1", "board-3"),
    ("gossip/a-reboot-with-sequence-zero@1", "board"),
];

/// Records, plays everywhere, compares.
pub(crate) fn run() -> Result {
    let route = Route::find(&TARGETS)?;
    let folder = target_directory()?.join("parity");
    fs::create_dir_all(&folder)
        .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    let images =
        PROCESSORS.iter().map(|processor| build(&route, Program::new(PACKAGE, processor.target)));
    let images = images.collect::<Result<Vec<_>>>()?;
    let compare = |what: &str, recording: &Path| -> Result {
        let here = digest(recording)?;
        println!("{what}: {here}");
        for (processor, image) in PROCESSORS.iter().zip(&images) {
            let there = play(processor, image, recording)?;
            if there != here {
                return Err(format!("{} says {there}", processor.target));
            }
            println!("  the same on {}", processor.target);
        }
        Ok(())
    };
    for (number, (run, node)) in RECORDED.iter().enumerate() {
        let recording = folder.join(format!("{number}.rec"));
        let made = format!("{node}={}", recording.display());
        output_of(cargo().args(["sim", "run", run, "--record", &made]))?;
        compare(&format!("{node} of {run}"), &recording)?;
    }
    compare("a live daemon", &live(&folder.join("live"))?)
}

/// The digest over all that comes out on this machine.
fn digest(recording: &Path) -> Result<String> {
    let said = output_of(cargo().args(["sim", "replay"]).arg(recording))?;
    let digest = said.lines().find_map(|line| line.strip_prefix("digest over what came out: "));
    digest.map(str::to_owned).ok_or_else(|| format!("the player said no digest:\n{said}"))
}

/// Has two daemons talk on this computer, of which one holds what a board does and is recorded.
fn live(folder: &Path) -> Result<PathBuf> {
    let program = build_daemon()?;
    // What is not there need not go.
    let _ = fs::remove_dir_all(folder);
    let [one, other] = ["one", "other"].map(|name| folder.join(name));
    let underpass = |verb: &str| {
        let mut command = Command::new(&program);
        command.arg(verb);
        command
    };
    let [port, one_api, other_api] = [free_port()?, free_port()?, free_port()?];
    let address = |port: u16| format!("127.0.0.1:{port}");
    let listen = ["--listen", &address(port), "--api", &address(one_api)];
    output_of(underpass("init").arg(&one).args(listen))?;
    let config = |folder: &Path| folder.join("underpass.toml");
    let id = output_of(underpass("id").arg("--config").arg(config(&one)))?;
    let peer = format!("underpass://{}@{}", id.trim(), address(port));
    output_of(
        underpass("init")
            .arg(&other)
            .args(["--listen", "127.0.0.1:0", "--api", &address(other_api), "--peer", &peer])
            .arg("--secret")
            .arg(one.join("network.secret")),
    )?;
    let recording = folder.join("live.rec");
    let mut up = underpass("up");
    up.arg("--config").arg(config(&one)).args(["--set", "limits=board"]);
    let recorded = Daemon::start(up.arg("--record").arg(&recording))?;
    let caller = Daemon::start(underpass("up").arg("--config").arg(config(&other)))?;
    for number in 0..20 {
        let text = "reading ".repeat(1 + 6 * number);
        let is_sent = || {
            let mut send = underpass("send");
            send.arg("--config").arg(config(&other)).args([id.trim(), &text]);
            send.output().is_ok_and(|output| output.status.success())
        };
        // They may not have started yet.
        if !(0..50).any(|_| is_sent()) {
            return Err("two daemons do not talk".into());
        }
    }
    caller.stop()?;
    recorded.stop()?;
    Ok(recording)
}

/// One that runs. It ends with this.
struct Daemon(Child);

impl Daemon {
    fn start(command: &mut Command) -> Result<Self> {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        quiet.spawn().map(Self).map_err(|error| format!("cannot start {command:?}: {error}"))
    }

    /// Tells it to end, and waits until it has.
    fn stop(mut self) -> Result {
        output_of(Command::new("kill").arg(self.0.id().to_string()))?;
        self.0.wait().map(|_| ()).map_err(|error| format!("a daemon is not waited for: {error}"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16> {
    let address = UdpSocket::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr());
    address.map(|address| address.port()).map_err(|error| format!("there is no port: {error}"))
}

/// Plays a recording on a processor, and returns the digest.
fn play(processor: &Processor, image: &Path, recording: &Path) -> Result<String> {
    let Processor { emulator, machine, at, .. } = processor;
    let len = fs::metadata(recording)
        .map_err(|error| format!("cannot read {}: {error}", recording.display()))?
        .len();
    let (path, behind) = (recording.display(), at + 4);
    let mut command = Command::new(emulator);
    command.args(*machine).args(["-nographic", "-monitor", "none", "-serial", "none"]);
    command.args(["-semihosting-config", "enable=on,target=native"]).arg("-kernel").arg(image);
    command.args(["-device", &format!("loader,addr={at},data={len},data-len=4")]);
    command.args(["-device", &format!("loader,addr={behind},file={path},force-raw=on")]);
    let said = output_of(&mut command)?;
    said.lines().last().map(str::to_owned).ok_or_else(|| format!("{emulator} said nothing"))
}
