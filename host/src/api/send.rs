//! `POST /send`, `/broadcast` and `/ping`.

use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use underpass_core::MAX_BROADCAST;

use super::Api;
use super::problem::{Problem, json_of};
use super::query::{Query, peer};
use crate::driver::LONG_MAX;
use crate::kind;

/// How long the body of a request may take.
const BODY_WITHIN: Duration = Duration::from_secs(30);
/// How long is waited if nothing is said, and at most.
const WAIT_MS: u64 = 30_000;
const WAIT_MS_MAX: u64 = 600_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SendQuery {
    to: String,
    #[serde(default)]
    kind: u16,
    #[serde(default)]
    wait: Wait,
    timeout_ms: Option<u64>,
}

/// What is waited for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wait {
    /// That the peer has it.
    #[default]
    Ack,
    /// What its handler replies.
    Reply,
}

/// Sends the body, and waits until the peer has it or has replied.
pub(super) async fn send(
    State(api): State<Api>,
    Query(query): Query<SendQuery>,
    body: Body,
) -> Result<Response, Problem> {
    let to = peer(&query.to)?;
    let within = wait(query.timeout_ms)?;
    let started = Instant::now();
    let payload = payload(body, LONG_MAX).await?;
    let handle = &api.handle;
    match query.wait {
        Wait::Ack => {
            let sent = tokio::time::timeout(within, handle.send(to, query.kind, payload)).await;
            let timed_out = Err(crate::SendError::TimedOut);
            sent.unwrap_or(timed_out).map_err(|error| Problem::of(&error))?;
            Ok(json_of(&json!({ "outcome": "acked", "elapsed_ms": millis(started) })))
        }
        Wait::Reply => {
            let reply = handle.request(to, query.kind, payload, within).await;
            let reply = reply.map_err(|error| Problem::of(&error))?;
            Ok(json_of(&json!({
                "outcome": "replied",
                "elapsed_ms": millis(started),
                "kind": reply.kind,
                "payload": data_encoding::BASE64.encode(&reply.payload),
            })))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BroadcastQuery {
    #[serde(default)]
    kind: u16,
}

/// Tells everybody what the body says.
pub(super) async fn broadcast(
    State(api): State<Api>,
    Query(query): Query<BroadcastQuery>,
    body: Body,
) -> Result<Response, Problem> {
    let payload = payload(body, MAX_BROADCAST).await?;
    let told = api.handle.broadcast(query.kind, payload).await;
    told.map_err(|error| Problem::of(&error))?;
    Ok(json_of(&json!({ "outcome": "told" })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PingQuery {
    to: String,
    timeout_ms: Option<u64>,
}

/// Has the peer send back a few bytes: the way of any message, there and back.
pub(super) async fn ping(
    State(api): State<Api>,
    Query(query): Query<PingQuery>,
) -> Result<Response, Problem> {
    let to = peer(&query.to)?;
    let within = wait(query.timeout_ms)?;
    let started = Instant::now();
    let echo = api.handle.request_any(to, kind::ECHO, b"underpass".to_vec(), within).await;
    echo.map_err(|error| Problem::of(&error))?;
    Ok(json_of(&json!({ "elapsed_ms": millis(started) })))
}

pub(super) fn wait(timeout_ms: Option<u64>) -> Result<Duration, Problem> {
    match timeout_ms.unwrap_or(WAIT_MS) {
        millis @ 1..=WAIT_MS_MAX => Ok(Duration::from_millis(millis)),
        _ => Err(Problem::bad_request(format!("`timeout_ms` is from 1 to {WAIT_MS_MAX}"))),
    }
}

async fn payload(body: Body, most: usize) -> Result<Vec<u8>, Problem> {
    let bytes = tokio::time::timeout(BODY_WITHIN, to_bytes(body, most)).await;
    let bytes = bytes.map_err(|_| {
        let status = StatusCode::REQUEST_TIMEOUT;
        Problem::new(status, "slow-body", "The body took too long", "it was not sent")
    })?;
    let bytes = bytes.map_err(|_| {
        let detail = format!("it has at most {most} bytes; nothing was sent");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-long", "The message is too long", detail)
    })?;
    Ok(bytes.into())
}

fn millis(since: Instant) -> f64 {
    since.elapsed().as_micros() as f64 / 1e3
}
