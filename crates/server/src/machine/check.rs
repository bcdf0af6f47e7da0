//! From what the protocol crate could not read to what the service says against it.
//!
//! [`ClientEvent::spots`] names every place of an event that is unknown, missing or unreadable; the service
//! reports the first. Also here: limits of numbers and texts, and the names a dialect has for a parameter.

use serde_json::Value;
use vivavoce_protocol::{ClientEvent, Dialect, EventId, Int, Member, Num, Reason, Spot};

use super::refusal::{self, Refusal};

/// GA parameters that beta calls otherwise, longest first where one begins another.
const BETA_PATHS: [(&str, &str); 11] = [
    ("session.audio.input.turn_detection", "session.turn_detection"),
    ("session.audio.input.transcription", "session.input_audio_transcription"),
    ("session.audio.input.noise_reduction", "session.input_audio_noise_reduction"),
    ("session.audio.input.format", "session.input_audio_format"),
    ("session.audio.output.format", "session.output_audio_format"),
    ("session.audio.output", "session"),
    ("session.output_modalities", "session.modalities"),
    ("session.max_output_tokens", "session.max_response_output_tokens"),
    ("response.audio.output.format", "response.output_audio_format"),
    ("response.audio.output", "response"),
    ("response.output_modalities", "response.modalities"),
];

/// The dialect's name of a parameter.
pub(super) fn path(dialect: Dialect, ga: &str) -> String {
    if dialect == Dialect::Beta {
        for (nested, flat) in BETA_PATHS {
            if let Some(rest) = ga.strip_prefix(nested) {
                return format!("{flat}{rest}");
            }
        }
    }
    ga.to_owned()
}

/// The first thing in the event that cannot be understood, as the service would put it.
pub(super) fn first_spot(event: &ClientEvent<'_>, dialect: Dialect, frame: &str) -> Option<Refusal> {
    let spot = event.spots(dialect).into_iter().next()?;
    // Only a refusal pays for a second look at the frame.
    let tree = serde_json::from_str(frame).unwrap_or(Value::Null);
    Some(spot_refusal(&spot, dialect, &tree))
}

fn spot_refusal(spot: &Spot, dialect: Dialect, frame: &Value) -> Refusal {
    let param = dotted(&spot.pointer);
    let value = frame.pointer(&spot.pointer).unwrap_or(&Value::Null);
    match &spot.reason {
        Reason::UnknownMember => refusal::unknown(&param),
        Reason::Missing => refusal::missing(&param),
        Reason::UnknownWord(word) => refusal::invalid_value(word, supported(&param, dialect), &param),
        Reason::UnknownType => {
            let word = value.get("type").and_then(Value::as_str).unwrap_or_default();
            let param = if param.is_empty() { "type".to_owned() } else { format!("{param}.type") };
            if word.is_empty() {
                refusal::missing(&param)
            } else {
                refusal::invalid_value(word, supported(&param, dialect), &param)
            }
        }
        Reason::Unreadable { expected: "an audio format" } if dialect == Dialect::Beta && value.is_string() => {
            let word = value.as_str().unwrap_or_default();
            refusal::invalid_value(word, &["pcm16", "g711_ulaw", "g711_alaw"], &param)
        }
        Reason::Unreadable { expected } => refusal::invalid_type(&param, wanted(expected, dialect), got(value)),
        // The vocabulary of reasons may grow; what was said about the spot is then the message.
        reason => refusal::invalid_value_because(format!("Invalid '{param}': {reason}."), &param),
    }
}

/// `/session/tools/0/meta` as `session.tools[0].meta`.
fn dotted(pointer: &str) -> String {
    let mut path = String::new();
    for name in pointer.split('/').skip(1) {
        if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push_str(&format!("[{name}]"));
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&name.replace("~1", "/").replace("~0", "~"));
        }
    }
    path
}

/// The API's own words for a JSON type.
fn wanted(expected: &'static str, dialect: Dialect) -> &'static str {
    match expected {
        "an audio format" if dialect == Dialect::Beta => "a string",
        "an array of modalities" => "an array of strings",
        "a whole number" => "an integer",
        "a number" => "a decimal",
        "true or false" => "a boolean",
        "an id" | "a name" | "a base64 string" => "a string",
        "an audio format" | "a session object" | "an item" | "a content part" | "a tool" => "an object",
        "a voice" | "a word or an object" => "a string or an object",
        "a whole number or \"inf\"" => "an integer or \"inf\"",
        other => other,
    }
}

pub(super) fn got(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The words a parameter may have, by its path.
pub(super) fn supported(param: &str, dialect: Dialect) -> &'static [&'static str] {
    let (parent, name) = param.rsplit_once('.').unwrap_or(("", param));
    match (parent.rsplit('.').next().unwrap_or_default(), name) {
        ("session", "type") => &["realtime", "transcription"],
        ("format", "type") => &["audio/pcm", "audio/pcmu", "audio/pcma"],
        ("turn_detection", "type") => &["server_vad", "semantic_vad"],
        ("noise_reduction" | "input_audio_noise_reduction", "type") => &["near_field", "far_field"],
        ("truncation", "type") => &["retention_ratio"],
        ("item", "type") => &["message", "function_call", "function_call_output"],
        (_, "eagerness") => &["low", "medium", "high", "auto"],
        (_, "effort" | "delay") => &["minimal", "low", "medium", "high", "xhigh"],
        (_, "tool_choice") => &["none", "auto", "required"],
        (_, "tracing") => &["auto"],
        (_, "truncation") => &["auto", "disabled"],
        (_, "max_output_tokens" | "max_response_output_tokens") => &["inf"],
        (_, "role") => &["system", "user", "assistant"],
        (_, "status") => &["in_progress", "completed", "incomplete"],
        (_, "conversation") => &["auto", "none"],
        (_, "detail") => &["auto", "low", "high"],
        (parent, "type") if parent.starts_with("tools[") => &["function", "mcp"],
        (parent, "type") if parent.starts_with("input[") => {
            &["message", "function_call", "function_call_output", "item_reference"]
        }
        (parent, "type") if parent.starts_with("content[") => match dialect {
            Dialect::Beta => &["input_text", "input_audio", "text"],
            _ => &["input_text", "input_audio", "input_image", "output_text"],
        },
        (_, name) if name.starts_with("output_modalities[") || name.starts_with("modalities[") => &["text", "audio"],
        (_, name) if name.starts_with("include[") => &["item.input_audio_transcription.logprobs"],
        _ => &[],
    }
}

// --- Limits ------------------------------------------------------------------------------------------------

/// Refuses a whole number outside `min..=max`.
pub(super) fn int(member: &Member<Int>, param: &str, min: i64, max: i64) -> Result<(), Refusal> {
    match member.get().map(|value| value.get()) {
        Some(value) if value < min || value > max => Err(refusal::out_of_range(param, value, min, max, true)),
        _ => Ok(()),
    }
}

/// Refuses a number outside `min..=max`.
pub(super) fn num(member: &Member<Num>, param: &str, min: f64, max: f64) -> Result<(), Refusal> {
    match member.get().map(|value| value.get()) {
        Some(value) if value < min || value > max => Err(refusal::out_of_range(param, value, min, max, false)),
        _ => Ok(()),
    }
}

/// Refuses a text of more than `max` characters.
pub(super) fn text(text: &str, param: &str, max: usize) -> Result<(), Refusal> {
    // Bytes bound characters: most texts are not counted.
    if text.len() <= max {
        return Ok(());
    }
    match text.chars().count() {
        length if length > max => Err(refusal::too_long(param, max, length)),
        _ => Ok(()),
    }
}

// --- Frames that are no events -----------------------------------------------------------------------------

/// The `event_id` of a frame that is not an event.
pub(super) fn event_id_of(frame: &str) -> Option<EventId> {
    let tree: Value = serde_json::from_str(frame).unwrap_or(Value::Null);
    tree["event_id"].as_str().map(Into::into)
}
