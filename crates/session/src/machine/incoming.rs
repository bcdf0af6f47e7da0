//! What the events of the service do to a session.

use std::sync::Arc;

use vivavoce_audio::AudioEncoding;
use vivavoce_protocol::payload::{ApiError, ErrorEvent};
use vivavoce_protocol::{EventId, Item, ItemId, List, Member, PartType, Response, Role, ServerEvent, Session};

use super::acknowledgements::{Acknowledgement, Expected, Outcome};
use super::slot::Wants;
use super::{COMMAND_TAG, Link, SessionMachine};
use crate::conversation::Change;
use crate::{Delta, Diagnostic, Event, FinishedResponse, Promise, SessionError, advice, encoding};

/// How many times as long as a command may take a response that has begun may be silent.
const RESPONSE_PATIENCE: u32 = 6;
/// How many times as long as a command may take the transcript of a turn may take.
const TRANSCRIPT_PATIENCE: u32 = 6;

impl SessionMachine {
    /// An event came: [`handle_frame`](Self::handle_frame) for callers that decode by themselves.
    pub fn handle_event(&mut self, event: &ServerEvent<'_>) {
        if self.repeats.is_repeat(event) {
            self.events.extend(event.event_id().map(|id| Event::Diagnostic(Arc::new(Diagnostic::Repeated(id)))));
            return;
        }
        if !matches!(event, ServerEvent::ItemAdded(_) | ServerEvent::ItemCreated(_)) {
            // Told before the event does something to the item.
            self.await_no_item();
        }
        if event.is_delta() {
            self.note_progress(event);
            self.note_output(event);
            self.conversation.process_event(event, &mut self.changes);
            self.tell_changes();
        } else {
            self.handle_rarer(event);
        }
    }

    /// Apart from deltas, so that the code that runs for these is small: in a browser it is compiled while it runs.
    #[inline(never)]
    fn handle_rarer(&mut self, event: &ServerEvent<'_>) {
        match event {
            ServerEvent::SessionCreated(created) => {
                let session = self.session_in_force(&created.session);
                self.take_formats(&session);
                self.link = Link::Ready(session.clone());
                self.events.push_back(Event::SessionCreated(session));
            }
            ServerEvent::SessionUpdated(updated) => {
                self.configuration.accepted();
                // A service may confirm without naming what it confirms.
                self.set_output_encoding(&self.configuration.agreed().clone());
                let session = self.session_in_force(&updated.session);
                self.take_formats(&session);
                self.link = Link::Ready(session.clone());
                let told = Acknowledgement::SessionUpdated(session.clone());
                self.acknowledgements.unnamed(&Expected::SessionUpdated, told);
                self.events.push_back(Event::SessionUpdated(session));
            }
            ServerEvent::SpeechStarted(started) if started.item_id.get().is_some_and(|id| self.input.is_open(id)) => {}
            ServerEvent::SpeechStarted(started) => {
                if let (Some(id), Some(start)) = (started.item_id.get(), started.audio_start_ms.get()) {
                    self.conversation.expect(id);
                    self.input.speech_started(id.clone(), start.unsigned());
                }
                self.heard(true);
                self.speech_interrupts(started.item_id.get().cloned());
            }
            ServerEvent::SpeechStopped(stopped) => {
                if let (Some(id), Some(end)) = (stopped.item_id.get(), stopped.audio_end_ms.get()) {
                    if !self.input.is_open(id) && !self.input.is_turn(id) && !self.input.is_settled(id) {
                        self.note(Diagnostic::NeverCame { item_id: id.clone(), what: Promise::SpeechStart });
                        self.speech_interrupts(Some(id.clone()));
                    }
                    self.input.speech_stopped(id.clone(), end.unsigned());
                    self.events.push_back(Event::SpeechStopped(id.clone()));
                }
                self.heard(false);
                self.accounting.asked(self.now);
            }
            ServerEvent::InputTimeoutTriggered(timeout) => {
                if let (Some(id), Some(start), Some(end)) =
                    (timeout.item_id.get(), timeout.audio_start_ms.get(), timeout.audio_end_ms.get())
                {
                    self.input.speech_started(id.clone(), start.unsigned());
                    self.input.speech_stopped(id.clone(), end.unsigned());
                }
                self.heard(false);
            }
            ServerEvent::InputAudioCommitted(committed) => {
                if committed.previous_item_id.get().is_some() {
                    self.conversation.trust_null_predecessor();
                }
                if let Some(id) = committed.item_id.get() {
                    self.committed(id);
                }
            }
            ServerEvent::InputAudioCleared(_) => {
                self.input.cleared();
                self.slot.unheard();
                self.acknowledgements.unnamed(&Expected::Cleared, Acknowledgement::Cleared);
                self.pump();
            }
            ServerEvent::InputTranscriptionFailed(failed) => {
                if let (Some(id), Some(error)) = (failed.item_id.get(), failed.error.get()) {
                    self.promises.kept(id, Promise::Transcript);
                    let (item_id, error) = (id.clone(), Box::new(error.clone()));
                    self.fail(SessionError::TranscriptionFailed { item_id, error });
                }
            }
            ServerEvent::McpListToolsFailed(failed) => {
                self.fail(SessionError::McpListingFailed(failed.item_id.get().cloned().unwrap_or_else(|| "".into())));
            }
            ServerEvent::RateLimitsUpdated(limits) => {
                if let Some(limits) = limits.rate_limits.get() {
                    let limits = Arc::new(limits.clone());
                    self.accounting.set_limits(limits.clone());
                    self.events.push_back(Event::RateLimits(limits));
                }
            }
            ServerEvent::Error(error) => self.refused(error),
            ServerEvent::Unknown(unknown) => {
                self.events.push_back(Event::UnknownEvent { name: unknown.name().to_owned() });
            }
            event => {
                let news = !self.is_done_already(event);
                self.note_progress(event);
                self.keep_books(event);
                self.conversation.process_event(event, &mut self.changes);
                self.acknowledge(event);
                self.tell_changes();
                self.tell_answer(event, news);
            }
        }
    }

    /// The service hears the user, or has heard enough: it will respond by itself, where it is to.
    fn heard(&mut self, speaking: bool) {
        if self.service_responds() {
            self.slot.heard(speaking, self.now);
        }
    }

    /// `input_audio_buffer.committed`.
    fn committed(&mut self, id: &ItemId) {
        if self.input.is_settled(id) {
            return;
        }
        self.conversation.expect(id);
        if self.input.is_open(id) && !self.input.awaits_commit() {
            self.note(Diagnostic::NeverCame { item_id: id.clone(), what: Promise::SpeechEnd });
        }
        if self.input.is_turn(id) {
            self.heard(false);
        } else {
            // A turn of the service's own answers nobody.
            let told = Acknowledgement::Committed(id.clone());
            self.acknowledgements.unnamed(&Expected::Committed, told);
            self.slot.unheard();
        }
        let audio = self.input.committed(id);
        self.conversation.attach_user_audio(id, audio, &mut self.changes);
        let timeout = self.options.command_timeout;
        if self.conversation.item(id.as_str()).is_none() {
            self.promises.expect(id, Promise::Item, self.now.saturating_add(timeout));
        }
        let session = self.session().map_or(self.configuration.wanted(), |session| session);
        if session.audio_input().is_some_and(|input| input.transcription.get().is_some()) {
            let deadline = self.now.saturating_add(timeout.saturating_mul(TRANSCRIPT_PATIENCE));
            self.promises.expect(id, Promise::Transcript, deadline);
        }
        self.tell_changes();
        self.pump();
    }

    /// `error`: an event of ours was refused, or the session ends.
    fn refused(&mut self, event: &ErrorEvent) {
        // It is an error, whatever it fails to say.
        let nothing_said = ApiError::default();
        let error = event.error.get().unwrap_or(&nothing_said);
        if let Some(id) = error.event_id.get() {
            self.input.refused(id);
            self.acknowledgements.refused(id, error);
            if self.configuration.refused(id) {
                self.set_input_encoding(&self.configuration.wanted().clone());
                self.forget_refused_tools();
            }
        }
        self.response_refused(error);
        if advice::is_race(error) {
            self.note(Diagnostic::Race(Box::new(error.clone())));
        } else {
            self.fail(SessionError::Service(Box::new(error.clone())));
        }
    }

    /// The response that was asked for is refused, for good or until another one is done.
    fn response_refused(&mut self, error: &ApiError) {
        let collision = advice::is_collision(error);
        let asked = self.slot.asked().cloned();
        // An older service does not say which event collided.
        let about = match error.event_id.get() {
            Some(id) => Some(id.clone()),
            None => asked.filter(|_| collision),
        };
        let Some((request, unwanted)) = about.and_then(|id| self.slot.refused(&id)) else { return };
        if collision && !unwanted {
            let running = self.conversation.active_response().is_some();
            let timeout = self.options.command_timeout;
            self.slot.collided(request, running, self.now, timeout);
            if !running && self.names_a_response_that_is_done(error) {
                self.slot.done();
            }
        } else {
            for (command, _) in request.commands {
                self.acknowledgements.tell(command, Outcome::Refused(Box::new(error.clone())));
            }
        }
        self.pump();
    }

    /// Errors are not ordered with other events: what ran when we asked may be done by now.
    fn names_a_response_that_is_done(&self, error: &ApiError) -> bool {
        let words = error.message.get().map_or("", String::as_str).split([' ', '.', ',']);
        words.into_iter().any(|word| self.conversation.response(word).is_some_and(|record| !record.is_active()))
    }

    /// `response.done` of a response that is done: some say it twice.
    fn is_done_already(&self, event: &ServerEvent<'_>) -> bool {
        let ServerEvent::ResponseDone(event) = event else { return false };
        let id = event.response.get().and_then(|response| response.id.get());
        let record = id.and_then(|id| self.conversation.response(id.as_str()));
        record.is_some_and(|record| !record.is_active())
    }

    /// Something came of a response: those who wait for its end wait on.
    fn note_progress(&mut self, event: &ServerEvent<'_>) {
        let ends_awaited = self.acknowledgements.await_an_end();
        if !self.slot.is_waited_for() && !ends_awaited {
            return;
        }
        let timeout = self.options.command_timeout;
        let id = match event {
            ServerEvent::OutputItemAdded(event) | ServerEvent::OutputItemDone(event) => event.response_id.get(),
            ServerEvent::ContentPartAdded(event) | ServerEvent::ContentPartDone(event) => event.response_id.get(),
            ServerEvent::OutputTextDelta(event) | ServerEvent::OutputAudioTranscriptDelta(event) => {
                event.response_id.get()
            }
            ServerEvent::OutputAudioDelta(event) => event.response_id.get(),
            ServerEvent::FunctionCallArgumentsDelta(event) => event.response_id.get(),
            ServerEvent::McpCallArgumentsDelta(event) => event.response_id.get(),
            ServerEvent::McpCallInProgress(_) | ServerEvent::McpCallCompleted(_) | ServerEvent::McpCallFailed(_) => {
                return self.slot.progress(self.now, timeout);
            }
            _ => return,
        };
        let Some(id) = id else { return };
        if ends_awaited {
            let deadline = self.end_deadline();
            self.acknowledgements.progress(id, deadline);
        }
        if self.conversation.active_response().is_some_and(|active| active.response().id.get() == Some(id)) {
            self.slot.progress(self.now, timeout);
        }
    }

    /// Writes down when the first of a response comes.
    fn note_output(&mut self, delta: &ServerEvent<'_>) {
        let (books, now) = (&mut self.accounting, self.now);
        if !books.awaits_output() {
            return;
        }
        match delta {
            ServerEvent::OutputAudioDelta(delta) => books.output(delta.response_id.get(), true, now),
            ServerEvent::OutputTextDelta(delta) | ServerEvent::OutputAudioTranscriptDelta(delta) => {
                books.output(delta.response_id.get(), false, now);
            }
            _ => {}
        }
    }

    /// Writes down what an event tells of cost and time, once.
    fn keep_books(&mut self, event: &ServerEvent<'_>) {
        let (books, now) = (&mut self.accounting, self.now);
        match event {
            ServerEvent::ResponseCreated(event) => {
                if let Some(id) = event.response.get().and_then(|response| response.id.get()) {
                    books.created(id, now);
                }
            }
            ServerEvent::ResponseDone(event) => {
                let Some(response) = event.response.get() else { return };
                let Some(id) = response.id.get() else { return };
                // What is done already has been counted.
                if self.conversation.response(id.as_str()).is_some_and(|record| !record.is_active()) {
                    return;
                }
                if let Some(times) = books.done(id, now) {
                    self.events.push_back(Event::TurnTimes(Arc::new(times)));
                }
                if let Some(usage) = response.usage.get() {
                    let cost = self.model().and_then(|model| self.options.prices.response(&model, usage));
                    self.accounting.used(usage, cost);
                    self.tell_usage();
                }
            }
            ServerEvent::InputTranscriptionCompleted(event) => {
                let Some(id) = event.item_id.get() else { return };
                self.promises.kept(id, Promise::Transcript);
                if let Some(usage) = event.usage.get() {
                    let model = self.transcription_model();
                    let cost = model.and_then(|model| self.options.prices.transcription(&model, usage));
                    if self.accounting.transcribed(id, usage, cost) {
                        self.tell_usage();
                    }
                }
            }
            _ => {}
        }
    }

    fn tell_usage(&mut self) {
        self.events.push_back(Event::Usage(Arc::new(*self.accounting.usage())));
        self.watch_budget();
    }

    /// Says once that the budget is spent, and gives up what waits.
    pub(super) fn watch_budget(&mut self) {
        if let Some((spent, budget)) = self.accounting.overspent() {
            self.events.push_back(Event::BudgetSpent { spent, budget });
            self.pump();
        }
    }

    fn model(&self) -> Option<String> {
        match &**self.session()? {
            Session::Realtime(session) => session.model.get().map(|model| model.as_str().to_owned()),
            _ => None,
        }
    }

    fn transcription_model(&self) -> Option<String> {
        let session = self.session().map_or(self.configuration.wanted(), |session| session);
        let transcription = session.audio_input()?.transcription.get()?;
        transcription.model.get().map(|model| model.as_str().to_owned())
    }

    /// The first sound of responses was played.
    pub(super) fn note_playback(&mut self) {
        while let Some((response, at)) = self.playback.poll_begun() {
            if let Some(times) = self.accounting.played(&response, at) {
                self.events.push_back(Event::TurnTimes(Arc::new(times)));
            }
        }
    }

    /// Tells the command that this event acknowledges.
    fn acknowledge(&mut self, event: &ServerEvent<'_>) {
        let item = |id: &Member<ItemId>| id.get().cloned();
        let acknowledgements = &mut self.acknowledgements;
        match event {
            ServerEvent::ItemAdded(event) | ServerEvent::ItemCreated(event) | ServerEvent::ItemDone(event) => {
                let Some(item) = event.item.get() else { return };
                let Some(id) = item.id() else { return };
                let asked =
                    acknowledgements.named(&Expected::ItemAdded(id.clone()), Acknowledgement::ItemAdded(id.clone()));
                // An item of the user's speech that nobody said was committed.
                let new = self.changes.iter().any(|change| matches!(change, Change::Appended(told) if told == id))
                    && self.conversation.item(id.as_str()).is_some_and(|item| item.received_samples(0) == 0);
                if new && !asked && is_spoken(item) && (self.input.is_turn(id) || self.input.awaits_commit()) {
                    self.committed(id);
                }
                self.promises.kept(id, Promise::Item);
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
                    let index = event.content_index.get().map_or(0, |index| index.unsigned() as usize);
                    if let Some(cut) = self.conversation.item(id.as_str()) {
                        self.playback.cut(&id, index, cut.received_samples(index));
                    }
                    acknowledgements.named(&Expected::ItemTruncated(id.clone()), Acknowledgement::ItemTruncated(id));
                }
            }
            ServerEvent::ItemDeleted(event) => {
                if let Some(id) = item(&event.item_id) {
                    self.promises.forget(&id);
                    acknowledgements.named(&Expected::ItemDeleted(id.clone()), Acknowledgement::ItemDeleted(id));
                }
            }
            _ => {}
        }
    }

    /// What a response told of is an item of the conversation, which has not said so.
    pub(super) fn await_no_item(&mut self) {
        self.conversation.await_no_item(&mut self.changes);
        self.tell_changes();
    }

    pub(super) fn tell_changes(&mut self) {
        let mut changes = std::mem::take(&mut self.changes);
        for change in changes.drain(..) {
            match change {
                Change::Updated(item_id, delta) => {
                    if let Some(Delta::Audio { content_index, samples }) = &delta {
                        self.audio_received(&item_id, *content_index, samples.len() as u64);
                    }
                    self.events.push_back(Event::ItemUpdated { item_id, delta });
                }
                rarer => self.tell_rarer(rarer),
            }
        }
        // Handling a change makes none, so the room can be used again.
        self.changes = changes;
    }

    #[inline(never)]
    fn tell_rarer(&mut self, change: Change) {
        let snapshot = |id: &ItemId| self.conversation.item(id.as_str()).map(|item| Arc::new(item.clone()));
        let event = match change {
            Change::Appended(id) => snapshot(&id).map(Event::ItemAppended),
            Change::Completed(id) => {
                let Some(item) = snapshot(&id) else { return };
                self.events.push_back(Event::ItemCompleted(item.clone()));
                return self.note_call(&item);
            }
            Change::Updated(item_id, delta) => Some(Event::ItemUpdated { item_id, delta }),
            Change::Deleted(id) => {
                self.playback.forget(&id);
                Some(Event::ItemDeleted(id))
            }
            Change::DamagedAudio(item_id, source) => {
                Some(Event::Error(Arc::new(SessionError::DamagedAudio { item_id, source })))
            }
            Change::NeverAnnounced(id) => Some(Event::Error(Arc::new(SessionError::ItemNeverAnnounced(id)))),
            Change::Unknown(id) => Some(Event::Diagnostic(Arc::new(Diagnostic::UnknownItem(id)))),
        };
        self.events.extend(event);
    }

    fn audio_received(&mut self, item_id: &ItemId, content_index: usize, samples: u64) {
        if !self.playback.received(item_id, content_index, samples)
            && let Some(item) = self.conversation.item(item_id.as_str())
        {
            let (encoding, response) = (item.audio_encoding(), item.response_id());
            self.playback.begin(item_id, content_index, samples, encoding, response);
            self.note_playback();
        }
    }

    /// Tells what came beyond changes of items.
    fn tell_answer(&mut self, event: &ServerEvent<'_>, news: bool) {
        let response = match event {
            ServerEvent::ResponseCreated(event) | ServerEvent::ResponseDone(event) => event.response.get(),
            ServerEvent::ItemRetrieved(event) => {
                self.events.extend(event.item.get().map(|item| Event::ItemRetrieved(Arc::new((**item).clone()))));
                return;
            }
            _ => return,
        };
        let Some(response) = response else { return };
        let record = response.id.get().and_then(|id| self.conversation.response(id.as_str()));
        let beside = record.is_some_and(|record| record.is_out_of_band());
        let response = record.map_or_else(|| Arc::new((**response).clone()), |record| record.response().clone());
        let tag = response.metadata.get().and_then(|metadata| metadata.get(COMMAND_TAG));
        let tag = tag.map(|command| EventId::from(command.clone()));
        match event {
            ServerEvent::ResponseCreated(_) => self.response_created(&response, beside, tag.as_ref()),
            _ if news => self.response_done(&response, beside, tag.as_ref()),
            _ => {}
        }
    }

    fn response_created(&mut self, response: &Arc<Response>, beside: bool, tag: Option<&EventId>) {
        self.events.push_back(Event::ResponseCreated(response.clone()));
        // Some services give no response a conversation: what we asked for is not beside it.
        let ours = tag.map_or_else(
            || self.slot.owns_unnamed() && !self.acknowledgements.await_beside(),
            |tag| self.slot.asked() == Some(tag),
        );
        if beside && !ours {
            self.begin_beside(response, tag);
            return;
        }
        if let Some(id) = response.id.get().filter(|_| beside) {
            self.conversation.put_in_conversation(id);
        }
        let owned = self.begin(response, tag);
        self.slot.created();
        if !owned
            && self.accounting.is_budget_spent()
            && let Some(id) = response.id.get()
        {
            // The service asked itself.
            self.cancel(id);
        }
    }

    fn response_done(&mut self, response: &Arc<Response>, beside: bool, tag: Option<&EventId>) {
        // A service that forgot to say that it began says here that it did.
        let began = response.id.get().is_none_or(|id| self.accounting.turns().any(|turn| turn.response_id == *id));
        if beside {
            self.begin_beside(response, tag);
        } else if !began || tag.is_some() {
            self.begin(response, tag);
        }
        self.events.push_back(Event::ResponseDone(response.clone()));
        if let Some(error) = SessionError::of_response(response) {
            self.fail(error);
        }
        if let Some(id) = response.id.get() {
            self.acknowledgements.response_done(id, response);
            if self.acknowledgements.await_an_end() {
                let finished = FinishedResponse::new(response.clone(), &self.conversation);
                self.acknowledgements.finished(id, finished);
            }
            self.sweep(id);
        }
        if !beside {
            self.slot.done();
            self.calls_done(response);
            self.pump();
        }
    }

    /// A response that has begun may think for a while before anything comes of it.
    fn end_deadline(&self) -> std::time::Duration {
        self.now.saturating_add(self.options.command_timeout.saturating_mul(RESPONSE_PATIENCE))
    }

    fn begin_beside(&mut self, response: &Arc<Response>, tag: Option<&EventId>) {
        let deadline = self.end_deadline();
        self.acknowledgements.beside(tag, response, deadline);
    }

    /// A response of the default conversation begins. True when it was asked for.
    fn begin(&mut self, response: &Arc<Response>, tag: Option<&EventId>) -> bool {
        let ours = match tag {
            Some(tag) => self.slot.asked() == Some(tag),
            None => self.slot.owns_unnamed(),
        };
        let Some((request, unwanted)) = ours.then(|| self.slot.began(tag.is_none())).flatten() else { return false };
        let deadline = self.end_deadline();
        for (command, wants) in request.commands {
            match (wants, response.id.get()) {
                (Wants::End, Some(id)) => self.acknowledgements.expect(command, Expected::End(id.clone()), deadline),
                _ => {
                    let told = Acknowledgement::ResponseCreated(response.clone());
                    self.acknowledgements.tell(command, Outcome::Done(told));
                }
            }
        }
        if unwanted && let Some(id) = response.id.get() {
            self.conversation.silence(id.clone());
            self.cancel(id);
        }
        true
    }

    /// The session an event names; the one we know, or asked for, when it names none.
    fn session_in_force(&self, session: &Member<Box<Session>>) -> Arc<Session> {
        match (session.get(), self.session()) {
            (Some(session), _) => Arc::new((**session).clone()),
            (None, Some(known)) => known.clone(),
            (None, None) => Arc::new(self.configuration.wanted().clone()),
        }
    }

    /// What the service says is in force.
    fn take_formats(&mut self, session: &Session) {
        // Updates that are on their way count already for what is sent behind them.
        if self.configuration.is_settled() {
            self.set_input_encoding(session);
        }
        self.set_output_encoding(session);
    }

    pub(super) fn set_input_encoding(&mut self, session: &Session) {
        if let Some(input) = session.audio_input().and_then(|input| encoding(&input.format)) {
            self.input.set_encoding(input);
            self.conversation.set_input_encoding(input);
        }
    }

    pub(super) fn set_output_encoding(&mut self, session: &Session) {
        let output: Option<AudioEncoding> = session.audio_output().and_then(|output| encoding(&output.format));
        if let Some(output) = output {
            self.conversation.set_output_encoding(output);
        }
    }
}

/// A message of the user with speech in it.
fn is_spoken(item: &Item) -> bool {
    match item {
        Item::Message(message) => {
            message.role.get().is_some_and(|role| *role == Role::User)
                && message.content.get().into_iter().flat_map(List::iter).any(|part| part.is(PartType::InputAudio))
        }
        _ => false,
    }
}
