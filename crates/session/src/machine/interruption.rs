//! Interruptions: what was said and not heard is taken back.
//!
//! Local playback stops, what is running is cancelled, and each item that was not played to its end is cut where it
//! was heard (`conversation.item.truncate`), never beyond what was received. An item of which nothing was heard is
//! deleted (`conversation.item.delete`): the model shall not believe that it said it, and the service refuses to cut
//! what has no audio yet. Text is taken as read once it has come, and stays.

use std::sync::Arc;

use vivavoce_protocol::payload::ResponseCancel;
use vivavoce_protocol::{ClientEvent, EventId, Item, ItemId, ItemStatus, Member, ResponseId, Role, TurnDetection};

use super::acknowledgements::Expected;
use super::commands::is_audio;
use super::{Link, SessionMachine};
use crate::{CommandError, Delta, Event, PlaybackPosition, PlaybackSource};

/// Somebody stopped the model: [`Event::Interrupted`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interruption {
    /// Who.
    pub cause: InterruptionCause,
    /// The response that was running, whether we or the service cancelled it.
    pub response_id: Option<ResponseId>,
    /// Whether playback ends. False when the user speaks and the application is to interrupt by itself.
    pub stops_playback: bool,
    /// What was not heard to its end, in order.
    pub items: Vec<InterruptedItem>,
    /// The commands that were sent for it, `response.cancel` first.
    pub commands: Vec<EventId>,
}

impl Interruption {
    /// One of which nothing came.
    pub const fn new(cause: InterruptionCause) -> Self {
        Self { cause, response_id: None, stops_playback: false, items: Vec::new(), commands: Vec::new() }
    }
}

/// Who interrupts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InterruptionCause {
    /// The application.
    Application,
    /// Speech of the user that becomes this item (`input_audio_buffer.speech_started`).
    Speech(Option<ItemId>),
}

/// A content part that was not heard to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InterruptedItem {
    /// The item.
    pub item_id: ItemId,
    /// The part of it.
    pub content_index: usize,
    /// Samples heard of it, at the rate of the session's output format (24 kHz unless G.711).
    pub heard_samples: u64,
    /// Who says that so much was heard.
    pub source: PlaybackSource,
    /// Where it is cut, in milliseconds from the beginning of the part. `None` when nothing was heard: the item is deleted,
    /// or, where an earlier part of it was heard, stays with that. Without a connection neither is told to the service.
    pub audio_end_ms: Option<u64>,
}

/// A part that is to be stopped.
struct Affected {
    item_id: ItemId,
    content_index: usize,
    position: Option<PlaybackPosition>,
}

impl SessionMachine {
    /// Stops the model: playback ends, what is running is cancelled, and what was not heard is taken back, each item at
    /// its played position. Works after generation has ended, and without a connection, when nothing can be sent. A
    /// response that was asked for and has not begun is cancelled as soon as it begins; those that wait behind it take
    /// their turn.
    ///
    /// Told as [`Event::Interrupted`], too. Nothing is sent when nothing is running and everything was heard.
    pub fn interrupt(&mut self) -> Arc<Interruption> {
        self.await_no_item();
        let mut commands = Vec::new();
        let running = self.stop_responding(&mut commands);
        self.take_back(InterruptionCause::Application, running, commands)
    }

    /// `input_audio_buffer.speech_started`: the user speaks over the model.
    pub(super) fn speech_interrupts(&mut self, item_id: Option<ItemId>) {
        let cause = InterruptionCause::Speech(item_id);
        if !self.options.interrupt_on_speech {
            self.events.push_back(Event::Interrupted(Arc::new(Interruption::new(cause))));
            return;
        }
        let running = self.conversation.active_response().and_then(|active| active.response().id.get().cloned());
        let mut commands = Vec::new();
        self.slot.cancel_follow_up();
        if !self.service_interrupts() {
            commands.extend(running.as_ref().and_then(|id| self.cancel(id)));
        }
        self.take_back(cause, running, commands);
    }

    /// Cancels what is running and cuts a message of the assistant to the samples that were heard
    /// (`response.cancel`, `conversation.item.truncate`). Works after generation has ended, too. More samples
    /// than were received count as all of them; what was cut before is not lengthened.
    ///
    /// Told as [`Event::Interrupted`], too. Returns the ids of what was sent.
    ///
    /// # Errors
    ///
    /// [`CommandError::UnknownItem`], [`CommandError::NotAMessage`], [`CommandError::NotFromAssistant`] and
    /// [`CommandError::NoAudio`] for an item that cannot be cut; [`CommandError::NotConnected`] and
    /// [`CommandError::Congested`].
    pub fn cancel_response_at(&mut self, item_id: &ItemId, heard_samples: u64) -> Result<Vec<EventId>, CommandError> {
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
        let received = item.received_samples(index);
        let heard = heard_samples.min(received);
        let end_ms = item.audio_encoding().samples_to_ms(heard);
        let cut_before = item.heard_samples(index).is_some_and(|before| before.min(received) <= heard);
        self.playback.place(item_id, index, heard);
        let mut commands = Vec::new();
        let response_id = self.stop_responding(&mut commands);
        self.stop_part(item_id, index, heard);
        // The service refuses to cut what has no audio.
        let audio_end_ms = (received > 0 && !cut_before).then_some(end_ms);
        if let Some(end_ms) = audio_end_ms {
            commands.push(self.cut(item_id, index, end_ms));
        }
        if !commands.is_empty() {
            let (item_id, source) = (item_id.clone(), PlaybackSource::Reported);
            let items =
                vec![InterruptedItem { item_id, content_index: index, heard_samples: heard, source, audio_end_ms }];
            let cause = InterruptionCause::Application;
            let interruption =
                Interruption { cause, response_id, stops_playback: false, items, commands: commands.clone() };
            self.events.push_back(Event::Interrupted(Arc::new(interruption)));
        }
        self.interrupt_tools();
        Ok(commands)
    }

    /// Cancels what runs in the default conversation, or is about to; nothing of it is told any more.
    fn stop_responding(&mut self, commands: &mut Vec<EventId>) -> Option<ResponseId> {
        self.slot.cancel_asked();
        let id = self.conversation.active_response()?.response().id.get()?.clone();
        commands.extend(self.cancel(&id));
        self.conversation.silence(id.clone());
        Some(id)
    }

    /// The application has played so many samples of a content part, counted from the part's beginning, at the rate of
    /// the session's output format. From the first report on, nothing is estimated any more: what is not reported was
    /// not heard. Report the end of each part, too; who plays a part is taken to have played those before it.
    ///
    /// Positions do not go back, and are clamped to what was received. False when nothing of this part is to be
    /// played: it has no audio, or was interrupted.
    pub fn report_played(&mut self, item_id: &ItemId, content_index: usize, samples: u64) -> bool {
        let counted = self.playback.report(item_id, content_index, samples);
        self.note_playback();
        counted
    }

    /// Everything received so far is taken to be heard, whatever was played of it: for an application whose user reads
    /// along, and goes on. An interruption leaves it alone.
    pub fn skip_playback(&mut self) {
        self.playback.skip();
    }

    /// Nobody reports any more, as a speaker that goes: what has come counts as heard, and the clock estimates the rest.
    pub fn estimate_playback(&mut self) {
        self.playback.estimate_again();
    }

    /// A response is done that was interrupted while it ran: items that came after the interruption were not heard
    /// either.
    pub(super) fn sweep(&mut self, response: &ResponseId) {
        if !self.conversation.is_silenced(Some(response)) {
            return;
        }
        let items = self.conversation.response(response.as_str()).map(|record| record.items().to_vec());
        for item_id in items.unwrap_or_default() {
            let Some(item) = self.conversation.item(item_id.as_str()) else { continue };
            let unheard = item.spoken_parts().next().is_some() && !item.is_interrupted();
            let nothing_came = item.spoken_parts().all(|index| item.received_samples(index) == 0);
            if unheard && nothing_came && self.conversation.is_shared(&item_id) {
                self.send_delete(&item_id);
            }
        }
    }

    fn take_back(
        &mut self,
        cause: InterruptionCause,
        response_id: Option<ResponseId>,
        mut commands: Vec<EventId>,
    ) -> Arc<Interruption> {
        if let Some(id) = &response_id {
            self.conversation.silence(id.clone());
        }
        let mut items: Vec<InterruptedItem> = Vec::new();
        for Affected { item_id, content_index, position } in self.affected(response_id.as_ref()) {
            let heard = position.map_or(0, |position| position.played);
            let source = position.map_or(PlaybackSource::Estimated, |position| position.source);
            let encoding = self.conversation.item(item_id.as_str()).map(|item| item.audio_encoding());
            let end_ms = encoding.unwrap_or_default().samples_to_ms(heard);
            // A later part of an item that was heard is cut at its beginning, where it has one.
            let earlier = items.iter().any(|before| before.item_id == item_id)
                || self.conversation.item(item_id.as_str()).is_some_and(|item| heard_before(item, content_index));
            let received = position.map_or(0, |position| position.received);
            let audio_end_ms = (heard > 0 || earlier && received > 0).then_some(end_ms);
            self.stop_part(&item_id, content_index, heard);
            let can_send = self.is_connected() && self.conversation.is_shared(&item_id);
            match audio_end_ms {
                Some(end_ms) if can_send => commands.push(self.cut(&item_id, content_index, end_ms)),
                None if can_send && !earlier => commands.push(self.send_delete(&item_id)),
                _ => {}
            }
            items.push(InterruptedItem { item_id, content_index, heard_samples: heard, source, audio_end_ms });
        }
        let interruption = Arc::new(Interruption { cause, response_id, stops_playback: true, items, commands });
        self.events.push_back(Event::Interrupted(interruption.clone()));
        self.interrupt_tools();
        interruption
    }

    /// What is not played to its end, or may get longer; and what the running response has announced and not begun to
    /// say.
    fn affected(&self, running: Option<&ResponseId>) -> Vec<Affected> {
        let generated = |item_id: &ItemId| {
            let item = self.conversation.item(item_id.as_str())?;
            let running = running.is_some() && item.response_id() == running;
            Some((item, running && *item.status() == ItemStatus::InProgress))
        };
        let mut affected: Vec<Affected> = self
            .playback
            .open()
            .filter(|track| {
                let more = generated(&track.item_id).is_some_and(|(_, more)| more);
                more || track.unplayed() > 0
            })
            .map(|track| Affected {
                item_id: track.item_id.clone(),
                content_index: track.content_index,
                position: self.playback.position(&track.item_id, track.content_index),
            })
            .collect();
        let record = running.and_then(|id| self.conversation.response(id.as_str()));
        for item_id in record.into_iter().flat_map(|record| record.items()) {
            let Some((item, true)) = generated(item_id) else { continue };
            let silent = matches!(item.item(), Item::Message(_))
                && item.text().is_empty()
                && self.playback.position(item_id, 0).is_none()
                && affected.iter().all(|part| part.item_id != *item_id);
            if silent {
                affected.push(Affected { item_id: item_id.clone(), content_index: 0, position: None });
            }
        }
        affected
    }

    /// Nothing more of a part is played, nor handed out.
    fn stop_part(&mut self, item_id: &ItemId, content_index: usize, heard: u64) {
        self.playback.stop(item_id, content_index);
        if let Some(item) = self.conversation.item_mut(item_id) {
            item.interrupt(content_index, heard);
        }
        self.events.retain(|event| {
            !matches!(event, Event::ItemUpdated { item_id: told, delta: Some(Delta::Audio { content_index: part, .. }) }
                if told == item_id && *part == content_index)
        });
        self.events.push_back(Event::ItemUpdated { item_id: item_id.clone(), delta: None });
    }

    /// Cancels a response.
    pub(super) fn cancel(&mut self, id: &ResponseId) -> Option<EventId> {
        if !self.is_connected() {
            return None;
        }
        let cancel = ClientEvent::ResponseCancel(ResponseCancel::new().response_id(id.clone()));
        Some(self.send_command(cancel, Expected::ResponseDone(id.clone())))
    }

    /// Whether speech of the user makes the service cancel the running response by itself.
    fn service_interrupts(&self) -> bool {
        self.turn_detection().is_some_and(|detection| detection.interrupt_response.get() != Some(&false))
    }

    /// Whether the end of the user's speech makes the service respond by itself.
    pub(super) fn service_responds(&self) -> bool {
        self.turn_detection().is_some_and(|detection| detection.create_response.get() != Some(&false))
    }

    /// Turn detection as the service has it in force, where it says so; else as it was asked for.
    fn turn_detection(&self) -> Option<&TurnDetection> {
        let in_force = match &self.link {
            Link::Ready(session) => session.audio_input().map(|input| &input.turn_detection),
            Link::Down | Link::Open => None,
        };
        match in_force {
            Some(said @ (Member::Value(_) | Member::Null)) => said.get(),
            _ => self.configuration.wanted().audio_input()?.turn_detection.get(),
        }
    }
}

/// Whether a part before this one was heard.
fn heard_before(item: &crate::ConversationItem, content_index: usize) -> bool {
    item.spoken_parts().take_while(|index| *index < content_index).any(|index| item.received_samples(index) > 0)
}
