//! Who must act when something goes wrong, and whether a retry helps.
//!
//! One table for all of it: codes of the service, close codes, statuses of the handshake.

use vivavoce_protocol::ErrorDetail;
use vivavoce_protocol::payload::ApiError;

use crate::Close;

/// Who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Actor {
    /// Nobody: a race that ends well, or an end that was wanted.
    Nobody,
    /// The application: it asked for what cannot be.
    Application,
    /// Whoever owns the account: key, access, credit, limits.
    Account,
    /// The service: it failed, or broke its protocol.
    Service,
    /// Whoever runs the network between.
    Network,
}

impl Actor {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Application => "application",
            Self::Account => "account",
            Self::Service => "service",
            Self::Network => "network",
        }
    }
}

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Advice {
    /// Who must act.
    pub actor: Actor,
    /// Whether doing the same again, later or after a new connection, may help without any other change.
    pub retry: bool,
    /// What to do, in a few words.
    pub text: &'static str,
}

/// The codes of `error` events and failed responses.
pub const CODES: &[(&str, Advice)] = &{
    use Actor::*;
    const fn row(code: &'static str, actor: Actor, retry: bool, text: &'static str) -> (&'static str, Advice) {
        (code, Advice::of(actor, retry, text))
    }
    [
        row("invalid_api_key", Account, false, "check the API key"),
        row("account_deactivated", Account, false, "the account is closed: ask the vendor"),
        row("insufficient_quota", Account, false, "the account is out of credit: check its billing"),
        row("billing_hard_limit_reached", Account, false, "the account's spending limit is reached: raise it"),
        row("rate_limit_exceeded", Account, true, "wait and try again, or ask for higher limits"),
        row("missing_model", Application, false, "name a model"),
        row("invalid_model", Application, false, "name a model that suits this kind of session"),
        row("model_not_found", Account, false, "the account has no access to this model"),
        row(
            "beta_api_shape_disabled",
            Application,
            false,
            "the beta protocol was switched off: speak the current one, `Dialect::Ga`, which is the default",
        ),
        row("session_expired", Nobody, true, "the session reached its maximum duration: connect again"),
        row("invalid_json", Application, false, "what was sent is no JSON"),
        row("invalid_event", Application, false, "what was sent is no event"),
        row("invalid_value", Application, false, "mend the value named by `param`"),
        row("invalid_type", Application, false, "mend the type of what `param` names"),
        row("missing_required_parameter", Application, false, "add what `param` names"),
        row("unknown_parameter", Application, false, "leave out what `param` names, or check the dialect"),
        row("invalid_parameter", Application, false, "this kind of session does not take it"),
        row("integer_below_min_value", Application, false, "raise what `param` names"),
        row("integer_above_max_value", Application, false, "lower what `param` names"),
        row("decimal_below_min_value", Application, false, "raise what `param` names"),
        row("decimal_above_max_value", Application, false, "lower what `param` names"),
        row("string_above_max_length", Application, false, "shorten what `param` names"),
        row("item_create_invalid_previous_item_id", Application, false, "insert behind an item that is there"),
        row("invalid_tool_call_id", Application, false, "answer a call of this conversation, once"),
        row("cannot_update_voice", Application, false, "the voice is fixed once it was heard: begin a new session"),
        row("unsupported_content_type", Nobody, false, "only speech of the model can be cut"),
        row("context_length_exceeded", Application, false, "shorten the conversation, or let it be truncated"),
        row("server_error", Service, true, "the service failed: try again"),
        row("response_cancel_not_active", Nobody, false, "the response had ended already"),
        row("conversation_already_has_active_response", Nobody, true, "it is asked for again when that one is done"),
        row("input_audio_buffer_commit_empty", Nobody, false, "there was nothing left to commit"),
        row("item_truncate_invalid_item_id", Nobody, false, "the item is gone already"),
        row("item_delete_invalid_item_id", Nobody, false, "the item is gone already"),
        row("item_retrieve_invalid_item_id", Nobody, false, "the item is gone"),
    ]
};

/// Codes of errors that mean that something had just become needless.
const RACES: [&str; 6] = [
    "response_cancel_not_active",
    "conversation_already_has_active_response",
    "input_audio_buffer_commit_empty",
    "item_truncate_invalid_item_id",
    "item_delete_invalid_item_id",
    "item_retrieve_invalid_item_id",
];
/// The same in words: these have a common code, or none.
const RACES_IN_WORDS: [&str; 3] = ["already shorter than", "Only model output audio", COLLISION];
const COLLISION: &str = "already has an active response";

impl Advice {
    pub(crate) const fn of(actor: Actor, retry: bool, text: &'static str) -> Self {
        Self { actor, retry, text }
    }

    /// What to do about a code of an `error` event or of a failed response; `None` for one we do not know.
    pub fn for_code(code: &str) -> Option<Self> {
        CODES.iter().find(|(known, _)| *known == code).map(|(_, advice)| *advice)
    }

    /// What to do about an `error` event.
    pub fn for_error(error: &ApiError) -> Self {
        if is_race(error) {
            return Self::of(Actor::Nobody, is_collision(error), "what was refused had become needless");
        }
        Self::by(error.code.get(), error.kind.get())
    }

    /// What to do about a response or a transcription that failed.
    pub fn for_failure(error: &ErrorDetail) -> Self {
        Self::by(error.code.get(), error.kind.get())
    }

    fn by(code: Option<&String>, kind: Option<&String>) -> Self {
        if let Some(advice) = code.and_then(|code| Self::for_code(code)) {
            return advice;
        }
        match kind.map(String::as_str) {
            Some("server_error") => Self::of(Actor::Service, true, "the service failed: try again"),
            Some("insufficient_quota") => Self::of(Actor::Account, false, "the account is out of credit"),
            Some("invalid_request_error") => Self::misuse(),
            _ => Self::of(Actor::Service, true, "see what the service says, and try again"),
        }
    }

    /// What to do about the end of a connection.
    pub fn for_close(close: &Close) -> Self {
        if close.by_us {
            return Self::of(Actor::Nobody, false, "this side closed it");
        }
        // The reason is `<error.type>.<error.code>`.
        let code = close.reason.rsplit('.').next().unwrap_or_default();
        if close.code.is_some()
            && let Some(advice) = Self::for_code(code)
        {
            return advice;
        }
        match close.code {
            Some(3000) => Self::of(Actor::Account, false, "check the API key"),
            Some(1013) => Self::of(Actor::Account, false, "the account is out of credit: check its billing"),
            Some(4000..=4999) => Self::of(Actor::Application, false, "check the model and the URL"),
            Some(1009) => Self::of(Actor::Application, false, "send audio in smaller pieces"),
            Some(1001) => Self::of(Actor::Nobody, true, "the session is over: connect again"),
            Some(1000) => Self::of(Actor::Nobody, true, "the service closed it: connect again when it is needed"),
            Some(1002 | 1003 | 1007 | 1008) => {
                Self::of(Actor::Application, false, "the service took offence at a frame")
            }
            Some(1011) => Self::of(Actor::Service, true, "the service failed: connect again"),
            Some(_) => Self::of(Actor::Service, true, "connect again"),
            None => Self::connection(),
        }
    }

    /// What to do about an HTTP status in place of a session.
    pub const fn for_status(status: u16) -> Self {
        match status {
            400 => Self::of(Actor::Application, false, "check the URL and the model"),
            401 => Self::of(Actor::Account, false, "check the API key"),
            403 => Self::of(Actor::Account, false, "the key has no access to this model or product"),
            404 => Self::of(Actor::Application, false, "check the URL: there is no Realtime session here"),
            408 => Self::of(Actor::Network, true, "the request took too long: try again"),
            429 => Self::of(Actor::Account, true, "too many requests: wait and try again"),
            500..=599 => Self::of(Actor::Service, true, "the server is in trouble: try again later"),
            _ => Self::of(Actor::Application, false, "check the URL"),
        }
    }

    /// What to do about a connection that could not be made, or broke.
    pub const fn connection() -> Self {
        Self::of(Actor::Network, true, "check the network and connect again")
    }

    /// What to do about a connection that is not secure.
    pub const fn insecure() -> Self {
        Self::of(Actor::Network, false, "check the certificate, the clock, and that the server speaks TLS")
    }

    /// What to do about a service that breaks its protocol.
    pub const fn broken_protocol() -> Self {
        Self::of(Actor::Service, false, "the service broke its protocol; what is not named is fine")
    }

    /// What the application must mend by itself.
    pub const fn misuse() -> Self {
        Self::of(Actor::Application, false, "mend what was asked for")
    }
}

/// Whether `words` are in `text`. What std has for this is quicker in long texts, and long itself.
pub(crate) fn says(text: &str, words: &str) -> bool {
    text.as_bytes().windows(words.len()).any(|window| window == words.as_bytes())
}

/// True for an error that only says that something had become needless: a race between the two sides.
pub(crate) fn is_race(error: &ApiError) -> bool {
    let message = error.message.get().map_or("", String::as_str);
    error.code.get().is_some_and(|code| RACES.contains(&code.as_str()))
        || RACES_IN_WORDS.iter().any(|words| says(message, words))
}

/// True when the service refuses a response because another one runs. An older service gave no code.
pub(crate) fn is_collision(error: &ApiError) -> bool {
    error.code.get().is_some_and(|code| code == "conversation_already_has_active_response")
        || error.message.get().is_some_and(|message| says(message, COLLISION))
}

pub(crate) fn is_quota(code: &str) -> bool {
    matches!(code, "insufficient_quota" | "billing_hard_limit_reached")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_race_is_nobodys_business_and_has_a_row() {
        for code in RACES {
            assert_eq!(Advice::for_code(code).map(|advice| advice.actor), Some(Actor::Nobody), "{code}");
            assert!(is_race(&ApiError::new().code(code)));
        }
        assert!(is_race(&ApiError::new().message("Audio content of 3700ms is already shorter than 3760ms")));
        assert!(!is_race(&ApiError::new().code("invalid_value").message("Invalid value")));
    }

    #[test]
    fn a_close_is_read_by_its_reason_first() {
        let close = |code, reason: &str| Close { code, reason: reason.to_owned(), by_us: false };
        let beta = close(Some(4000), "invalid_request_error.beta_api_shape_disabled");
        assert!(Advice::for_close(&beta).text.contains("Dialect::Ga"));
        assert!(Advice::for_close(&close(Some(1001), "Your session hit the maximum duration of 60 minutes.")).retry);
        assert!(!Advice::for_close(&close(Some(1013), "insufficient_quota.insufficient_quota")).retry);
        assert!(Advice::for_close(&close(None, "")).retry);
    }
}
