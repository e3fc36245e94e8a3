//! `GET /known` and `/find`: who is there, by hearsay. `GET /proof`: that the server knows the token.

use axum::Json;
use axum::extract::State;
use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Api;
use super::problem::Problem;
use super::query::Query;

/// No tag is longer.
const TAG_LEN_MAX: usize = 200;

pub(super) async fn known(State(api): State<Api>) -> Result<Json<Value>, Problem> {
    let known = api.handle.known().await.ok_or_else(Problem::shutting_down)?;
    Ok(Json(json!({ "known": known })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Find {
    tag: String,
}

pub(super) async fn find(
    State(api): State<Api>,
    Query(Find { tag }): Query<Find>,
) -> Result<Json<Value>, Problem> {
    if tag.is_empty() || tag.chars().count() > TAG_LEN_MAX {
        return Err(Problem::bad_request(format!("`tag` has from 1 to {TAG_LEN_MAX} characters")));
    }
    let found = api.handle.find(&tag).await;
    let found = found.ok_or_else(|| Problem::conflict("this node takes no part in gossip"))?;
    let ids: Vec<_> = found.iter().map(ToString::to_string).collect();
    Ok(Json(json!({ "found": ids })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Challenge {
    nonce: String,
}

pub(super) async fn proof(
    State(api): State<Api>,
    Query(Challenge { nonce }): Query<Challenge>,
) -> Result<Json<Value>, Problem> {
    let nonce = HEXLOWER_PERMISSIVE.decode(nonce.as_bytes()).ok();
    let nonce = nonce.and_then(|nonce| <[u8; 32]>::try_from(nonce).ok());
    let nonce = nonce.ok_or_else(|| Problem::bad_request("`nonce` has 64 hexadecimal digits"))?;
    Ok(Json(json!({ "proof": HEXLOWER.encode(&api.guard.proof(&nonce)) })))
}
