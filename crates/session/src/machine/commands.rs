//! Commands: what the application wants.
//!
//! A command that returns an error has sent nothing and changed nothing.

use vivavoce_audio::{AudioBuffer, AudioChunk, DeltaDecoder};
use vivavoce_protocol::payload::{Bare, ItemEvent, ItemNotice, ItemTruncation, ResponseCreate, SessionEvent};
use vivavoce_protocol::{
    ClientEvent, ContentPart, ConversationChoice, EventId, Int, Item, ItemId, List, Member, PartType, ResponseParams,
    Role, Session, SessionType,
};

use super::acknowledgements::{Expected, Outcome};
use super::repeats::Repeats;
use super::slot::{Request, Wants};
use super::{COMMAND_TAG, SessionMachine, write_append};
use crate::{CommandError, Event};

impl SessionMachine {
    /// Changes what `update` names, now and on every later connection (`session.update`). Without a connection
    /// it is kept for the next one.
    ///
    /// Members that are lists, such as `tools`, are replaced whole; what `update` does not name stays. An update
    /// the service refuses is forgotten.
    ///
    /// Tools that were added stay ([`add_tool`](Self::add_tool)): an update that names tools names the others.
    ///
    /// # Errors
    ///
    /// [`CommandError::DuplicateTool`] for a tool with the name of one that was added; [`CommandError::Congested`].
    ///
    /// Returns the id of the update, or `None` when it was only kept.
    pub fn update_session(&mut self, update: impl Into<Session>) -> Result<Option<EventId>, CommandError> {
        let mut update = update.into();
        if let (Session::Realtime(_), Session::Realtime(update)) = (self.configuration.wanted(), &mut update) {
            // GA wants the kind of session in every update.
            update.kind = SessionType::Realtime.into();
        }
        self.keep_tools(&mut update)?;
        self.send_update(update)
    }

    /// Sends an update, or keeps it for the next connection.
    pub(super) fn send_update(&mut self, update: Session) -> Result<Option<EventId>, CommandError> {
        if !self.is_connected() {
            self.configuration.update(update);
            return Ok(None);
        }
        self.check_room()?;
        let update = ClientEvent::SessionUpdate(SessionEvent::new().session(Box::new(update)));
        Ok(Some(self.send_command(update, Expected::SessionUpdated)))
    }

    /// Adds a message of the user and asks for a response (`conversation.item.create`, `response.create`), as
    /// [`create_response`](Self::create_response) does.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`], [`CommandError::Congested`] and [`CommandError::BudgetSpent`].
    pub fn send_user_message(&mut self, content: impl Into<UserContent>) -> Result<EventId, CommandError> {
        self.check_responses()?;
        let UserContent(parts) = content.into();
        if !parts.is_empty() {
            self.send_item(ItemEvent::new().item(Box::new(Item::message(Role::User, parts))));
        }
        Ok(self.ask_response(None, Wants::Beginning))
    }

    /// Adds an item (`conversation.item.create`): at the end, or after `previous`; `root` puts it first.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn create_item(&mut self, item: Item, previous: Option<ItemId>) -> Result<EventId, CommandError> {
        self.check_link()?;
        let mut event = ItemEvent::new().item(Box::new(item));
        if let Some(previous) = previous {
            event = event.previous_item_id(previous);
        }
        Ok(self.send_item(event))
    }

    /// The item gets an id of ours if it has none: its acknowledgement names it.
    pub(super) fn send_item(&mut self, mut event: ItemEvent) -> EventId {
        let mut id = ItemId::from("");
        if let Some(item) = event.item.get_mut() {
            id = item.id().cloned().unwrap_or_else(|| self.ids.item_id());
            item.set_id(id.clone());
        }
        self.send_command(ClientEvent::ItemCreate(event), Expected::ItemAdded(id))
    }

    /// Adds audio of the user (`input_audio_buffer.append`): samples at the rate of the session's input format,
    /// 24 kHz unless G.711. No samples, nothing sent.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn append_input_audio(&mut self, samples: &[i16]) -> Result<(), CommandError> {
        self.check_link()?;
        // The service takes at most 15 MiB of audio in one event.
        for samples in samples.chunks(MAX_APPEND) {
            let frame = write_append(&mut self.ids, samples, self.input.encoding(), self.options.dialect);
            self.send_frame(frame);
            self.input.append(AudioChunk::from(samples));
        }
        self.slot.fed(self.now, self.options.command_timeout);
        Ok(())
    }

    /// Makes a user item of the audio appended since the last one (`input_audio_buffer.commit`). Asks for no
    /// response.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn commit_input_audio(&mut self) -> Result<EventId, CommandError> {
        self.check_link()?;
        Ok(self.send_command(ClientEvent::InputAudioCommit(Bare::new()), Expected::Committed))
    }

    /// Drops the audio appended since the last commit (`input_audio_buffer.clear`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn clear_input_audio(&mut self) -> Result<EventId, CommandError> {
        self.check_link()?;
        Ok(self.send_command(ClientEvent::InputAudioClear(Bare::new()), Expected::Cleared))
    }

    /// Asks for a response (`response.create`). With turn detection off, audio that was appended and not
    /// committed is committed first.
    ///
    /// One at a time: while another response of the default conversation runs, this one waits for its end; those that
    /// wait with the same parameters are one. A response that the service starts by itself takes its turn first.
    /// Responses beside the conversation ([`ResponseParams::out_of_band`]) do not wait.
    ///
    /// Its outcome is told when the response begins.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`]; [`CommandError::Congested`], also when 64 of different parameters wait;
    /// [`CommandError::BudgetSpent`].
    pub fn create_response(&mut self, params: Option<ResponseParams>) -> Result<EventId, CommandError> {
        self.check_responses()?;
        Ok(self.ask_response(params, Wants::Beginning))
    }

    /// The same, with an outcome that is told when the response is done ([`Acknowledgement::Finished`]). It waits for
    /// as long as something comes of the response.
    ///
    /// [`Acknowledgement::Finished`]: crate::Acknowledgement::Finished
    ///
    /// # Errors
    ///
    /// As those of [`create_response`](Self::create_response).
    pub fn respond(&mut self, params: Option<ResponseParams>) -> Result<EventId, CommandError> {
        self.check_responses()?;
        Ok(self.ask_response(params, Wants::End))
    }

    fn ask_response(&mut self, params: Option<ResponseParams>, wants: Wants) -> EventId {
        let beside = params.as_ref().is_some_and(is_out_of_band);
        if !beside && self.turn_detection_type().is_none() && self.input.has_pending() {
            self.send_command(ClientEvent::InputAudioCommit(Bare::new()), Expected::Committed);
        }
        let id = self.ids.event_id();
        if beside {
            self.send_response_create(id.clone(), params);
            let deadline = self.now.saturating_add(self.options.command_timeout);
            self.acknowledgements.expect(id.clone(), Expected::Beside(wants), deadline);
        } else {
            let request = Request::new(id.clone(), params, vec![(id.clone(), wants)], false);
            self.slot.request(request, self.now, self.options.command_timeout);
            self.pump();
        }
        id
    }

    /// Asks for the response whose turn it is, unless the budget is spent.
    pub(super) fn pump(&mut self) {
        if !self.slot.has_waiting() || !self.is_connected() {
            return;
        }
        if self.accounting.is_budget_spent() {
            for command in self.slot.give_up_waiting() {
                self.acknowledgements.tell(command, Outcome::BudgetSpent);
            }
            return;
        }
        let running = self.conversation.active_response().and_then(|active| active.response().id.get());
        if let Some(request) = self.slot.next(running, self.now, self.options.command_timeout) {
            let (event_id, params) = (request.event_id.clone(), request.params.clone());
            if request.follow_up {
                self.events.push_back(Event::FollowUp(event_id.clone()));
            }
            self.send_response_create(event_id, params);
        }
    }

    fn send_response_create(&mut self, id: EventId, params: Option<ResponseParams>) {
        let mut event = ResponseCreate::new().event_id(id.clone());
        event.response = params.map_or(Member::Absent, |params| Member::Value(Box::new(params)));
        if self.may_be_mistaken(&event) {
            let metadata = event.response.get_or_default().metadata.get_or_default();
            // The service takes no more pairs than this.
            if metadata.len() < MAX_METADATA {
                metadata.insert(COMMAND_TAG, id.to_string());
            }
        }
        self.send(ClientEvent::ResponseCreate(event));
    }

    /// Whether another response may begin beside the one that is asked for: then the one asked for says so in its
    /// metadata, which the service repeats.
    fn may_be_mistaken(&self, event: &ResponseCreate) -> bool {
        event.response.get().is_some_and(|params| is_out_of_band(params)) || self.turn_detection_type().is_some()
    }

    /// Cancels the running response of the default conversation (`response.cancel`). Nothing is sent when none
    /// is running; one that was asked for and has not begun is cancelled as soon as it begins. What was said stays:
    /// [`interrupt`](Self::interrupt) takes back what was not heard.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    ///
    /// Returns the id of the command, or `None` when nothing was sent.
    pub fn cancel_response(&mut self) -> Result<Option<EventId>, CommandError> {
        self.check_link()?;
        self.slot.cancel_asked();
        self.slot.drop_follow_ups();
        let running = self.conversation.active_response().and_then(|active| active.response().id.get().cloned());
        Ok(running.and_then(|id| self.cancel(&id)))
    }

    /// Removes an item (`conversation.item.delete`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn delete_item(&mut self, item_id: &ItemId) -> Result<EventId, CommandError> {
        self.check_link()?;
        Ok(self.send_delete(item_id))
    }

    pub(super) fn send_delete(&mut self, item_id: &ItemId) -> EventId {
        let delete = ClientEvent::ItemDelete(ItemNotice::new().item_id(item_id.clone()));
        self.send_command(delete, Expected::ItemDeleted(item_id.clone()))
    }

    /// Asks for an item with its audio (`conversation.item.retrieve`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn retrieve_item(&mut self, item_id: &ItemId) -> Result<EventId, CommandError> {
        self.check_link()?;
        let retrieve = ClientEvent::ItemRetrieve(ItemNotice::new().item_id(item_id.clone()));
        Ok(self.send_command(retrieve, Expected::ItemRetrieved(item_id.clone())))
    }

    /// Cuts a content part of an assistant's message to `audio_end_ms` milliseconds
    /// (`conversation.item.truncate`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn truncate_item(
        &mut self,
        item_id: &ItemId,
        content_index: usize,
        audio_end_ms: u64,
    ) -> Result<EventId, CommandError> {
        self.check_link()?;
        Ok(self.cut(item_id, content_index, audio_end_ms))
    }

    pub(super) fn cut(&mut self, item_id: &ItemId, content_index: usize, audio_end_ms: u64) -> EventId {
        let cut = ItemTruncation::new()
            .item_id(item_id.clone())
            .content_index(Int::from(content_index))
            .audio_end_ms(Int::from(audio_end_ms));
        self.send_command(ClientEvent::ItemTruncate(cut), Expected::ItemTruncated(item_id.clone()))
    }

    /// Sends any event. It gets an id when it has none. Returns the id, which an `error` it causes repeats.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn send_event(&mut self, event: ClientEvent<'_>) -> Result<EventId, CommandError> {
        self.check_link()?;
        Ok(self.send(event))
    }

    /// Remembers what an event that goes out will mean for what comes.
    pub(super) fn keep_account(&mut self, event: &mut ClientEvent<'_>, id: &EventId) {
        match event {
            ClientEvent::SessionUpdate(update) => {
                if let Some(session) = update.session.get() {
                    self.configuration.sent(id.clone(), (**session).clone());
                    self.set_input_encoding(&self.configuration.wanted().clone());
                }
            }
            ClientEvent::InputAudioCommit(_) | ClientEvent::InputAudioClear(_) => self.input.commit_sent(id.clone()),
            ClientEvent::InputAudioAppend(append) => {
                if let Some(audio) = append.audio.get()
                    && let Ok(samples) = DeltaDecoder::new(self.input.encoding()).decode(audio)
                {
                    self.input.append(samples);
                }
            }
            ClientEvent::ResponseCreate(create) => {
                // What stands beside the conversation answers nobody who waits.
                if !create.response.get().is_some_and(|params| is_out_of_band(params)) {
                    self.accounting.asked(self.now);
                }
                if let Some(params) = create.response.get() {
                    self.note_offer(&params.tools);
                }
            }
            ClientEvent::ItemCreate(create) => {
                if create.previous_item_id.get().is_some_and(|id| *id == "root") {
                    self.conversation.trust_null_predecessor();
                }
                if let Some(item) = create.item.get_mut() {
                    self.note_own_item(item);
                    if let Some(id) = item.id() {
                        self.conversation.expect(id);
                    }
                    self.keep_audio_of(item);
                }
            }
            _ => {}
        }
    }

    /// The service announces audio we send without its bytes: the item's id, ours if need be, finds them again.
    fn keep_audio_of(&mut self, item: &mut Item) {
        let Item::Message(message) = &*item else { return };
        let parts = message.content.get().into_iter().flat_map(|content| content.iter().enumerate());
        let decoder = DeltaDecoder::new(self.input.encoding());
        let audio: Vec<(usize, AudioBuffer)> = parts
            .filter(|(_, part)| part.is(PartType::InputAudio))
            .filter_map(|(index, part)| Some((index, decoder.clone().decode(part.audio.get()?).ok()?)))
            .map(|(index, samples)| (index, AudioBuffer::from_iter([samples])))
            .collect();
        if audio.is_empty() {
            return;
        }
        let id = item.id().cloned().unwrap_or_else(|| self.ids.item_id());
        item.set_id(id.clone());
        // An id that is taken will be refused.
        if self.conversation.item(id.as_str()).is_none() {
            for (index, audio) in audio {
                self.conversation.attach_audio(&id, index, audio, &mut self.changes);
            }
            self.tell_changes();
        }
    }

    /// Gives an item of the user audio that was not appended here, such as what another part of the application recorded.
    /// The item may be yet to come.
    pub fn attach_user_audio(&mut self, item_id: &ItemId, audio: AudioBuffer) {
        self.conversation.attach_user_audio(item_id, audio, &mut self.changes);
        self.tell_changes();
    }

    /// Forgets the conversation. The service is not told, and its own stays as it is. What comes late for an item is
    /// dropped.
    pub fn clear_conversation(&mut self) {
        self.conversation.clear();
        self.playback.clear();
        self.repeats = Repeats::default();
    }

    /// How the session finds the user's turns: `server_vad`, `semantic_vad`, or `None` when it does not.
    pub fn turn_detection_type(&self) -> Option<&str> {
        let asked = self.configuration.wanted().audio_input().map(|input| &input.turn_detection);
        let detection = match asked {
            None | Some(Member::Absent) => &self.session()?.audio_input()?.turn_detection,
            Some(asked) => asked,
        };
        detection.get()?.kind.get().map(|kind| kind.as_str())
    }

    pub(super) fn check_link(&self) -> Result<(), CommandError> {
        if !self.is_connected() {
            return Err(CommandError::NotConnected);
        }
        self.check_room()
    }

    /// Whether a response may be asked for.
    fn check_responses(&self) -> Result<(), CommandError> {
        self.check_link()?;
        if self.accounting.is_budget_spent() {
            return Err(CommandError::BudgetSpent);
        }
        if self.slot.has_room() { Ok(()) } else { Err(CommandError::Congested) }
    }

    const fn check_room(&self) -> Result<(), CommandError> {
        if self.outgoing > self.options.max_outgoing {
            return Err(CommandError::Congested);
        }
        Ok(())
    }
}

/// Pairs of metadata a response may have.
const MAX_METADATA: usize = 16;
/// At most so many samples go into one append: 10 MiB of PCM16, a frame of 14 MiB.
const MAX_APPEND: usize = 5 * 1024 * 1024;

fn is_out_of_band(params: &ResponseParams) -> bool {
    params.conversation.get().is_some_and(|conversation| *conversation == ConversationChoice::None)
}

pub(super) fn is_audio(part: Option<&ContentPart>) -> bool {
    part.is_some_and(|part| part.is(PartType::OutputAudio))
}

/// What a user message says: text, or any content parts.
#[derive(Clone, Debug)]
pub struct UserContent(List<ContentPart>);

impl From<&str> for UserContent {
    fn from(text: &str) -> Self {
        Self([ContentPart::input_text(text)].into())
    }
}

impl From<String> for UserContent {
    fn from(text: String) -> Self {
        Self([ContentPart::input_text(text)].into())
    }
}

impl From<Vec<ContentPart>> for UserContent {
    fn from(parts: Vec<ContentPart>) -> Self {
        Self(parts.into())
    }
}

impl From<ContentPart> for UserContent {
    fn from(part: ContentPart) -> Self {
        Self([part].into())
    }
}
