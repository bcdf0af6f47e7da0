use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use vivavoce_server::machine::JobId;
use vivavoce_server::{EngineError, EngineEvent};

use crate::play::{BOTH, Play, silence, speech};

/// What a client may count on, whatever happens.
#[derive(Default)]
struct Ledger {
    /// Deltas so far, by response, output index, content index and kind.
    streamed: HashMap<(String, u64, u64, &'static str), String>,
    open_responses: Vec<String>,
    open_items: Vec<String>,
    known_items: Vec<String>,
}

impl Ledger {
    fn read(&mut self, events: &[Value]) {
        for event in events {
            let name = event["type"].as_str().unwrap();
            let text = |member: &str| event[member].as_str().unwrap_or_default().to_owned();
            let place = |kind| {
                let index = |member: &str| event[member].as_u64().unwrap_or(0);
                (text("response_id"), index("output_index"), index("content_index"), kind)
            };
            let kind = match name.split('.').nth(1).unwrap_or_default() {
                "output_text" | "text" => "text",
                "output_audio_transcript" | "audio_transcript" => "transcript",
                "function_call_arguments" => "arguments",
                _ => "",
            };
            if !kind.is_empty() && name.ends_with(".delta") {
                self.streamed.entry(place(kind)).or_default().push_str(&text("delta"));
            } else if !kind.is_empty() && name.ends_with(".done") {
                let streamed = self.streamed.remove(&place(kind)).unwrap_or_default();
                assert_eq!(text(kind), streamed, "{name}");
            }
            match name {
                "response.created" => self.open_responses.push(event["response"]["id"].to_string()),
                "response.done" => {
                    let id = event["response"]["id"].to_string();
                    let index = self.open_responses.iter().position(|open| *open == id).expect("it was created");
                    self.open_responses.remove(index);
                }
                "response.output_item.added" => self.open_items.push(event["item"]["id"].to_string()),
                "response.output_item.done" => {
                    let id = event["item"]["id"].to_string();
                    let index = self.open_items.iter().position(|open| *open == id).expect("it was added");
                    self.open_items.remove(index);
                }
                "conversation.item.added" | "conversation.item.created" => {
                    let previous = &event["previous_item_id"];
                    assert!(previous.is_null() || self.known_items.contains(&previous.as_str().unwrap().to_owned()));
                    self.known_items.push(event["item"]["id"].as_str().unwrap().to_owned());
                }
                _ => {}
            }
        }
    }
}

#[test]
fn whatever_happens_in_whatever_order_the_events_add_up() {
    for dialect in BOTH {
        for seed in 0..10 {
            let mut random = fastrand::Rng::with_seed(seed);
            let mut play = Play::by_hand(dialect);
            let mut ledger = Ledger::default();
            let speech = speech();
            for _ in 0..150 {
                let events = step(&mut play, &mut random, &ledger, &speech);
                ledger.read(&events);
            }
            // Everything that was begun is ended.
            for (job, _) in std::mem::take(&mut play.jobs) {
                let events = play.engine(job, EngineEvent::Done);
                ledger.read(&events);
            }
            assert_eq!((ledger.open_responses, ledger.open_items), (Vec::new(), Vec::new()), "seed {seed}");
        }
    }
}

fn step(play: &mut Play, random: &mut fastrand::Rng, ledger: &Ledger, speech: &[i16]) -> Vec<Value> {
    let item = match ledger.known_items.as_slice() {
        [] => "nobody".to_owned(),
        known => known[random.usize(..known.len())].clone(),
    };
    let text = |random: &mut fastrand::Rng| "word ".repeat(random.usize(0..4));
    let job = match play.jobs.as_slice() {
        [] => None,
        jobs => Some(jobs[random.usize(..jobs.len())].0),
    };
    match (random.u32(0..20), job) {
        (0, _) => play.append(&silence(300)),
        (1 | 2, _) => {
            let from = random.usize(..speech.len() / 2);
            play.append(&speech[from..])
        }
        (3, _) => play.send(json!({"type": "input_audio_buffer.commit"})),
        (4, _) => play.send(json!({"type": "input_audio_buffer.clear"})),
        (5, _) => play.turn_detection(
            [Value::Null, json!({"type": "server_vad", "idle_timeout_ms": 5000})][random.usize(..2)].clone(),
        ),
        (6, _) => play.send(json!({"type": "response.create"})),
        (7, _) => play.send(json!({"type": "response.create", "response":
            {"conversation": "none", "max_output_tokens": random.u32(1..20)}})),
        (8, _) => play.send(json!({"type": "response.cancel"})),
        (9, _) => play.send(json!({"type": "conversation.item.create", "previous_item_id": item, "item":
            {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "x"}]}})),
        (10, _) => play.send(json!({"type": "conversation.item.delete", "item_id": item})),
        (11, _) => play.send(json!({"type": "conversation.item.retrieve", "item_id": item})),
        (12, _) => play.send(json!({"type": "conversation.item.truncate", "item_id": item, "content_index": 0,
            "audio_end_ms": random.u32(..300)})),
        (13, _) => play.wait(Duration::from_millis(random.u64(..8000))),
        (_, Some(job)) => piece(play, random, job, text),
        (_, None) => play.text_response(),
    }
}

fn piece(
    play: &mut Play,
    random: &mut fastrand::Rng,
    job: JobId,
    text: impl Fn(&mut fastrand::Rng) -> String,
) -> Vec<Value> {
    let event = match random.u32(0..12) {
        0 => EngineEvent::Message,
        1 | 2 => EngineEvent::Text(text(random)),
        3 | 4 => EngineEvent::Transcript(text(random)),
        5..=7 => EngineEvent::Audio(vec![9; random.usize(0..12_000)].into()),
        8 => EngineEvent::FunctionCall("f".to_owned()),
        9 => EngineEvent::Arguments(text(random)),
        10 => EngineEvent::Done,
        _ => EngineEvent::Failed(EngineError::server_error("chance")),
    };
    play.engine(job, event)
}
