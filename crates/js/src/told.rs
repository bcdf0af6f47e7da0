//! What the session tells TypeScript, as JSON.

use std::borrow::Cow;

use serde::Serialize;
use vivavoce_protocol::payload::ApiError;
use vivavoce_protocol::{ErrorDetail, ItemId, Member};
use vivavoce_session::{
    Acknowledgement, Advice, CommandError, Interruption, InterruptionCause, Outcome, SessionError, ToolFailure,
};

use crate::Face;

/// JSON of what is told.
pub(crate) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| unreachable!("it has only strings as keys"))
}

/// Something that happened. `ts/core.ts` has the twin of this type.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Told<'e> {
    SessionCreated,
    SessionUpdated,
    Appended {
        id: &'e str,
    },
    /// Without a place the item is to be read anew: the addition is not all that changed, or was told with what came before.
    Updated {
        id: &'e str,
        delta: Option<Addition<'e>>,
        content_index: Option<usize>,
        /// The application is not told.
        quietly: bool,
    },
    Completed {
        id: &'e str,
    },
    Deleted {
        id: &'e str,
    },
    Interrupted(Box<Interrupted<'e>>),
    ToolCalled {
        call_id: &'e str,
        item_id: &'e str,
        name: &'e str,
        arguments: &'e str,
        handled: bool,
        offered: bool,
    },
    ToolAnswered {
        call_id: &'e str,
    },
    ApprovalRequested {
        item_id: &'e str,
        server_label: &'e str,
        name: &'e str,
        arguments: &'e str,
    },
    Error(Box<ErrorTold>),
    Diagnostic {
        message: String,
    },
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Addition<'e> {
    Text(&'e str),
    Transcript(&'e str),
    Arguments(&'e str),
    /// The number of samples; they are fetched by `take_audio`.
    Audio(usize),
}

/// [`Interruption`].
#[derive(Serialize)]
pub(crate) struct Interrupted<'e> {
    cause: &'static str,
    /// The item that the user's speech becomes.
    speech_item_id: Option<&'e str>,
    response_id: Option<&'e str>,
    items: Vec<InterruptedItem<'e>>,
}

#[derive(Serialize)]
struct InterruptedItem<'e> {
    item_id: &'e str,
    content_index: usize,
    heard_samples: u64,
    audio_end_ms: Option<u64>,
}

impl<'e> Interrupted<'e> {
    pub(crate) fn new(interruption: &'e Interruption) -> Self {
        let (cause, speech_item_id) = match &interruption.cause {
            InterruptionCause::Speech(item) => ("speech", item.as_ref().map(|id| id.as_str())),
            _ => ("application", None),
        };
        let items = interruption.items.iter().map(|item| InterruptedItem {
            item_id: item.item_id.as_str(),
            content_index: item.content_index,
            heard_samples: item.heard_samples,
            audio_end_ms: item.audio_end_ms,
        });
        Self {
            cause,
            speech_item_id,
            response_id: interruption.response_id.as_ref().map(|id| id.as_str()),
            items: items.collect(),
        }
    }
}

/// An error with what the service said, and what to do about it.
#[derive(Serialize, Default)]
pub(crate) struct ErrorTold {
    /// `service`, `response_failed`, `transcription_failed`, `undecodable`, `connection`, ...
    source: &'static str,
    message: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    param: Option<String>,
    event_id: Option<String>,
    item_id: Option<String>,
    response_id: Option<String>,
    /// Who must act.
    actor: &'static str,
    /// Whether doing the same again may help.
    retryable: bool,
    advice: &'static str,
}

impl ErrorTold {
    fn new(source: &'static str, message: String, advice: Advice) -> Self {
        let Advice { actor, retry, text, .. } = advice;
        Self { source, message, actor: actor.as_str(), retryable: retry, advice: text, ..Self::default() }
    }

    fn with_api(mut self, error: &ApiError) -> Self {
        let text = |member: &Member<String>| member.get().cloned();
        (self.kind, self.code, self.param) = (text(&error.kind), text(&error.code), text(&error.param));
        self.event_id = error.event_id.get().map(ToString::to_string);
        self
    }

    fn with_detail(mut self, error: &ErrorDetail) -> Self {
        self.code = error.code.get().cloned();
        self
    }

    /// The service changed an item that is not known.
    pub(crate) fn of_unknown(item_id: &ItemId, message: String) -> Self {
        let advice = SessionError::ItemNeverAnnounced(item_id.clone()).advice();
        Self { item_id: Some(item_id.to_string()), ..Self::new("unknown_item", message, advice) }
    }

    pub(crate) fn of(error: &SessionError) -> Self {
        let told = |source| Self::new(source, error.to_string(), error.advice());
        match error {
            SessionError::Service(error) => told("service").with_api(error),
            SessionError::ResponseFailed { response_id, error } => {
                let response_id = response_id.as_ref().map(ToString::to_string);
                Self { response_id, ..told("response_failed").with_detail(error) }
            }
            SessionError::TranscriptionFailed { item_id, error } => {
                Self { item_id: Some(item_id.to_string()), ..told("transcription_failed").with_detail(error) }
            }
            SessionError::Undecodable(_) => told("undecodable"),
            SessionError::DamagedAudio { item_id, .. } => {
                Self { item_id: Some(item_id.to_string()), ..told("damaged_audio") }
            }
            SessionError::McpListingFailed(item_id) => {
                Self { item_id: Some(item_id.to_string()), ..told("mcp_listing_failed") }
            }
            SessionError::ItemNeverAnnounced(item_id) => {
                Self { item_id: Some(item_id.to_string()), ..told("item_never_announced") }
            }
            _ => told("connection"),
        }
    }
}

/// What the reference client has under `formatted` of an item, but for its audio.
#[derive(Serialize)]
pub(crate) struct View<'e> {
    pub(crate) status: &'e str,
    pub(crate) text: &'e str,
    pub(crate) transcript: &'e str,
    pub(crate) tool: Option<ToolView<'e>>,
    pub(crate) output: Option<&'e str>,
    pub(crate) heard: Option<Cow<'e, str>>,
    pub(crate) received: Vec<u64>,
}

/// A call of a function.
#[derive(Serialize)]
pub(crate) struct ToolView<'e> {
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) name: &'e str,
    pub(crate) call_id: &'e str,
    pub(crate) arguments: &'e str,
}

/// What became of a command. `ts/core.ts` has the twin of this type.
#[derive(Serialize)]
pub(crate) struct OutcomeTold<'e> {
    pub(crate) id: &'e str,
    /// JSON of what the service answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<Box<serde_json::value::RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorTold>,
}

impl<'e> OutcomeTold<'e> {
    pub(crate) fn new(id: &'e str, outcome: &Outcome, face: Face) -> Self {
        let failed = |source, message: &str, advice| Self {
            id,
            done: None,
            error: Some(ErrorTold::new(source, message.to_owned(), advice)),
        };
        match outcome {
            Outcome::Done(told) => {
                let done = serde_json::value::RawValue::from_string(answer(told, face)).ok();
                Self { id, done, error: None }
            }
            Outcome::Refused(error) => {
                let error = SessionError::Service(error.clone());
                Self { id, done: None, error: Some(ErrorTold::of(&error)) }
            }
            Outcome::Unanswered => failed("unanswered", "the service did not answer in time", Advice::connection()),
            Outcome::ConnectionLost => {
                failed("connection", "the connection was lost before the service answered", Advice::connection())
            }
            Outcome::BudgetSpent => {
                failed("budget", &CommandError::BudgetSpent.to_string(), CommandError::BudgetSpent.advice())
            }
        }
    }
}

/// What the service answered, as the application sees it.
fn answer(told: &Acknowledgement, face: Face) -> String {
    let id = |id: &str| json(&id);
    match told {
        Acknowledgement::SessionUpdated(session) => face.session(session),
        Acknowledgement::ItemRetrieved(item) => face.item(item),
        Acknowledgement::ItemAdded(item)
        | Acknowledgement::ItemTruncated(item)
        | Acknowledgement::ItemDeleted(item)
        | Acknowledgement::Committed(item) => id(item.as_str()),
        Acknowledgement::ResponseCreated(response) | Acknowledgement::ResponseDone(response) => face.response(response),
        Acknowledgement::Finished(finished) => face.response(finished.response()),
        _ => "null".to_owned(),
    }
}

/// Why a tool failed, as TypeScript says it.
pub(crate) fn tool_failure(kind: &str, message: String) -> ToolFailure {
    match kind {
        "arguments" => ToolFailure::BadArguments(message),
        "unknown" => ToolFailure::Unknown(message),
        _ => ToolFailure::Failed(message),
    }
}
