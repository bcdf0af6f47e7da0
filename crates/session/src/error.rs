//! What can go wrong in a session, and what is only worth a note.

use std::fmt;
use std::sync::Arc;

use vivavoce_audio::AudioError;
use vivavoce_protocol::payload::ApiError;
use vivavoce_protocol::{DecodeError, ErrorDetail, EventId, ItemId, Member, Response, ResponseId};

use crate::{Actor, Advice};

/// Something that went wrong. Only the end of the connection ends the session.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The connection could not be made, or broke.
    #[error(transparent)]
    Connection(Arc<dyn std::error::Error + Send + Sync>),
    /// The service refused an event of ours, or ends the session (`error`).
    #[error("the service says: {}", describe(.0))]
    Service(Box<ApiError>),
    /// The service could not make a response (`response.done` with status `failed`): quota, rate limit, model or fault.
    #[error("the service could not respond: {}{}", reason(.error), advised(.error))]
    ResponseFailed {
        /// The response.
        response_id: Option<ResponseId>,
        /// Why not; its `code` tells quota (`insufficient_quota`) and rate limits (`rate_limit_exceeded`) apart.
        error: Box<ErrorDetail>,
    },
    /// The service sent a frame that is not an event.
    #[error("the service sent something that is not an event: {0}")]
    Undecodable(#[from] DecodeError),
    /// An audio delta of an item could not be decoded. The rest of the item is fine.
    #[error("audio of item {item_id} is damaged: {source}")]
    DamagedAudio {
        /// The item.
        item_id: ItemId,
        /// What is wrong with it.
        source: AudioError,
    },
    /// The user's speech could not be transcribed. The item itself is fine.
    #[error("speech of item {item_id} was not transcribed: {}{}", reason(.error), advised(.error))]
    TranscriptionFailed {
        /// The item.
        item_id: ItemId,
        /// Why not.
        error: Box<ErrorDetail>,
    },
    /// The service could not list the tools of an MCP server (`mcp_list_tools.failed`).
    #[error("the tools of an MCP server could not be listed (item {0}): check its URL and credentials")]
    McpListingFailed(ItemId),
    /// The service sent more than we keep about items it never announced; the oldest was given up.
    #[error("{0} was never announced and there are too many such items: what came for it is dropped")]
    ItemNeverAnnounced(ItemId),
    /// A closure that listens panicked; it listens no more. Told by the client, not by the machine.
    #[error("a listener panicked and was removed: {0}")]
    ListenerPanicked(String),
}

impl SessionError {
    /// The code the service gave, such as `insufficient_quota`.
    pub fn code(&self) -> Option<&str> {
        let code = match self {
            Self::Service(error) => &error.code,
            Self::ResponseFailed { error, .. } | Self::TranscriptionFailed { error, .. } => &error.code,
            _ => return None,
        };
        code.get().map(String::as_str)
    }

    /// Who must act, and whether a retry helps.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Connection(_) => Advice::connection(),
            Self::Service(error) => Advice::for_error(error),
            Self::ResponseFailed { error, .. } | Self::TranscriptionFailed { error, .. } => Advice::for_failure(error),
            Self::Undecodable(_) | Self::DamagedAudio { .. } | Self::ItemNeverAnnounced(_) => Advice::broken_protocol(),
            Self::ListenerPanicked(_) | Self::McpListingFailed(_) => Advice::misuse(),
        }
    }

    /// True when the account is out of credit or over its limit, for now or for good.
    pub fn is_quota(&self) -> bool {
        self.code().is_some_and(crate::advice::is_quota)
    }

    /// What `response.done` says when the response failed.
    pub(crate) fn of_response(response: &Response) -> Option<Self> {
        use vivavoce_protocol::Status;
        response.status.get().filter(|status| **status == Status::Failed)?;
        let error = response.status_details.get().and_then(|details| details.error.get());
        let error = Box::new(error.cloned().unwrap_or_default());
        Some(Self::ResponseFailed { response_id: response.id.get().cloned(), error })
    }
}

/// Something worth a note and nothing to act on: races of the protocol that end well, and differences between this
/// side and the service that an event would have prevented.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Diagnostic {
    /// The service refused something that had just become needless (`error`).
    Race(Box<ApiError>),
    /// The service did not say in time what became of a command; whether it did it is not known.
    Unanswered {
        /// The id of its event.
        command: EventId,
    },
    /// The service changed or deleted an item that is not in the conversation here.
    UnknownItem(ItemId),
    /// The service promised something for an item that did not come in time.
    NeverCame {
        /// The item.
        item_id: ItemId,
        /// What.
        what: Promise,
    },
    /// The service sent an event twice; the second was dropped.
    Repeated(EventId),
}

/// What the service owes after it has said something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Promise {
    /// The item, after `input_audio_buffer.committed`.
    Item,
    /// The transcript of the user's speech, or why there is none.
    Transcript,
    /// `input_audio_buffer.speech_started` before `.speech_stopped`: where the audio of the item begins is not known.
    SpeechStart,
    /// `input_audio_buffer.speech_stopped` before `.committed`: where the audio of the item ends is not known.
    SpeechEnd,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Race(error) => write!(f, "needless by now: {}", describe(error)),
            Self::Unanswered { command } => write!(f, "the service did not say what became of {command}"),
            Self::UnknownItem(id) => write!(f, "the service changed item {id}, which is not known here"),
            Self::NeverCame { item_id, what: Promise::Item } => {
                write!(f, "the service committed item {item_id} and never announced it")
            }
            Self::NeverCame { item_id, what: Promise::Transcript } => {
                write!(f, "the service never said what item {item_id} says")
            }
            Self::NeverCame { item_id, what: Promise::SpeechStart } => {
                write!(f, "the service never said where the speech of item {item_id} begins")
            }
            Self::NeverCame { item_id, what: Promise::SpeechEnd } => {
                write!(f, "the service never said where the speech of item {item_id} ends")
            }
            Self::Repeated(id) => write!(f, "the service sent event {id} twice"),
        }
    }
}

/// Why a command was not carried out. Nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// There is no connection. Connect first.
    #[error("not connected: connect first")]
    NotConnected,
    /// More is waiting to be sent than may wait. The network is slower than the application.
    #[error("too much is waiting to be sent: the network is too slow for what is sent")]
    Congested,
    /// The conversation has no such item.
    #[error("the conversation has no item with this id")]
    UnknownItem,
    /// Only messages can be cancelled by their id.
    #[error("only items of type \"message\" can be interrupted")]
    NotAMessage,
    /// Only the assistant's messages can be cancelled by their id.
    #[error("only messages of the assistant can be interrupted")]
    NotFromAssistant,
    /// The message has no audio that could be cut.
    #[error("the message has no audio to cut")]
    NoAudio,
    /// There is a tool with this name already.
    #[error("there is a tool with this name already: remove it first, or choose another name")]
    DuplicateTool,
    /// There is no tool with this name.
    #[error("there is no tool with this name")]
    UnknownTool,
    /// A tool without a name cannot be called.
    #[error("a tool needs a name")]
    UnnamedTool,
    /// The arguments of a tool are an object.
    #[error("the arguments of a tool must be an object: a struct, a map, or nothing")]
    NoObject,
    /// This kind of session has no tools.
    #[error("only conversations have tools")]
    WrongSession,
    /// There is no open call with this id: it was answered before, or never made.
    #[error("there is no open call with this id: it was answered before, or never made")]
    UnknownCall,
    /// The budget is spent.
    #[error("the budget of this session is spent: raise it, or end the session")]
    BudgetSpent,
}

impl CommandError {
    /// Who must act, and whether a retry helps.
    pub const fn advice(self) -> Advice {
        match self {
            Self::NotConnected => Advice::of(Actor::Application, true, "connect, then try again"),
            Self::Congested => Advice::of(Actor::Network, true, "wait until some of it is sent"),
            _ => Advice::misuse(),
        }
    }
}

pub(crate) fn describe(error: &ApiError) -> String {
    let text = |member: &Member<String>| member.get().cloned().unwrap_or_default();
    let (code, message, param) = (text(&error.code), text(&error.message), text(&error.param));
    let mut description = if message.is_empty() { "an error without a message".to_owned() } else { message };
    if !code.is_empty() {
        description.push_str(&format!(" [{code}]"));
    }
    if !param.is_empty() {
        description.push_str(&format!(" (at {param})"));
    }
    // What every application must hear of; the rest is in the documentation.
    if code == "beta_api_shape_disabled" {
        description.push_str(": ");
        description.push_str(Advice::for_error(error).text);
    }
    description
}

fn reason(error: &ErrorDetail) -> &str {
    let said = error.message.get().or(error.code.get());
    said.map_or("no reason given", String::as_str)
}

/// What to do about a failure whose code is known.
fn advised(error: &ErrorDetail) -> String {
    let known = error.code.get().and_then(|code| Advice::for_code(code));
    known.map_or_else(String::new, |advice| format!(" ({})", advice.text))
}
