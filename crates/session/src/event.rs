//! What the session tells the application, and what it refuses.

use std::sync::Arc;

use vivavoce_audio::{AudioChunk, AudioError};
use vivavoce_protocol::payload::{ApiError, RateLimit};
use vivavoce_protocol::{DecodeError, ErrorDetail, Item, ItemId, List, Response, Session};

use crate::ConversationItem;

/// Something that happened in the session. Cloning is cheap: what is large is shared.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// The session is open (`session.created`).
    SessionCreated(Arc<Session>),
    /// A configuration took effect (`session.updated`).
    SessionUpdated(Arc<Session>),
    /// An item entered the conversation. A generated one is still empty.
    ItemAppended(Arc<ConversationItem>),
    /// An item changed. Look it up in the conversation for all of it.
    ItemUpdated {
        /// The item.
        item_id: ItemId,
        /// What is new about it; `None` when the change is no addition.
        delta: Option<Delta>,
    },
    /// An item is complete: its status is `completed`. Follows its `ItemAppended`, once.
    ItemCompleted(Arc<ConversationItem>),
    /// An item that was asked for, with its audio (`conversation.item.retrieved`).
    ItemRetrieved(Arc<Item>),
    /// An item left the conversation (`conversation.item.deleted`).
    ItemDeleted(ItemId),
    /// The user began to speak (`input_audio_buffer.speech_started`): stop playing.
    Interrupted,
    /// A response begins (`response.created`).
    ResponseCreated(Arc<Response>),
    /// A response ended, whatever its outcome (`response.done`).
    ResponseDone(Arc<Response>),
    /// What the account may still use (`rate_limits.updated`).
    RateLimits(Arc<List<RateLimit>>),
    /// Something went wrong. The session goes on.
    Error(Arc<SessionError>),
    /// The service sent an event newer than this crate.
    UnknownEvent {
        /// Its `type`.
        name: String,
    },
    /// The connection is gone. The conversation stays as it is.
    Disconnected(Arc<Close>),
    /// So many events were dropped because this listener took too long. Told by the client, not by the machine.
    Lagged(u64),
}

/// How a connection ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Close {
    /// The close code of the WebSocket; `None` when it ended without a close frame.
    pub code: Option<u16>,
    /// The reason given, such as `invalid_request_error.invalid_api_key`.
    pub reason: String,
    /// True when this side asked for it.
    pub by_us: bool,
}

impl Close {
    /// What happened and what to do about it, in a sentence.
    pub fn explanation(&self) -> String {
        let what = match (self.code, self.reason.as_str()) {
            _ if self.by_us => return "the connection was closed by this side".to_owned(),
            (_, reason) if reason.contains("beta_api_shape_disabled") => {
                "the service no longer speaks the beta protocol: use the GA dialect"
            }
            (Some(3000), _) => "the service refused the credential: check the API key",
            (Some(1013), _) => "the account is out of credit: check its billing",
            (Some(1001), _) => "the service ended the session, as it does after its maximum duration: connect again",
            (Some(4000..=4999), _) => "the service refused the session: check the model and the URL",
            (Some(1009), _) => "a frame was larger than the service takes: send audio in smaller pieces",
            (Some(1000), _) => "the service closed the connection",
            (Some(_), _) => "the service closed the connection: connect again",
            (None, _) => "the connection was lost without a close: check the network and connect again",
        };
        match (self.code, self.reason.as_str()) {
            (Some(code), "") => format!("{what} (close {code})"),
            (Some(code), reason) => format!("{what} (close {code}: {reason})"),
            (None, "") => what.to_owned(),
            // This side says what happened, and what to do.
            (None, reason) => format!("the connection was lost, connect again: {reason}"),
        }
    }
}

/// An addition to an item.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Delta {
    /// Written text.
    Text(Arc<str>),
    /// Transcript of speech.
    Transcript(Arc<str>),
    /// Speech, at the rate of the session's output format (24 kHz unless G.711).
    Audio {
        /// The part of the item it belongs to.
        content_index: usize,
        /// The samples, shared with the conversation.
        samples: AudioChunk,
    },
    /// Arguments of a function call, a piece of a JSON text.
    Arguments(Arc<str>),
}

/// Something that went wrong. Only the end of the connection ends the session.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The connection could not be made, or broke.
    #[error(transparent)]
    Connection(Arc<dyn std::error::Error + Send + Sync>),
    /// The service refused an event of ours (`error`).
    #[error("the service says: {}", describe(.0))]
    Service(Box<ApiError>),
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
    #[error("speech of item {item_id} was not transcribed: {}", reason(.error))]
    TranscriptionFailed {
        /// The item.
        item_id: ItemId,
        /// Why not.
        error: Box<ErrorDetail>,
    },
    /// The service sent more than we keep about items it never announced; the oldest was given up.
    #[error("{0} was never announced and there are too many such items: what came for it is dropped")]
    ItemNeverAnnounced(ItemId),
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
}

fn describe(error: &ApiError) -> String {
    let text = |member: &vivavoce_protocol::Member<String>| member.get().cloned().unwrap_or_default();
    let (code, message, param) = (text(&error.code), text(&error.message), text(&error.param));
    let mut description = if message.is_empty() { "an error without a message".to_owned() } else { message };
    if !code.is_empty() {
        description.push_str(&format!(" [{code}]"));
    }
    if !param.is_empty() {
        description.push_str(&format!(" (at {param})"));
    }
    description
}

fn reason(error: &ErrorDetail) -> &str {
    error.message.get().map_or("no reason given", String::as_str)
}
