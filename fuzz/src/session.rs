//! Any events and commands into the session machine.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Value, json};
use vivavoce_protocol::{
    AudioFormat, ClientEvent, ContentPart, Dialect, FunctionTool, Item, RealtimeSession, ResponseParams, Role,
    TurnDetection,
};
use vivavoce_session::{Close, CommandError, Retention, SessionMachine, SessionOptions};

use crate::script::{Step, read};

const MAX_OUTGOING: usize = 8 * 1024;
/// No command of this play sends more.
const MAX_COMMAND: usize = 16 * 1024;
const MAX_INPUT: Duration = Duration::from_secs(1);

/// Plays the bytes to a session. Whatever comes: it lists no item twice, what it sends is whole, and what waits
/// to be sent or heard is bounded.
pub fn session(data: &[u8]) {
    let retention = [Retention::All, Retention::Last(Duration::from_millis(20)), Retention::None];
    let (stage, steps) = read(data);
    let dialect = if stage % 2 == 0 { Dialect::Ga } else { Dialect::Beta };
    let mut session = SessionMachine::new(SessionOptions {
        dialect,
        retention: retention[stage / 2 % 3],
        max_input_audio: MAX_INPUT,
        max_outgoing: MAX_OUTGOING,
        ..SessionOptions::default()
    });
    session.handle_connected();
    let mut now = Duration::ZERO;
    for mut step in steps {
        if let Some(frame) = step.frame() {
            session.handle_frame(&frame);
        } else {
            match step.byte() {
                // Not being connected and having too much to send are ways of this play.
                b'>' => drop(command(&mut session, &mut step)),
                b'!' => drop(behave(&mut session, &mut step, &mut now)),
                _ => session.handle_frame(&event(&mut step).to_string()),
            }
        }
        check(&session);
        // At times nothing is sent.
        if step.byte() % 4 != 3 {
            drain(&mut session);
        }
    }
    drain(&mut session);
    assert_eq!(session.outgoing_bytes(), 0);
}

fn drain(session: &mut SessionMachine) {
    while session.poll_event().is_some() {}
    while let Some(frame) = session.poll_transmit() {
        let event = ClientEvent::decode(&frame, session.dialect()).expect("what is sent is an event");
        assert!(event.spots(session.dialect()).is_empty(), "{frame}");
        assert!(event.event_id().is_some(), "{frame}");
    }
}

fn check(session: &SessionMachine) {
    let mut seen = HashSet::new();
    for item in session.conversation().items() {
        assert!(seen.insert(item.id()), "{} is listed twice", item.id());
        assert!(session.conversation().item(item.id().as_str()).is_some());
        assert!(item.generated_transcript().len() >= item.transcript().len());
        assert!(item.generated_transcript().len() >= item.heard_transcript().len());
    }
    assert!(session.outgoing_bytes() <= MAX_OUTGOING + MAX_COMMAND, "{} bytes wait", session.outgoing_bytes());
    assert!(session.input_audio().len() <= 24_000, "{} samples wait", session.input_audio().len());
}

fn command(session: &mut SessionMachine, step: &mut Step<'_>) -> Result<(), CommandError> {
    let item = step.id().into();
    match step.byte() % 17 {
        0 => session.send_user_message(step.rest()).map(drop),
        1 => session
            .create_item(Item::message(Role::System, [ContentPart::input_text("x")]), Some("root".into()))
            .map(drop),
        2 => session
            .create_item(
                Item::message(Role::User, [ContentPart::input_text("x"), ContentPart::input_audio("AAABAAIA")]),
                Some(item),
            )
            .map(drop),
        3 => session.delete_item(&item).map(drop),
        4 => session.retrieve_item(&item).map(drop),
        5 => session.truncate_item(&item, step.byte().into(), step.byte().into()).map(drop),
        6 => session.cancel_response().map(drop),
        7 => session.cancel_response_at(&item, u64::from(step.byte()) * 20).map(drop),
        8 => session.append_input_audio(&vec![7; usize::from(step.byte()) * 12]),
        9 => session.commit_input_audio().map(drop),
        10 => session.clear_input_audio().map(drop),
        11 => session.create_response(step.pick(&[false, true]).then(ResponseParams::out_of_band)).map(drop),
        12 => {
            let detection = step.pick(&[None, Some(())]).map(|()| TurnDetection::server_vad());
            session.update_session(RealtimeSession::new().turn_detection(detection)).map(drop)
        }
        13 => {
            let mut update = RealtimeSession::new();
            update.audio_input().format = step.pick(&[AudioFormat::pcm, AudioFormat::pcmu, AudioFormat::pcma])().into();
            session.update_session(update).map(drop)
        }
        14 => {
            session.handle_disconnected(Close::default());
            Ok(())
        }
        15 => {
            session.handle_connected();
            Ok(())
        }
        _ => {
            session.clear_conversation();
            Ok(())
        }
    }
}

/// What makes a session behave: time, playback, interruptions, tools.
fn behave(session: &mut SessionMachine, step: &mut Step<'_>, now: &mut Duration) -> Result<(), CommandError> {
    let item = step.id().into();
    match step.byte() % 8 {
        0 => {
            session.interrupt();
            Ok(())
        }
        1 => {
            session.report_played(&item, step.pick(&[0, 0, 1]), u64::from(step.byte()) * 20);
            Ok(())
        }
        2 => {
            *now += Duration::from_millis(u64::from(step.byte()) * 50);
            session.handle_time(*now);
            assert!(session.poll_timeout().is_none_or(|at| at > *now), "what is due was done");
            Ok(())
        }
        3 => session.add_tool(FunctionTool::new().name(step.pick(&["f", "g"])), step.pick(&[false, true])).map(drop),
        4 => session.remove_tool(step.pick(&["f", "g"])).map(drop),
        5 => session.answer_call(&"call_1".into(), step.rest(), None).map(drop),
        6 => session.respond(step.pick(&[false, true]).then(ResponseParams::out_of_band)).map(drop),
        _ => session.approve_mcp(&item, step.pick(&[false, true]), None).map(drop),
    }
}

/// An event of the service, likely or not.
fn event(step: &mut Step<'_>) -> Value {
    let kind = step.byte() % 24;
    let (item_id, content_index) = (step.id(), step.pick(&[0_u64, 0, 0, 1, u64::MAX]));
    let response_id = step.pick(&["resp_1", "resp_2"]);
    let previous = Value::from(step.pick(&[None, Some("a"), Some("b"), Some("zzz")]));
    let about = |name: &str| {
        json!({"type": name, "event_id": "e", "item_id": item_id, "response_id": response_id, "output_index": 0,
               "content_index": content_index})
    };
    let with = |name: &str, member: &str, value: Value| {
        let mut event = about(name);
        event[member] = value;
        event
    };
    match kind {
        0 => with("conversation.item.added", "item", step.item()).with("previous_item_id", previous),
        1 => with("conversation.item.done", "item", step.item()).with("previous_item_id", previous),
        2 => with("conversation.item.created", "item", step.item()).with("previous_item_id", previous),
        3 => with("conversation.item.retrieved", "item", step.item()),
        4 => about("conversation.item.deleted"),
        5 => with("conversation.item.truncated", "audio_end_ms", step.byte().into()),
        6 => with("response.output_item.added", "item", step.item()),
        7 => with("response.output_item.done", "item", step.item()),
        8 | 9 => {
            let (name, status) = if kind == 8 { ("created", "in_progress") } else { ("done", "cancelled") };
            let conversation = step.pick(&[Some("conv_1"), None]);
            with(
                &format!("response.{name}"),
                "response",
                json!({"id": response_id, "status": status, "output": [step.item()], "conversation_id": conversation,
                       "audio": {"output": {"format": {"type": step.pick(&["audio/pcm", "audio/pcmu"])}}}}),
            )
        }
        10 => with("response.content_part.added", "part", json!({"type": "audio", "transcript": ""})),
        11 => with("response.content_part.done", "part", json!({"type": "text", "text": step.rest()})),
        12 => with("response.output_text.delta", "delta", step.rest().into()),
        13 => with("response.output_audio_transcript.delta", "delta", step.rest().into()),
        14 => with("response.output_audio.delta", "delta", step.pick(&["AAABAAIA", "AAAB", "AA==", "?"]).into()),
        15 => with("response.function_call_arguments.delta", "delta", step.rest().into()),
        16 => with("conversation.item.input_audio_transcription.delta", "delta", step.rest().into()),
        17 => with("conversation.item.input_audio_transcription.completed", "transcript", step.rest().into()),
        18 => with("input_audio_buffer.speech_started", "audio_start_ms", step.byte().into()),
        19 => with("input_audio_buffer.speech_stopped", "audio_end_ms", step.byte().into()),
        20 => with("input_audio_buffer.committed", "previous_item_id", previous),
        21 => about("input_audio_buffer.cleared"),
        22 => {
            let format = step.pick(&["audio/pcm", "audio/pcmu"]);
            let session = json!({"type": "realtime", "audio": {"input": {"format": {"type": format}}}});
            with(step.pick(&["session.created", "session.updated"]), "session", session)
        }
        _ => with("error", "error", json!({"type": "t", "code": null, "message": step.rest(), "event_id": "e"})),
    }
}

/// Adds another member to an event.
trait With {
    fn with(self, member: &str, value: Value) -> Self;
}

impl With for Value {
    fn with(mut self, member: &str, value: Self) -> Self {
        self[member] = value;
        self
    }
}
