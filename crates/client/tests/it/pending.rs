//! Commands that are awaited: with the local server, with a played one, and with one that says nothing.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;
use vivavoce::protocol::{ContentPart, Item, Modality, Role};
use vivavoce::{Error, ItemId, RealtimeClient, RealtimeSession};
use vivavoce_server::LocalServer;

use crate::common::{Far, client, played, soon};

#[tokio::test]
async fn commands_are_awaited_over_a_socket() {
    let server = LocalServer::start().await.unwrap();
    let client = client(&server.url());
    let kept = client.update_session(RealtimeSession::update().output_modalities(Modality::Text)).unwrap();
    assert!(kept.event_id().is_none(), "it goes out with the connection");
    soon(kept).await.unwrap();
    client.connect().await.unwrap();

    soon(client.update_session(RealtimeSession::update().instructions("Be brief.")).unwrap()).await.unwrap();
    let message = Item::message(Role::User, [ContentPart::input_text("Hello")]);
    let id = soon(client.create_item(message, None).unwrap()).await.unwrap();
    let item = soon(client.retrieve_item(&id).unwrap()).await.unwrap();
    assert_eq!(item.id(), Some(&id));
    let response = soon(client.create_response().unwrap()).await.unwrap();
    assert!(response.id.get().is_some());
    soon(client.cancel_response().unwrap()).await.unwrap();
    client.append_input_audio(&[0; 4_800]).unwrap();
    let spoken = soon(client.commit_input_audio().unwrap()).await.unwrap();
    soon(client.delete_item(&spoken).unwrap()).await.unwrap();
    soon(client.clear_input_audio().unwrap()).await.unwrap();

    let refused = soon(client.delete_item(&ItemId::from("nobody")).unwrap()).await.unwrap_err();
    let Error::Refused(error) = &refused else { panic!("{refused:?}") };
    assert_eq!(error.code.get().map(String::as_str), Some("item_delete_invalid_item_id"));
    assert!(refused.to_string().contains("does not exist") && !refused.is_retryable(), "{refused}");
}

/// A client whose configuration has gone out.
async fn connected(client: &RealtimeClient) -> Far {
    let (near, mut far) = played();
    client.connect_over(near).unwrap();
    assert!(far.hear().await.starts_with(r#"{"type":"session.update""#));
    far
}

fn event_id(frame: &str) -> Value {
    serde_json::from_str::<Value>(frame).unwrap()["event_id"].clone()
}

#[tokio::test]
async fn answers_out_of_order_find_their_commands() {
    let client = client("ws://localhost/");
    let mut far = connected(&client).await;
    let item = |id: &str| {
        let mut item = Item::message(Role::User, [ContentPart::input_text("x")]);
        item.set_id(id.into());
        item
    };
    let first = client.create_item(item("first"), None).unwrap();
    let second = client.create_item(item("second"), None).unwrap();
    let (refused, _) = (event_id(&far.hear().await), far.hear().await);
    let added = json!({"type": "conversation.item.added", "event_id": "e", "previous_item_id": null,
        "item": {"id": "second", "type": "message", "role": "user", "content": []}});
    far.say(&added.to_string());
    assert_eq!(soon(second).await.unwrap().as_str(), "second");
    let error =
        json!({"type": "invalid_request_error", "code": "c", "message": "No.", "param": null, "event_id": refused});
    far.say(&json!({"type": "error", "event_id": "e", "error": error}).to_string());
    assert!(matches!(soon(first).await, Err(Error::Refused(_))));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_says_nothing_is_waited_for_ten_seconds() {
    let client = client("ws://localhost/");
    let _far = connected(&client).await;
    let start = Instant::now();
    let answer = client.clear_input_audio().unwrap().await;
    assert!(matches!(answer, Err(Error::Timeout(limit)) if limit == Duration::from_secs(10)), "{answer:?}");
    assert_eq!(start.elapsed(), Duration::from_secs(10));
}

#[tokio::test]
async fn the_end_of_the_connection_or_of_the_session_ends_the_waiting() {
    let client = client("ws://localhost/");
    let far = connected(&client).await;
    let waiting = client.create_response().unwrap();
    drop(far);
    let lost = soon(waiting).await.unwrap_err();
    assert!(matches!(lost, Error::ConnectionLost) && lost.is_retryable(), "{lost:?}");

    let mut far = connected(&client).await;
    let waiting = client.create_response().unwrap();
    let (answer, ()) = tokio::join!(soon(waiting), async {
        far.hear().await;
        drop(far);
        client.reset().await;
    });
    assert!(matches!(answer, Err(Error::ConnectionLost)));
}

#[tokio::test]
async fn commands_whose_answers_nobody_awaits_leave_nothing_behind() {
    let server = LocalServer::start().await.unwrap();
    let client = client(&server.url());
    client.connect().await.unwrap();
    for _ in 0..1_000 {
        client.clear_input_audio().unwrap();
    }
    // The last is answered, and so are all before it.
    soon(client.clear_input_audio().unwrap()).await.unwrap();
}
