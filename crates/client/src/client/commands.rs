//! Commands: what the application wants. They are queued, bounded, and return at once; what becomes of them can be
//! awaited.

use std::sync::Arc;

use vivavoce_protocol::{ClientEvent, EventId, Item, ItemId, Response, ResponseParams, Session};
use vivavoce_session::{
    Acknowledgement, CommandError, ConversationItem, FinishedResponse, Interruption, SessionMachine, UserContent,
};

use super::RealtimeClient;
use crate::{Error, Pending};

impl RealtimeClient {
    fn command<T>(&self, work: impl FnOnce(&mut SessionMachine) -> Result<T, CommandError>) -> Result<T, Error> {
        Ok(self.shared().with_session(work)?)
    }

    /// A command that hears of its outcome; `None` of an event that did not have to be sent.
    pub(super) fn ask<T>(
        &self,
        read: fn(Acknowledgement) -> Option<T>,
        work: impl FnOnce(&mut SessionMachine) -> Result<Option<EventId>, CommandError>,
    ) -> Result<Option<Pending<T>>, Error> {
        let shared = self.shared();
        self.command(|session| {
            let id = work(session)?;
            // Before anything can come of it.
            Ok(id.map(|id| shared.commands.wait_for(id, read, shared.options.command_timeout)))
        })
    }

    /// A command that is always sent.
    pub(super) fn order<T>(
        &self,
        read: fn(Acknowledgement) -> Option<T>,
        work: impl FnOnce(&mut SessionMachine) -> Result<EventId, CommandError>,
    ) -> Result<Pending<T>, Error> {
        let shared = self.shared();
        self.command(|session| Ok(shared.commands.wait_for(work(session)?, read, shared.options.command_timeout)))
    }

    /// Changes what `update` names, now and on every later connection (`session.update`). Without a connection
    /// it is kept for the next one. Awaited, it is in force, or kept.
    ///
    /// # Errors
    ///
    /// [`CommandError::DuplicateTool`] for a tool with the name of one that was added; [`CommandError::Congested`].
    pub fn update_session(&self, update: impl Into<Session>) -> Result<Pending<()>, Error> {
        let sent = self.ask(nothing, |session| session.update_session(update))?;
        Ok(sent.unwrap_or_else(|| Pending::done(())))
    }

    /// Adds a message of the user and asks for a response. Awaited, it is the response as it begins.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`], [`CommandError::Congested`] and [`CommandError::BudgetSpent`].
    pub fn send_user_message(&self, content: impl Into<UserContent>) -> Result<Pending<Arc<Response>>, Error> {
        self.order(response, |session| session.send_user_message(content))
    }

    /// Adds an item: at the end, or after `previous`; `root` puts it first (`conversation.item.create`).
    /// Awaited, it is the item's id.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn create_item(&self, item: Item, previous: Option<ItemId>) -> Result<Pending<ItemId>, Error> {
        self.order(item_id, |session| session.create_item(item, previous))
    }

    /// Adds audio of the user: mono samples at the rate of the session's input format, 24 kHz unless G.711
    /// (`input_audio_buffer.append`). Never blocks on the network.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`]; [`CommandError::Congested`] when more waits to be sent than
    /// [`max_outgoing`](crate::RealtimeClientBuilder::max_outgoing) allows: nothing of these samples was taken.
    pub fn append_input_audio(&self, samples: &[i16]) -> Result<(), Error> {
        self.command(|session| session.append_input_audio(samples))
    }

    /// Makes a user item of the audio added since the last one; asks for no response
    /// (`input_audio_buffer.commit`). Awaited, it is the id of the item.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn commit_input_audio(&self) -> Result<Pending<ItemId>, Error> {
        self.order(item_id, SessionMachine::commit_input_audio)
    }

    /// Drops the audio added since the last commit (`input_audio_buffer.clear`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn clear_input_audio(&self) -> Result<Pending<()>, Error> {
        self.order(nothing, SessionMachine::clear_input_audio)
    }

    /// Asks for a response (`response.create`). With turn detection off, pending audio is committed first.
    /// Awaited, it is the response as it begins.
    ///
    /// One at a time: while another response runs, or one of the service's own is to come, this one waits for its turn;
    /// those that wait with the same parameters are one.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`], [`CommandError::Congested`] and [`CommandError::BudgetSpent`].
    pub fn create_response(&self) -> Result<Pending<Arc<Response>>, Error> {
        self.order(response, |session| session.create_response(None))
    }

    /// Asks for a response that differs from the session's configuration. Awaited, it is the response as it begins.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`], [`CommandError::Congested`] and [`CommandError::BudgetSpent`].
    pub fn create_response_with(&self, params: ResponseParams) -> Result<Pending<Arc<Response>>, Error> {
        self.order(response, |session| session.create_response(Some(params)))
    }

    /// Asks for a response and waits until it is done. With [`ResponseParams::out_of_band`] it stands beside the
    /// conversation and runs beside other responses; else it takes its turn. It waits for as long as something comes of
    /// it, and for its turn in the same way. A response that was cut short is no error: see
    /// [`status`](FinishedResponse::status).
    ///
    /// ```no_run
    /// # async fn run(client: vivavoce::RealtimeClient) -> Result<(), vivavoce::Error> {
    /// use vivavoce::ResponseParams;
    /// use vivavoce::protocol::Modality;
    ///
    /// let question = ResponseParams::out_of_band()
    ///     .output_modalities(Modality::Text)
    ///     .instructions("Is the user angry? Say yes or no.");
    /// let answer = client.respond(question).await?;
    /// println!("{}", answer.text());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Response`] when the service could not make it; [`Error::Refused`], [`Error::Timeout`],
    /// [`Error::ConnectionLost`]; [`CommandError::NotConnected`], [`CommandError::Congested`] and
    /// [`CommandError::BudgetSpent`].
    pub async fn respond(&self, params: ResponseParams) -> Result<Arc<FinishedResponse>, Error> {
        let finished = self.order(finished, |session| session.respond(Some(params)))?.await?;
        finished.failure().map_or(Ok(finished), |failure| Err(Error::Response(failure)))
    }

    /// Cancels the running response, if one is running (`response.cancel`). Awaited, it is done (`response.done`). What was
    /// said stays, and is played: [`interrupt`](Self::interrupt) stops that, too.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn cancel_response(&self) -> Result<Pending<()>, Error> {
        let sent = self.ask(nothing, SessionMachine::cancel_response)?;
        Ok(sent.unwrap_or_else(|| Pending::done(())))
    }

    /// Stops the model: playback ends, what is running is cancelled (`response.cancel`), and what was not heard is taken
    /// back, each item at its played position (`conversation.item.truncate`); an item of which nothing was heard is
    /// deleted. Works after generation has ended, and without a connection. Awaited, the service has done it, and it is
    /// what was done; a response that was asked for and has not begun is cancelled when it begins, and not waited for.
    ///
    /// Speech of the user does the same by itself, unless that is switched off
    /// ([`interrupt_on_speech`](crate::RealtimeClientBuilder::interrupt_on_speech)).
    pub fn interrupt(&self) -> Pending<Arc<Interruption>> {
        let shared = self.shared();
        let interrupted = self.command(|session| {
            let interruption = session.interrupt();
            let sent = interruption.commands.clone();
            Ok(shared.commands.wait_for_all(interruption, &sent, shared.options.command_timeout))
        });
        // It cannot be refused.
        interrupted.unwrap_or_else(Pending::failed)
    }

    /// The application has played so many samples of a content part, counted from the part's beginning. From the first
    /// report on only reports count: report the end of each part, too. Without reports the clock estimates. False when
    /// nothing of the part is to be played.
    ///
    /// [`player`](Self::player) reports by itself.
    pub fn report_played(&self, item_id: &ItemId, content_index: usize, samples: u64) -> bool {
        self.shared().with_session(|session| session.report_played(item_id, content_index, samples))
    }

    /// Takes everything received so far as heard, whatever was played of it: for an application whose user reads along,
    /// and goes on. An interruption leaves it alone.
    pub fn skip_playback(&self) {
        self.shared().with_session(SessionMachine::skip_playback);
    }

    /// Cancels what is running and cuts a message of the assistant to the samples that were heard
    /// (`response.cancel`, `conversation.item.truncate`). Awaited, the service has done it, and it is the item as it was
    /// before the cut.
    ///
    /// # Errors
    ///
    /// [`CommandError::UnknownItem`], [`CommandError::NotAMessage`], [`CommandError::NotFromAssistant`],
    /// [`CommandError::NoAudio`], [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn cancel_response_at(
        &self,
        item_id: &ItemId,
        heard_samples: u64,
    ) -> Result<Pending<Arc<ConversationItem>>, Error> {
        let shared = self.shared();
        self.command(|session| {
            let item = session.conversation().item(item_id.as_str()).cloned().map(Arc::new);
            let sent = session.cancel_response_at(item_id, heard_samples)?;
            let item = item.ok_or(CommandError::UnknownItem)?;
            Ok(shared.commands.wait_for_all(item, &sent, shared.options.command_timeout))
        })
    }

    /// Removes an item (`conversation.item.delete`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn delete_item(&self, item_id: &ItemId) -> Result<Pending<()>, Error> {
        self.order(nothing, |session| session.delete_item(item_id))
    }

    /// Asks for an item with its audio (`conversation.item.retrieve`). Awaited, it is the item.
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn retrieve_item(&self, item_id: &ItemId) -> Result<Pending<Arc<Item>>, Error> {
        self.order(item, |session| session.retrieve_item(item_id))
    }

    /// Cuts a content part of an assistant's message to so many milliseconds (`conversation.item.truncate`).
    ///
    /// # Errors
    ///
    /// [`CommandError::NotConnected`] and [`CommandError::Congested`].
    pub fn truncate_item(
        &self,
        item_id: &ItemId,
        content_index: usize,
        audio_end_ms: u64,
    ) -> Result<Pending<()>, Error> {
        self.order(nothing, |session| session.truncate_item(item_id, content_index, audio_end_ms))
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

// What a command is told, as what its caller wants of it.

pub(super) fn nothing(_: Acknowledgement) -> Option<()> {
    Some(())
}

pub(super) fn item_id(told: Acknowledgement) -> Option<ItemId> {
    match told {
        Acknowledgement::ItemAdded(id) | Acknowledgement::Committed(id) => Some(id),
        _ => None,
    }
}

fn item(told: Acknowledgement) -> Option<Arc<Item>> {
    match told {
        Acknowledgement::ItemRetrieved(item) => Some(item),
        _ => None,
    }
}

fn finished(told: Acknowledgement) -> Option<Arc<FinishedResponse>> {
    match told {
        Acknowledgement::Finished(finished) => Some(finished),
        _ => None,
    }
}

fn response(told: Acknowledgement) -> Option<Arc<Response>> {
    match told {
        Acknowledgement::ResponseCreated(response) => Some(response),
        _ => None,
    }
}
