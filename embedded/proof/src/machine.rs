//! A machine that is emulated, and its serial line.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use underpass_sensor::tape;

use crate::Result;
use crate::wire::free_port;

/// Where the sensor listens within its machine.
const GUEST: &str = "10.0.2.15:4747";

/// How long the machine may take to say something that it must say.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Machine {
    /// Cortex-M0+ code.
    Mps2,
    /// rv32imc.
    Virt,
    /// An RP2040 with a W5500, the image that is written to a real one.
    W5500EvbPico,
}

impl Machine {
    /// By its name.
    pub(crate) fn named(name: &str) -> Result<Self> {
        match name {
            "mps2" => Ok(Self::Mps2),
            "virt" => Ok(Self::Virt),
            "w5500-evb-pico" => Ok(Self::W5500EvbPico),
            _ => Err(format!("there is no machine `{name}`: say mps2, virt or w5500-evb-pico")),
        }
    }

    /// Where it finds this host.
    pub(crate) fn host(self) -> &'static str {
        "10.0.2.2"
    }

    /// Whether its clock can be made to run faster than others.
    pub(crate) fn can_hurry(self) -> bool {
        self != Self::W5500EvbPico
    }

    fn command(self, port: u16, image: &Path) -> Command {
        let forward = format!("user,hostfwd=udp:127.0.0.1:{port}-{GUEST}");
        let mut command = match self {
            Self::Mps2 => {
                let mut command = Command::new("qemu-system-arm");
                command.args(["-M", "mps2-an385", "-nic", &forward]);
                command
            }
            Self::Virt => {
                let mut command = Command::new("qemu-system-riscv32");
                command.args(["-M", "virt", "-cpu", "rv32,a=false,f=false,d=false", "-m", "32M"]);
                command.args(["-bios", "none", "-device", "virtio-net-device,netdev=card"]);
                command.args(["-netdev", &forward.replacen("user,", "user,id=card,", 1)]);
                command
            }
            Self::W5500EvbPico => {
                let mut command = Command::new("node");
                command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../rp2040js/run.mjs"));
                command.arg(image).arg(port.to_string());
                return command;
            }
        };
        command.arg("-kernel").arg(image);
        command.args(["-display", "none", "-monitor", "none", "-serial", "stdio"]);
        command.args(["-semihosting-config", "enable=on,target=native"]);
        command
    }
}

/// One that runs. It ends when this is dropped.
pub(crate) struct Running {
    child: Child,
    keyboard: ChildStdin,
    lines: Receiver<String>,
    /// What has come of a recording.
    tape: Arc<Mutex<Vec<u8>>>,
    /// The port of this host that leads to the sensor's.
    pub(crate) port: u16,
}

impl Running {
    /// Runs an image, whose flash is in this directory.
    pub(crate) fn start(machine: Machine, image: &Path, directory: &Path) -> Result<Self> {
        let image = image
            .canonicalize()
            .map_err(|error| format!("cannot find {}: {error}", image.display()))?;
        let port = free_port()?;
        let mut command = machine.command(port, &image);
        command.current_dir(directory);
        // QEMU complains of every datagram that a stranger does not wait for the answer to.
        let _ = fs::create_dir_all(directory);
        let complaints = File::create(directory.join("emulator.log"))
            .map_err(|error| format!("cannot write to {}: {error}", directory.display()))?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(complaints)
            .spawn()
            .map_err(|error| format!("cannot start {command:?}: {error}"))?;
        let keyboard = child.stdin.take().expect("it was asked for");
        let screen = child.stdout.take().expect("it was asked for");
        let (sender, lines) = mpsc::channel();
        let tape = Arc::new(Mutex::new(Vec::new()));
        let written = Arc::clone(&tape);
        // It ends with the machine, or with whoever listens.
        thread::spawn(move || {
            for line in BufReader::new(screen).lines().map_while(|line| line.ok()) {
                let mut tape = written.lock().expect("nobody panics with it");
                if tape::read(&line, |byte| tape.push(byte)) {
                    continue;
                }
                println!("  board: {line}");
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Self { child, keyboard, lines, tape, port })
    }

    /// Says a line to it.
    pub(crate) fn say(&mut self, line: &str) -> Result {
        writeln!(self.keyboard, "{line}")
            .and_then(|()| self.keyboard.flush())
            .map_err(|error| format!("the board does not listen: {error}"))
    }

    /// What follows `start` in the next line that begins so.
    pub(crate) fn hear(&self, start: &str) -> Result<String> {
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left);
            let line = line
                .map_err(|_| format!("the board never said `{start}`; emulator.log may say why"))?;
            if let Some(rest) = line.strip_prefix(start) {
                return Ok(rest.trim().to_owned());
            }
        }
    }

    /// What it has told of its node's recording, up to now.
    pub(crate) fn recording(&self) -> Vec<u8> {
        self.tape.lock().expect("nobody panics with it").clone()
    }

    /// That it still runs.
    pub(crate) fn check(&mut self) -> Result {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            ended => Err(format!("the board has stopped: {ended:?}")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
