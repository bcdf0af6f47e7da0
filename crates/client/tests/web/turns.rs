//! Whole turns with the local server.

use std::cell::RefCell;
use std::rc::Rc;

use schemars::JsonSchema;
use serde::Deserialize;
use vivavoce::protocol::Modality;
use vivavoce::{Dialect, Event, RealtimeSession, Tool, ToolContext};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{PATIENCE, builder, connected, in_both_dialects, soon, until};

#[wasm_bindgen_test]
async fn a_text_turn() {
    in_both_dialects(async |client, _| {
        client.update_session(RealtimeSession::update().output_modalities(Modality::Text)).unwrap().await.unwrap();
        let reply = client.next_completed_reply(PATIENCE);
        let response = client.send_user_message("How are you?").unwrap();
        assert!(response.await.unwrap().id.get().is_some());
        assert_eq!(reply.await.unwrap().text(), "I am the local vivavoce server. I read: How are you?");
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_spoken_turn() {
    in_both_dialects(async |client, _| {
        for piece in vec![1000; 24_000].chunks(2_400) {
            client.append_input_audio(piece).unwrap();
        }
        let reply = client.next_completed_reply(PATIENCE);
        client.create_response().unwrap();
        let reply = reply.await.unwrap();
        assert_eq!(reply.transcript(), "I am the local vivavoce server. I heard 1.0 seconds of speech.");
        assert!(reply.received_samples(0) > 24_000);
        assert_eq!(reply.audio(0).unwrap().len() as u64, reply.received_samples(0));
    })
    .await;
}

#[derive(Deserialize, JsonSchema)]
struct Place {
    city: String,
}

/// Awaits what is no `Send`, as every promise of JavaScript.
async fn weather(place: Place, _: ToolContext) -> Result<String, String> {
    let promise = js_sys::Promise::resolve::<wasm_bindgen::JsValue>(&format!("rain in {}", place.city).into());
    let told = js_sys::futures::JsFuture::from(promise).await.map_err(|_| "no answer")?;
    told.as_string().ok_or_else(|| "no text".to_owned())
}

#[wasm_bindgen_test]
async fn a_tool_is_called() {
    in_both_dialects(async |client, mut events| {
        client.update_session(RealtimeSession::update().output_modalities(Modality::Text)).unwrap();
        client.add_tool(Tool::new("get_weather", "Tells the weather.", weather)).unwrap().await.unwrap();
        let reply = client.next_completed_reply(PATIENCE);
        client.send_user_message("get weather").unwrap();
        let outcome = until(&mut events, |event| match event {
            Event::ToolAnswered(outcome) => Some(outcome),
            _ => None,
        })
        .await;
        assert!(outcome.failure.is_none(), "{outcome:?}");
        let text = reply.await.unwrap().text().into_owned();
        assert!(text.contains("get_weather returned: \"rain in "), "{text}");
    })
    .await;
}

#[wasm_bindgen_test]
async fn an_interruption_cuts_what_was_not_heard() {
    in_both_dialects(async |client, _| {
        let reply = client.next_completed_reply(PATIENCE);
        client.send_user_message("Tell me something long, please.").unwrap();
        let reply = reply.await.unwrap();
        client.report_played(reply.id(), 0, 12_000);
        let interruption = soon(client.interrupt()).await.unwrap();
        assert_eq!(interruption.items.len(), 1);
        let cut = client.item(reply.id()).unwrap();
        assert!(cut.is_truncated());
        assert_eq!(cut.received_samples(0), 12_000);
    })
    .await;
}

#[wasm_bindgen_test]
async fn listeners_may_hold_what_cannot_leave_the_thread() {
    let (client, _) = connected(builder()).await;
    let heard = Rc::new(RefCell::new(Vec::new()));
    let (names, texts) = (heard.clone(), heard.clone());
    let wire = client.on("server.*", move |event| names.borrow_mut().push(event.name.to_string()));
    client.on_item_completed(move |item| texts.borrow_mut().push(item.text().into_owned())).detach();
    client.update_session(RealtimeSession::update().output_modalities(Modality::Text)).unwrap().await.unwrap();
    drop(wire);
    let before = heard.borrow().len();
    assert!(before > 0);
    let reply = client.next_completed_reply(PATIENCE);
    client.send_user_message("How are you?").unwrap();
    let reply = reply.await.unwrap();
    // A turn in which nothing is heard any more but the items.
    soon(client.disconnect()).await;
    let heard = heard.borrow();
    assert_eq!(heard[before..], ["How are you?", &reply.text()]);
}

#[wasm_bindgen_test]
fn a_client_may_be_where_others_want_send_and_sync() {
    fn anywhere(_: &(impl Send + Sync)) {}

    let client = builder().build().unwrap();
    anywhere(&client);
    anywhere(&client.events());
    anywhere(&client.player());
    anywhere(&client.interrupt());
}

#[wasm_bindgen_test]
async fn what_travels_is_seen_with_its_time() {
    use futures_util::StreamExt;

    let (client, _) = connected(builder().dialect(Dialect::Beta)).await;
    let mut wire = client.realtime_events();
    client.clear_input_audio().unwrap();
    for name in ["input_audio_buffer.clear", "input_audio_buffer.cleared"] {
        let event = loop {
            let event = soon(wire.next()).await.unwrap();
            if &*event.name == name {
                break event;
            }
        };
        let millis = event.time.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap().as_millis();
        assert!((js_sys::Date::now() - millis as f64).abs() < PATIENCE.as_millis() as f64);
    }
}
