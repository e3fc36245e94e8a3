//! What went wrong, as RFC 9457 has it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::message::SendError;

/// A problem: its type in a word, and what happened this time.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    kind: &'static str,
    title: &'static str,
    detail: String,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self { status, kind, title, detail: detail.into() }
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", "The request is not understood", detail)
    }

    pub(super) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", "There is no such thing", detail)
    }

    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", "The node is not set up for that", detail)
    }

    pub(super) fn method_not_allowed() -> Self {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Self::new(
            status,
            "method-not-allowed",
            "Not by this method",
            "`Allow` names those that are",
        )
    }

    pub(super) fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "There is no room now", detail)
    }

    pub(super) fn shutting_down() -> Self {
        Self::of(&SendError::ShuttingDown)
    }

    /// What became of a message.
    pub(super) fn of(error: &SendError) -> Self {
        use StatusCode as Code;
        let (status, kind, title) = match error {
            SendError::UnknownName => (Code::NOT_FOUND, "unknown-peer", "There is no such peer"),
            SendError::UnknownPeer => (Code::NOT_FOUND, "unknown-peer", "There is no such peer"),
            SendError::TooLong => (Code::PAYLOAD_TOO_LARGE, "too-long", "The message is too long"),
            SendError::ReservedKind => (Code::BAD_REQUEST, "reserved-kind", "The kind is reserved"),
            SendError::Full => (Code::SERVICE_UNAVAILABLE, "full", "There is no room now"),
            SendError::ShuttingDown => {
                (Code::SERVICE_UNAVAILABLE, "shutting-down", "The daemon is about to end")
            }
            SendError::NotDiscoverable => {
                (Code::CONFLICT, "conflict", "The node is not set up for that")
            }
            SendError::TooOften => (Code::TOO_MANY_REQUESTS, "too-often", "Too many of them"),
            SendError::NoReply => (Code::GATEWAY_TIMEOUT, "no-reply", "No reply came in time"),
            SendError::TimedOut => (Code::GATEWAY_TIMEOUT, "timed-out", "The time is up"),
            SendError::Unknown => (Code::GATEWAY_TIMEOUT, "unknown", "Nobody knows"),
            SendError::NotAllowed => (Code::FORBIDDEN, "not-allowed", "The peer does not allow it"),
            SendError::NoHandler => (Code::BAD_GATEWAY, "no-handler", "Nobody handles it there"),
            SendError::HandlerFailed { .. } => {
                (Code::BAD_GATEWAY, "handler-failed", "The peer's handler has failed")
            }
            SendError::Unsupported => (Code::BAD_GATEWAY, "unsupported", "The peer takes none"),
            SendError::Refused => (Code::BAD_GATEWAY, "refused", "The peer has no room"),
            SendError::Failed => (Code::BAD_GATEWAY, "failed", "It was not delivered"),
        };
        Self::new(status, kind, title, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({
            "type": format!("urn:underpass:problem:{}", self.kind),
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (self.status, body.to_string()).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if self.status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer realm=\"underpass\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

/// A body of JSON.
pub(super) fn json_of(value: &impl Serialize) -> Response {
    axum::Json(value).into_response()
}
