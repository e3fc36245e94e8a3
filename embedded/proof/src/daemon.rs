//! The daemon, as a person would run it.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::thread::sleep;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use serde_json::Value;
use underpass_core::PeerId;
use underpass_sensor::messages::{COMMAND, Command as Ask, READING, Reading, Status};

use crate::Result;
use crate::api::Api;
use crate::wire::free_port;

/// What the network is called.
pub(crate) const NETWORK: &str = "proof";

/// How long a daemon may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Its files, which outlive it.
pub(crate) struct Home {
    program: PathBuf,
    folder: PathBuf,
    /// Where it listens on this host.
    pub(crate) port: u16,
    pub(crate) id: PeerId,
    /// What makes a member, as hexadecimal digits.
    pub(crate) secret: String,
    api: Api,
}

impl Home {
    /// Has a daemon make its files, where there are none yet.
    pub(crate) fn make(program: &Path, folder: PathBuf) -> Result<Self> {
        let (port, api_port) = (free_port()?, free_port()?);
        let mut init = Command::new(program);
        init.arg("init").arg(&folder).args(["--network", NETWORK]);
        init.args(["--listen", &format!("127.0.0.1:{port}")]);
        init.args(["--api", &format!("127.0.0.1:{api_port}")]);
        said_by(&mut init)?;
        let read = |name: &str| {
            let file = folder.join(name);
            let text = fs::read_to_string(&file);
            text.map(|text| text.trim().to_owned())
                .map_err(|error| format!("cannot read {}: {error}", file.display()))
        };
        let id = said_by(Command::new(program).arg("id").arg("--config").arg(config(&folder)))?;
        let id = id.trim().parse().map_err(|error| format!("the daemon's id `{id}`: {error}"))?;
        let (secret, token) = (read("network.secret")?, read("api.token")?);
        let api = Api { port: api_port, token };
        Ok(Self { program: program.to_owned(), folder, port, id, secret, api })
    }

    /// Starts it, with arguments beyond those of every start.
    pub(crate) fn up(&self, args: &[&str]) -> Result<Daemon<'_>> {
        let mut command = Command::new(&self.program);
        command.arg("up").arg("--config").arg(config(&self.folder));
        let log = self.folder.join("log");
        let log_file = File::options().create(true).append(true).open(&log);
        let log_file =
            log_file.map_err(|error| format!("cannot write {}: {error}", log.display()))?;
        command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log_file);
        let mut child =
            command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))?;
        let began = Instant::now();
        let events = loop {
            match self.api.events() {
                Ok(events) => break events,
                Err(error) if began.elapsed() > PATIENCE => {
                    let _ = child.kill();
                    return Err(format!("{error}; {} may say why", log.display()));
                }
                Err(_) => sleep(Duration::from_millis(100)),
            }
        };
        Ok(Daemon { home: self, child, events, heard: Heard::default() })
    }
}

fn config(folder: &Path) -> PathBuf {
    folder.join("underpass.toml")
}

/// What a program says, once it is done.
fn said_by(command: &mut Command) -> Result<String> {
    let output = command.output().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// One that runs.
pub(crate) struct Daemon<'h> {
    home: &'h Home,
    child: Child,
    events: Receiver<Value>,
    pub(crate) heard: Heard,
}

/// What a daemon has heard of one board.
#[derive(Default)]
pub(crate) struct Heard {
    pub(crate) readings: BTreeSet<u32>,
    /// Readings that came twice, and messages that mean nothing.
    pub(crate) mistakes: u32,
    /// How often it fell silent.
    pub(crate) gone: u32,
}

impl Daemon<'_> {
    /// Takes note of what has happened.
    fn listen(&mut self) {
        while let Ok(event) = self.events.try_recv() {
            match event["event"].as_str() {
                Some("disconnected") => self.heard.gone += 1,
                Some("message") if event["kind"] == READING => {
                    let payload = event["payload"].as_str().unwrap_or_default();
                    let payload = BASE64.decode(payload.as_bytes()).unwrap_or_default();
                    let reading = Reading::from_bytes(&payload);
                    let is_new =
                        reading.is_some_and(|reading| self.heard.readings.insert(reading.number));
                    self.heard.mistakes += u32::from(!is_new);
                }
                Some("message" | "missed") => self.heard.mistakes += 1,
                _ => {}
            }
        }
    }

    /// Waits until something is so; `what` says what, should it never be.
    pub(crate) fn until(
        &mut self,
        what: &str,
        within: Duration,
        mut is_so: impl FnMut(&mut Self) -> Result<bool>,
    ) -> Result<Duration> {
        let began = Instant::now();
        while began.elapsed() < within {
            self.listen();
            if is_so(self)? {
                return Ok(began.elapsed());
            }
            sleep(Duration::from_millis(20));
        }
        let heard = self.heard.readings.len();
        Err(format!("within {within:?} it never was so that {what} ({heard} readings came)"))
    }

    /// Whether there is a session with the board.
    pub(crate) fn sees(&self, board: &PeerId) -> Result<bool> {
        // Before it was ever here, there is nothing to be said of it.
        let said = self.home.api.get("/peers")?;
        let said: Value = serde_json::from_str(&said).map_err(|error| error.to_string())?;
        let id = board.to_string();
        let peers = said["peers"].as_array().into_iter().flatten();
        Ok(peers.filter(|peer| peer["id"] == id).any(|peer| peer["state"] == "active"))
    }

    /// How often something was counted.
    pub(crate) fn counted(&self, name: &str) -> Result<u64> {
        let text = self.home.api.get("/metrics")?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        value
            .and_then(|value| value.trim().parse().ok())
            .ok_or_else(|| format!("the daemon does not count {name}"))
    }

    /// Asks the board for something, and waits for the answer.
    pub(crate) fn ask(&self, board: &PeerId, command: Ask) -> Result<Status> {
        let path = format!("/send?to={board}&kind={COMMAND}&wait=reply&timeout_ms=120000");
        let answer = self.home.api.post(&path, &command.to_bytes())?;
        let payload = answer["payload"].as_str().unwrap_or_default();
        let payload = BASE64.decode(payload.as_bytes()).unwrap_or_default();
        Status::from_bytes(&payload).ok_or_else(|| format!("the board answers {answer}"))
    }

    /// Ends it as one ends a service; or, if `at_once`, as a power cut does.
    pub(crate) fn stop(mut self, at_once: bool) -> Result {
        let signal = if at_once { "-KILL" } else { "-TERM" };
        let pid = self.child.id().to_string();
        said_by(Command::new("kill").args([signal, &pid]))?;
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if self.child.try_wait().is_ok_and(|ended| ended.is_some()) {
                return Ok(());
            }
            sleep(Duration::from_millis(20));
        }
        Err("the daemon does not end".to_owned())
    }
}

impl Drop for Daemon<'_> {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
