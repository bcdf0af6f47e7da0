//! What session-wide events carry: the session itself, errors, limits.

use crate::id::{ConversationId, EventId};
use crate::session::Session;
use crate::wire::{Int, List, Num, Open, object, words};

words! {
    /// What a rate limit counts.
    pub enum RateLimitName {
        /// Requests.
        Requests = "requests",
        /// Tokens.
        Tokens = "tokens",
    }
}

object! {
    /// An event that carries nothing.
    pub struct Bare {
        /// The event's id.
        event_id: EventId = Server,
    }
}

object! {
    /// A session, in force or asked for.
    pub struct SessionEvent {
        /// The event's id.
        event_id: EventId = Server,
        /// The session.
        session: Box<Session> = Always,
    }
}

object! {
    /// `conversation.created`.
    pub struct ConversationCreated {
        /// The event's id.
        event_id: EventId = Server,
        /// The conversation.
        conversation: Conversation = Always,
    }
}

object! {
    /// A conversation's name.
    pub struct Conversation {
        /// Its id.
        id: ConversationId,
        /// `realtime.conversation`.
        object: String,
    }
}

object! {
    /// `error`.
    pub struct ErrorEvent {
        /// The event's id.
        event_id: EventId = Server,
        /// What went wrong.
        error: ApiError = Always,
    }
}

object! {
    /// What the service has to say against an event.
    pub struct ApiError {
        /// The class of error, such as `invalid_request_error`.
        kind("type"): String = Always,
        /// The error itself, such as `invalid_value`.
        code: String,
        /// For people.
        message: String = Always,
        /// The parameter at fault, such as `session.voice`.
        param: String,
        /// The client event at fault, when it had an id.
        event_id: EventId,
    }
}

object! {
    /// What the account may still use.
    pub struct RateLimitsUpdated {
        /// The event's id.
        event_id: EventId = Server,
        /// The limits.
        rate_limits: List<RateLimit> = Always,
    }
}

object! {
    /// One limit.
    pub struct RateLimit {
        /// What it counts.
        name: Open<RateLimitName>,
        /// The most there can be.
        limit: Int,
        /// What is left.
        remaining: Int,
        /// When it is full again, in seconds.
        reset_seconds: Num,
    }
}

object!(value Conversation, ApiError, RateLimit);
