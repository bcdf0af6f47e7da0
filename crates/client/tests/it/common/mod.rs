//! Servers that a test plays by hand, and a transport without any.

mod played;
mod server;

use std::time::Duration;

use futures_util::StreamExt;
use vivavoce::{Close, Event, EventStream, RealtimeClient, SessionError};

pub(crate) use played::{Far, played};
pub(crate) use server::{Upgraded, accept, hear, hear_all, listening, raw, say, websocket};

/// Longer than any test takes on any machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// What `future` brings, or a panic when it brings nothing.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("nothing happened for a long time")
}

/// A client of a server, with all the time it may need.
pub(crate) fn client(url: &str) -> RealtimeClient {
    RealtimeClient::builder().url(url).connect_timeout(PATIENCE).build().unwrap()
}

/// The first event that `pick` picks.
pub(crate) async fn until<T>(events: &mut EventStream, mut pick: impl FnMut(Event) -> Option<T>) -> T {
    soon(async {
        loop {
            if let Some(picked) = pick(events.next().await.expect("the client is there")) {
                return picked;
            }
        }
    })
    .await
}

pub(crate) async fn disconnected(events: &mut EventStream) -> Close {
    until(events, |event| match event {
        Event::Disconnected(close) => Some((*close).clone()),
        _ => None,
    })
    .await
}

pub(crate) async fn next_error(events: &mut EventStream) -> std::sync::Arc<SessionError> {
    until(events, |event| match event {
        Event::Error(error) => Some(error),
        _ => None,
    })
    .await
}

/// `conversation.item.added` of a user's message.
pub(crate) fn item_added(id: &str, text: &str) -> String {
    serde_json::json!({
        "type": "conversation.item.added", "event_id": "event_1", "previous_item_id": null,
        "item": {"id": id, "type": "message", "role": "user", "status": "completed",
                 "content": [{"type": "input_text", "text": text}]}
    })
    .to_string()
}

pub(crate) const SESSION_CREATED: &str =
    r#"{"type":"session.created","event_id":"event_0","session":{"type":"realtime","id":"sess_1"}}"#;

/// An event no client knows, with a number in its name.
pub(crate) fn unknown(number: usize) -> String {
    format!(r#"{{"type":"never.heard.of.{number}","event_id":"event_{number}"}}"#)
}
