//! The machine is total: whatever comes, in whatever order, it neither panics nor grows without bound, and
//! what it says adds up.

use std::collections::HashMap;

use crate::common::Played;
use fastrand::Rng;
use serde_json::{Value, json};
use vivavoce_protocol::Dialect;
use vivavoce_session::{Delta, Event, SessionOptions};

const IDS: [&str; 4] = ["a", "b", "c", "d"];

fn id(random: &mut Rng) -> &'static str {
    IDS[random.usize(..IDS.len())]
}

fn item(random: &mut Rng) -> Value {
    let status = ["in_progress", "completed", "incomplete", "odd"][random.usize(..4)];
    match random.u8(..6) {
        0 => crate::common::user(id(random), "hi"),
        1 => crate::common::spoken_user(id(random)),
        2 => json!({"id": id(random), "type": "function_call", "status": status, "name": "f", "call_id": "call_1",
                    "arguments": ""}),
        3 => json!({"id": id(random), "type": "function_call_output", "call_id": "call_1", "output": "x"}),
        4 => json!({"id": id(random), "type": "mystery"}),
        _ => crate::common::assistant(id(random), status, json!([])),
    }
}

fn event(random: &mut Rng) -> Value {
    let previous = [None, Some("a"), Some("b"), Some("zzz")][random.usize(..4)];
    let (item_id, response_id) = (id(random), ["resp_1", "resp_2"][random.usize(..2)]);
    match random.u8(..20) {
        0 | 1 => crate::common::added(item(random), previous),
        2 => crate::common::done(item(random), previous),
        3 => crate::common::created(item(random), previous),
        4 => crate::common::output_item("added", response_id, item(random)),
        5 => crate::common::output_item("done", response_id, item(random)),
        6 => crate::common::response("created", response_id, "in_progress", json!([])),
        7 => crate::common::response(
            "done",
            response_id,
            ["completed", "cancelled"][random.usize(..2)],
            json!([item(random)]),
        ),
        8 | 9 => crate::common::audio_delta(item_id, &vec![1; random.usize(..50)]),
        10 => crate::common::delta("response.output_text.delta", item_id, "text "),
        11 => crate::common::delta("response.output_audio_transcript.delta", item_id, "word "),
        12 => crate::common::delta("response.function_call_arguments.delta", item_id, "{}"),
        13 => json!({"type": "conversation.item.truncated", "event_id": "e", "item_id": item_id,
                     "content_index": random.i64(-1..3), "audio_end_ms": random.i64(-5..100)}),
        14 => json!({"type": "conversation.item.deleted", "event_id": "e", "item_id": item_id}),
        15 => json!({"type": "input_audio_buffer.speech_started", "event_id": "e", "item_id": item_id,
                     "audio_start_ms": random.u64(..500)}),
        16 => json!({"type": "input_audio_buffer.speech_stopped", "event_id": "e", "item_id": item_id,
                     "audio_end_ms": random.u64(..500)}),
        17 => json!({"type": "input_audio_buffer.committed", "event_id": "e", "previous_item_id": previous,
                     "item_id": item_id}),
        18 => crate::common::delta("conversation.item.input_audio_transcription.delta", item_id, "heard "),
        _ => json!({"type": "response.content_part.added", "event_id": "e", "response_id": response_id,
                    "item_id": item_id, "output_index": 0, "content_index": random.u64(..1_000_000_000),
                    "part": {"type": "audio"}}),
    }
}

#[test]
fn no_sequence_of_events_and_commands_breaks_the_session() {
    for seed in 0..400 {
        let mut random = Rng::with_seed(seed);
        let dialect = if seed % 2 == 0 { Dialect::Ga } else { Dialect::Beta };
        let mut played = Played::with(SessionOptions { dialect, ..SessionOptions::default() });
        for _ in 0..150 {
            match random.u8(..10) {
                0 => drop(played.command(|machine| machine.append_input_audio(&[3; 480]))),
                1 => drop(played.command(|machine| machine.create_response(None))),
                2 => {
                    let (id, heard) = (id(&mut random), random.u64(..10_000));
                    let _ = played.command(|machine| machine.cancel_response_at(&id.into(), heard));
                }
                3 if random.u8(..8) == 0 => {
                    played.lose_connection();
                    played.machine.handle_connected();
                    played.drain();
                }
                _ => {
                    let event = event(&mut random);
                    played.feed(event);
                }
            }
            let order = played.order();
            let mut unique = order.clone();
            unique.sort();
            unique.dedup();
            assert_eq!(unique.len(), order.len(), "seed {seed}: an item is listed twice");
        }
        check_story(&played, seed);
    }
}

/// Each item is appended before it is completed, completed once, and never updated by a delta before.
fn check_story(played: &Played, seed: u64) {
    #[derive(Default)]
    struct Told {
        appended: bool,
        completed: bool,
    }
    let mut items: HashMap<String, Told> = HashMap::new();
    for event in &played.events {
        match event {
            Event::ItemAppended(item) => {
                let told = items.entry(item.id().to_string()).or_default();
                assert!(!told.appended, "seed {seed}: {} is appended twice", item.id());
                told.appended = true;
            }
            Event::ItemCompleted(item) => {
                let told = items.entry(item.id().to_string()).or_default();
                assert!(told.appended && !told.completed, "seed {seed}: {} is completed out of turn", item.id());
                told.completed = true;
            }
            Event::ItemUpdated { item_id, delta: Some(_) } => {
                assert!(items.get(item_id.as_str()).is_some_and(|told| told.appended), "seed {seed}: {item_id}");
            }
            Event::ItemDeleted(id) => drop(items.remove(id.as_str())),
            _ => {}
        }
    }
}

#[test]
fn deltas_told_add_up_to_what_is_kept() {
    let mut random = Rng::with_seed(7);
    let mut played = Played::new();
    played.feed(crate::common::added(crate::common::assistant("a", "in_progress", json!([])), None));
    for _ in 0..200 {
        let samples: Vec<i16> = (0..random.usize(..90)).map(|_| random.i16(..)).collect();
        played.feed(crate::common::audio_delta("a", &samples));
    }
    let told: Vec<i16> = played
        .events
        .iter()
        .filter_map(|event| match event {
            Event::ItemUpdated { delta: Some(Delta::Audio { samples, .. }), .. } => Some(samples.to_vec()),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(played.machine.conversation().item("a").unwrap().formatted().audio.to_vec(), told);
}

#[test]
fn items_that_are_never_announced_are_bounded_and_reported() {
    let mut played = Played::new();
    for n in 0..1_000 {
        played.feed(crate::common::audio_delta(&format!("ghost_{n}"), &[1]));
    }
    let given_up = played.told().iter().filter(|told| told.contains("never announced")).count();
    assert_eq!(given_up, 1_000 - 256);
}

#[test]
fn a_hundred_thousand_unknown_events_lose_no_item() {
    let mut played = Played::new();
    played.feed(crate::common::added(crate::common::user("u", "still here"), None));
    played.events.clear();
    for _ in 0..100_000 {
        played.machine.handle_frame(r#"{"type":"noise.made","event_id":"e","volume":11}"#);
        while played.machine.poll_event().is_some() {}
    }
    assert_eq!(played.machine.conversation().item("u").unwrap().text(), "still here");
}
