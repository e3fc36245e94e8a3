//! The HTTP API and the status page. Everything but the page itself, which knows nothing, wants the token.

mod bench;
mod events;
mod guard;
mod known;
mod metrics;
mod page;
mod peers;
mod problem;
mod query;
mod send;
#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::handle::Handle;
use guard::Guard;
use problem::Problem;

/// Connections at once; others wait in the kernel.
const CONNECTIONS_MAX: usize = 128;
/// How long a request's head may take, and a connection may be idle.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// No request's head is longer.
const HEAD_LEN_MAX: usize = 16 * 1024;
/// Watchers at once.
const WATCHERS_MAX: usize = 32;

/// What describes all of this to programs.
pub(crate) const OPENAPI: &str = include_str!("openapi.json");

/// What every request can reach.
#[derive(Clone)]
struct Api {
    handle: Handle,
    guard: Arc<Guard>,
    watchers: Arc<Semaphore>,
    /// One measurement at a time: two would measure each other.
    bench: Arc<Semaphore>,
}

/// A server that listens, and serves once it runs.
pub(crate) struct Server {
    listener: TcpListener,
    router: Router,
}

impl Server {
    /// # Errors
    /// If it cannot listen there.
    pub(crate) async fn bind(
        listen: SocketAddr,
        hosts: &[String],
        token: Zeroizing<[u8; 32]>,
        handle: Handle,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind(listen).await?;
        let guard = Guard::new(&token, listener.local_addr()?, hosts);
        Ok(Self { listener, router: router(handle, guard) })
    }

    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until it is dropped.
    pub(crate) async fn run(self) {
        let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        loop {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // No more files, or the other side has gone: either passes.
                    tracing::warn!(%error, "a connection to the API is not accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let service = TowerToHyperService::new(self.router.clone());
            tokio::spawn(async move {
                let mut http = hyper::server::conn::http1::Builder::new();
                http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
                http.max_buf_size(HEAD_LEN_MAX);
                // A connection that ends in the middle is its client's affair.
                let _ = http.serve_connection(TokioIo::new(stream), service).await;
                drop(place);
            });
        }
    }
}

fn router(handle: Handle, guard: Guard) -> Router {
    let api = Api {
        handle,
        guard: Arc::new(guard),
        watchers: Arc::new(Semaphore::new(WATCHERS_MAX)),
        bench: Arc::new(Semaphore::new(1)),
    };
    Router::new()
        .route("/", get(page::html))
        .route("/page.js", get(page::script))
        .route("/page.css", get(page::style))
        .route("/openapi.json", get(openapi))
        .route("/send", post(send::send))
        .route("/broadcast", post(send::broadcast))
        .route("/ping", post(send::ping))
        .route("/bench", post(bench::bench))
        .route("/status", get(peers::status))
        .route("/peers", get(peers::peers))
        .route("/peers/{id}", get(peers::peer))
        .route("/known", get(known::known))
        .route("/find", get(known::find))
        .route("/events", get(events::events))
        .route("/metrics", get(metrics::metrics))
        .route("/healthz", get(healthz))
        .route(guard::PROOF, get(known::proof))
        .fallback(|| async { Problem::not_found("there is nothing at this path") })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(middleware::from_fn_with_state(api.clone(), guard::guard))
        .with_state(api)
}

async fn openapi() -> ([(axum::http::HeaderName, &'static str); 1], &'static str) {
    ([(axum::http::header::CONTENT_TYPE, "application/json")], OPENAPI)
}

/// Whether the node answers questions.
async fn healthz(
    axum::extract::State(api): axum::extract::State<Api>,
) -> Result<Json<Value>, Problem> {
    let status = api.handle.status().await.ok_or_else(Problem::shutting_down)?;
    Ok(Json(json!({ "status": "ok", "uptime_secs": status.uptime_secs })))
}
