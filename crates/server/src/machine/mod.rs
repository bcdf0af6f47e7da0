//! The server's side of one session, as a machine without I/O.
//!
//! It keeps the conversation, the input audio buffer and the responses in progress; it says what must be sent, what an
//! engine must do and when it must be woken. It opens no socket, reads no clock and rolls no dice: time is a
//! [`Duration`] since a start the caller chose, ids come from a seed. What answers is an [engine](crate::Engine),
//! which the caller runs.
//!
//! # The contract
//!
//! `handle_*` brings what the network, the clock and the engine bring; `poll_*` drains what is wanted. **After every
//! `handle_*`, drain all of them** before waiting: [`poll_transmit`](Machine::poll_transmit),
//! [`poll_job`](Machine::poll_job), [`poll_timeout`](Machine::poll_timeout), and
//! [`poll_close`](Machine::poll_close) at last.
//!
//! No input panics, whatever it says and in whatever order. Memory is bounded: the bounds are stated with the input
//! buffer (60 minutes), the conversation (10 000 items, 64 MiB of text, 400 MiB of audio) and the responses
//! ([`Machine::MAX_RESPONSES`]). What is sent is bounded by the caller, who stops handling frames and pieces
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
//! let Some(Job::Start { id, .. }) = machine.poll_job() else { panic!("a response was asked for") };
//! machine.handle_engine(id, EngineEvent::Transcript("Hello.".to_owned()), Duration::from_secs(2));
//! machine.handle_engine(id, EngineEvent::Done, Duration::from_secs(2));
//! let frames: Vec<_> = std::iter::from_fn(|| machine.poll_transmit()).collect();
//! assert!(frames.iter().any(|frame| frame.contains("response.done")));
//! ```

mod check;
mod conversation;
mod ids;
mod input;
mod item;
mod job;
mod outbox;
mod refusal;
mod request;
mod response;
mod settings;
mod shape;
mod turn;
mod usage;

use std::collections::VecDeque;
use std::time::Duration;

use vivavoce_protocol::payload::{
    Bare, Conversation as ConversationName, ConversationCreated, ItemEvent, ItemNotice, ItemRetrieved, ItemTruncation,
    SessionEvent,
};
use vivavoce_protocol::{
    ClientEvent, Defect, Dialect, Int, ItemId, Member, ResponseId, ServerEvent, Session, StatusReason,
};

use crate::engine::{ContextItem, EngineEvent};
use conversation::{Conversation, Place};
use input::InputBuffer;
use item::Reading;
use outbox::Outbox;
use refusal::Refusal;
use response::{ActiveResponse, Outcome, Stage};
use settings::Settings;

pub use job::{Job, JobId};
pub use refusal::Close;

/// How long a session lives, in seconds: `session.expires_at` is its creation plus this.
const LIFETIME_S: u64 = 3600;
/// Base64 of 15 MiB of audio, the most one append may hold.
const MAX_APPEND: usize = 20 << 20;
const MAX_EVENT_ID: usize = 512;

/// The client events of a GA WebSocket, in the order the service lists them.
const GA_EVENTS: [&str; 12] = [
    "session.update",
    "session.close",
    "input_audio_buffer.append",
    "session.input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "conversation.item.create",
    "conversation.item.truncate",
    "conversation.item.delete",
    "conversation.item.retrieve",
    "response.create",
    "response.cancel",
];
const BETA_EVENTS: [&str; 11] = [
    "session.update",
    "transcription_session.update",
    "input_audio_buffer.append",
    "input_audio_buffer.commit",
    "input_audio_buffer.clear",
    "conversation.item.create",
    "conversation.item.truncate",
    "conversation.item.delete",
    "conversation.item.retrieve",
    "response.create",
    "response.cancel",
];

/// How a session is opened. It is fixed by the URL and the headers of the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineConfig {
    /// The dialect the client asked for; GA by default.
    pub dialect: Dialect,
    /// The model of the URL. A conversation needs one, any name will do; a transcription session must have none.
    pub model: Option<String>,
    /// Whether it is a transcription session (`?intent=transcription`).
    pub transcription: bool,
    /// Where ids come from: the same seed gives the same ids.
    pub seed: u64,
    /// When the session is opened, in Unix seconds: for `session.expires_at`.
    pub opened_at: u64,
}

impl MachineConfig {
    /// A GA conversation with a model, seed 0, opened at the epoch.
    pub fn realtime(model: &str) -> Self {
        Self { dialect: Dialect::Ga, model: Some(model.to_owned()), transcription: false, seed: 0, opened_at: 0 }
    }

    /// A GA transcription session, seed 0, opened at the epoch.
    pub const fn transcription() -> Self {
        Self { dialect: Dialect::Ga, model: None, transcription: true, seed: 0, opened_at: 0 }
    }

    /// In this dialect.
    #[must_use]
    pub const fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }
}

/// The protocol machine of one session. See the [module](self) for its contract.
#[derive(Debug)]
pub struct Machine {
    out: Outbox,
    settings: Settings,
    conversation: Conversation,
    input: InputBuffer,
    /// The item of the speech that is going on.
    speech_item: Option<ItemId>,
    responses: Vec<ActiveResponse>,
    /// The model has spoken in the conversation: its voice cannot change any more.
    has_spoken: bool,
    jobs: VecDeque<Job>,
    last_job: u64,
    idle: turn::Idle,
    phase: Phase,
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
    /// A session that cannot be set up gets an `error` and is closed with code 4000: a conversation without a model,
    /// or a transcription session with one.
    pub fn new(config: MachineConfig, now: Duration) -> Self {
        let mut out = Outbox::new(config.dialect, config.seed);
        let refused = match (config.transcription, &config.model) {
            (false, None) => Some(refusal::missing_model()),
            (true, Some(_)) => Some(refusal::model_in_transcription()),
            _ => None,
        };
        let model = config.model.as_deref().filter(|_| !config.transcription);
        let settings = Settings::new(config.dialect, model, out.ids.session(), config.opened_at + LIFETIME_S);
        let mut this = Self {
            conversation: Conversation::new(out.ids.conversation()),
            input: InputBuffer::new(settings.input_encoding(), settings.turns()),
            out,
            settings,
            speech_item: None,
            responses: Vec::new(),
            has_spoken: false,
            jobs: VecDeque::new(),
            last_job: 0,
            idle: turn::Idle::default(),
            phase: Phase::Open { expires_at: now + Duration::from_secs(LIFETIME_S) },
        };
        if let Some(refusal) = refused {
            this.close(refusal.clone(), Close::setup(&refusal));
            return this;
        }
        this.out.send(ServerEvent::SessionCreated(SessionEvent::new().session(Box::new(this.settings.wire()))));
        if config.dialect == Dialect::Beta && !config.transcription {
            let name = ConversationName::new().id(this.conversation.id.clone()).object("realtime.conversation");
            this.out.send(ServerEvent::ConversationCreated(ConversationCreated::new().conversation(name)));
        }
        this
    }

    // --- What comes ---------------------------------------------------------------------------------------------

    /// A text frame came: one client event. Whatever is wrong with it is answered by `error`.
    pub fn handle_frame(&mut self, frame: &str, now: Duration) {
        if !self.is_open() {
            return;
        }
        match ClientEvent::decode(frame, self.out.dialect) {
            Ok(event) => {
                let cause = event.event_id();
                if let Err(refusal) = self.handle_event(event, frame, now) {
                    self.out.refuse(refusal, cause);
                }
            }
            Err(error) => {
                let refusal = match error.defect() {
                    Defect::NotJson(_) => refusal::not_json(),
                    _ => refusal::no_type(),
                };
                self.out.refuse(refusal, check::event_id_of(frame));
            }
        }
    }

    /// A binary frame came: the protocol has none.
    pub fn handle_binary(&mut self, _now: Duration) {
        if self.is_open() {
            self.out.refuse(refusal::binary_frame(), None);
        }
    }

    /// The time [`poll_timeout`](Self::poll_timeout) named has come. Calling it early or late does no harm.
    pub fn handle_timeout(&mut self, now: Duration) {
        match self.phase {
            Phase::Open { expires_at } if now >= expires_at => {
                self.close(refusal::session_expired(), Close::expired());
            }
            Phase::Open { .. } => self.check_idle(now),
            Phase::Closing(_) | Phase::Closed => {}
        }
    }

    /// The engine made a piece of a response. Pieces of responses that are over are ignored.
    pub fn handle_engine(&mut self, id: JobId, event: EngineEvent, now: Duration) {
        let Some(index) = self.responses.iter().position(|response| response.job == id) else { return };
        let by_engine = matches!(event, EngineEvent::Done | EngineEvent::Failed(_));
        let mut stage =
            Stage { out: &mut self.out, conversation: &mut self.conversation, has_spoken: &mut self.has_spoken };
        if let Some(outcome) = self.responses[index].play(event, &mut stage) {
            if !by_engine {
                self.jobs.push_back(Job::Cancel { id });
            }
            self.finish_response(index, outcome, now);
        }
    }

    // --- What is wanted -----------------------------------------------------------------------------------------

    /// The next text frame to send.
    pub fn poll_transmit(&mut self) -> Option<String> {
        self.out.poll()
    }

    /// The next order for the engine.
    pub fn poll_job(&mut self) -> Option<Job> {
        self.jobs.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is to be called.
    pub fn poll_timeout(&self) -> Option<Duration> {
        match self.phase {
            Phase::Open { expires_at } => Some(self.idle.deadline().map_or(expires_at, |idle| idle.min(expires_at))),
            Phase::Closing(_) | Phase::Closed => None,
        }
    }

    /// How the socket is to be closed. Comes once, when everything has been sent.
    pub fn poll_close(&mut self) -> Option<Close> {
        if !self.out.is_empty() || self.is_open() {
            return None;
        }
        match std::mem::replace(&mut self.phase, Phase::Closed) {
            Phase::Closing(close) => Some(close),
            Phase::Open { .. } | Phase::Closed => None,
        }
    }

    /// Bytes of frames that wait to be sent.
    pub const fn backlog_bytes(&self) -> usize {
        self.out.bytes()
    }

    // --- Within -------------------------------------------------------------------------------------------------

    const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    fn close(&mut self, refusal: Refusal, close: Close) {
        self.out.refuse(refusal, None);
        self.jobs.extend(self.responses.drain(..).map(|response| Job::Cancel { id: response.job }));
        self.phase = Phase::Closing(close);
    }

    fn handle_event(&mut self, event: ClientEvent<'_>, frame: &str, now: Duration) -> Result<(), Refusal> {
        let dialect = self.out.dialect;
        self.check_type(&event)?;
        if let Some(id) = event.event_id() {
            check::text(id.as_str(), "event_id", MAX_EVENT_ID)?;
        }
        shape::check(&event, dialect, frame)?;
        if let Some(refusal) = check::first_spot(&event, dialect, frame) {
            return Err(refusal);
        }
        match event {
            ClientEvent::SessionUpdate(event) => match event.session.get() {
                Some(session) => self.update_session(session),
                None => Ok(()),
            },
            ClientEvent::InputAudioAppend(event) => match event.audio.get() {
                Some(audio) => self.append(audio, now),
                None => Ok(()),
            },
            ClientEvent::InputAudioCommit(_) => self.commit_by_client(),
            ClientEvent::InputAudioClear(_) => {
                self.input.clear();
                self.speech_item = None;
                self.out.send(ServerEvent::InputAudioCleared(Bare::new()));
                Ok(())
            }
            ClientEvent::ItemCreate(event) => self.create_item(&event),
            ClientEvent::ItemRetrieve(event) => self.retrieve_item(&event),
            ClientEvent::ItemTruncate(event) => self.truncate_item(&event),
            ClientEvent::ItemDelete(event) => self.delete_item(&event),
            ClientEvent::ResponseCreate(event) => {
                self.create_response(event.response.get().map(|params| &**params))?;
                self.idle.disarm();
                Ok(())
            }
            ClientEvent::ResponseCancel(event) => self.cancel_response(event.response_id.get(), now),
            // `check_type` lets no other pass.
            _ => Ok(()),
        }
    }

    /// Refuses events that this kind of connection does not have.
    fn check_type(&self, event: &ClientEvent<'_>) -> Result<(), Refusal> {
        let dialect = self.out.dialect;
        let supported: &[&str] = if dialect == Dialect::Beta { &BETA_EVENTS } else { &GA_EVENTS };
        // As it was written: decoding takes the names of either dialect. `output_audio_buffer.clear` is in neither
        // list, since it is for WebRTC and SIP only.
        let name = event.wire_name(dialect);
        if !supported.contains(&name) {
            return Err(refusal::invalid_value(name, supported, "type"));
        }
        match event {
            ClientEvent::TranslationAudioAppend(_) | ClientEvent::TranslationClose(_) => {
                Err(refusal::translation_only(name))
            }
            _ => Ok(()),
        }
    }

    fn update_session(&mut self, update: &Session) -> Result<(), Refusal> {
        self.settings = self.settings.updated(update, self.has_spoken)?;
        self.input.configure(self.settings.input_encoding(), self.settings.turns());
        if !self.input.is_speaking() {
            self.speech_item = None;
        }
        self.out.send(ServerEvent::SessionUpdated(SessionEvent::new().session(Box::new(self.settings.wire()))));
        Ok(())
    }

    // --- Items --------------------------------------------------------------------------------------------------

    fn create_item(&mut self, event: &ItemEvent) -> Result<(), Refusal> {
        let Some(item) = event.item.get() else { return Ok(()) };
        let reading = Reading { dialect: self.out.dialect, encoding: self.input.encoding(), path: "item" };
        let item = reading.item(item, &mut self.out.ids)?;
        if let ContextItem::FunctionCallOutput { call_id, .. } = &*item.content
            && !self.conversation.has_call(call_id.as_str())
        {
            return Err(refusal::unknown_call(call_id.as_str()));
        }
        let place = match event.previous_item_id.get() {
            Some(id) if *id == "root" => Place::First,
            Some(id) if !id.as_str().is_empty() => Place::After(id),
            _ => Place::End,
        };
        let wire = item.wire();
        let previous = self.conversation.insert(item, place)?;
        self.announce(previous, wire);
        self.idle.disarm();
        Ok(())
    }

    /// Announces an item that is complete as it comes.
    fn announce(&mut self, previous: Option<ItemId>, item: vivavoce_protocol::Item) {
        let event = ItemEvent::new().previous_item_id(previous).item(Box::new(item));
        self.out.send(ServerEvent::ItemAdded(event.clone()));
        self.out.send(ServerEvent::ItemDone(event));
    }

    fn retrieve_item(&mut self, event: &ItemNotice) -> Result<(), Refusal> {
        let Some(id) = event.item_id.get() else { return Ok(()) };
        let item = self.conversation.get(id).ok_or_else(|| refusal::unknown_item_to_retrieve(id.as_str()))?;
        let item = item.wire_with_audio();
        self.out.send(ServerEvent::ItemRetrieved(ItemRetrieved::new().item(Box::new(item))));
        Ok(())
    }

    fn delete_item(&mut self, event: &ItemNotice) -> Result<(), Refusal> {
        let Some(id) = event.item_id.get() else { return Ok(()) };
        if !self.conversation.remove(id) {
            return Err(refusal::unknown_item_to_delete(id.as_str()));
        }
        self.out.send(ServerEvent::ItemDeleted(ItemNotice::new().item_id(id.clone())));
        Ok(())
    }

    fn truncate_item(&mut self, event: &ItemTruncation) -> Result<(), Refusal> {
        let Some(id) = event.item_id.get() else { return Ok(()) };
        check::int(&event.content_index, "content_index", 0, i64::from(i32::MAX))?;
        check::int(&event.audio_end_ms, "audio_end_ms", 0, i64::from(i32::MAX))?;
        let number = |member: &Member<Int>| member.get().map_or(0, |number| number.unsigned());
        let part = usize::try_from(number(&event.content_index)).unwrap_or(usize::MAX);
        let end_ms = number(&event.audio_end_ms);
        // An item that is still being generated is cut when it is complete: its deltas go on unchanged.
        match self.responses.iter().find_map(|response| response.open_audio(id, part)) {
            Some(open) if self.conversation.get(id).is_some() => {
                self.conversation.truncate_when_finished(id, part, open, end_ms)?;
            }
            _ => self.conversation.truncate(id, part, end_ms)?,
        }
        self.out.send(ServerEvent::ItemTruncated(
            ItemTruncation::new().item_id(id.clone()).content_index(Int::from(part)).audio_end_ms(Int::from(end_ms)),
        ));
        Ok(())
    }

    // --- Responses ----------------------------------------------------------------------------------------------

    /// The response that writes to the conversation.
    fn active_response(&self) -> Option<usize> {
        self.responses.iter().position(|response| response.plan.in_conversation)
    }

    fn cancel_response(&mut self, id: Option<&ResponseId>, now: Duration) -> Result<(), Refusal> {
        let index = match id {
            Some(id) => self.responses.iter().position(|response| response.id == *id),
            None => self.active_response(),
        };
        let index = index.ok_or_else(refusal::nothing_to_cancel)?;
        self.interrupt(index, StatusReason::ClientCancelled, now);
        Ok(())
    }

    fn interrupt(&mut self, index: usize, reason: StatusReason, now: Duration) {
        self.jobs.push_back(Job::Cancel { id: self.responses[index].job });
        self.finish_response(index, Outcome::Cancelled(reason), now);
    }

    fn finish_response(&mut self, index: usize, outcome: Outcome, now: Duration) {
        let response = self.responses.remove(index);
        if response.plan.in_conversation {
            let timeout = self.settings.turns().and_then(|turns| turns.idle_timeout_ms);
            self.idle.arm(now, response.audio_ms(), timeout);
        }
        let mut stage =
            Stage { out: &mut self.out, conversation: &mut self.conversation, has_spoken: &mut self.has_spoken };
        response.finish(outcome, &mut stage);
    }
}
