//! Scripts as handlers: a message runs one, and what that prints is the reply.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use crate::clock::std_duration;
use crate::config::{Allowed, ScriptConfig};
use crate::handler::{Answer, Handler, Handlers};
use crate::message::Incoming;
use crate::sparing::Sparing;

/// Of what a script complains about so much is logged, and told to whoever asked.
const COMPLAINT_LEN_MAX: u64 = 4096;
/// What a script finds of the daemon's environment.
const INHERITED: [&str; 5] = ["PATH", "HOME", "LANG", "TZ", "TMPDIR"];

/// The scripts of a kind.
struct Scripts {
    each: Arc<[ScriptConfig]>,
    refusals: Arc<Sparing>,
}

/// Adds a handler for each kind that has scripts.
pub(crate) fn add(mut handlers: Handlers, scripts: &[ScriptConfig]) -> Handlers {
    let mut kinds: Vec<u16> = scripts.iter().map(|script| script.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let each = scripts.iter().filter(|script| script.kind == kind).cloned().collect();
        handlers = handlers.on(kind, Scripts { each, refusals: Arc::default() });
    }
    handlers
}

impl Handler for Scripts {
    fn handle(&self, message: Incoming) -> Pin<Box<dyn Future<Output = Answer> + Send>> {
        let (each, refusals) = (Arc::clone(&self.each), Arc::clone(&self.refusals));
        Box::pin(async move {
            let says_so = |script: &&ScriptConfig| {
                script.body.as_ref().is_some_and(|body| body.as_bytes() == &*message.payload)
            };
            let any = |script: &&ScriptConfig| script.body.is_none();
            let Some(script) = each.iter().find(says_so).or_else(|| each.iter().find(any)) else {
                return Answer::Failed("no script is for this body".into());
            };
            answer(script, &message, &refusals).await
        })
    }

    fn at_once(&self) -> usize {
        self.each.iter().map(|script| script.at_once).min().unwrap_or(1)
    }
}

async fn answer(script: &ScriptConfig, message: &Incoming, refusals: &Sparing) -> Answer {
    let (from, kind) = (message.from, message.kind);
    let is_allowed = match &script.allow {
        Allowed::Network => true,
        Allowed::Peers(peers) => peers.contains(&from),
    };
    if !is_allowed {
        if let Some(left_out) = refusals.next() {
            tracing::warn!(%from, kind, left_out, "a peer that is not allowed to has asked for a script");
        }
        return Answer::NotAllowed;
    }
    match run(script, message).await {
        Ok(Ended { status, output, .. }) if status.success() => {
            tracing::info!(%from, kind, bytes = output.len(), "a script has replied");
            Answer::Reply(output)
        }
        Ok(Ended { status, complaint, .. }) => {
            tracing::warn!(%from, kind, %status, complaint, "a script has failed");
            Answer::Failed(format!("the script ended with {status}"))
        }
        Err(Stopped::TooLong) => {
            tracing::warn!(%from, kind, "a script was stopped: it took too long");
            Answer::Failed(format!("the script took longer than {}", script.timeout))
        }
        Err(Stopped::TooMuch) => {
            tracing::warn!(%from, kind, "a script was stopped: it printed too much");
            Answer::Failed(format!("the script printed more than {} bytes", script.output_max))
        }
        Err(Stopped::Io(error)) => {
            tracing::error!(%from, kind, %error, "a script cannot be run");
            Answer::Failed("the script cannot be run".into())
        }
    }
}

/// A script that came to its end.
struct Ended {
    status: ExitStatus,
    output: Vec<u8>,
    complaint: String,
}

/// Why one did not.
enum Stopped {
    TooLong,
    TooMuch,
    Io(io::Error),
}

/// A script's process group, killed when this is dropped: whatever the script has started ends with it.
struct Group {
    pid: Option<Pid>,
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.pid {
            // Its leader has not been waited for, so that the number is nobody else's by now.
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
}

async fn run(script: &ScriptConfig, message: &Incoming) -> Result<Ended, Stopped> {
    let mut child = spawn(script, message).map_err(Stopped::Io)?;
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let group = Group { pid };
    let talk = async {
        let (input, output, errors) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let payload = Arc::clone(&message.payload);
        let write = async move {
            // A script need not read what it is told.
            if let Some(mut input) = input {
                let _ = input.write_all(&payload).await;
            }
            Ok(())
        };
        let read = read(output, script.output_max as u64);
        let complain = async { Ok(complaint(errors).await) };
        // Too much of it ends all three, whatever else the script does.
        let ((), output, complaint) = tokio::try_join!(write, read, complain)?;
        ended(pid).await;
        Ok((output, complaint))
    };
    let talked = tokio::time::timeout(std_duration(script.timeout), talk).await;
    drop(group);
    // Should it have left its group, there is still itself.
    let _ = child.start_kill();
    let status = child.wait().await.map_err(Stopped::Io)?;
    let (output, complaint) = talked.unwrap_or(Err(Stopped::TooLong))?;
    Ok(Ended { status, output, complaint })
}

fn spawn(script: &ScriptConfig, message: &Incoming) -> io::Result<Child> {
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(&script.run).env_clear();
    for name in INHERITED {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command
        .env("UNDERPASS_FROM", message.from.to_string())
        .env("UNDERPASS_KIND", message.kind.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
}

/// What it prints, if that is no more than so many bytes.
async fn read(from: Option<impl AsyncRead + Unpin>, most: u64) -> Result<Vec<u8>, Stopped> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(most + 1).read_to_end(&mut bytes).await.map_err(Stopped::Io)?;
    }
    match bytes.len() as u64 <= most {
        true => Ok(bytes),
        false => Err(Stopped::TooMuch),
    }
}

/// The beginning of what it complains about; the rest is read and forgotten, so that nothing waits.
async fn complaint(from: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut from) = from else { return String::new() };
    let mut bytes = Vec::new();
    let _ = (&mut from).take(COMPLAINT_LEN_MAX).read_to_end(&mut bytes).await;
    let _ = tokio::io::copy(&mut from, &mut tokio::io::sink()).await;
    String::from_utf8_lossy(&bytes).trim().into()
}

/// Waits until the shell has ended, and leaves it to be waited for.
async fn ended(pid: Option<Pid>) {
    let Some(pid) = pid else { return };
    let wait = move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let _ = waitid(WaitId::Pid(pid), options);
    };
    let _ = tokio::task::spawn_blocking(wait).await;
}
