//! A conversation or a transcription session: its items, the user's turns and the responses in progress.

use std::time::Duration;

use vivavoce_protocol::payload::{
    Bare, Conversation as ConversationName, ConversationCreated, ItemEvent, ItemNotice, ItemRetrieved, ItemTruncation,
    SessionEvent,
};
use vivavoce_protocol::{ClientEvent, Dialect, Int, ItemId, Member, ResponseId, ServerEvent, Session, StatusReason};

use super::context::Context;
use super::conversation::{Conversation, Place};
use super::input::InputBuffer;
use super::item::Reading;
use super::job::{Job, JobId};
use super::mcp::Mcp;
use super::outbox::Outbox;
use super::refusal::{self, Refusal};
use super::response::{ActiveResponse, Outcome, Stage};
use super::settings::Settings;
use super::transcription::Transcribing;
use super::{MachineConfig, turn};
use crate::engine::{ContextItem, EngineEvent};

#[derive(Debug)]
pub(super) struct Talk {
    pub(super) out: Outbox,
    pub(super) settings: Settings,
    pub(super) conversation: Conversation,
    pub(super) context: Context,
    pub(super) input: InputBuffer,
    /// The item of the speech that is going on.
    pub(super) speech_item: Option<ItemId>,
    pub(super) responses: Vec<ActiveResponse>,
    pub(super) transcriptions: Vec<Transcribing>,
    pub(super) mcp: Mcp,
    /// The model has spoken in the conversation: its voice cannot change any more.
    pub(super) has_spoken: bool,
    pub(super) idle: turn::Idle,
}

impl Talk {
    pub(super) fn open(config: &MachineConfig) -> Self {
        let mut out = Outbox::new(config.dialect, config.seed);
        let settings = Settings::open(config, out.ids.session());
        out.send(ServerEvent::SessionCreated(SessionEvent::new().session(Box::new(settings.wire()))));
        let conversation = Conversation::new(out.ids.conversation());
        if config.dialect == Dialect::Beta && !settings.is_transcription() {
            let name = ConversationName::new().id(conversation.id.clone()).object("realtime.conversation");
            out.send(ServerEvent::ConversationCreated(ConversationCreated::new().conversation(name)));
        }
        let mut talk = Self {
            input: InputBuffer::new(settings.input_encoding(), settings.turns()),
            out,
            settings,
            conversation,
            context: Context::default(),
            speech_item: None,
            responses: Vec::new(),
            transcriptions: Vec::new(),
            mcp: Mcp::default(),
            has_spoken: false,
            idle: turn::Idle::default(),
        };
        if config.dialect == Dialect::Ga {
            talk.import_first();
        }
        talk
    }

    pub(super) fn handle_event(&mut self, event: ClientEvent<'_>, now: Duration) -> Result<(), Refusal> {
        match event {
            ClientEvent::SessionUpdate(event) => match event.session.get() {
                Some(session) => self.update_session(session, now),
                None => Ok(()),
            },
            ClientEvent::InputAudioAppend(event) => match event.audio.get() {
                Some(audio) => self.append(audio, now),
                None => Ok(()),
            },
            ClientEvent::InputAudioCommit(_) => self.commit_by_client(now),
            ClientEvent::InputAudioClear(_) => {
                self.input.clear();
                self.forget_open_transcription();
                self.speech_item = None;
                self.restart_idle(now);
                self.out.send(ServerEvent::InputAudioCleared(Bare::new()));
                Ok(())
            }
            ClientEvent::ItemCreate(event) => self.create_item(&event, now),
            ClientEvent::ItemRetrieve(event) => self.retrieve_item(&event),
            ClientEvent::ItemTruncate(event) => self.truncate_item(&event),
            ClientEvent::ItemDelete(event) => self.delete_item(&event),
            ClientEvent::ResponseCreate(event) => {
                self.create_response(event.response.get().map(|params| &**params), now)
            }
            ClientEvent::ResponseCancel(event) => self.cancel_response(event.response_id.get(), now),
            // The machine lets no other pass.
            _ => Ok(()),
        }
    }

    pub(super) fn handle_engine(&mut self, id: JobId, event: EngineEvent, now: Duration) {
        let Some(index) = self.responses.iter().position(|response| response.job == id) else {
            return self.handle_transcription(id, event);
        };
        let by_engine = matches!(event, EngineEvent::Done | EngineEvent::Failed(_));
        let (responses, mut stage) = self.responses_and_stage();
        if let Some(outcome) = responses[index].play(event, &mut stage) {
            if !by_engine {
                self.out.order(Job::Cancel { id });
            }
            self.finish_response(index, outcome, now);
        }
    }

    /// When the idle timeout is to be looked at.
    pub(super) const fn deadline(&self) -> Option<Duration> {
        self.idle.deadline()
    }

    /// Stops what is being made: the session is over.
    pub(super) fn stop(&mut self) {
        for response in self.responses.drain(..) {
            for id in response.engine_job().into_iter().chain(response.call_jobs()) {
                self.out.order(Job::Cancel { id });
            }
        }
        for id in self.mcp.stop() {
            self.out.order(Job::Cancel { id });
        }
        for transcribing in self.transcriptions.drain(..) {
            self.out.order(Job::Cancel { id: transcribing.job() });
        }
    }

    fn update_session(&mut self, update: &Session, now: Duration) -> Result<(), Refusal> {
        let settings = self.settings.updated(update, self.has_spoken)?;
        let tools = match update {
            Session::Realtime(update) => update.tools.get(),
            _ => None,
        };
        let servers = tools.map(|tools| self.mcp.read(tools, "session")).transpose()?;
        let idle_timeout = self.settings.idle_timeout();
        self.settings = settings;
        self.input.configure(self.settings.input_encoding(), self.settings.turns());
        self.stop_hearing_unless_live();
        if self.settings.idle_timeout() != idle_timeout {
            self.restart_idle(now);
        }
        self.out.send(ServerEvent::SessionUpdated(SessionEvent::new().session(Box::new(self.settings.wire()))));
        if let Some(servers) = servers {
            self.mcp.session.clone_from(&servers);
            self.import(&servers, true);
        }
        Ok(())
    }

    // --- Items --------------------------------------------------------------------------------------------------

    fn create_item(&mut self, event: &ItemEvent, now: Duration) -> Result<(), Refusal> {
        let Some(item) = event.item.get() else { return Ok(()) };
        let reading = Reading { encoding: self.input.encoding(), path: "item" };
        let item = reading.item(item, &mut self.out.ids)?;
        if let ContextItem::FunctionCallOutput { call_id, .. } = &*item.content
            && !self.conversation.has_call(call_id.as_str())
        {
            return Err(refusal::unknown_call(call_id.as_str()));
        }
        let approval = match &*item.content {
            ContextItem::McpApprovalResponse { approval_request_id: request, approve, reason } => {
                match self.conversation.approval(request) {
                    None => return Err(refusal::unknown_approval_request(request.as_str())),
                    Some(true) => return Err(refusal::answered_approval_request(request.as_str())),
                    Some(false) => Some((request.clone(), *approve, reason.clone())),
                }
            }
            _ => None,
        };
        let place = match event.previous_item_id.get() {
            Some(id) if *id == "root" => Place::First,
            Some(id) if !id.as_str().is_empty() => Place::After(id),
            _ => Place::End,
        };
        let wire = item.wire();
        let previous = self.conversation.insert(item, place)?;
        self.announce(previous, wire);
        if let Some((request, approve, reason)) = approval {
            self.answer_approval(&request, approve, reason.as_deref());
        }
        self.restart_idle(now);
        Ok(())
    }

    /// Announces an item that is complete as it comes.
    pub(super) fn announce(&mut self, previous: Option<ItemId>, item: vivavoce_protocol::Item) {
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
        self.mcp.forget_request(id);
        self.out.send(ServerEvent::ItemDeleted(ItemNotice::new().item_id(id.clone())));
        Ok(())
    }

    fn truncate_item(&mut self, event: &ItemTruncation) -> Result<(), Refusal> {
        let Some(id) = event.item_id.get() else { return Ok(()) };
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
    pub(super) fn active_response(&self) -> Option<usize> {
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

    pub(super) fn interrupt(&mut self, index: usize, reason: StatusReason, now: Duration) {
        if let Some(id) = self.responses[index].engine_job() {
            self.out.order(Job::Cancel { id });
        }
        self.finish_response(index, Outcome::Cancelled(reason), now);
    }

    pub(super) fn finish_response(&mut self, index: usize, outcome: Outcome, now: Duration) {
        let response = self.responses.remove(index);
        if response.plan.in_conversation {
            if self.input.is_speaking() {
                self.idle.hold();
            } else {
                self.idle.arm(now, Duration::from_millis(response.audio_ms()), self.settings.idle_timeout());
            }
        }
        response.finish(outcome, &mut self.stage());
    }

    pub(super) fn stage(&mut self) -> Stage<'_> {
        self.responses_and_stage().1
    }

    pub(super) fn responses_and_stage(&mut self) -> (&mut Vec<ActiveResponse>, Stage<'_>) {
        let stage = Stage {
            out: &mut self.out,
            conversation: &mut self.conversation,
            mcp: &mut self.mcp,
            has_spoken: &mut self.has_spoken,
        };
        (&mut self.responses, stage)
    }
}
