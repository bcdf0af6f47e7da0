//! What the session tests share: a machine that is connected, and short ways to feed it.

use serde_json::{Value, json};
use vivavoce_audio::{AudioEncoding, encode_base64};
use vivavoce_protocol::Dialect;
use vivavoce_session::{Close, Event, SessionMachine, SessionOptions};

/// A connected session that has sent its configuration.
pub(crate) struct Played {
    pub(crate) machine: SessionMachine,
    pub(crate) events: Vec<Event>,
    pub(crate) sent: Vec<Value>,
}

impl Played {
    pub(crate) fn new() -> Self {
        Self::with(SessionOptions::default())
    }

    pub(crate) fn beta() -> Self {
        Self::with(SessionOptions { dialect: Dialect::Beta, ..SessionOptions::default() })
    }

    pub(crate) fn with(options: SessionOptions) -> Self {
        let mut machine = SessionMachine::new(options);
        machine.handle_connected();
        let mut played = Self { machine, events: Vec::new(), sent: Vec::new() };
        played.drain();
        played.sent.clear();
        played
    }

    pub(crate) fn feed(&mut self, event: Value) -> &mut Self {
        self.machine.handle_frame(&event.to_string());
        self.drain();
        self
    }

    pub(crate) fn command<T>(&mut self, command: impl FnOnce(&mut SessionMachine) -> T) -> T {
        let result = command(&mut self.machine);
        self.drain();
        result
    }

    pub(crate) fn drain(&mut self) {
        while let Some(frame) = self.machine.poll_transmit() {
            self.sent.push(serde_json::from_str(&frame).unwrap());
        }
        while let Some(event) = self.machine.poll_event() {
            self.events.push(event);
        }
    }

    pub(crate) fn sent_types(&self) -> Vec<&str> {
        self.sent.iter().map(|event| event["type"].as_str().unwrap()).collect()
    }

    pub(crate) fn order(&self) -> Vec<String> {
        self.machine.conversation().items().map(|item| item.id().to_string()).collect()
    }

    pub(crate) fn lose_connection(&mut self) {
        self.machine.handle_disconnected(Close::default());
        self.drain();
    }

    /// The events in short, without those about cost and time: `appended x`, `updated x text`, `completed x`...
    pub(crate) fn told(&self) -> Vec<String> {
        let books = |event: &&Event| matches!(event, Event::Usage(_) | Event::TurnTimes(_));
        self.events.iter().filter(|event| !books(event)).map(short).collect()
    }
}

pub(crate) fn short(event: &Event) -> String {
    use vivavoce_session::Delta;
    match event {
        Event::ItemAppended(item) => format!("appended {}", item.id()),
        Event::ItemCompleted(item) => format!("completed {}", item.id()),
        Event::ItemDeleted(id) => format!("deleted {id}"),
        Event::ItemUpdated { item_id, delta: None } => format!("updated {item_id}"),
        Event::ItemUpdated { item_id, delta: Some(delta) } => match delta {
            Delta::Text(text) => format!("text {item_id} {text}"),
            Delta::Transcript(text) => format!("transcript {item_id} {text}"),
            Delta::Arguments(text) => format!("arguments {item_id} {text}"),
            Delta::Audio { samples, .. } => format!("audio {item_id} {}", samples.len()),
            other => format!("{other:?}"),
        },
        Event::Error(error) => format!("error {error}"),
        Event::Interrupted(_) => "interrupted".to_owned(),
        Event::ResponseCreated(_) => "response created".to_owned(),
        Event::ToolCalled(call) => format!("called {} {}", call.name, call.arguments),
        Event::ResponseDone(_) => "response done".to_owned(),
        Event::SessionCreated(_) => "session created".to_owned(),
        Event::SessionUpdated(_) => "session updated".to_owned(),
        other => format!("{other:?}"),
    }
}

pub(crate) fn user(id: &str, text: &str) -> Value {
    json!({"id": id, "type": "message", "role": "user", "status": "completed",
           "content": [{"type": "input_text", "text": text}]})
}

pub(crate) fn spoken_user(id: &str) -> Value {
    json!({"id": id, "type": "message", "role": "user", "status": "completed",
           "content": [{"type": "input_audio", "transcript": null}]})
}

pub(crate) fn assistant(id: &str, status: &str, content: Value) -> Value {
    json!({"id": id, "type": "message", "role": "assistant", "status": status, "content": content})
}

pub(crate) fn added(item: Value, previous: Option<&str>) -> Value {
    json!({"type": "conversation.item.added", "event_id": "e", "previous_item_id": previous, "item": item})
}

pub(crate) fn done(item: Value, previous: Option<&str>) -> Value {
    json!({"type": "conversation.item.done", "event_id": "e", "previous_item_id": previous, "item": item})
}

pub(crate) fn created(item: Value, previous: Option<&str>) -> Value {
    json!({"type": "conversation.item.created", "event_id": "e", "previous_item_id": previous, "item": item})
}

pub(crate) fn output_item(which: &str, response: &str, item: Value) -> Value {
    json!({"type": format!("response.output_item.{which}"), "event_id": "e", "response_id": response,
           "output_index": 0, "item": item})
}

pub(crate) fn response(which: &str, id: &str, status: &str, output: Value) -> Value {
    json!({"type": format!("response.{which}"), "event_id": "e",
           "response": {"id": id, "object": "realtime.response", "status": status, "output": output,
                        "conversation_id": "conv_1"}})
}

pub(crate) fn delta(name: &str, item: &str, delta: &str) -> Value {
    json!({"type": name, "event_id": "e", "response_id": "resp_1", "item_id": item, "output_index": 0,
           "content_index": 0, "delta": delta})
}

pub(crate) fn audio_delta(item: &str, samples: &[i16]) -> Value {
    delta("response.output_audio.delta", item, &base64(samples))
}

pub(crate) fn base64(samples: &[i16]) -> String {
    let mut text = String::new();
    encode_base64(samples, AudioEncoding::Pcm16, &mut text);
    text
}
