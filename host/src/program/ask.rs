//! What is asked of a running daemon.

use std::io::{Read, Write};
use std::time::Duration;

use serde_json::{Value, json};

use super::arguments::{Common, Question, SendArguments};
use super::{Exit, client, complain, is_colored, print_json, print_line, refuse, screen};
use crate::client::{Client, ClientError, quoted};
use crate::config::Configuration;
use crate::driver::LONG_MAX;
use crate::view::{KnownNode, PeerStatus, Status};

/// Between two pings.
const PING_EVERY: Duration = Duration::from_secs(1);

pub(super) fn ask(config: &Configuration, question: &Question, common: &Common) -> Exit {
    let client = match client(config, common.json) {
        Ok(client) => client,
        Err(exit) => return exit,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(common.json, &error, None);
            return Exit::Failed;
        }
    };
    let asked = runtime.block_on(answer(&client, question, common.json));
    asked.unwrap_or_else(|error| refuse(common.json, &error))
}

async fn answer(client: &Client, question: &Question, is_json: bool) -> Result<Exit, ClientError> {
    let is_colored = is_colored(&std::io::stdout());
    match question {
        Question::Status { link: true } => {
            let link = client.link().await?;
            match is_json {
                true => print_json(&json!({ "link": link })),
                false => print_line(&link),
            }
        }
        Question::Status { link: false } => {
            let answer = client.get("/status").await?;
            match read::<Status>(&answer).filter(|_| !is_json) {
                Some(status) => print_line(&screen::status(&status, is_colored)),
                None => print_json(&answer),
            }
        }
        Question::Peers => {
            let answer = client.get("/peers").await?;
            match read::<Vec<PeerStatus>>(&answer["peers"]).filter(|_| !is_json) {
                Some(peers) if peers.is_empty() => print_line("no peers"),
                Some(peers) => print_line(&screen::peers(&peers, is_colored)),
                None => print_json(&answer),
            }
        }
        Question::Known => {
            let answer = client.get("/known").await?;
            match read::<Vec<KnownNode>>(&answer["known"]).filter(|_| !is_json) {
                Some(known) if known.is_empty() => print_line("nobody"),
                Some(known) => print_line(&screen::known(&known)),
                None => print_json(&answer),
            }
        }
        Question::Find { tag } => {
            let answer = client.get(&format!("/find?tag={}", quoted(tag))).await?;
            let found = read::<Vec<String>>(&answer["found"]).unwrap_or_default();
            match is_json {
                true => print_json(&answer),
                false if found.is_empty() => print_line("nobody"),
                false => found.iter().for_each(|id| print_line(id)),
            }
            return Ok(if found.is_empty() { Exit::Failed } else { Exit::Done });
        }
        Question::Why { peer } => {
            let answer = client.get(&format!("/peers/{}", quoted(peer))).await?;
            match read::<PeerStatus>(&answer).filter(|_| !is_json) {
                Some(peer) => print_line(&screen::why(&peer)),
                None => print_json(&answer),
            }
        }
        Question::Ping { peer, count, timeout_ms } => {
            return ping(client, peer, *count, *timeout_ms, is_json).await;
        }
        Question::Broadcast { text, kind } => {
            let Some(payload) = input(text.as_deref(), is_json) else { return Ok(Exit::Refused) };
            let answer = client.post(&format!("/broadcast?kind={kind}"), payload).await?;
            match is_json {
                true => print_json(&answer),
                false => print_line("it is on its way to everybody"),
            }
        }
        Question::Send(own) => return send(client, own, is_json).await,
        Question::Watch { count } => return watch(client, *count, is_json).await,
        Question::Bench { peer, size, secs, at_once } => {
            let to = quoted(peer);
            let path = format!("/bench?to={to}&size={size}&secs={secs}&at_once={at_once}");
            let answer = client.post(&path, Vec::new()).await?;
            match is_json {
                true => print_json(&answer),
                false => print_line(&bench(&answer)),
            }
        }
    }
    Ok(Exit::Done)
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

async fn ping(
    client: &Client,
    peer: &str,
    count: u32,
    timeout_ms: u64,
    is_json: bool,
) -> Result<Exit, ClientError> {
    let path = format!("/ping?to={}&timeout_ms={timeout_ms}", quoted(peer));
    let mut answered = 0;
    for number in 1..=count {
        if number > 1 {
            tokio::time::sleep(PING_EVERY).await;
        }
        match client.post(&path, Vec::new()).await {
            Ok(answer) => {
                answered += 1;
                let millis = answer["elapsed_ms"].as_f64().unwrap_or_default();
                match is_json {
                    true => print_json(&json!({ "number": number, "elapsed_ms": millis })),
                    false => print_line(&format!("{number}: {millis:.2} ms")),
                }
            }
            Err(ClientError::Problem { kind, detail, .. })
                if kind == "timed-out" || kind == "no-reply" =>
            {
                match is_json {
                    true => print_json(&json!({ "number": number, "why": kind })),
                    false => print_line(&format!("{number}: {detail}")),
                }
            }
            Err(error) => return Err(error),
        }
    }
    if !is_json {
        print_line(&format!("{answered} of {count} answered"));
    }
    Ok(if answered > 0 { Exit::Done } else { Exit::Failed })
}

/// What is to be sent; `None` with a complaint if it cannot be read.
fn input(text: Option<&str>, is_json: bool) -> Option<Vec<u8>> {
    if let Some(text) = text {
        return Some(text.as_bytes().into());
    }
    let mut bytes = Vec::new();
    // A byte more is too long, which the daemon says.
    match std::io::stdin().take(LONG_MAX as u64 + 1).read_to_end(&mut bytes) {
        Ok(_) => Some(bytes),
        Err(error) => {
            complain(is_json, &format!("the standard input cannot be read: {error}"), None);
            None
        }
    }
}

async fn send(client: &Client, own: &SendArguments, is_json: bool) -> Result<Exit, ClientError> {
    let Some(payload) = input(own.text.as_deref(), is_json) else { return Ok(Exit::Refused) };
    let (to, kind, timeout_ms) = (quoted(&own.peer), own.kind, own.timeout_ms);
    let wait = if own.reply { "reply" } else { "ack" };
    let path = format!("/send?to={to}&kind={kind}&wait={wait}&timeout_ms={timeout_ms}");
    let answer = client.post(&path, payload).await?;
    if is_json {
        print_json(&answer);
    } else if own.reply {
        let text = answer["payload"].as_str().unwrap_or_default();
        let bytes = data_encoding::BASE64.decode(text.as_bytes()).unwrap_or_default();
        // Byte for byte; nobody may want it any more (`| head`).
        let _ = std::io::stdout().write_all(&bytes);
    } else {
        let millis = answer["elapsed_ms"].as_f64().unwrap_or_default();
        print_line(&format!("the peer has it, after {millis:.1} ms"));
    }
    Ok(Exit::Done)
}

async fn watch(client: &Client, count: Option<u64>, is_json: bool) -> Result<Exit, ClientError> {
    let mut left = count.unwrap_or(u64::MAX);
    let events = client.events(|event| {
        match is_json {
            true => print_json(&event),
            false => print_line(&event_line(&event)),
        }
        // That it watches is nothing that has happened.
        if event["event"] != "watching" {
            left = left.saturating_sub(1);
        }
        left > 0
    });
    events.await?;
    // The daemon has ended, if that was not enough.
    Ok(if left == 0 || count.is_none() { Exit::Done } else { Exit::Failed })
}

/// An event in a line: its name, then what there is to it.
fn event_line(event: &Value) -> String {
    let mut line = format!("{:16}", event["event"].as_str().unwrap_or_default());
    let Some(all) = event.as_object() else { return line };
    for (key, value) in all.iter().filter(|(key, _)| *key != "event") {
        let value = match value {
            Value::String(text) if key == "payload" => {
                let bytes = data_encoding::BASE64.decode(text.as_bytes()).unwrap_or_default();
                match std::str::from_utf8(&bytes) {
                    Ok(text) if text.len() <= 200 => format!("{text:?}"),
                    _ => continue,
                }
            }
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        line += &format!("  {key} {value}");
    }
    line
}

fn bench(answer: &Value) -> String {
    let number = |key: &str| answer[key].as_f64().unwrap_or_default();
    format!(
        "{:.0} messages, {:.1} MB in {:.1} s: {:.0} messages/s, {:.1} MB/s ({:.0} Mbit/s)",
        number("messages"),
        number("bytes") / 1e6,
        number("secs"),
        number("messages_per_sec"),
        number("bytes_per_sec") / 1e6,
        number("bytes_per_sec") * 8.0 / 1e6,
    )
}
