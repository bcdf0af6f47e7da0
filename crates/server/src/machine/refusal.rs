//! What the service says against a client event: every message, code and parameter of `error` in one place.
//!
//! None of these ends the session: only a close frame does, and [`Close`] says when one follows.

use std::fmt::Display;
use std::time::Duration;

const INVALID_REQUEST: &str = "invalid_request_error";

/// The body of an `error` event, without the id of its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) kind: &'static str,
    pub(super) code: Option<&'static str>,
    pub(super) message: String,
    pub(super) param: Option<String>,
}

/// The WebSocket close that ends a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// The close code, such as 4000.
    pub code: u16,
    /// The reason: `<error.type>.<error.code>` of the `error` event before it, or a sentence.
    pub reason: String,
}

impl Close {
    /// With the error that was sent just before as the reason.
    pub(super) fn after(code: u16, refusal: &Refusal) -> Self {
        Self { code, reason: format!("{}.{}", refusal.kind, refusal.code.unwrap_or_default()) }
    }

    /// Everything has been said.
    pub(super) const fn normal() -> Self {
        Self { code: 1000, reason: String::new() }
    }

    /// The session's time is over.
    pub(super) fn expired(lifetime: Duration) -> Self {
        Self { code: 1001, reason: expired(lifetime) }
    }
}

/// `... of 60 minutes.` for the usual hour.
fn expired(lifetime: Duration) -> String {
    let (number, unit) = match lifetime.as_secs() {
        seconds if seconds >= 60 && seconds % 60 == 0 => (seconds / 60, "minute"),
        seconds => (seconds, "second"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("Your session hit the maximum duration of {number} {unit}{plural}.")
}

fn refusal(code: &'static str, message: impl Into<String>, param: Option<&str>) -> Refusal {
    Refusal { kind: INVALID_REQUEST, code: Some(code), message: message.into(), param: param.map(str::to_owned) }
}

/// `'a', 'b', and 'c'`; `'a' and 'b'`.
fn listed(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [one, two] => format!("{one} and {two}"),
        [all @ .., last] => format!("{}, and {last}", all.join(", ")),
    }
}

// --- The frame ---------------------------------------------------------------------------------------------

pub(super) fn not_json() -> Refusal {
    refusal("invalid_json", "Invalid event: failed to parse JSON value.", None)
}

pub(super) fn binary_frame() -> Refusal {
    refusal("invalid_event", "Expected a text WebSocket message; binary frames are not supported.", None)
}

pub(super) fn no_type() -> Refusal {
    refusal("invalid_event", "The 'type' field is missing.", None)
}

// --- Parameters --------------------------------------------------------------------------------------------

pub(super) fn invalid_value(value: &str, supported: &[&str], param: &str) -> Refusal {
    let said = match supported {
        [] => format!("Invalid value: '{value}'."),
        [one] => format!("Invalid value: '{value}'. Value must be '{one}'."),
        many => format!("Invalid value: '{value}'. Supported values are: {}.", listed(many)),
    };
    refusal("invalid_value", said, Some(param))
}

pub(super) fn invalid_value_because(message: impl Into<String>, param: &str) -> Refusal {
    refusal("invalid_value", message, Some(param))
}

pub(super) fn invalid_type(param: &str, expected: &str, got: &str) -> Refusal {
    let message = format!("Invalid type for '{param}': expected {expected}, but got {got} instead.");
    refusal("invalid_type", message, Some(param))
}

pub(super) fn missing(param: &str) -> Refusal {
    refusal("missing_required_parameter", format!("Missing required parameter: '{param}'."), Some(param))
}

pub(super) fn unknown(param: &str) -> Refusal {
    refusal("unknown_parameter", format!("Unknown parameter: '{param}'."), Some(param))
}

/// A number outside `min..=max`; integers and decimals have codes of their own.
pub(super) fn out_of_range<T: Display + PartialOrd>(param: &str, value: T, min: T, max: T, integer: bool) -> Refusal {
    let kind = if integer { "integer" } else { "decimal" };
    let (code, sign, side, bound) = match (value < min, integer) {
        (true, true) => ("integer_below_min_value", ">=", "below minimum", min),
        (true, false) => ("decimal_below_min_value", ">=", "below minimum", min),
        (false, true) => ("integer_above_max_value", "<=", "above maximum", max),
        (false, false) => ("decimal_above_max_value", "<=", "above maximum", max),
    };
    let message =
        format!("Invalid '{param}': {kind} {side} value. Expected a value {sign} {bound}, but got {value} instead.");
    refusal(code, message, Some(param))
}

pub(super) fn too_long(param: &str, max: usize, length: usize) -> Refusal {
    let message = format!(
        "Invalid '{param}': string too long. Expected a string with maximum length {max}, but got a string with \
         length {length} instead."
    );
    refusal("string_above_max_length", message, Some(param))
}

pub(super) fn too_many(param: &str, max: usize, length: usize) -> Refusal {
    let message = format!(
        "Invalid '{param}': too many properties. Expected an object with at most {max} properties, but got an object \
         with {length} properties instead."
    );
    refusal("object_above_max_properties", message, Some(param))
}

/// A list of words that do not go together.
pub(super) fn words(words: &[impl Display], supported: &[&[&str]], param: &str) -> Refusal {
    let list = |words: &[&dyn Display]| {
        let words: Vec<_> = words.iter().map(|word| format!("'{word}'")).collect();
        format!("[{}]", words.join(", "))
    };
    let got = list(&words.iter().map(|word| word as &dyn Display).collect::<Vec<_>>());
    let supported: Vec<_> = supported
        .iter()
        .map(|words| list(&words.iter().map(|word| word as &dyn Display).collect::<Vec<_>>()))
        .collect();
    let message = format!("Invalid modalities: {got}. Supported combinations are: {}.", supported.join(" and "));
    refusal("invalid_value", message, Some(param))
}

pub(super) fn too_many_places(param: &str, max: usize, places: usize) -> Refusal {
    let message = format!(
        "Invalid '{param}': too many decimal places. Expected at most {max} decimal places, but got {places} instead."
    );
    refusal("invalid_value", message, Some(param))
}

pub(super) fn no_match(param: &str, pattern: &str) -> Refusal {
    let message = format!(
        "Invalid '{param}': string does not match pattern. Expected a string that matches the pattern '{pattern}'."
    );
    refusal("invalid_value", message, Some(param))
}

pub(super) fn both_languages(param: &str) -> Refusal {
    let message = format!("Invalid '{param}': 'language' and 'languages' cannot be used together.");
    refusal("invalid_value", message, Some(param))
}

pub(super) fn bad_audio(expected: &str, param: &str) -> Refusal {
    let message =
        format!("Invalid '{param}'. Expected base64-encoded audio bytes ({expected}) but got an invalid value.");
    refusal("invalid_value", message, Some(param))
}

pub(super) fn audio_too_large() -> Refusal {
    refusal("invalid_value", "Invalid 'audio'. At most 15 MiB of audio may be appended at a time.", Some("audio"))
}

// --- Sessions ----------------------------------------------------------------------------------------------

pub(super) fn session_kind(transcription: bool) -> Refusal {
    let message = if transcription {
        "Passing a realtime session update to a transcription session is not allowed."
    } else {
        "Passing a transcription session update event to a realtime session is not allowed."
    };
    refusal("invalid_parameter", message, None)
}

pub(super) fn tracing_change() -> Refusal {
    refusal("invalid_parameter", "Tracing cannot be changed once it is enabled.", Some("session.tracing"))
}

pub(super) fn voice_change() -> Refusal {
    refusal("cannot_update_voice", "Cannot update a conversation's voice if assistant audio is present.", None)
}

pub(super) fn no_turns_for_model(param: &str) -> Refusal {
    refusal("invalid_value", "Turn detection is not supported for this transcription model.", Some(param))
}

pub(super) fn unknown_tool(name: &str, param: &str) -> Refusal {
    refusal("invalid_value", format!("Tool choice '{name}' not found in 'tools' parameter."), Some(param))
}

pub(super) fn missing_model(example: &str) -> Refusal {
    refusal("missing_model", format!("You must provide a model parameter, for example '?model={example}'."), None)
}

pub(super) fn model_in_transcription() -> Refusal {
    refusal("invalid_model", "You must not provide a model parameter for transcription sessions.", None)
}

pub(super) fn wrong_key() -> Refusal {
    refusal("invalid_api_key", "Incorrect API key provided.", None)
}

pub(super) fn no_quota() -> Refusal {
    let message = "You exceeded your current quota, please check your plan and billing details.";
    Refusal { kind: "insufficient_quota", ..refusal("insufficient_quota", message, None) }
}

pub(super) fn beta_disabled() -> Refusal {
    let message = "The Realtime Beta API is no longer supported. Please use /v1/realtime for the GA API.";
    refusal("beta_api_shape_disabled", message, None)
}

/// `mode` is the kind of session that was asked for.
pub(super) fn unsuitable_model(model: &str, mode: &str) -> Refusal {
    refusal("invalid_model", format!("Model \"{model}\" is not supported in {mode} mode."), None)
}

pub(super) fn transcription_model(model: &str) -> Refusal {
    let message = format!(
        "Model \"{model}\" is a transcription model: name it in 'audio.input.transcription.model' of a realtime session, \
         or connect with '?intent=transcription'."
    );
    refusal("invalid_model", message, None)
}

pub(super) fn closing() -> Refusal {
    refusal("invalid_value", "The session is closing.", Some("type"))
}

pub(super) fn translation_failed(message: String) -> Refusal {
    Refusal { kind: "server_error", code: Some("server_error"), message, param: None }
}

pub(super) fn session_expired(lifetime: Duration) -> Refusal {
    refusal("session_expired", expired(lifetime), None)
}

pub(super) fn translation_only(name: &str) -> Refusal {
    refusal("invalid_value", format!("'{name}' is only supported in translation sessions."), Some("type"))
}

// --- Audio of the user -------------------------------------------------------------------------------------

/// `had` in milliseconds.
pub(super) fn commit_too_small(had: f64) -> Refusal {
    let message = format!(
        "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has \
         {had:.2}ms of audio."
    );
    refusal("input_audio_buffer_commit_empty", message, None)
}

pub(super) fn input_full(minutes: u64) -> Refusal {
    refusal("input_audio_buffer_full", format!("The input audio buffer is full: it holds {minutes} minutes."), None)
}

// --- Items -------------------------------------------------------------------------------------------------

pub(super) fn unknown_item_to_delete(id: &str) -> Refusal {
    let message = format!("Error deleting item: the item with id '{id}' does not exist.");
    refusal("item_delete_invalid_item_id", message, None)
}

pub(super) fn unknown_item_to_retrieve(id: &str) -> Refusal {
    let message = format!("Error retrieving item: the item with id '{id}' does not exist.");
    refusal("item_retrieve_invalid_item_id", message, None)
}

pub(super) fn unknown_item_to_truncate(id: &str) -> Refusal {
    let message = format!("Error truncating item: the item with id '{id}' does not exist.");
    refusal("item_truncate_invalid_item_id", message, None)
}

pub(super) fn unknown_previous_item(id: &str) -> Refusal {
    let message = format!("Error adding item: the previous item with id '{id}' does not exist.");
    refusal("item_create_invalid_previous_item_id", message, None)
}

/// The service accepts a second item of the same id; two items of one name help nobody who tests.
pub(super) fn duplicate_item(id: &str) -> Refusal {
    let message = format!("Error adding item: an item with id '{id}' already exists.");
    refusal("item_create_duplicate_item_id", message, Some("item.id"))
}

/// `root` stands for the beginning of the conversation where an item is named.
pub(super) fn reserved_item_id(param: &str) -> Refusal {
    refusal("invalid_value", format!("Invalid '{param}': 'root' is not an id of an item."), Some(param))
}

pub(super) fn unknown_reference(id: &str, param: &str) -> Refusal {
    refusal("invalid_value", format!("Item with id '{id}' not found in conversation."), Some(param))
}

pub(super) fn not_truncatable() -> Refusal {
    refusal("unsupported_content_type", "Only model output audio messages can be truncated", None)
}

pub(super) fn already_shorter(has_ms: u64, asked_ms: u64) -> Refusal {
    let message = format!("Audio content of {has_ms}ms is already shorter than {asked_ms}ms");
    refusal("invalid_value", message, Some("audio_end_ms"))
}

pub(super) fn unknown_call(id: &str) -> Refusal {
    refusal("invalid_tool_call_id", format!("Tool call ID '{id}' not found in conversation."), None)
}

pub(super) fn unknown_approval_request(id: &str) -> Refusal {
    refusal("invalid_approval_request_id", format!("Approval request ID '{id}' not found in conversation."), None)
}

pub(super) fn answered_approval_request(id: &str) -> Refusal {
    let message = format!("Approval request ID '{id}' has already been answered.");
    refusal("invalid_approval_request_id", message, None)
}

// --- Responses ---------------------------------------------------------------------------------------------

pub(super) fn active_response(id: &str) -> Refusal {
    let message = format!(
        "Conversation already has an active response in progress: {id}. Wait until the response is finished before \
         creating a new one."
    );
    refusal("conversation_already_has_active_response", message, None)
}

pub(super) fn nothing_to_cancel() -> Refusal {
    refusal("response_cancel_not_active", "Cancellation failed: no active response found", None)
}

pub(super) fn no_responses_here() -> Refusal {
    refusal("invalid_value", "Responses cannot be created in a transcription session.", Some("type"))
}

pub(super) fn too_many_responses(max: usize) -> Refusal {
    refusal("too_many_responses", format!("At most {max} responses can be in progress at a time."), None)
}
