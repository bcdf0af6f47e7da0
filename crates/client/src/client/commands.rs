//! Commands: what the application wants. They are queued, bounded, and return at once.

use vivavoce_protocol::{ClientEvent, EventId, Item, ItemId, ResponseParams, Session};
use vivavoce_session::{CommandError, ConversationItem, SessionMachine, UserContent};

use super::RealtimeClient;
use crate::Error;

impl RealtimeClient {
    fn command<T>(&self, work: impl FnOnce(&mut SessionMachine) -> Result<T, CommandError>) -> Result<T, Error> {
        let result = self.shared().with_session(work)?;
        if let Some(connection) = &*self.connection() {
            connection.wake.notify_one();
        }
        Ok(result)
    }

    /// Changes what `update` names, now and on every later connection (`session.update`). Without a connection
    /// it is kept for the next one.
    ///
    /// # Errors
    ///
    /// [`CommandError::Congested`].
    pub fn update_session(&self, update: impl Into<Session>) -> Result<(), Error> {
        self.command(|session| session.update_session(update))
    }

    /// Adds a message of the user and asks for a response.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn send_user_message(&self, content: impl Into<UserContent>) -> Result<(), Error> {
        self.command(|session| session.send_user_message(content))
    }

    /// Adds an item: at the end, or after `previous`; `root` puts it first (`conversation.item.create`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn create_item(&self, item: Item, previous: Option<ItemId>) -> Result<(), Error> {
        self.command(|session| session.create_item(item, previous))
    }

    /// Adds audio of the user: mono samples at the rate of the session's input format, 24 kHz unless G.711
    /// (`input_audio_buffer.append`). Never blocks.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn append_input_audio(&self, samples: &[i16]) -> Result<(), Error> {
        self.command(|session| session.append_input_audio(samples))
    }

    /// Makes a user item of the audio added since the last one; asks for no response
    /// (`input_audio_buffer.commit`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn commit_input_audio(&self) -> Result<(), Error> {
        self.command(SessionMachine::commit_input_audio)
    }

    /// Drops the audio added since the last commit (`input_audio_buffer.clear`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn clear_input_audio(&self) -> Result<(), Error> {
        self.command(SessionMachine::clear_input_audio)
    }

    /// Asks for a response (`response.create`). With turn detection off, pending audio is committed first.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn create_response(&self) -> Result<(), Error> {
        self.command(|session| session.create_response(None))
    }

    /// Asks for a response that differs from the session's configuration.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn create_response_with(&self, params: ResponseParams) -> Result<(), Error> {
        self.command(|session| session.create_response(Some(params)))
    }

    /// Cancels the running response, if one is running (`response.cancel`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn cancel_response(&self) -> Result<(), Error> {
        self.command(SessionMachine::cancel_response)
    }

    /// Cancels what is running and cuts a message of the assistant to the samples that were heard
    /// (`response.cancel`, `conversation.item.truncate`). Returns the item as it is before the cut.
    ///
    /// # Errors
    ///
    /// [`CommandError::UnknownItem`], [`CommandError::NotAMessage`], [`CommandError::NotFromAssistant`],
    /// [`CommandError::NoAudio`], [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn cancel_response_at(&self, item_id: &ItemId, heard_samples: u64) -> Result<ConversationItem, Error> {
        self.command(|session| {
            session.cancel_response_at(item_id, heard_samples)?;
            session.conversation().item(item_id.as_str()).cloned().ok_or(CommandError::UnknownItem)
        })
    }

    /// Removes an item (`conversation.item.delete`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn delete_item(&self, item_id: &ItemId) -> Result<(), Error> {
        self.command(|session| session.delete_item(item_id))
    }

    /// Asks for an item with its audio (`conversation.item.retrieve`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn retrieve_item(&self, item_id: &ItemId) -> Result<(), Error> {
        self.command(|session| session.retrieve_item(item_id))
    }

    /// Cuts a content part of an assistant's message to so many milliseconds (`conversation.item.truncate`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn truncate_item(&self, item_id: &ItemId, content_index: usize, audio_end_ms: u64) -> Result<(), Error> {
        self.command(|session| session.truncate_item(item_id, content_index, audio_end_ms))
    }

    /// Sends any event. Returns its id, which an `error` it causes repeats.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn send(&self, event: ClientEvent<'_>) -> Result<EventId, Error> {
        self.command(|session| session.send_event(event))
    }

    /// Forgets the conversation on this side; the service keeps its own.
    pub fn clear_conversation(&self) {
        self.shared().with_session(SessionMachine::clear_conversation);
    }
}
