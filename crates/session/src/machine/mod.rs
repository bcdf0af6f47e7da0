//! The machine: what comes from the network, and what goes out.

mod acknowledgements;
mod commands;
mod config;
mod configuration;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use vivavoce_audio::AudioEncoding;
use vivavoce_protocol::payload::SessionEvent;
use vivavoce_protocol::{ClientEvent, DecodeError, Dialect, EventId, ItemId, Member, Response, ServerEvent, Session};

use crate::accounting::Accounting;
use crate::conversation::{Change, RealtimeConversation, Retention};
use crate::ids::Ids;
use crate::input_audio::InputAudio;
use crate::{Close, Event, SessionError, encoding};

pub use acknowledgements::{Acknowledgement, Outcome};
use acknowledgements::{Acknowledgements, Expected};
pub use commands::UserContent;
pub use config::default_session;
use configuration::Configuration;

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
            accounting: Accounting::default(),
            now: Duration::ZERO,
            changes: Vec::new(),
        }
    }

    // --- What the clock brings -------------------------------------------------------------------------------

    /// The time, counted from a start of the caller's choice: whenever it matters for what follows, and when
    /// [`poll_timeout`](Self::poll_timeout) is due. Time that goes back stands still.
    pub fn handle_time(&mut self, now: Duration) {
        self.now = self.now.max(now);
        self.acknowledgements.expire(self.now);
    }

    // --- What the network brings -----------------------------------------------------------------------------

    /// The connection is open: the configuration goes out.
    pub fn handle_connected(&mut self) {
        self.link = Link::Open;
        self.input.reset();
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
            self.conversation.connection_lost();
            self.acknowledgements.connection_lost();
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

    /// An event came: [`handle_frame`](Self::handle_frame) for callers that decode by themselves.
    pub fn handle_event(&mut self, event: &ServerEvent<'_>) {
        match event {
            ServerEvent::SessionCreated(created) => {
                if let Some(session) = self.session_in_force(&created.session) {
                    self.take_formats(&session);
                    self.link = Link::Ready(session.clone());
                    self.events.push_back(Event::SessionCreated(session));
                }
            }
            ServerEvent::SessionUpdated(updated) => {
                self.configuration.accepted();
                // A service may confirm without naming what it confirms.
                self.set_output_encoding(&self.configuration.agreed().clone());
                if let Some(session) = self.session_in_force(&updated.session) {
                    self.take_formats(&session);
                    self.link = Link::Ready(session.clone());
                    let told = Acknowledgement::SessionUpdated(session.clone());
                    self.acknowledgements.unnamed(&Expected::SessionUpdated, told);
                    self.events.push_back(Event::SessionUpdated(session));
                }
            }
            ServerEvent::SpeechStarted(started) => {
                if let (Some(id), Some(start)) = (started.item_id.get(), started.audio_start_ms.get()) {
                    self.input.speech_started(id.clone(), start.unsigned());
                }
                self.events.push_back(Event::Interrupted);
            }
            ServerEvent::SpeechStopped(stopped) => {
                if let (Some(id), Some(end)) = (stopped.item_id.get(), stopped.audio_end_ms.get()) {
                    self.input.speech_stopped(id.clone(), end.unsigned());
                }
                self.accounting.asked(self.now);
            }
            ServerEvent::InputTimeoutTriggered(timeout) => {
                if let (Some(id), Some(start), Some(end)) =
                    (timeout.item_id.get(), timeout.audio_start_ms.get(), timeout.audio_end_ms.get())
                {
                    self.input.speech_started(id.clone(), start.unsigned());
                    self.input.speech_stopped(id.clone(), end.unsigned());
                }
            }
            ServerEvent::InputAudioCommitted(committed) => {
                if committed.previous_item_id.get().is_some() {
                    self.conversation.trust_null_predecessor();
                }
                if let Some(id) = committed.item_id.get() {
                    // A turn of the service's own answers nobody.
                    if !self.input.is_turn(id) {
                        let told = Acknowledgement::Committed(id.clone());
                        self.acknowledgements.unnamed(&Expected::Committed, told);
                    }
                    let audio = self.input.committed(id);
                    self.conversation.attach_user_audio(id, audio, &mut self.changes);
                    self.tell_changes();
                }
            }
            ServerEvent::InputAudioCleared(_) => {
                self.input.cleared();
                self.acknowledgements.unnamed(&Expected::Cleared, Acknowledgement::Cleared);
            }
            ServerEvent::InputTranscriptionFailed(failed) => {
                if let (Some(id), Some(error)) = (failed.item_id.get(), failed.error.get()) {
                    let (item_id, error) = (id.clone(), Box::new(error.clone()));
                    self.fail(SessionError::TranscriptionFailed { item_id, error });
                }
            }
            ServerEvent::RateLimitsUpdated(limits) => {
                if let Some(limits) = limits.rate_limits.get() {
                    let limits = Arc::new(limits.clone());
                    self.accounting.set_limits(limits.clone());
                    self.events.push_back(Event::RateLimits(limits));
                }
            }
            ServerEvent::Error(error) => {
                let Some(error) = error.error.get() else { return };
                if let Some(id) = error.event_id.get() {
                    self.input.refused(id);
                    self.acknowledgements.refused(id, error);
                    if self.configuration.refused(id) {
                        self.set_input_encoding(&self.configuration.wanted().clone());
                    }
                }
                self.fail(SessionError::Service(Box::new(error.clone())));
            }
            ServerEvent::Unknown(unknown) => {
                self.events.push_back(Event::UnknownEvent { name: unknown.name().to_owned() });
            }
            event => {
                self.keep_books(event);
                self.conversation.process_event(event, &mut self.changes);
                self.acknowledge(event);
                self.tell_changes();
                self.tell_answer(event);
            }
        }
    }

    /// Writes down what an event tells of cost and time, once.
    fn keep_books(&mut self, event: &ServerEvent<'_>) {
        let (books, now) = (&mut self.accounting, self.now);
        match event {
            ServerEvent::OutputAudioDelta(delta) if books.awaits_output() => books.output(delta.response_id.get(), now),
            ServerEvent::OutputTextDelta(delta) | ServerEvent::OutputAudioTranscriptDelta(delta)
                if books.awaits_output() =>
            {
                books.output(delta.response_id.get(), now);
            }
            ServerEvent::ResponseCreated(event) => {
                if let Some(id) = event.response.get().and_then(|response| response.id.get()) {
                    books.created(id, now);
                }
            }
            ServerEvent::ResponseDone(event) => {
                let Some(response) = event.response.get() else { return };
                let Some(id) = response.id.get() else { return };
                // What is done already has been counted.
                if self.conversation.response(id.as_str()).is_none_or(|record| record.is_active()) {
                    books.done(id, response.usage.get(), now);
                }
            }
            ServerEvent::InputTranscriptionCompleted(event) => {
                if let (Some(id), Some(usage)) = (event.item_id.get(), event.usage.get()) {
                    books.transcribed(id, usage);
                }
            }
            _ => {}
        }
    }

    /// Tells the command that this event acknowledges.
    fn acknowledge(&mut self, event: &ServerEvent<'_>) {
        let item = |id: &Member<ItemId>| id.get().cloned();
        let acknowledgements = &mut self.acknowledgements;
        match event {
            ServerEvent::ItemAdded(event) | ServerEvent::ItemCreated(event) | ServerEvent::ItemDone(event) => {
                if let Some(id) = event.item.get().and_then(|item| item.id()) {
                    acknowledgements.named(&Expected::ItemAdded(id.clone()), Acknowledgement::ItemAdded(id.clone()));
                }
            }
            ServerEvent::ItemRetrieved(event) => {
                if let Some(item) = event.item.get()
                    && let Some(id) = item.id()
                {
                    let told = Acknowledgement::ItemRetrieved(Arc::new((**item).clone()));
                    acknowledgements.named(&Expected::ItemRetrieved(id.clone()), told);
                }
            }
            ServerEvent::ItemTruncated(event) => {
                if let Some(id) = item(&event.item_id) {
                    acknowledgements.named(&Expected::ItemTruncated(id.clone()), Acknowledgement::ItemTruncated(id));
                }
            }
            ServerEvent::ItemDeleted(event) => {
                if let Some(id) = item(&event.item_id) {
                    acknowledgements.named(&Expected::ItemDeleted(id.clone()), Acknowledgement::ItemDeleted(id));
                }
            }
            _ => {}
        }
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
        self.events.pop_front()
    }

    /// The next command to tell what became of it, by the id it returned.
    pub fn poll_outcome(&mut self) -> Option<(EventId, Outcome)> {
        self.acknowledgements.poll()
    }

    /// When [`handle_time`](Self::handle_time) is to be called, at the latest.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.acknowledgements.deadline()
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

    /// A response begins or ends: tells who asked for it, or for its end.
    fn acknowledge_response(&mut self, event: &ServerEvent<'_>, response: &Arc<Response>) {
        match event {
            ServerEvent::ResponseCreated(_) => {
                let told = Acknowledgement::ResponseCreated(response.clone());
                let tag = response.metadata.get().and_then(|metadata| metadata.get(COMMAND_TAG).cloned());
                match tag {
                    Some(command) => self.acknowledgements.tagged(&EventId::from(command), told),
                    None => self.acknowledgements.unnamed(&Expected::ResponseCreated, told),
                }
            }
            ServerEvent::ResponseDone(_) => {
                if let Some(id) = response.id.get() {
                    let told = Acknowledgement::ResponseDone(response.clone());
                    self.acknowledgements.named(&Expected::ResponseDone(id.clone()), told);
                }
            }
            _ => {}
        }
    }

    fn send_frame(&mut self, frame: String) {
        self.outgoing += frame.len();
        self.transmit.push_back(frame);
    }

    fn fail(&mut self, error: SessionError) {
        self.events.push_back(Event::Error(Arc::new(error)));
    }

    /// The session an event names; the one we know when it names none.
    fn session_in_force(&self, session: &Member<Box<Session>>) -> Option<Arc<Session>> {
        session.get().map(|session| Arc::new((**session).clone())).or_else(|| self.session().cloned())
    }

    /// What the service says is in force.
    fn take_formats(&mut self, session: &Session) {
        // Updates that are on their way count already for what is sent behind them.
        if self.configuration.is_settled() {
            self.set_input_encoding(session);
        }
        self.set_output_encoding(session);
    }

    fn set_input_encoding(&mut self, session: &Session) {
        if let Some(input) = session.audio_input().and_then(|input| encoding(&input.format)) {
            self.input.set_encoding(input);
            self.conversation.set_input_encoding(input);
        }
    }

    fn set_output_encoding(&mut self, session: &Session) {
        if let Some(output) = session.audio_output().and_then(|output| encoding(&output.format)) {
            self.conversation.set_output_encoding(output);
        }
    }

    fn tell_changes(&mut self) {
        let Self { changes, events, conversation, .. } = self;
        let snapshot = |id: &_| conversation.item(id).map(|item| Arc::new(item.clone()));
        events.extend(changes.drain(..).filter_map(|change| {
            Some(match change {
                Change::Appended(id) => Event::ItemAppended(snapshot(id.as_str())?),
                Change::Completed(id) => Event::ItemCompleted(snapshot(id.as_str())?),
                Change::Updated(item_id, delta) => Event::ItemUpdated { item_id, delta },
                Change::Deleted(id) => Event::ItemDeleted(id),
                Change::DamagedAudio(item_id, source) => {
                    Event::Error(Arc::new(SessionError::DamagedAudio { item_id, source }))
                }
                Change::NeverAnnounced(id) => Event::Error(Arc::new(SessionError::ItemNeverAnnounced(id))),
            })
        }));
    }

    /// Tells what came beyond changes of items.
    fn tell_answer(&mut self, event: &ServerEvent<'_>) {
        let (response, tell): (_, fn(_) -> Event) = match event {
            ServerEvent::ResponseCreated(event) => (&event.response, Event::ResponseCreated),
            ServerEvent::ResponseDone(event) => (&event.response, Event::ResponseDone),
            ServerEvent::ItemRetrieved(event) => {
                self.events.extend(event.item.get().map(|item| Event::ItemRetrieved(Arc::new((**item).clone()))));
                return;
            }
            _ => return,
        };
        let Some(response) = response.get() else { return };
        let record = response.id.get().and_then(|id| self.conversation.response(id.as_str()));
        let response = record.map_or_else(|| Arc::new((**response).clone()), |record| record.response().clone());
        self.acknowledge_response(event, &response);
        self.events.push_back(tell(response));
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
