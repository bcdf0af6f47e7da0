//! One response: from what the engine says to the events of the ladder.
//!
//! Every item is announced before it has content, every part is closed with exactly what its deltas said, and
//! `response.done` comes whatever happens.

mod calls;

use vivavoce_audio::{AudioBuffer, AudioChunk, AudioEncoding, Resampler, SAMPLE_RATE, encode_base64};
use vivavoce_protocol::payload::{
    ArgumentsDelta, ArgumentsDone, AudioDelta, AudioDone, ItemEvent, McpArgumentsDelta, OutputItemEvent, PartEvent,
    RateLimit, RateLimitName, RateLimitsUpdated, ResponseEvent, ResponsePart, ResponsePartType, TextDelta, TextDone,
    TranscriptDone,
};
use vivavoce_protocol::{
    AudioFormat, AudioOutput, Base64, CallId, Dict, ErrorDetail, Int, Item, ItemId, ItemStatus, List, MaxTokens,
    Member, Modalities, Num, Response, ResponseAudio, ResponseId, Role, ServerEvent, Status, StatusDetails,
    StatusReason, Text, VoiceChoice,
};

use super::conversation::Conversation;
use super::item::StoredItem;
use super::job::JobId;
use super::mcp::{Mcp, Offer, ToolCall};
use super::outbox::Outbox;
use super::settings::shown_voice;
use super::usage;
use crate::engine::{ContextItem, ContextPart, EngineError, EngineEvent, SpokenAudio};

/// Samples at 24 kHz of the longest audio delta: 200 ms.
const DELTA_SAMPLES: usize = 4_800;
/// Characters of the longest delta of arguments.
const ARGUMENTS_CHARS: usize = 32;
/// What `rate_limits.updated` says one may use in a minute.
const TOKENS_PER_MINUTE: u64 = 1_000_000;

/// What a response was asked to be: its own parameters over the session's.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) in_conversation: bool,
    pub(super) modalities: Member<Modalities>,
    pub(super) voice: Member<VoiceChoice>,
    pub(super) format: Member<AudioFormat>,
    pub(super) encoding: AudioEncoding,
    pub(super) max_output_tokens: Member<MaxTokens>,
    pub(super) temperature: Member<Num>,
    pub(super) metadata: Member<Dict<String>>,
    /// The tools of MCP servers it may call.
    pub(super) offers: Vec<Offer>,
}

impl Plan {
    pub(super) fn is_spoken(&self) -> bool {
        self.modalities.get().is_none_or(Modalities::has_audio)
    }

    pub(super) fn limit(&self) -> Option<u64> {
        match self.max_output_tokens.get() {
            Some(MaxTokens::Limit(limit)) => Some(limit.unsigned()),
            _ => None,
        }
    }
}

/// A response in progress.
#[derive(Debug)]
pub(super) struct ActiveResponse {
    pub(super) id: ResponseId,
    pub(super) job: JobId,
    pub(super) plan: Plan,
    prompt: usage::Prompt,
    made: usage::Output,
    items: Vec<Item>,
    open: Open,
    calls: calls::Calls,
}

/// The item being generated.
#[derive(Debug)]
enum Open {
    Nothing,
    Message { id: ItemId, parts: Vec<ContextPart>, part: OpenPart },
    Call { id: ItemId, call_id: CallId, name: String, arguments: String },
    McpCall { call: ToolCall, offer: Option<Offer> },
}

/// The part being generated.
#[derive(Debug)]
enum OpenPart {
    Nothing,
    Text(String),
    Audio { transcript: String, samples: AudioBuffer, resampler: Option<Box<Resampler>> },
}

/// How a response ends.
#[derive(Debug)]
pub(super) enum Outcome {
    Completed,
    Cancelled(StatusReason),
    OutOfTokens,
    Failed(EngineError),
}

/// What events about a response are played on.
pub(super) struct Stage<'a> {
    pub(super) out: &'a mut Outbox,
    pub(super) conversation: &'a mut Conversation,
    pub(super) mcp: &'a mut Mcp,
    /// Set once the model has spoken in the conversation: its voice cannot change any more.
    pub(super) has_spoken: &'a mut bool,
}

impl ActiveResponse {
    /// Opens the response with `response.created`.
    pub(super) fn begin(id: ResponseId, job: JobId, plan: Plan, prompt: usage::Prompt, stage: &mut Stage<'_>) -> Self {
        let this = Self {
            id,
            job,
            plan,
            prompt,
            made: usage::Output::default(),
            items: Vec::new(),
            open: Open::Nothing,
            calls: calls::Calls::default(),
        };
        let created = this.wire(Status::InProgress, None, None, stage.conversation);
        stage.out.send(ServerEvent::ResponseCreated(ResponseEvent::new().response(Box::new(created))));
        this
    }

    /// Milliseconds of audio made so far.
    pub(super) const fn audio_ms(&self) -> u64 {
        self.made.audio_ms()
    }

    /// The speech of a part of an item that is being generated.
    pub(super) fn open_audio(&self, item: &ItemId, part: usize) -> Option<(AudioEncoding, usize)> {
        let Open::Message { id, parts, part: open } = &self.open else { return None };
        if id != item {
            return None;
        }
        let samples = match (parts.get(part), open) {
            (Some(ContextPart::Audio { audio, .. }), _) => audio.samples.len(),
            (None, OpenPart::Audio { samples, .. }) if part == parts.len() => samples.len(),
            _ => 0,
        };
        Some((self.plan.encoding, samples))
    }

    /// Plays one piece. Says how the response ends, when this piece ended it.
    pub(super) fn play(&mut self, event: EngineEvent, stage: &mut Stage<'_>) -> Option<Outcome> {
        match event {
            _ if self.is_deaf() => None,
            EngineEvent::Message => {
                self.close_item(ItemStatus::Completed, stage);
                self.open_message(stage);
                None
            }
            EngineEvent::Text(text) => self.text(&text, stage),
            EngineEvent::Transcript(text) if self.plan.is_spoken() => self.transcript(&text, stage),
            EngineEvent::Transcript(text) => self.text(&text, stage),
            EngineEvent::Audio(samples) if self.plan.is_spoken() => self.audio(&samples, stage),
            EngineEvent::Audio(_) | EngineEvent::Heard(_) => None,
            EngineEvent::FunctionCall(name) => {
                self.close_item(ItemStatus::Completed, stage);
                self.open_call(name, stage);
                None
            }
            EngineEvent::McpCall { server_label, name } => {
                self.close_item(ItemStatus::Completed, stage);
                self.open_mcp_call(server_label, name, stage);
                None
            }
            EngineEvent::Arguments(arguments) => self.arguments(&arguments, stage),
            EngineEvent::Done => self.engine_done(stage),
            EngineEvent::Failed(error) => Some(Outcome::Failed(error)),
        }
    }

    /// Closes what is open and the response itself.
    pub(super) fn finish(mut self, outcome: Outcome, stage: &mut Stage<'_>) {
        let details = |status: Status| StatusDetails::new().kind(status);
        let (status, details) = match outcome {
            Outcome::Completed => (Status::Completed, None),
            Outcome::Cancelled(reason) => (Status::Cancelled, Some(details(Status::Cancelled).reason(reason))),
            Outcome::OutOfTokens => {
                (Status::Incomplete, Some(details(Status::Incomplete).reason(StatusReason::MaxOutputTokens)))
            }
            Outcome::Failed(error) => {
                let error = ErrorDetail::new().kind(error.kind).code(error.code).message(error.message);
                (Status::Failed, Some(details(Status::Failed).error(error)))
            }
        };
        let item_status = if status == Status::Completed { ItemStatus::Completed } else { ItemStatus::Incomplete };
        self.close_item(item_status, stage);
        self.stop_calls(stage);
        let usage = usage::usage(self.prompt, self.made);
        let done = self.wire(status, details, Some(usage), stage.conversation);
        stage.out.send(ServerEvent::ResponseDone(ResponseEvent::new().response(Box::new(done))));
        // Measured after `response.done`, with this one entry, although the reference says at the beginning.
        let used = usage::total(self.prompt, self.made).min(TOKENS_PER_MINUTE);
        let limit = RateLimit::new()
            .name(RateLimitName::Tokens)
            .limit(Int::from(TOKENS_PER_MINUTE))
            .remaining(Int::from(TOKENS_PER_MINUTE - used))
            .reset_seconds(Num::from(used as f64 * 60.0 / TOKENS_PER_MINUTE as f64));
        stage.out.send(ServerEvent::RateLimitsUpdated(RateLimitsUpdated::new().rate_limits([limit])));
    }

    fn wire(
        &self,
        status: Status,
        details: Option<StatusDetails>,
        usage: Option<vivavoce_protocol::Usage>,
        conversation: &Conversation,
    ) -> Response {
        let output = AudioOutput::new().format(self.plan.format.clone()).voice(shown_voice(&self.plan.voice));
        let mut response = Response::new()
            .id(self.id.clone())
            .object("realtime.response")
            .status(status)
            .status_details(details)
            .output(List::from(self.items.clone()))
            .conversation_id(self.plan.in_conversation.then(|| conversation.id.clone()))
            .output_modalities(self.plan.modalities.clone())
            .max_output_tokens(self.plan.max_output_tokens.clone())
            .audio(ResponseAudio::new().output(output))
            .usage(usage)
            .metadata(self.plan.metadata.clone().or(Member::Null));
        response.temperature = self.plan.temperature.clone();
        response
    }

    // --- Items ----------------------------------------------------------------------------------------------

    fn output_index(&self) -> Int {
        Int::from(self.items.len())
    }

    fn announce(&self, item: StoredItem, stage: &mut Stage<'_>) {
        let wire = item.wire();
        stage.out.send(ServerEvent::OutputItemAdded(
            OutputItemEvent::new()
                .response_id(self.id.clone())
                .output_index(self.output_index())
                .item(Box::new(wire.clone())),
        ));
        if self.plan.in_conversation {
            let previous = stage.conversation.append(item);
            stage.out.send(ServerEvent::ItemAdded(ItemEvent::new().previous_item_id(previous).item(Box::new(wire))));
        }
    }

    fn open_message(&mut self, stage: &mut Stage<'_>) {
        let id = stage.out.ids.item();
        let content = ContextItem::Message { role: Role::Assistant, parts: Vec::new() };
        self.announce(StoredItem { id: id.clone(), status: ItemStatus::InProgress, content: content.into() }, stage);
        self.open = Open::Message { id, parts: Vec::new(), part: OpenPart::Nothing };
    }

    fn open_call(&mut self, name: String, stage: &mut Stage<'_>) {
        let (id, call_id) = (stage.out.ids.item(), stage.out.ids.call());
        let arguments = String::new();
        let content =
            ContextItem::FunctionCall { call_id: call_id.clone(), name: name.clone(), arguments: arguments.clone() };
        self.announce(StoredItem { id: id.clone(), status: ItemStatus::InProgress, content: content.into() }, stage);
        self.open = Open::Call { id, call_id, name, arguments };
    }

    fn close_item(&mut self, status: ItemStatus, stage: &mut Stage<'_>) {
        self.close_part(status, stage);
        let (id, content) = match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Nothing => return,
            Open::Message { id, parts, .. } => (id, ContextItem::Message { role: Role::Assistant, parts }),
            Open::Call { id, call_id, name, arguments } => {
                self.made.close_text();
                stage.out.send(ServerEvent::FunctionCallArgumentsDone(
                    ArgumentsDone {
                        // Beta leaves the name to the item.
                        name: match stage.out.dialect {
                            vivavoce_protocol::Dialect::Beta => Member::Absent,
                            _ => name.as_str().into(),
                        },
                        ..ArgumentsDone::new()
                    }
                    .response_id(self.id.clone())
                    .item_id(id.clone())
                    .output_index(self.output_index())
                    .call_id(call_id.clone())
                    .arguments(arguments.as_str()),
                ));
                (id, ContextItem::FunctionCall { call_id, name, arguments })
            }
            Open::McpCall { call, offer } => return self.close_call(call, offer, status, stage),
        };
        let item = StoredItem { id, status, content: content.into() };
        self.remember(&item);
        let wire = item.wire();
        if self.plan.in_conversation
            && let Some(previous) = stage.conversation.finish(&item.id, status, item.content)
        {
            let done = ItemEvent::new().previous_item_id(previous).item(Box::new(wire.clone()));
            stage.out.send(ServerEvent::ItemDone(done));
        }
        stage.out.send(ServerEvent::OutputItemDone(
            OutputItemEvent::new()
                .response_id(self.id.clone())
                .output_index(self.output_index())
                .item(Box::new(wire.clone())),
        ));
        self.items.push(wire);
    }

    // --- Parts ----------------------------------------------------------------------------------------------

    /// Opens a part of the message, and the message before it, unless a part of that kind is open.
    fn open_part(&mut self, kind: ResponsePartType, stage: &mut Stage<'_>) {
        let open = match &self.open {
            Open::Message { part: OpenPart::Text(_), .. } => Some(ResponsePartType::Text),
            Open::Message { part: OpenPart::Audio { .. }, .. } => Some(ResponsePartType::Audio),
            _ => None,
        };
        if open == Some(kind) {
            return;
        }
        if matches!(self.open, Open::Message { .. }) {
            self.close_part(ItemStatus::Completed, stage);
        } else {
            self.close_item(ItemStatus::Completed, stage);
            self.open_message(stage);
        }
        let (shown, fresh) = match kind {
            ResponsePartType::Audio => (
                ResponsePart::new().kind(kind).transcript(""),
                OpenPart::Audio { transcript: String::new(), samples: AudioBuffer::new(), resampler: self.resampler() },
            ),
            _ => (ResponsePart::new().kind(kind).text(""), OpenPart::Text(String::new())),
        };
        let added = self.part_event().part(shown);
        if let Open::Message { part, .. } = &mut self.open {
            *part = fresh;
        }
        stage.out.send(ServerEvent::ContentPartAdded(added));
    }

    /// What brings the engine's samples to the rate of the output; nothing where it is the same.
    fn resampler(&self) -> Option<Box<Resampler>> {
        let rate = self.plan.encoding.sample_rate();
        (rate != SAMPLE_RATE).then(|| Resampler::new(SAMPLE_RATE, rate).ok().map(Box::new)).flatten()
    }

    /// The item and the index of its open part.
    fn place(&self) -> (Member<ItemId>, Int) {
        match &self.open {
            Open::Message { id, parts, .. } => (id.clone().into(), Int::from(parts.len())),
            Open::Call { id, .. } | Open::McpCall { call: ToolCall { id, .. }, .. } => {
                (id.clone().into(), Int::from(0))
            }
            Open::Nothing => (Member::Null, Int::from(0)),
        }
    }

    fn part_event(&self) -> PartEvent {
        let (item, index) = self.place();
        PartEvent::new()
            .response_id(self.id.clone())
            .item_id(item)
            .output_index(self.output_index())
            .content_index(index)
    }

    fn close_part(&mut self, status: ItemStatus, stage: &mut Stage<'_>) {
        if status == ItemStatus::Completed {
            // The filter's last samples; a cut response ends with what was streamed.
            let mut rest = Vec::new();
            if let Open::Message { part: OpenPart::Audio { resampler: Some(resampler), .. }, .. } = &mut self.open {
                resampler.flush(&mut rest);
            }
            self.stream(rest.into(), stage);
        }
        let (item_id, content_index) = self.place();
        let part_done = self.part_event();
        let Open::Message { parts, part, .. } = &mut self.open else { return };
        let id = self.id.clone();
        let output_index = Int::from(self.items.len());
        match std::mem::replace(part, OpenPart::Nothing) {
            OpenPart::Nothing => {}
            OpenPart::Text(text) => {
                self.made.close_text();
                stage.out.send(ServerEvent::OutputTextDone(
                    TextDone::new()
                        .response_id(id)
                        .item_id(item_id)
                        .output_index(output_index)
                        .content_index(content_index)
                        .text(text.as_str()),
                ));
                let shown = ResponsePart::new().kind(ResponsePartType::Text).text(text.as_str());
                stage.out.send(ServerEvent::ContentPartDone(part_done.part(shown)));
                parts.push(ContextPart::Text(text));
            }
            OpenPart::Audio { transcript, samples, .. } => {
                self.made.close_text();
                stage.out.send(ServerEvent::OutputAudioDone(
                    AudioDone::new()
                        .response_id(id.clone())
                        .item_id(item_id.clone())
                        .output_index(output_index)
                        .content_index(content_index),
                ));
                stage.out.send(ServerEvent::OutputAudioTranscriptDone(
                    TranscriptDone::new()
                        .response_id(id)
                        .item_id(item_id)
                        .output_index(output_index)
                        .content_index(content_index)
                        .transcript(transcript.as_str()),
                ));
                let shown = ResponsePart::new().kind(ResponsePartType::Audio).transcript(transcript.as_str());
                stage.out.send(ServerEvent::ContentPartDone(part_done.part(shown)));
                let audio = SpokenAudio { samples, encoding: self.plan.encoding };
                parts.push(ContextPart::Audio { audio, transcript: Some(transcript) });
            }
        }
    }

    // --- Pieces ---------------------------------------------------------------------------------------------

    /// What of a text still fits under the limit, and whether that is all of it.
    fn fitting<'t>(&self, text: &'t str) -> (&'t str, bool) {
        let room = self.plan.limit().map_or(usize::MAX, |limit| self.made.room_for_chars(limit));
        match text.char_indices().nth(room) {
            Some((cut, _)) => (&text[..cut], false),
            None => (text, true),
        }
    }

    fn text_delta(&self, delta: &str) -> TextDelta<'static> {
        let (item, index) = self.place();
        TextDelta::new()
            .response_id(self.id.clone())
            .item_id(item)
            .output_index(self.output_index())
            .content_index(index)
            .delta(Text::from(delta.to_owned()))
    }

    fn text(&mut self, text: &str, stage: &mut Stage<'_>) -> Option<Outcome> {
        if text.is_empty() {
            return None;
        }
        self.open_part(ResponsePartType::Text, stage);
        let (fitting, all) = self.fitting(text);
        if !fitting.is_empty() {
            self.made.add_text(fitting);
            stage.out.send(ServerEvent::OutputTextDelta(self.text_delta(fitting)));
            if let Open::Message { part: OpenPart::Text(whole), .. } = &mut self.open {
                whole.push_str(fitting);
            }
        }
        (!all).then_some(Outcome::OutOfTokens)
    }

    fn transcript(&mut self, text: &str, stage: &mut Stage<'_>) -> Option<Outcome> {
        if text.is_empty() {
            return None;
        }
        self.open_part(ResponsePartType::Audio, stage);
        let (fitting, all) = self.fitting(text);
        if !fitting.is_empty() {
            self.made.add_text(fitting);
            stage.out.send(ServerEvent::OutputAudioTranscriptDelta(self.text_delta(fitting)));
            if let Open::Message { part: OpenPart::Audio { transcript, .. }, .. } = &mut self.open {
                transcript.push_str(fitting);
            }
        }
        (!all).then_some(Outcome::OutOfTokens)
    }

    fn audio(&mut self, samples: &AudioChunk, stage: &mut Stage<'_>) -> Option<Outcome> {
        if samples.is_empty() {
            return None;
        }
        self.open_part(ResponsePartType::Audio, stage);
        let room = self.plan.limit().map_or(usize::MAX, |limit| self.made.room_for_samples(limit));
        let fitting = samples.slice(..room.min(samples.len()));
        if self.plan.in_conversation && !fitting.is_empty() {
            *stage.has_spoken = true;
        }
        for from in (0..fitting.len()).step_by(DELTA_SAMPLES) {
            let piece = fitting.slice(from..(from + DELTA_SAMPLES).min(fitting.len()));
            self.made.add_samples(piece.len());
            let coded = match &mut self.open {
                Open::Message { part: OpenPart::Audio { resampler: Some(resampler), .. }, .. } => {
                    let mut coded = Vec::new();
                    resampler.process(&piece, &mut coded);
                    coded.into()
                }
                _ => piece,
            };
            self.stream(coded, stage);
        }
        (fitting.len() < samples.len()).then_some(Outcome::OutOfTokens)
    }

    /// Sends samples at the rate of the output, and keeps them.
    fn stream(&mut self, samples: AudioChunk, stage: &mut Stage<'_>) {
        if samples.is_empty() {
            return;
        }
        let mut base64 = String::new();
        encode_base64(&samples, self.plan.encoding, &mut base64);
        let (item, index) = self.place();
        stage.out.send(ServerEvent::OutputAudioDelta(
            AudioDelta::new()
                .response_id(self.id.clone())
                .item_id(item)
                .output_index(self.output_index())
                .content_index(index)
                .delta(Base64::from(base64)),
        ));
        if let Open::Message { part: OpenPart::Audio { samples: kept, .. }, .. } = &mut self.open {
            kept.push(samples);
        }
    }

    fn arguments(&mut self, text: &str, stage: &mut Stage<'_>) -> Option<Outcome> {
        if !matches!(self.open, Open::Call { .. } | Open::McpCall { .. }) {
            return None;
        }
        let (fitting, all) = self.fitting(text);
        let mut rest = fitting;
        while !rest.is_empty() {
            let cut = rest.char_indices().nth(ARGUMENTS_CHARS).map_or(rest.len(), |(at, _)| at);
            let (piece, later) = rest.split_at(cut);
            self.made.add_text(piece);
            let (id, output_index) = (self.id.clone(), self.output_index());
            let delta = Text::from(piece.to_owned());
            match &mut self.open {
                Open::Call { id: item, call_id, arguments, .. } => {
                    arguments.push_str(piece);
                    stage.out.send(ServerEvent::FunctionCallArgumentsDelta(
                        ArgumentsDelta::new()
                            .response_id(id)
                            .item_id(item.clone())
                            .output_index(output_index)
                            .call_id(call_id.clone())
                            .delta(delta),
                    ));
                }
                Open::McpCall { call, .. } => {
                    call.arguments.push_str(piece);
                    stage.out.send(ServerEvent::McpCallArgumentsDelta(
                        McpArgumentsDelta::new()
                            .response_id(id)
                            .item_id(call.id.clone())
                            .output_index(output_index)
                            .delta(delta),
                    ));
                }
                Open::Nothing | Open::Message { .. } => return None,
            }
            rest = later;
        }
        (!all).then_some(Outcome::OutOfTokens)
    }
}
