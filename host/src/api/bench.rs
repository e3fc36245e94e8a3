//! `POST /bench`: how much goes to a peer, message by message.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinSet;

use super::Api;
use super::problem::{Problem, json_of};
use super::query::{Query, peer};
use crate::driver::LONG_MAX;
use crate::kind;
use crate::message::SendError;

const SECS_MAX: u64 = 60;
const AT_ONCE_MAX: usize = 256;
/// All that is under way at once.
const BYTES_MAX: usize = 64 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BenchQuery {
    to: String,
    #[serde(default = "default_size")]
    size: usize,
    #[serde(default = "default_secs")]
    secs: u64,
    #[serde(default = "default_at_once")]
    at_once: usize,
}

fn default_size() -> usize {
    1024
}

fn default_secs() -> u64 {
    5
}

fn default_at_once() -> usize {
    64
}

/// Sends messages to be thrown away for a while, so many at once, and counts those that the peer has.
pub(super) async fn bench(
    State(api): State<Api>,
    Query(query): Query<BenchQuery>,
) -> Result<Response, Problem> {
    let BenchQuery { to, size, secs, at_once } = query;
    let to = peer(&to)?;
    let fits = size <= LONG_MAX
        && (1..=SECS_MAX).contains(&secs)
        && (1..=AT_ONCE_MAX).contains(&at_once)
        && size * at_once <= BYTES_MAX;
    if !fits {
        return Err(Problem::bad_request(format!(
            "`size` is at most {LONG_MAX}, `secs` from 1 to {SECS_MAX}, `at_once` from 1 to {AT_ONCE_MAX}, \
             and both together at most {BYTES_MAX} bytes"
        )));
    }
    let Ok(_alone) = Arc::clone(&api.bench).try_acquire_owned() else {
        return Err(Problem::unavailable("another measurement is under way"));
    };
    let started = Instant::now();
    let until = started + Duration::from_secs(secs);
    let acked = Arc::new(AtomicU64::new(0));
    let mut senders = JoinSet::new();
    for _ in 0..at_once {
        let (handle, to, acked) = (api.handle.clone(), to.clone(), Arc::clone(&acked));
        senders.spawn(async move {
            while Instant::now() < until {
                handle.send_any(to.clone(), kind::DISCARD, vec![0; size]).await?;
                acked.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<(), SendError>(())
        });
    }
    while let Some(ended) = senders.join_next().await {
        // Dropping the rest ends them.
        ended.unwrap_or(Err(SendError::Failed)).map_err(|error| Problem::of(&error))?;
    }
    let (elapsed, messages) = (started.elapsed().as_secs_f64(), acked.load(Ordering::Relaxed));
    Ok(json_of(&json!({
        "messages": messages,
        "bytes": messages * size as u64,
        "secs": elapsed,
        "messages_per_sec": messages as f64 / elapsed,
        "bytes_per_sec": (messages * size as u64) as f64 / elapsed,
    })))
}
