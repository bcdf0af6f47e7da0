//! Commands: what the application wants.
//!
//! A command that returns an error has sent nothing and changed nothing.

use vivavoce_audio::{AudioBuffer, AudioChunk, DeltaDecoder};
use vivavoce_protocol::payload::{
    Bare, ItemEvent, ItemNotice, ItemTruncation, ResponseCancel, ResponseCreate, SessionEvent,
};
use vivavoce_protocol::{
    ClientEvent, ContentPart, ConversationChoice, EventId, Int, Item, ItemId, List, Member, PartType, ResponseParams,
    Role, Session, SessionType,
};

use super::acknowledgements::Expected;
use super::{COMMAND_TAG, SessionMachine, write_append};
use crate::CommandError;

impl SessionMachine {
    /// Changes what `update` names, now and on every later connection (`session.update`). Without a connection
    /// it is kept for the next one.
    ///
    /// Members that are lists, such as `tools`, are replaced whole; what `update` does not name stays. An update
    /// the service refuses is forgotten.
    ///
    /// # Errors
    ///
    /// [`CommandError::Congested`].
    ///
    /// Returns the id of the update, or `None` when it was only kept.
    pub fn update_session(&mut self, update: impl Into<Session>) -> Result<Option<EventId>, CommandError> {
        let mut update = update.into();
        if let (Session::Realtime(_), Session::Realtime(update)) = (self.configuration.wanted(), &mut update) {
            // GA wants the kind of session in every update.
            update.kind = SessionType::Realtime.into();
        }
        if !self.is_connected() {
            self.configuration.update(update);
            return Ok(None);
        }
        self.check_room()?;
        let update = ClientEvent::SessionUpdate(SessionEvent::new().session(Box::new(update)));
        Ok(Some(self.send_command(update, Expected::SessionUpdated)))
    }

    /// Adds a message of the user and asks for a response (`conversation.item.create`, `response.create`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn send_user_message(&mut self, content: impl Into<UserContent>) -> Result<EventId, CommandError> {
        self.check_link()?;
        let UserContent(parts) = content.into();
        if !parts.is_empty() {
            self.send_item(ItemEvent::new().item(Box::new(Item::message(Role::User, parts))));
        }
        Ok(self.ask_response(None))
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
    fn send_item(&mut self, mut event: ItemEvent) -> EventId {
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
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn create_response(&mut self, params: Option<ResponseParams>) -> Result<EventId, CommandError> {
        self.check_link()?;
        Ok(self.ask_response(params))
    }

    fn ask_response(&mut self, params: Option<ResponseParams>) -> EventId {
        if self.turn_detection_type().is_none() && self.input.has_pending() {
            self.send_command(ClientEvent::InputAudioCommit(Bare::new()), Expected::Committed);
        }
        let id = self.ids.event_id();
        let mut event = ResponseCreate::new().event_id(id.clone());
        event.response = params.map_or(Member::Absent, |params| Member::Value(Box::new(params)));
        if self.may_be_mistaken(&event) {
            let metadata = event.response.get_or_default().metadata.get_or_default();
            // The service takes no more pairs than this.
            if metadata.len() < MAX_METADATA {
                metadata.insert(COMMAND_TAG, id.to_string());
            }
        }
        self.send_command(ClientEvent::ResponseCreate(event), Expected::ResponseCreated)
    }

    /// Whether another response may begin beside the one that is asked for: then the one asked for says so in its
    /// metadata, which the service repeats.
    fn may_be_mistaken(&self, event: &ResponseCreate) -> bool {
        let out_of_band = event.response.get().and_then(|params| params.conversation.get());
        let out_of_band = out_of_band.is_some_and(|conversation| *conversation == ConversationChoice::None);
        out_of_band || self.turn_detection_type().is_some()
    }

    /// Cancels the running response of the default conversation (`response.cancel`). Nothing is sent when none
    /// is running.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    ///
    /// Returns the id of the command, or `None` when nothing was sent.
    pub fn cancel_response(&mut self) -> Result<Option<EventId>, CommandError> {
        self.check_link()?;
        Ok(self.cancel_active())
    }

    fn cancel_active(&mut self) -> Option<EventId> {
        let active = self.conversation.active_response()?;
        let id = active.response().id.get()?.clone();
        let cancel = ClientEvent::ResponseCancel(ResponseCancel::new().response_id(id.clone()));
        Some(self.send_command(cancel, Expected::ResponseDone(id)))
    }

    /// Cancels what is running and cuts a message of the assistant to the samples that were heard
    /// (`response.cancel`, `conversation.item.truncate`). Works after generation has ended, too. More samples
    /// than were received count as all of them.
    ///
    /// # Errors
    ///
    /// [`CommandError::UnknownItem`], [`CommandError::NotAMessage`], [`CommandError::NotFromAssistant`] and
    /// [`CommandError::NoAudio`] for an item that cannot be cut; [`CommandError::NotConnected`] and
    /// [`CommandError::Congested`].
    pub fn cancel_response_at(&mut self, item_id: &ItemId, heard_samples: u64) -> Result<(), CommandError> {
        self.check_link()?;
        let item = self.conversation.item(item_id.as_str()).ok_or(CommandError::UnknownItem)?;
        let Item::Message(message) = item.item() else { return Err(CommandError::NotAMessage) };
        if item.role() != Some(Role::Assistant) {
            return Err(CommandError::NotFromAssistant);
        }
        let content = message.content.get();
        let index = content
            .and_then(|content| content.entries().iter().position(|part| is_audio(part.get())))
            .ok_or(CommandError::NoAudio)?;
        let heard = heard_samples.min(item.received_samples(index));
        let end_ms = item.audio_encoding().samples_to_ms(heard);
        let nothing_came = item.received_samples(index) == 0;
        self.cancel_active();
        // The service refuses to cut what has no audio.
        if !nothing_came {
            self.cut(item_id, index, end_ms);
        }
        Ok(())
    }

    /// Removes an item (`conversation.item.delete`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn delete_item(&mut self, item_id: &ItemId) -> Result<EventId, CommandError> {
        self.check_link()?;
        let delete = ClientEvent::ItemDelete(ItemNotice::new().item_id(item_id.clone()));
        Ok(self.send_command(delete, Expected::ItemDeleted(item_id.clone())))
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

    fn cut(&mut self, item_id: &ItemId, content_index: usize, audio_end_ms: u64) -> EventId {
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
            ClientEvent::ResponseCreate(_) => self.accounting.asked(self.now),
            ClientEvent::ItemCreate(create) => {
                if create.previous_item_id.get().is_some_and(|id| *id == "root") {
                    self.conversation.trust_null_predecessor();
                }
                if let Some(item) = create.item.get_mut() {
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

    /// Forgets the conversation. The service is not told, and its own stays as it is.
    pub fn clear_conversation(&mut self) {
        self.conversation.clear();
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

    fn check_link(&self) -> Result<(), CommandError> {
        if !self.is_connected() {
            return Err(CommandError::NotConnected);
        }
        self.check_room()
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

fn is_audio(part: Option<&ContentPart>) -> bool {
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
