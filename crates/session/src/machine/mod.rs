//! The machine: what comes from the network, and what goes out.

mod acknowledgements;
mod commands;
mod config;
mod configuration;
mod incoming;
mod interruption;
mod promises;
mod repeats;
mod slot;
mod tools;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use vivavoce_audio::AudioEncoding;
use vivavoce_protocol::payload::SessionEvent;
use vivavoce_protocol::{ClientEvent, DecodeError, Dialect, EventId, ServerEvent, Session};

use crate::accounting::Accounting;
use crate::conversation::{Change, RealtimeConversation, Retention};
use crate::ids::Ids;
use crate::input_audio::InputAudio;
use crate::playback::Playback;
use crate::{Close, Delta, Diagnostic, Event, Prices, SessionError};

pub use acknowledgements::{Acknowledgement, Outcome};
use acknowledgements::{Acknowledgements, Expected};
pub use commands::UserContent;
pub use config::default_session;
use configuration::Configuration;
pub use interruption::{InterruptedItem, Interruption, InterruptionCause};
use promises::Promises;
use repeats::Repeats;
use slot::Slot;
use tools::Tools;
pub use tools::{McpApproval, ToolCall, ToolFailure, ToolOutcome, error_output};

/// How a session is kept.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// The protocol to speak, [`Dialect::Ga`] by default.
    pub dialect: Dialect,
    /// What the session is configured with on each connection; by default what the reference client asks for
    /// (see [`SessionOptions::default`]).
    pub session: Session,
    /// Which audio of items is kept, all by default.
    pub retention: Retention,
    /// How much of the user's audio is kept for items to come, 10 minutes by default. Older audio is
    /// forgotten, whether a turn was made of it or not.
    pub max_input_audio: Duration,
    /// How much may wait to be sent, in bytes, 32 MiB by default. Commands beyond it fail with
    /// [`CommandError::Congested`](crate::CommandError::Congested).
    pub max_outgoing: usize,
    /// How long a command may wait to be answered, 10 seconds by default: then its outcome is
    /// [`Outcome::Unanswered`].
    pub command_timeout: Duration,
    /// Whether speech of the user interrupts the model: what was not heard is taken back by itself, true by default.
    /// Otherwise [`Event::Interrupted`] only says that the user speaks.
    pub interrupt_on_speech: bool,
    /// What models cost; by default a table of the vendor's with its date.
    pub prices: Prices,
    /// After so many US dollars, as estimated, no more responses are asked for, and those that the service starts are
    /// cancelled. None by default.
    pub budget: Option<f64>,
    /// The seed of event and item ids, 0 by default: give each session its own.
    pub seed: u64,
}

/// Speech and text, voice `verse`, PCM16, no transcription, no turn detection, no tools, 4096 tokens a response:
/// what the reference client asks for.
impl Default for SessionOptions {
    fn default() -> Self {
        Self {
            dialect: Dialect::Ga,
            session: Session::Realtime(default_session()),
            retention: Retention::All,
            max_input_audio: Duration::from_secs(600),
            max_outgoing: 32 * 1024 * 1024,
            command_timeout: Duration::from_secs(10),
            interrupt_on_speech: true,
            prices: Prices::default(),
            budget: None,
            seed: 0,
        }
    }
}

/// The client's side of a session. See the [crate documentation](crate) for its contract.
#[derive(Debug)]
pub struct SessionMachine {
    options: SessionOptions,
    configuration: Configuration,
    link: Link,
    conversation: RealtimeConversation,
    input: InputAudio,
    ids: Ids,
    transmit: VecDeque<String>,
    outgoing: usize,
    events: VecDeque<Event>,
    acknowledgements: Acknowledgements,
    slot: Slot,
    tools: Tools,
    playback: Playback,
    promises: Promises,
    repeats: Repeats,
    accounting: Accounting,
    /// The time since a start the caller chose.
    now: Duration,
    /// Reused from event to event.
    changes: Vec<Change>,
}

/// The member of `response.metadata` that says which command asked for a response: the service repeats it.
pub const COMMAND_TAG: &str = "vivavoce_command";

/// The connection as the session knows it.
///
/// ```text
/// Down --handle_connected--> Open --session.created--> Ready
///   ^----------------- handle_disconnected ---------------'
/// ```
#[derive(Debug)]
enum Link {
    Down,
    /// The socket is open; the service has not spoken.
    Open,
    /// The service said what session it is, and what is in force.
    Ready(Arc<Session>),
}

impl SessionMachine {
    /// A session that is not connected.
    pub fn new(options: SessionOptions) -> Self {
        let mut accounting = Accounting::default();
        accounting.set_budget(options.budget);
        let max_input_ms = u64::try_from(options.max_input_audio.as_millis()).unwrap_or(u64::MAX);
        Self {
            conversation: RealtimeConversation::new(options.retention),
            input: InputAudio::new(max_input_ms),
            ids: Ids::new(options.seed),
            configuration: Configuration::new(options.session.clone()),
            options,
            link: Link::Down,
            transmit: VecDeque::new(),
            outgoing: 0,
            events: VecDeque::new(),
            acknowledgements: Acknowledgements::default(),
            slot: Slot::default(),
            tools: Tools::default(),
            playback: Playback::default(),
            promises: Promises::default(),
            repeats: Repeats::default(),
            accounting,
            now: Duration::ZERO,
            changes: Vec::new(),
        }
    }

    // --- What the clock brings -------------------------------------------------------------------------------

    /// The time, counted from a start of the caller's choice: whenever it matters for what follows, and when
    /// [`poll_timeout`](Self::poll_timeout) is due. Time that goes back stands still.
    pub fn handle_time(&mut self, now: Duration) {
        self.now = self.now.max(now);
        self.playback.advance(self.now);
        self.note_playback();
        if self.poll_timeout().is_some_and(|at| at <= self.now) {
            self.expire();
        }
    }

    /// Something has waited for too long.
    #[inline(never)]
    fn expire(&mut self) {
        let running = self.conversation.active_response().and_then(|active| active.response().id.get());
        let given_up = self.slot.expire(self.now, running);
        let mut unanswered = self.acknowledgements.expire(self.now);
        for command in given_up {
            self.acknowledgements.tell(command.clone(), Outcome::Unanswered);
            unanswered.push(command);
        }
        for command in unanswered {
            self.note(Diagnostic::Unanswered { command });
        }
        while let Some((item_id, what)) = self.promises.broken(self.now) {
            self.note(Diagnostic::NeverCame { item_id, what });
        }
        self.pump();
    }

    // --- What the network brings -----------------------------------------------------------------------------

    /// The connection is open: the configuration goes out.
    pub fn handle_connected(&mut self) {
        self.link = Link::Open;
        self.input.reset();
        self.repeats = Repeats::default();
        self.conversation.connected();
        self.configuration.connected();
        let session = self.configuration.wanted().clone();
        self.set_input_encoding(&session);
        self.conversation.set_output_encoding(AudioEncoding::default());
        self.set_output_encoding(&session);
        self.send(ClientEvent::SessionUpdate(SessionEvent::new().session(Box::new(session))));
    }

    /// The connection is gone; what was not sent is dropped. The conversation stays.
    pub fn handle_disconnected(&mut self, close: Close) {
        if self.is_connected() {
            self.link = Link::Down;
            self.transmit.clear();
            self.outgoing = 0;
            self.await_no_item();
            self.lose_calls();
            self.conversation.connection_lost();
            self.acknowledgements.connection_lost();
            self.promises.clear();
            for command in self.slot.connection_lost() {
                self.acknowledgements.tell(command, Outcome::ConnectionLost);
            }
            self.events.push_back(Event::Disconnected(Arc::new(close)));
        }
    }

    /// The network failed in a way the application should hear of: [`Event::Error`].
    pub fn handle_connection_error(&mut self, error: impl std::error::Error + Send + Sync + 'static) {
        self.fail(SessionError::Connection(Arc::new(error)));
    }

    /// A frame came. What is not an event is reported as [`Event::Error`].
    pub fn handle_frame(&mut self, frame: &str) {
        match ServerEvent::decode(frame, self.options.dialect) {
            Ok(event) => self.handle_event(&event),
            Err(error) => self.handle_undecodable(error),
        }
    }

    /// A frame came that is not an event.
    pub fn handle_undecodable(&mut self, error: DecodeError) {
        self.fail(SessionError::Undecodable(error));
    }

    // --- What must go out ------------------------------------------------------------------------------------

    /// The next frame to send.
    pub fn poll_transmit(&mut self) -> Option<String> {
        let frame = self.transmit.pop_front()?;
        self.outgoing -= frame.len();
        Some(frame)
    }

    /// The next thing to tell the application.
    pub fn poll_event(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        if let Event::ItemUpdated { item_id, delta: Some(Delta::Audio { content_index, samples }) } = &event {
            self.playback.handed_out(item_id, *content_index, samples.len() as u64);
        }
        Some(event)
    }

    /// The next command to tell what became of it, by the id it returned.
    pub fn poll_outcome(&mut self) -> Option<(EventId, Outcome)> {
        self.acknowledgements.poll()
    }

    /// When [`handle_time`](Self::handle_time) is to be called, at the latest.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let earlier = |one: Option<Duration>, other: Option<Duration>| match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        earlier(earlier(self.acknowledgements.deadline(), self.slot.deadline()), self.promises.deadline())
    }

    // --- What there is to see --------------------------------------------------------------------------------

    /// The conversation so far.
    pub const fn conversation(&self) -> &RealtimeConversation {
        &self.conversation
    }

    /// The session as the service has it, once it said so.
    pub fn session(&self) -> Option<&Arc<Session>> {
        match &self.link {
            Link::Ready(session) => Some(session),
            Link::Down | Link::Open => None,
        }
    }

    /// What the session is configured with on each connection: the defaults and every update
    /// since that was not refused.
    pub const fn configuration(&self) -> &Session {
        self.configuration.wanted()
    }

    /// True between [`handle_connected`](Self::handle_connected) and
    /// [`handle_disconnected`](Self::handle_disconnected).
    pub const fn is_connected(&self) -> bool {
        !matches!(self.link, Link::Down)
    }

    /// The protocol the session speaks.
    pub const fn dialect(&self) -> Dialect {
        self.options.dialect
    }

    /// The user's audio that may still become part of an item.
    pub const fn input_audio(&self) -> &vivavoce_audio::AudioBuffer {
        self.input.buffer()
    }

    /// The user's audio that was appended and not committed, as far as it is kept.
    pub fn pending_input_audio(&self) -> vivavoce_audio::AudioBuffer {
        self.input.pending()
    }

    /// How much of the model's speech was played.
    pub const fn playback(&self) -> &Playback {
        &self.playback
    }

    /// Whether speech of the user interrupts the model from now on
    /// ([`SessionOptions::interrupt_on_speech`]).
    pub const fn set_interrupt_on_speech(&mut self, interrupts: bool) {
        self.options.interrupt_on_speech = interrupts;
    }

    /// Prices and a budget from now on; what was counted stays as it is.
    pub fn set_prices(&mut self, prices: Prices) {
        self.options.prices = prices;
    }

    /// After so many US dollars no more responses are asked for; none without one.
    pub fn set_budget(&mut self, budget: Option<f64>) {
        self.accounting.set_budget(budget);
        self.watch_budget();
    }

    /// What the session has cost, what it may still use, and how long its answers took; over all connections.
    pub const fn accounting(&self) -> &Accounting {
        &self.accounting
    }

    /// Bytes waiting to be sent.
    pub const fn outgoing_bytes(&self) -> usize {
        self.outgoing
    }

    // --- Inside ----------------------------------------------------------------------------------------------

    fn send(&mut self, mut event: ClientEvent<'_>) -> EventId {
        let id = event.event_id().unwrap_or_else(|| self.ids.event_id());
        event.set_event_id(id.clone());
        self.keep_account(&mut event, &id);
        self.send_frame(event.to_json(self.options.dialect));
        id
    }

    /// Sends a command that hears of its outcome.
    fn send_command(&mut self, event: ClientEvent<'_>, expected: Expected) -> EventId {
        let id = self.send(event);
        let deadline = self.now.saturating_add(self.options.command_timeout);
        self.acknowledgements.expect(id.clone(), expected, deadline);
        id
    }

    fn send_frame(&mut self, frame: String) {
        self.outgoing += frame.len();
        self.transmit.push_back(frame);
    }

    fn note(&mut self, diagnostic: Diagnostic) {
        self.events.push_back(Event::Diagnostic(Arc::new(diagnostic)));
    }

    fn fail(&mut self, error: SessionError) {
        self.events.push_back(Event::Error(Arc::new(error)));
    }
}

/// The frame of an `input_audio_buffer.append`, written in place: this is what is sent most.
fn write_append(ids: &mut Ids, samples: &[i16], encoding: AudioEncoding, dialect: Dialect) -> String {
    let name = match dialect {
        Dialect::Translation => "session.input_audio_buffer.append",
        Dialect::Ga | Dialect::Beta => "input_audio_buffer.append",
    };
    let base64_length = (samples.len() * encoding.bytes_per_sample()).div_ceil(3) * 4;
    let mut frame = String::with_capacity(base64_length + 96);
    frame.push_str(r#"{"type":""#);
    frame.push_str(name);
    frame.push_str(r#"","event_id":""#);
    ids.write_event_id(&mut frame);
    frame.push_str(r#"","audio":""#);
    vivavoce_audio::encode_base64(samples, encoding, &mut frame);
    frame.push_str(r#""}"#);
    frame
}
