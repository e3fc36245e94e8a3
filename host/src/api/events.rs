//! `GET /events`: what happens, as it happens (server-sent events).

use std::convert::Infallible;

use axum::extract::State;
use axum::response::sse::{self, KeepAlive, Sse};
use futures_util::stream::{Stream, unfold};
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

use super::Api;
use super::problem::Problem;
use crate::event::Event;

pub(super) async fn events(
    State(api): State<Api>,
) -> Result<Sse<impl Stream<Item = Result<sse::Event, Infallible>>>, Problem> {
    let Ok(place) = Arc::clone(&api.watchers).try_acquire_owned() else {
        return Err(Problem::unavailable("too many watch already"));
    };
    let first = Event::Watching { id: api.handle.id().to_string() };
    let start = (Some(first), api.handle.events(), place);
    let stream = unfold(start, |(first, mut events, place)| async move {
        let event = match first {
            Some(first) => first,
            None => match events.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(events)) => Event::Missed { events },
                Err(RecvError::Closed) => return None,
            },
        };
        let data = serde_json::to_string(&event).unwrap_or_default();
        let event = sse::Event::default().event(event.name()).data(data);
        Some((Ok(event), (None, events, place)))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}
