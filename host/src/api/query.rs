//! Parameters of requests.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::handle::To;

/// Parameters, or a problem that says what is wrong with them.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        let axum::extract::Query(query) =
            query.map_err(|rejection| Problem::bad_request(rejection.body_text()))?;
        Ok(Self(query))
    }
}

/// No name of a peer is longer: a host name has 253 characters.
const PEER_LEN_MAX: usize = 400;
/// A beginning of an id that is shorter says too little.
const PREFIX_LEN_MIN: usize = 4;

/// The peer that a text names: as in configurations, or by the beginning of its id.
pub(super) fn peer(text: &str) -> Result<To, Problem> {
    if text.len() > PEER_LEN_MAX {
        return Err(Problem::bad_request("`to` is too long for a peer"));
    }
    let is_beginning = text.len() < underpass_core::PeerId::TEXT_LEN
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'2'..=b'7'));
    if is_beginning && text.len() >= PREFIX_LEN_MIN && text != "localhost" {
        return Ok(To::Prefix(text.into()));
    }
    let peer = text.parse().map_err(|error| Problem::bad_request(format!("`to`: {error}")))?;
    Ok(To::Peer(peer))
}
