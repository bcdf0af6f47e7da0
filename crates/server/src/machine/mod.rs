//! The server's side of one session, as a machine without I/O.
//!
//! It keeps the conversation, the input audio buffer and the responses in progress; it says what must be sent, what an
//! engine must do and when it must be woken. It opens no socket, reads no clock and rolls no dice: time is a
//! [`Duration`] since a start the caller chose, ids come from a seed. What answers is an [engine](crate::Engine),
//! which the caller runs.
//!
//! # The contract
//!
//! `handle_*` brings what the network, the clock, the engine and MCP servers bring; `poll_*` drains what is wanted.
//! **After every `handle_*`, drain all of them** before waiting: [`poll_transmit`](Machine::poll_transmit),
//! [`poll_job`](Machine::poll_job), [`poll_timeout`](Machine::poll_timeout), and
//! [`poll_close`](Machine::poll_close) at last.
//!
//! No input panics, whatever it says and in whatever order. Memory is bounded: the bounds are stated with the input
//! buffer (60 minutes), the conversation (10 000 items, 64 MiB of text, 400 MiB of audio), the responses
//! ([`Machine::MAX_RESPONSES`]), the transcriptions (64), the translations that still speak (8) and MCP. What is sent is bounded by the caller, who stops handling frames and pieces
//! while [`backlog_bytes`](Machine::backlog_bytes) is too large.
//!
//! ```
//! use std::time::Duration;
//! use vivavoce_server::machine::{Job, Machine, MachineConfig};
//! use vivavoce_server::EngineEvent;
//!
//! let mut machine = Machine::new(MachineConfig::realtime("gpt-realtime"), Duration::ZERO);
//! assert!(machine.poll_transmit().is_some_and(|frame| frame.contains("session.created")));
//! machine.handle_frame(r#"{"type":"response.create"}"#, Duration::from_secs(1));
//! let Some(Job::Respond { id, .. }) = machine.poll_job() else { panic!("a response was asked for") };
//! machine.handle_engine(id, EngineEvent::Transcript("Hello.".to_owned()), Duration::from_secs(2));
//! machine.handle_engine(id, EngineEvent::Done, Duration::from_secs(2));
//! let frames: Vec<_> = std::iter::from_fn(|| machine.poll_transmit()).collect();
//! assert!(frames.iter().any(|frame| frame.contains("response.done")));
//! ```
//!
//! # Usage
//!
//! Tokens are estimates. Audio counts as at the service: 1 token per 100 ms of the user's, 1 per 50 ms of the model's, rounded
//! up for each part. Text counts 1 token per 4 characters, rounded up, each text by itself; an image 85. Of the input, what the
//! request before began with as well is cached. `gpt-4o-*transcribe` models are billed by tokens, other transcriptions by
//! seconds, rounded up. What is beyond the model's context (28 224 tokens; 123 904 of `gpt-realtime-2`) is dropped as the
//! session's `truncation` says.

mod config;
mod context;
mod conversation;
mod fields;
mod ids;
mod input;
mod interpreter;
mod item;
mod job;
mod mcp;
mod models;
mod outbox;
mod refusal;
mod request;
mod response;
mod settings;
mod talk;
mod template;
mod transcription;
mod turn;
mod usage;

use std::time::Duration;

use serde_json::value::RawValue;
use vivavoce_protocol::{ClientEvent, EventId, Members};

use crate::engine::EngineEvent;
use fields::Path;
use interpreter::Interpreter;
use outbox::Outbox;
use refusal::Refusal;
use talk::Talk;

pub use config::{MachineConfig, SessionKind, TurnedAway};
pub use job::{Job, JobId, McpEvent, McpServer, McpTarget};
#[cfg(feature = "mcp")]
pub(crate) use mcp::MAX_TOOLS;
pub use models::MODELS;
pub use refusal::Close;
pub use template::{ApiFault, SessionTemplate, TemplateKind};

/// The protocol machine of one session. See the [module](self) for its contract.
#[derive(Debug)]
pub struct Machine {
    session_kind: SessionKind,
    lifetime: Duration,
    kind: Kind,
    phase: Phase,
}

/// What the session is for. Each kind has an outbox of its own.
#[derive(Debug)]
enum Kind {
    Talk(Box<Talk>),
    Translation(Box<Interpreter>),
    /// It could not be set up: there is only a farewell to be sent.
    Nothing(Outbox),
}

/// ```text
///  Open{expires_at} ── lifetime over, or never set up ──► Closing(close) ── poll_close ──► Closed
/// ```
#[derive(Debug)]
enum Phase {
    Open {
        expires_at: Duration,
    },
    /// The socket is to be closed so, once everything is sent.
    Closing(Close),
    Closed,
}

impl Machine {
    /// Responses that can be in progress at a time: one in the conversation, the others out of band.
    pub const MAX_RESPONSES: usize = 16;

    /// Opens a session: `session.created`, in beta followed by `conversation.created`.
    ///
    /// A session that cannot be set up gets an `error` and is closed: a conversation without a model, a transcription
    /// session with one, a connection that is [turned away](MachineConfig::turned_away).
    pub fn new(config: MachineConfig, now: Duration) -> Self {
        match config.refusal() {
            Some((refusal, close)) => {
                let mut out = Outbox::new(config.dialect, config.seed);
                out.refuse(refusal, None);
                Self::of(&config, Kind::Nothing(out), Phase::Closing(close))
            }
            None => {
                let kind = match config.kind {
                    SessionKind::Translation => Kind::Translation(Box::new(Interpreter::open(&config))),
                    SessionKind::Realtime | SessionKind::Transcription => Kind::Talk(Box::new(Talk::open(&config))),
                };
                let phase = Phase::Open { expires_at: now.saturating_add(config.lifetime) };
                Self::of(&config, kind, phase)
            }
        }
    }

    const fn of(config: &MachineConfig, kind: Kind, phase: Phase) -> Self {
        Self { session_kind: config.kind, lifetime: config.lifetime, kind, phase }
    }

    // --- What comes ---------------------------------------------------------------------------------------------

    /// A text frame came: one client event. Whatever is wrong with it is answered by `error`.
    pub fn handle_frame(&mut self, frame: &str, now: Duration) {
        if !self.is_open() {
            return;
        }
        if let Err((refusal, cause)) = self.handle_event(frame, now) {
            self.out().refuse(refusal, cause);
        }
        self.close_when_over();
    }

    /// A binary frame came: the protocol has none.
    pub fn handle_binary(&mut self, _now: Duration) {
        if self.is_open() {
            self.out().refuse(refusal::binary_frame(), None);
        }
    }

    /// The time [`poll_timeout`](Self::poll_timeout) named has come. Calling it early or late does no harm.
    pub fn handle_timeout(&mut self, now: Duration) {
        match (&self.phase, &mut self.kind) {
            (Phase::Open { expires_at }, kind) if now >= *expires_at => {
                match kind {
                    Kind::Talk(talk) => talk.stop(),
                    Kind::Translation(interpreter) => interpreter.stop(),
                    Kind::Nothing(_) => {}
                }
                let lifetime = self.lifetime;
                self.out().refuse(refusal::session_expired(lifetime), None);
                self.phase = Phase::Closing(Close::expired(lifetime));
            }
            (Phase::Open { .. }, Kind::Talk(talk)) => talk.check_idle(now),
            _ => {}
        }
    }

    /// The engine made a piece of a response, a transcription or a translation. Pieces of what is over are ignored.
    pub fn handle_engine(&mut self, id: JobId, event: EngineEvent, now: Duration) {
        match &mut self.kind {
            Kind::Talk(talk) => talk.handle_engine(id, event, now),
            Kind::Translation(interpreter) => interpreter.handle_engine(id, event),
            Kind::Nothing(_) => {}
        }
        self.close_when_over();
    }

    /// A job that spoke to an MCP server is done. What comes of jobs that are over is ignored.
    pub fn handle_mcp(&mut self, id: JobId, event: McpEvent, now: Duration) {
        match &mut self.kind {
            Kind::Talk(talk) => talk.handle_mcp(id, event, now),
            Kind::Translation(_) | Kind::Nothing(_) => {}
        }
    }

    // --- What is wanted -----------------------------------------------------------------------------------------

    /// The next text frame to send.
    pub fn poll_transmit(&mut self) -> Option<String> {
        self.out().poll()
    }

    /// The next order for the engine or for an MCP server.
    pub fn poll_job(&mut self) -> Option<Job> {
        self.out().poll_job()
    }

    /// What went wrong and no event has a place for, such as why the tools of an MCP server could not be listed: for whoever
    /// runs the server. It need not be drained; what is beyond 64 is dropped.
    pub fn poll_note(&mut self) -> Option<String> {
        self.out().poll_note()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    pub fn poll_timeout(&self) -> Option<Duration> {
        match (&self.phase, &self.kind) {
            (Phase::Open { expires_at }, Kind::Talk(talk)) => {
                Some(talk.deadline().map_or(*expires_at, |idle| idle.min(*expires_at)))
            }
            (Phase::Open { expires_at }, _) => Some(*expires_at),
            _ => None,
        }
    }

    /// How the socket is to be closed. Comes once, when everything has been sent.
    pub fn poll_close(&mut self) -> Option<Close> {
        if self.backlog_bytes() > 0 || self.is_open() {
            return None;
        }
        match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Closing(close) => Some(close),
            Phase::Open { .. } | Phase::Closed => None,
        }
    }

    /// The session is over: what waits is still to be sent, then the socket closed. A client that does not take it need not
    /// be waited for.
    pub const fn is_closing(&self) -> bool {
        !self.is_open()
    }

    /// Bytes of frames that wait to be sent.
    pub const fn backlog_bytes(&self) -> usize {
        match &self.kind {
            Kind::Talk(talk) => talk.out.bytes(),
            Kind::Translation(interpreter) => interpreter.out.bytes(),
            Kind::Nothing(out) => out.bytes(),
        }
    }

    // --- Within -------------------------------------------------------------------------------------------------

    const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    /// A translation ends by itself when everything has been said.
    fn close_when_over(&mut self) {
        if let (Phase::Open { .. }, Kind::Translation(interpreter)) = (&self.phase, &self.kind)
            && interpreter.is_over()
        {
            self.phase = Phase::Closing(Close::normal());
        }
    }

    const fn out(&mut self) -> &mut Outbox {
        match &mut self.kind {
            Kind::Talk(talk) => &mut talk.out,
            Kind::Translation(interpreter) => &mut interpreter.out,
            Kind::Nothing(out) => out,
        }
    }

    /// Handles one event; what is refused comes with the `event_id` of its cause.
    fn handle_event(&mut self, frame: &str, now: Duration) -> Result<(), (Refusal, Option<EventId>)> {
        let json: &RawValue = serde_json::from_str(frame).map_err(|_| (refusal::not_json(), None))?;
        let members = Members::of(json).ok_or_else(|| (refusal::no_type(), None))?;
        let cause = members.text("event_id").map(|id| EventId::from(&*id));
        let because = |refusal| (refusal, cause.clone());
        fields::events(self.session_kind, self.out().dialect).check(json, Path::Root).map_err(because)?;
        // What fits the description can be read.
        let event = ClientEvent::decode(frame, self.out().dialect).map_err(|_| because(refusal::no_type()))?;
        match &mut self.kind {
            Kind::Talk(talk) => talk.handle_event(event, now).map_err(because),
            Kind::Translation(interpreter) => interpreter.handle_event(event).map_err(because),
            Kind::Nothing(_) => Ok(()),
        }
    }
}
