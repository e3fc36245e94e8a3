//! A daemon in a folder of its own, and the commands that it is asked by.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use underpass_core::Network;

/// The program.
pub(crate) const UNDERPASS: &str = env!("CARGO_BIN_EXE_underpass");

/// A folder that is gone with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("host-{}-{number}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A daemon's folder, and its process if it runs.
pub(crate) struct Daemon {
    folder: Folder,
    pub(crate) id: String,
    running: Option<Running>,
    /// Where it listened first, so that it does so again.
    listen: Option<SocketAddr>,
    /// The network namespace that it is in, if not ours.
    namespace: Option<String>,
}

struct Running {
    child: Child,
    api: String,
}

/// What a command has printed.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.err);
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.out))
    }

    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self
    }
}

/// Waits until something has happened that another process or the kernel does in its own time.
#[expect(clippy::disallowed_methods, reason = "others have clocks of their own")]
pub(crate) fn wait_until(what: &str, mut has_happened: impl FnMut() -> bool) {
    for _ in 0..600 {
        if has_happened() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("within a minute it is not so that {what}");
}

/// Sends a request as it is, and reads the whole answer.
pub(crate) fn raw(api: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(api).expect("it listens");
    let _ = stream.write_all(request.as_bytes());
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    answer
}

/// A command without anything of the environment that is ours.
pub(crate) fn underpass(arguments: &[&str]) -> Command {
    underpass_in(None, arguments)
}

/// The same in a network namespace.
fn underpass_in(namespace: Option<&str>, arguments: &[&str]) -> Command {
    let mut command = match namespace {
        None => Command::new(UNDERPASS),
        Some(namespace) => {
            let mut command = Command::new("ip");
            command.args(["netns", "exec", namespace, UNDERPASS]);
            command
        }
    };
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("UNDERPASS_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

impl Daemon {
    /// Makes the files of a daemon that is the first of its network.
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// Makes those of one in the same network as another, which calls these peers.
    pub(crate) fn near(other: &Self, peers: &[&str]) -> Self {
        let secret = other.file("network.secret");
        let secret = secret.to_str().expect("text");
        let mut arguments = vec!["--secret", secret];
        for peer in peers {
            arguments.extend(["--peer", peer]);
        }
        Self::with(&arguments)
    }

    pub(crate) fn with(arguments: &[&str]) -> Self {
        Self::as_made(&[&["--silent"], arguments].concat())
    }

    /// As `init` makes it if nothing else is said.
    pub(crate) fn as_made(arguments: &[&str]) -> Self {
        let folder = Folder::new();
        let at = folder.path("node");
        let init = ["init", at.to_str().expect("text"), "--json"];
        let any = ["--listen", "127.0.0.1:0", "--api", "127.0.0.1:0"];
        let made = underpass(&[&init[..], &any, arguments].concat()).output().expect("it starts");
        let id = Said::of(made).json()["id"].as_str().expect("an id").to_owned();
        Self { folder, id, running: None, listen: None, namespace: None }
    }

    /// Moves it into a network namespace, where it has port 4747 on every address.
    pub(crate) fn within(mut self, namespace: &str) -> Self {
        self.namespace = Some(namespace.into());
        self.listen = Some("0.0.0.0:4747".parse().expect("an address"));
        self
    }

    /// Has it listen there.
    pub(crate) fn at(mut self, listen: &str) -> Self {
        self.listen = Some(listen.parse().expect("an address"));
        self
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path("node").join(name)
    }

    pub(crate) fn config(&self) -> String {
        self.file("underpass.toml").to_str().expect("text").to_owned()
    }

    /// Puts a line at the beginning of the configuration.
    pub(crate) fn configure_top(&self, line: &str) {
        let file = self.file("underpass.toml");
        let text = fs::read_to_string(&file).expect("there");
        fs::write(&file, format!("{line}\n{text}")).expect("written");
    }

    /// Puts lines at its end.
    pub(crate) fn configure(&self, lines: &str) {
        let file = self.file("underpass.toml");
        let text = fs::read_to_string(&file).expect("there");
        fs::write(&file, format!("{text}\n{lines}\n")).expect("written");
    }

    pub(crate) fn up(self) -> Self {
        self.up_with(|_| {})
    }

    /// Starts it, and waits until it says where it is.
    pub(crate) fn up_with(mut self, change: impl FnOnce(&mut Command)) -> Self {
        let config = self.config();
        let arguments = ["up", "--config", &config];
        let mut command = underpass_in(self.namespace.as_deref(), &arguments);
        if let Some(listen) = self.listen {
            command.args(["--set", &format!("listen={listen}")]);
        }
        change(&mut command);
        let log = fs::File::options().create(true).append(true).open(self.file("log"));
        command.stdout(Stdio::piped()).stderr(log.expect("a log"));
        let mut child = command.spawn().expect("it starts");
        let mut hello = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        out.read_line(&mut hello).expect("a line");
        let places = hello.trim().split_once(" listens at ");
        let (_, places) = places.unwrap_or_else(|| panic!("it said {hello:?}: {}", self.log()));
        let (listen, api) = places.split_once("; API at http://").expect("where the API is");
        self.listen = Some(listen.parse().expect("an address"));
        let api = api.trim_end_matches('/').to_owned();
        self.running = Some(Running { child, api });
        self
    }

    /// As another daemon writes it.
    pub(crate) fn url(&self) -> String {
        format!("underpass://{}@{}", self.id, self.listen.expect("it was started"))
    }

    pub(crate) fn listen(&self) -> SocketAddr {
        self.listen.expect("it was started")
    }

    pub(crate) fn api(&self) -> &str {
        &self.running.as_ref().expect("it runs").api
    }

    pub(crate) fn token(&self) -> String {
        fs::read_to_string(self.file("api.token")).expect("a token").trim().to_owned()
    }

    /// Its network, as another member has it.
    pub(crate) fn network(&self) -> Network {
        let secret = fs::read_to_string(self.file("network.secret")).expect("a secret");
        let secret = data_encoding::HEXLOWER.decode(secret.trim().as_bytes()).expect("digits");
        Network::closed("home", secret.try_into().expect("32 bytes"))
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// A command for this daemon.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = underpass_in(self.namespace.as_deref(), arguments);
        command.args(["--config", &self.config(), "--set", &format!("api.listen={}", self.api())]);
        command
    }

    pub(crate) fn ask(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().expect("it starts"))
    }

    /// Sends this to a peer, and waits until that has it.
    pub(crate) fn send(&self, to: &str, more: &[&str], payload: &[u8]) -> Said {
        let mut command = self.command(&[&["send", to], more].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        child.stdin.take().expect("piped").write_all(payload).expect("it reads");
        Said::of(child.wait_with_output().expect("it ends"))
    }

    pub(crate) fn status(&self) -> Value {
        self.ask(&["status", "--json"]).json()
    }

    /// One of its numbers.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let name = format!("underpass_{name}");
        let text = self.metrics();
        let line = text.lines().find_map(|line| line.strip_prefix(&name)?.strip_prefix(' '));
        line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("{name}: {text}"))
    }

    /// How many datagrams it has refused.
    pub(crate) fn refused(&self) -> u64 {
        let text = self.metrics();
        let lines = text.lines().filter(|line| line.starts_with("underpass_dropped_total{"));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
    }

    /// How many of them for this reason.
    pub(crate) fn refused_as(&self, reason: &str) -> u64 {
        let name = format!("dropped_total{{reason=\"{reason}\"}}");
        self.metric(&name)
    }

    fn metrics(&self) -> String {
        let (host, token) = (self.api(), self.token());
        let request = format!(
            "GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        raw(host, &request)
    }

    /// What its status says of a peer.
    pub(crate) fn peer(&self, id: &str) -> Value {
        let status = self.status();
        let peers = status["peers"].as_array().expect("peers");
        peers.iter().find(|peer| peer["id"] == id).cloned().unwrap_or_default()
    }

    /// Waits until it knows a node by hearsay.
    pub(crate) fn hears_of(&self, id: &str) {
        wait_until("it has heard of a node", || {
            let known = self.ask(&["known", "--json"]).json();
            known["known"].as_array().expect("a list").iter().any(|node| node["id"] == id)
        });
    }

    /// Waits until the peer answers.
    pub(crate) fn reach(&self, peer: &str) {
        self.ask(&["ping", peer, "-n", "1", "--timeout-ms", "55000"]).ok();
    }

    /// Watches it from here on.
    pub(crate) fn watch(&self) -> Watch {
        // Nothing that a test waits for takes as long.
        let watch = self.command(&["watch", "--json"]);
        let mut command = Command::new("timeout");
        command.arg("100").arg(watch.get_program()).args(watch.get_args());
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let lines = BufReader::new(child.stdout.take().expect("piped"));
        let mut watch = Watch { child, lines };
        assert_eq!(watch.next()["event"], "watching");
        watch
    }

    /// Sends its process a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.pid().to_string();
        let sent = Command::new("/bin/sh").args(["-c", &format!("kill -{signal} {pid}")]).status();
        assert!(sent.expect("a shell").success());
    }

    pub(crate) fn pid(&self) -> u32 {
        self.running.as_ref().expect("it runs").child.id()
    }

    /// Waits until it has ended, and says how.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let mut running = self.running.take().expect("it runs");
        running.child.wait().expect("a child").code()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- log of {}\n{}", self.id, self.log());
        }
    }
}

/// Events, one after the other.
pub(crate) struct Watch {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watch {
    pub(crate) fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// The next event of this name.
    pub(crate) fn next_of(&mut self, name: &str) -> Value {
        loop {
            let event = self.next();
            if event["event"] == name {
                return event;
            }
        }
    }

    /// The messages that come until one of one byte, `.`, does; zeros for those that events do not show.
    pub(crate) fn messages_until_dot(&mut self) -> Vec<Vec<u8>> {
        self.messages_until_dot_if(|_| true)
    }

    /// The same of those from one peer.
    pub(crate) fn messages_until_dot_from(&mut self, id: &str) -> Vec<Vec<u8>> {
        self.messages_until_dot_if(|event| event["peer"] == id)
    }

    fn messages_until_dot_if(&mut self, counts: impl Fn(&Value) -> bool) -> Vec<Vec<u8>> {
        let mut payloads = Vec::new();
        loop {
            let event = self.next_of("message");
            if !counts(&event) {
                continue;
            }
            let payload = match event["payload"].as_str() {
                Some(text) => data_encoding::BASE64.decode(text.as_bytes()).expect("base64"),
                None => vec![0; event["len"].as_u64().expect("a length") as usize],
            };
            if payload == b"." {
                return payloads;
            }
            payloads.push(payload);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
