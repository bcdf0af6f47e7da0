//! What the session tells the application.

use std::sync::Arc;

use vivavoce_audio::AudioChunk;
use vivavoce_protocol::payload::RateLimit;
use vivavoce_protocol::{EventId, Item, ItemId, List, Response, Session};

use crate::{
    Advice, ConversationItem, Diagnostic, Interruption, McpApproval, SessionError, ToolCall, ToolOutcome, TurnTimes,
    UsageTotals, advice,
};

/// Something that happened in the session. Cloning and moving it is cheap: what is large is shared.
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
    /// Stop playing: the user began to speak (`input_audio_buffer.speech_started`), or the application interrupted. What
    /// was not heard has been taken back, if any was.
    Interrupted(Arc<Interruption>),
    /// The user stopped speaking (`input_audio_buffer.speech_stopped`); the item this becomes.
    SpeechStopped(ItemId),
    /// A response begins (`response.created`).
    ResponseCreated(Arc<Response>),
    /// A response ended, whatever its outcome (`response.done`).
    ResponseDone(Arc<Response>),
    /// The model calls a function, with all of its arguments. Whether a tool of the client answers it says
    /// [`ToolCall::handled`]; else answer it with [`answer_call`](crate::SessionMachine::answer_call).
    ToolCalled(Arc<ToolCall>),
    /// A call was answered, or given up.
    ToolAnswered(Arc<ToolOutcome>),
    /// All calls of a response are answered, and the model is asked to go on (`response.create`): the id of that event, which
    /// an error about it repeats.
    FollowUp(EventId),
    /// A tool of an MCP server wants leave to run (`mcp_approval_request`): answer with
    /// [`approve_mcp`](crate::SessionMachine::approve_mcp).
    ApprovalRequested(Arc<McpApproval>),
    /// What the account may still use (`rate_limits.updated`).
    RateLimits(Arc<List<RateLimit>>),
    /// What the session has used so far, after a response or a transcription told its usage.
    Usage(Arc<UsageTotals>),
    /// The times of an answer, once it is done and its first sound was played; again when one of them changes.
    TurnTimes(Arc<TurnTimes>),
    /// The budget is spent: no more responses are asked for. Once.
    BudgetSpent {
        /// What the session has cost, in US dollars, as estimated.
        spent: f64,
        /// The budget.
        budget: f64,
    },
    /// Something went wrong. The session goes on.
    Error(Arc<SessionError>),
    /// Something worth a note, and nothing to act on.
    Diagnostic(Arc<Diagnostic>),
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
    /// Who must act, and whether connecting again helps.
    pub fn advice(&self) -> Advice {
        Advice::for_close(self)
    }

    /// What happened and what to do about it, in a sentence.
    pub fn explanation(&self) -> String {
        let what = match (self.code, self.reason.as_str()) {
            _ if self.by_us => return "the connection was closed by this side".to_owned(),
            (_, reason) if advice::says(reason, "beta_api_shape_disabled") => {
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

#[cfg(test)]
mod tests {
    #[test]
    fn events_are_small() {
        // They are moved and cloned for each listener, and wait in rings of thousands.
        assert!(size_of::<super::Event>() <= 64, "{}", size_of::<super::Event>());
    }
}
