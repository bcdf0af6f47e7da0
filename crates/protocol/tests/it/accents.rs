//! Two dialects, one vocabulary: either is understood on either connection, and one turns into the other.

use std::collections::HashSet;

use serde_json::{Value, json};
use vivavoce_protocol::payload::{ItemEvent, ResponseCreate, SessionEvent};
use vivavoce_protocol::{
    AudioFormat, ClientEvent, ContentPart, Dialect, Direction, Item, Members, Modalities, Modality, RawJson,
    RealtimeSession, Reason, ResponseParams, Role, ServerEvent, Session, Spot, ToolChoice, TranscriptionSession,
    TurnDetection, VoiceChoice,
};

use crate::check::{assert_same, keeps, see};
use crate::samples::Corpus;
use crate::typed::BETA_NAMES;

const BOTH: [Direction; 2] = [Direction::Server, Direction::Client];

/// One dialect may miss what the other leaves out; all that is there must be understood.
#[track_caller]
fn assert_understood(spots: &[Spot], frame: &str) {
    assert!(spots.iter().all(|spot| spot.reason == Reason::Missing), "{spots:?} in {frame}");
}

#[test]
fn samples_of_one_dialect_are_typed_on_a_connection_of_the_other_and_written_back_as_they_came() {
    for (written, spoken) in [(Dialect::Ga, Dialect::Beta), (Dialect::Beta, Dialect::Ga)] {
        for direction in BOTH {
            for frame in Corpus::of(written, direction).frames() {
                let seen = keeps(frame, spoken, direction);
                assert_understood(&seen.spots, frame);
            }
        }
    }
}

#[test]
fn a_name_keeps_its_spelling_even_when_the_session_belies_it() {
    for frame in [
        // A flat transcription session under the name of any session, and the reverse.
        r#"{"type":"session.updated","session":{"object":"realtime.transcription_session","input_audio_format":"pcm16"}}"#,
        r#"{"type":"transcription_session.updated","session":{"input_audio_format":"pcm16","voice":"ash","speed":1}}"#,
        r#"{"type":"transcription_session.updated","session":{"type":"realtime","parallel_tool_calls":true}}"#,
        r#"{"type":"transcription_session.updated","session":{"type":"translation"}}"#,
        r#"{"type":"session.updated","session":{"type":"transcription","audio":{}}}"#,
        r#"{"type":"transcription_session.updated","session":null}"#,
        r#"{"type":"transcription_session.created"}"#,
        r#"{"type":"conversation.item.added","item":{"type":"message","content":[{"type":"text","text":"x"}]}}"#,
        r#"{"type":"conversation.item.created","item":{"type":"message"}}"#,
    ] {
        let name = serde_json::from_str::<Value>(frame).unwrap()["type"].clone();
        for dialect in [Dialect::Ga, Dialect::Beta, Dialect::Translation] {
            keeps(frame, dialect, Direction::Server);
            assert_eq!(name, ServerEvent::decode(frame, dialect).unwrap().wire_name(dialect));
        }
    }
}

#[test]
fn a_name_of_the_other_direction_is_kept_as_it_came() {
    for (name, direction) in [
        ("transcription_session.update", Direction::Server),
        ("response.text.delta", Direction::Client),
        ("response.output_audio.done", Direction::Client),
    ] {
        for dialect in [Dialect::Ga, Dialect::Beta, Dialect::Translation] {
            let frame = json!({"type": name, "event_id": "event_1"}).to_string();
            let seen = see(&frame, dialect, direction).expect("an event");
            assert!(!seen.known);
            assert_eq!(seen.name, name);
            assert_same(&frame, &seen.json);
        }
    }
}

#[test]
fn a_format_in_the_other_spelling_is_typed_and_keeps_it() {
    let ga = r#"{"type":"session.update","session":{"type":"realtime","audio":{"input":{"format":"g711_ulaw"}}}}"#;
    assert_eq!(keeps(ga, Dialect::Ga, Direction::Client).spots, []);
    let beta = r#"{"type":"session.update","session":{"voice":"ash",
        "input_audio_format":{"type":"audio/pcm","rate":24000,"depth":16}}}"#;
    let seen = keeps(beta, Dialect::Beta, Direction::Client);
    assert_eq!(seen.spots.len(), 1);
    assert!(seen.has_spot("/session/input_audio_format/depth"));
}

/// Removes members the other dialect has no place for.
fn without(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !names.contains(&&**name));
            members.values_mut().for_each(|child| without(child, names));
        }
        Value::Array(entries) => entries.iter_mut().for_each(|child| without(child, names)),
        _ => {}
    }
}

/// Whether the object, or one inside it, has the member.
fn has(value: &Value, name: &str) -> bool {
    match value {
        Value::Object(members) => members.contains_key(name) || members.values().any(|child| has(child, name)),
        Value::Array(entries) => entries.iter().any(|child| has(child, name)),
        _ => false,
    }
}

/// Members of sessions and responses that only one dialect has.
const GA_SHAPE: [&str; 2] = ["output_modalities", "noise_reduction"];
const BETA_SHAPE: [&str; 5] = [
    "modalities",
    "input_audio_format",
    "output_audio_format",
    "input_audio_transcription",
    "max_response_output_tokens",
];

/// Writes every sample of a dialect in the other one, and reads it there.
macro_rules! translate {
    ($event:ident, $direction:expr, $from:expr => $to:expr, without $lost:expr, shape $gone:expr) => {
        for mut sample in Corpus::of($from, $direction).values() {
            let name = sample["type"].as_str().unwrap().to_owned();
            // Beta announces an item once and under another name, which GA knows too.
            if ["conversation.item.added", "conversation.item.done"].contains(&&*name) {
                continue;
            }
            without(&mut sample, &$lost(&name));
            let frame = sample.to_string();
            let event = $event::decode(&frame, $from).unwrap();
            let translated = event.to_json($to);
            let value: Value = serde_json::from_str(&translated).unwrap();
            assert_eq!(value["type"], event.name_in($to), "{translated}");
            for name in $gone {
                assert!(!has(&value, name), "{name} in {translated}");
            }
            let back = $event::decode(&translated, $to).unwrap();
            assert_eq!(back, event, "{frame} became {translated}");
            assert_understood(&back.spots($to), &translated);
            assert_same(&frame, &back.to_json($from));
        }
    };
}

#[test]
fn ga_events_turn_into_beta_events_and_back() {
    let lost = |_: &str| ["reasoning", "parallel_tool_calls"];
    translate!(ServerEvent, Direction::Server, Dialect::Ga => Dialect::Beta, without lost, shape GA_SHAPE);
    translate!(ClientEvent, Direction::Client, Dialect::Ga => Dialect::Beta, without lost, shape GA_SHAPE);
}

#[test]
fn beta_events_turn_into_ga_events_and_back() {
    // GA has no place for a temperature, nor for the modalities of a transcription session.
    let lost = |name: &str| if name.starts_with("transcription") { ["modalities"] } else { ["temperature"] };
    translate!(ServerEvent, Direction::Server, Dialect::Beta => Dialect::Ga, without lost, shape BETA_SHAPE);
    translate!(ClientEvent, Direction::Client, Dialect::Beta => Dialect::Ga, without lost, shape BETA_SHAPE);
}

/// The session every shape test below speaks of, in either spelling.
fn session() -> RealtimeSession {
    let mut session = RealtimeSession::update()
        .output_modalities(Modality::Audio)
        .instructions("Be brief.")
        .voice("cedar")
        .turn_detection(None)
        .transcription(Some("whisper-1"))
        .tool_choice(ToolChoice::function("forecast"));
    session.audio_input().format = AudioFormat::pcm().into();
    session.audio_output().format = AudioFormat::pcmu().into();
    session
}

#[track_caller]
fn check_json(event: &ClientEvent<'_>, dialect: Dialect, expected: &Value) {
    let json = event.to_json(dialect);
    assert_same(&expected.to_string(), &json);
    assert_eq!(ClientEvent::decode(&json, dialect).unwrap(), *event);
}

#[test]
fn a_session_is_nested_in_ga_and_flat_in_beta() {
    let update = ClientEvent::SessionUpdate(SessionEvent::new().session(Box::new(session().into())));
    check_json(
        &update,
        Dialect::Ga,
        &json!({"type": "session.update", "session": {
            "type": "realtime", "output_modalities": ["audio"], "instructions": "Be brief.",
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "transcription": {"model": "whisper-1"}, "turn_detection": null,
                },
                "output": {"format": {"type": "audio/pcmu"}, "voice": "cedar"},
            },
            "tool_choice": {"type": "function", "name": "forecast"},
        }}),
    );
    check_json(
        &update,
        Dialect::Beta,
        &json!({"type": "session.update", "session": {
            "modalities": ["audio", "text"], "instructions": "Be brief.", "voice": "cedar",
            "input_audio_format": "pcm16", "output_audio_format": "g711_ulaw",
            "input_audio_transcription": {"model": "whisper-1"}, "turn_detection": null,
            "tool_choice": {"type": "function", "name": "forecast"},
        }}),
    );
}

#[test]
fn a_transcription_session_has_an_event_of_its_own_in_beta() {
    let mut session = TranscriptionSession::new().kind(vivavoce_protocol::SessionType::Transcription);
    session.audio.get_or_default().input.get_or_default().turn_detection = TurnDetection::server_vad().into();
    let update = ClientEvent::SessionUpdate(SessionEvent::new().session(Box::new(Session::from(session))));
    let detection = json!({"type": "server_vad"});
    check_json(
        &update,
        Dialect::Ga,
        &json!({"type": "session.update", "session":
            {"type": "transcription", "audio": {"input": {"turn_detection": detection}}}}),
    );
    check_json(
        &update,
        Dialect::Beta,
        &json!({"type": "transcription_session.update", "session": {"turn_detection": detection}}),
    );
}

#[test]
fn a_response_is_nested_in_ga_and_flat_in_beta() {
    let mut params = ResponseParams::out_of_band().output_modalities(Modality::Audio).voice("marin");
    params.audio.get_or_default().output.get_or_default().format = AudioFormat::pcma().into();
    let said = Item::message(Role::Assistant, [ContentPart::output_text("A sail.")]);
    let create = ClientEvent::ResponseCreate(ResponseCreate::new().response(Box::new(params.input([said]))));
    let said = |kind| json!([{"type": "message", "role": "assistant", "content": [{"type": kind, "text": "A sail."}]}]);
    check_json(
        &create,
        Dialect::Ga,
        &json!({"type": "response.create", "response": {
            "output_modalities": ["audio"], "audio": {"output": {"format": {"type": "audio/pcma"}, "voice": "marin"}},
            "conversation": "none", "input": said("output_text"),
        }}),
    );
    check_json(
        &create,
        Dialect::Beta,
        &json!({"type": "response.create", "response": {
            "modalities": ["audio", "text"], "output_audio_format": "g711_alaw", "voice": "marin",
            "conversation": "none", "input": said("text"),
        }}),
    );
}

#[test]
fn text_alone_is_text_alone_in_both_dialects() {
    for (dialect, name) in [(Dialect::Ga, "output_modalities"), (Dialect::Beta, "modalities")] {
        let update =
            SessionEvent::new().session(Box::new(RealtimeSession::new().output_modalities(Modality::Text).into()));
        let value: Value = serde_json::from_str(&ClientEvent::SessionUpdate(update).to_json(dialect)).unwrap();
        assert_eq!(value["session"][name], json!(["text"]));
    }
}

#[test]
fn modalities_mean_the_same_whichever_dialect_they_came_in() {
    let read = |frame: &str, dialect| {
        let Ok(ClientEvent::ResponseCreate(create)) = ClientEvent::decode(frame, dialect) else { panic!("{frame}") };
        let modalities: Modalities = create.response.into_value().unwrap().output_modalities.into_value().unwrap();
        modalities
    };
    let beta = read(r#"{"type":"response.create","response":{"modalities":["text","audio"]}}"#, Dialect::Beta);
    let ga = read(r#"{"type":"response.create","response":{"output_modalities":["audio"]}}"#, Dialect::Ga);
    assert_eq!(beta, ga);
    assert!(beta.has_audio());
    assert_ne!(beta, Modalities::text());
}

#[test]
fn beta_announces_items_under_its_one_name_and_has_none_for_their_end() {
    let item = || ItemEvent::new().item(Box::new(Item::message(Role::User, [ContentPart::input_text("Ahoy")])));
    let added = ServerEvent::ItemAdded(item());
    assert!(added.exists_in(Dialect::Beta));
    assert_eq!(added.name_in(Dialect::Beta), "conversation.item.created");
    assert_eq!(added.name_in(Dialect::Ga), "conversation.item.added");
    assert!(!ServerEvent::ItemDone(item()).exists_in(Dialect::Beta));
    assert!(ServerEvent::ItemDone(item()).exists_in(Dialect::Ga));
}

#[test]
fn every_renamed_event_has_its_beta_name() {
    for sample in Corpus::of(Dialect::Ga, Direction::Server).values() {
        let frame = sample.to_string();
        let event = ServerEvent::decode(&frame, Dialect::Ga).unwrap();
        if let Some((_, beta)) = BETA_NAMES.iter().find(|(ga, _)| *ga == event.name()) {
            assert_eq!(event.name_in(Dialect::Beta), *beta);
            assert!(event.to_json(Dialect::Beta).starts_with(&format!(r#"{{"type":"{beta}""#)));
        }
    }
}

#[test]
fn an_update_read_from_beta_says_its_kind_in_ga_which_demands_it() {
    for (name, kind) in [("session.update", "realtime"), ("transcription_session.update", "transcription")] {
        let frame = json!({"type": name, "session": {"turn_detection": null}}).to_string();
        let update = ClientEvent::decode(&frame, Dialect::Beta).unwrap();
        let value: Value = serde_json::from_str(&update.to_json(Dialect::Ga)).unwrap();
        assert_eq!(
            value,
            json!({"type": "session.update",
                "session": {"type": kind, "audio": {"input": {"turn_detection": null}}}})
        );
    }
}

#[test]
fn a_voice_of_ones_own_survives_both_dialects() {
    for (frame, dialect) in [
        (r#"{"type":"response.create","response":{"audio":{"output":{"voice":{"id":"voice_1"}}}}}"#, Dialect::Ga),
        (r#"{"type":"response.create","response":{"voice":{"id":"voice_1"}}}"#, Dialect::Beta),
    ] {
        let Ok(ClientEvent::ResponseCreate(create)) = ClientEvent::decode(frame, dialect) else { panic!("{frame}") };
        let params = create.response.get().unwrap();
        let voice = params.audio.get().and_then(|audio| audio.output.get()).and_then(|output| output.voice.get());
        assert!(matches!(voice, Some(VoiceChoice::Custom(custom)) if custom.id.get().unwrap() == "voice_1"));
    }
}

/// Every object of a frame must name each of its members once.
#[track_caller]
fn assert_no_member_twice(json: &str) {
    let mut open = vec![json.to_owned()];
    while let Some(text) = open.pop() {
        if let Ok(members) = serde_json::from_str::<Members<'_>>(&text) {
            let mut names = HashSet::new();
            for (name, value) in members {
                open.push(value.get().to_owned());
                assert!(names.insert(name.clone()), "{name} twice in {json}");
            }
        }
    }
}

#[test]
fn an_object_that_mixes_the_dialects_names_each_member_once_in_either() {
    let session = json!({"type": "session.update", "session": {
        "type": "realtime", "voice": "ash", "modalities": ["text"], "output_modalities": ["audio"], "turn_detection": null,
        "audio": {"input": {"noise_reduction": null}, "output": {"voice": "sage"}}, "max_output_tokens": 100}});
    let response = json!({"type": "response.create", "response": {
        "voice": "ash", "modalities": ["text"], "output_modalities": ["audio"], "audio": {"output": {"voice": "sage"}}}});
    for frame in [session, response] {
        let frame = frame.to_string();
        for dialect in [Dialect::Ga, Dialect::Beta] {
            let event = ClientEvent::decode(&frame, dialect).unwrap();
            assert_no_member_twice(&event.to_json(Dialect::Ga));
            assert_no_member_twice(&event.to_json(Dialect::Beta));
            assert_same(&event.to_json(dialect), &frame);
        }
    }
}

#[test]
fn what_a_field_says_counts_over_a_member_of_its_name_without_one() {
    let mut session = RealtimeSession::update().instructions("Be brief.");
    for (name, said) in [("instructions", "Be long."), ("type", "odd"), ("mood", "sunny")] {
        session.rest.insert(name, RawJson::from(json!(said)));
    }
    let written = Session::from(session).to_json(Dialect::Ga);
    assert_eq!(written, r#"{"type":"realtime","instructions":"Be brief.","mood":"sunny"}"#);
}
