//! `GET /status`, `/peers`, `/peers/ID`.

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::Api;
use super::problem::Problem;
use super::query;
use crate::handle::To;
use crate::view::{PeerStatus, Status};

async fn status_of(api: &Api) -> Result<Status, Problem> {
    api.handle.status().await.ok_or_else(Problem::shutting_down)
}

pub(super) async fn status(State(api): State<Api>) -> Result<Json<Status>, Problem> {
    status_of(&api).await.map(Json)
}

pub(super) async fn peers(State(api): State<Api>) -> Result<Json<Value>, Problem> {
    let status = status_of(&api).await?;
    Ok(Json(json!({ "peers": status.peers })))
}

/// The peer that is meant, by its id or the beginning of that, or as the configuration calls it.
pub(super) async fn peer(
    State(api): State<Api>,
    Path(name): Path<String>,
) -> Result<Json<PeerStatus>, Problem> {
    let meant = query::peer(&name)?;
    let status = status_of(&api).await?;
    let fits = |peer: &&PeerStatus| match &meant {
        To::Prefix(prefix) => peer.id.as_ref().is_some_and(|id| id.starts_with(prefix)),
        To::Peer(address) => {
            let same_id = address.id().is_some_and(|id| peer.id == Some(id.to_string()));
            same_id || peer.asked_as == Some(address.to_string())
        }
    };
    let mut found = status.peers.iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(peer), None) => Ok(Json(peer.clone())),
        (None, _) => Err(Problem::not_found("this node knows no such peer")),
        (Some(_), Some(_)) => Err(Problem::not_found("several ids begin so")),
    }
}
