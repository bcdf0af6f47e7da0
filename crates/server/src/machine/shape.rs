//! Refuses what is plainly written in the other dialect.
//!
//! The protocol crate reads either, as a client should. The service does not, and a client that was only ever tried
//! against a lenient server would learn it too late.

use serde_json::Value;
use vivavoce_protocol::{ClientEvent, Dialect};

use super::check::{got, path, supported};
use super::refusal::{self, Refusal};

/// Members of a session that only the nested shape of GA has.
const NESTED_SESSION: [&str; 3] = ["type", "audio", "output_modalities"];
const NESTED_RESPONSE: [&str; 2] = ["output_modalities", "audio"];
/// Members of `response` that only the flat shape of beta has. A flat session lacks `type`, which is noticed first.
const FLAT_RESPONSE: [&str; 4] = ["modalities", "voice", "output_audio_format", "temperature"];

const FORMATS: [&str; 3] =
    ["session.audio.input.format", "session.audio.output.format", "response.audio.output.format"];

/// Checks the few events that have a shape of their own in each dialect. None of them is frequent.
pub(super) fn check(event: &ClientEvent<'_>, dialect: Dialect, frame: &str) -> Result<(), Refusal> {
    let beta = dialect == Dialect::Beta;
    let tree = || serde_json::from_str(frame).unwrap_or(Value::Null);
    match event {
        ClientEvent::SessionUpdate(_) => {
            let tree = tree();
            if beta {
                refuse_any(&tree, "session", &NESTED_SESSION)?;
                refuse_voice_object(&tree, "session")?;
            } else if tree["session"].is_object() && tree["session"].get("type").is_none() {
                return Err(refusal::missing("session.type"));
            }
            check_formats(&tree, dialect)
        }
        ClientEvent::ResponseCreate(_) => {
            let tree = tree();
            refuse_any(&tree, "response", if beta { &NESTED_RESPONSE } else { &FLAT_RESPONSE })?;
            if beta {
                refuse_voice_object(&tree, "response")?;
            }
            for (index, item) in tree["response"]["input"].as_array().into_iter().flatten().enumerate() {
                check_parts(item, &format!("response.input[{index}]"), dialect)?;
            }
            check_formats(&tree, dialect)
        }
        ClientEvent::ItemCreate(_) => check_parts(&tree()["item"], "item", dialect),
        _ => Ok(()),
    }
}

fn refuse_any(tree: &Value, owner: &str, names: &[&str]) -> Result<(), Refusal> {
    match names.iter().find(|name| tree[owner].get(name).is_some()) {
        Some(name) => Err(refusal::unknown(&format!("{owner}.{name}"))),
        None => Ok(()),
    }
}

/// Voices of one's own came with GA.
fn refuse_voice_object(tree: &Value, owner: &str) -> Result<(), Refusal> {
    match &tree[owner]["voice"] {
        voice @ Value::Object(_) => Err(refusal::invalid_type(&format!("{owner}.voice"), "a string", got(voice))),
        _ => Ok(()),
    }
}

/// Formats are words in beta and objects in GA.
fn check_formats(tree: &Value, dialect: Dialect) -> Result<(), Refusal> {
    for format in FORMATS {
        let param = path(dialect, format);
        let value = tree.pointer(&format!("/{}", param.replace('.', "/"))).unwrap_or(&Value::Null);
        match (dialect, value) {
            (Dialect::Beta, Value::Object(_)) => return Err(refusal::invalid_type(&param, "a string", got(value))),
            (Dialect::Ga, Value::String(_)) => return Err(refusal::invalid_type(&param, "an object", got(value))),
            _ => {}
        }
    }
    Ok(())
}

/// The model's parts are `text` and `audio` in beta, `output_text` and `output_audio` in GA.
fn check_parts(item: &Value, owner: &str, dialect: Dialect) -> Result<(), Refusal> {
    for (index, part) in item["content"].as_array().into_iter().flatten().enumerate() {
        let word = part["type"].as_str().unwrap_or_default();
        let other = match dialect {
            Dialect::Beta => matches!(word, "output_text" | "output_audio"),
            _ => matches!(word, "text" | "audio"),
        };
        if other {
            let param = format!("{owner}.content[{index}].type");
            return Err(refusal::invalid_value(word, supported(&param, dialect), &param));
        }
    }
    Ok(())
}
