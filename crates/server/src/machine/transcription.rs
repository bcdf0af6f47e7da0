//! What the user said, written down beside the conversation.
//!
//! Most models are given a turn when it is committed. Live ones hear the buffer while it grows: their first deltas come
//! before `committed`, already with the id the item will have.

use vivavoce_audio::{AudioChunk, AudioEncoding};
use vivavoce_protocol::payload::{
    LogProb, TranscriptionCompleted, TranscriptionDelta, TranscriptionFailed, TranscriptionSegment,
};
use vivavoce_protocol::{ErrorDetail, Int, ItemId, List, Member, Model, Num, ServerEvent, Text};

use super::job::{Job, JobId};
use super::models::{self, Hearing};
use super::talk::Talk;
use super::usage;
use crate::engine::{EngineError, EngineEvent, TranscriptionRequest};

/// Transcriptions in progress in a session; more fail at once.
const MAX_TRANSCRIPTIONS: usize = 64;

/// A transcription in progress.
#[derive(Debug)]
pub(super) struct Transcribing {
    job: JobId,
    item: ItemId,
    model: String,
    hearing: Hearing,
    with_logprobs: bool,
    encoding: AudioEncoding,
    samples: u64,
    transcript: String,
    /// Tokens with the probability the engine has: it is sure.
    logprobs: Vec<LogProb>,
    /// The buffer it listens to is still open.
    open: bool,
}

impl Talk {
    /// Whether the transcription model wants to hear the buffer while it grows.
    fn hears_live(&self) -> bool {
        self.settings.turns().is_none()
            && self.settings.transcription().is_some_and(|model| models::hearing(model) == Hearing::Live)
    }

    /// After an update: a model that no longer hears live, or another one, begins anew at the commit.
    pub(super) fn stop_hearing_unless_live(&mut self) {
        let model = self.settings.transcription().unwrap_or_default();
        let same =
            |transcribing: &Transcribing| transcribing.model == model && transcribing.encoding == self.input.encoding();
        if self
            .transcriptions
            .iter()
            .any(|transcribing| transcribing.open && !(self.hears_live() && same(transcribing)))
        {
            self.forget_open_transcription();
        }
    }

    /// Lets a live model hear what was appended.
    pub(super) fn hear(&mut self, samples: &AudioChunk) {
        if samples.is_empty() || !self.hears_live() {
            return;
        }
        let open = self.transcriptions.iter().position(|transcribing| transcribing.open);
        let index = match open {
            Some(index) => index,
            None => {
                let item = self.speech_item.get_or_insert_with(|| self.out.ids.item()).clone();
                match self.begin(item, true) {
                    Some(index) => index,
                    None => return,
                }
            }
        };
        let transcribing = &mut self.transcriptions[index];
        transcribing.samples += samples.len() as u64;
        self.out.order(Job::Hear { id: transcribing.job, audio: samples.clone() });
    }

    /// A user item was committed: it is written down, if the session wants it.
    pub(super) fn transcribe(&mut self, item: ItemId, audio: AudioChunk) {
        let open = self.transcriptions.iter().position(|transcribing| transcribing.open);
        if let Some(index) = open {
            let transcribing = &mut self.transcriptions[index];
            transcribing.open = false;
            // It heard the item grow.
            if transcribing.item == item {
                return self.out.order(Job::EndOfAudio { id: transcribing.job });
            }
            self.drop_transcription(index);
        }
        let Some(index) = self.begin(item, false) else { return };
        let transcribing = &mut self.transcriptions[index];
        transcribing.samples = audio.len() as u64;
        let id = transcribing.job;
        self.out.order(Job::Hear { id, audio });
        self.out.order(Job::EndOfAudio { id });
    }

    /// The buffer was cleared, or nobody listens to it any longer.
    pub(super) fn forget_open_transcription(&mut self) {
        if let Some(index) = self.transcriptions.iter().position(|transcribing| transcribing.open) {
            self.drop_transcription(index);
        }
    }

    fn drop_transcription(&mut self, index: usize) {
        let id = self.transcriptions.remove(index).job;
        self.out.order(Job::Cancel { id });
    }

    /// Orders a transcription; says which it is. `None` when the session wants none, or has too many.
    fn begin(&mut self, item: ItemId, open: bool) -> Option<usize> {
        let settings = self.settings.transcription_settings()?;
        let text = |member: &Member<String>| member.get().cloned();
        let model = settings.model.get().map(Model::as_str).unwrap_or_default().to_owned();
        let encoding = self.input.encoding();
        let request = TranscriptionRequest {
            model: model.clone(),
            language: text(&settings.language),
            prompt: text(&settings.prompt),
            sample_rate: encoding.sample_rate(),
            live: open,
        };
        if self.transcriptions.len() >= MAX_TRANSCRIPTIONS {
            let message = format!("At most {MAX_TRANSCRIPTIONS} transcriptions can be in progress at a time.");
            let error =
                EngineError { code: "too_many_transcriptions".to_owned(), ..EngineError::server_error(message) };
            self.out.send(failed(item, error));
            return None;
        }
        let job = self.out.next_job();
        self.transcriptions.push(Transcribing {
            job,
            item,
            hearing: models::hearing(&model),
            with_logprobs: self.settings.includes_logprobs(),
            model,
            encoding,
            samples: 0,
            transcript: String::new(),
            logprobs: Vec::new(),
            open,
        });
        self.out.order(Job::Transcribe { id: job, request: Box::new(request) });
        Some(self.transcriptions.len() - 1)
    }

    /// An engine said something about what it heard.
    pub(super) fn handle_transcription(&mut self, id: JobId, event: EngineEvent) {
        let Some(index) = self.transcriptions.iter().position(|transcribing| transcribing.job == id) else { return };
        match event {
            EngineEvent::Transcript(text) | EngineEvent::Text(text) if !text.is_empty() => {
                let transcribing = &mut self.transcriptions[index];
                transcribing.transcript.push_str(&text);
                if transcribing.with_logprobs {
                    transcribing.logprobs.push(sure(&text));
                }
                if transcribing.hearing != Hearing::Whole {
                    let delta = transcribing.delta(text);
                    self.out.send(delta);
                }
            }
            EngineEvent::Done => {
                let transcribing = self.transcriptions.remove(index);
                self.conversation.transcribe(&transcribing.item, transcribing.transcript.trim_start());
                transcribing.complete(&mut self.out);
            }
            EngineEvent::Failed(error) => {
                let transcribing = self.transcriptions.remove(index);
                self.out.send(failed(transcribing.item, error));
            }
            _ => {}
        }
    }
}

impl Transcribing {
    fn delta(&self, text: String) -> ServerEvent<'static> {
        let logprobs = self.with_logprobs.then(|| List::from([sure(&text)]));
        ServerEvent::InputTranscriptionDelta(
            TranscriptionDelta::new()
                .item_id(self.item.clone())
                .content_index(Int::from(0))
                .delta(Text::from(text))
                .logprobs(logprobs),
        )
    }

    fn complete(mut self, out: &mut super::outbox::Outbox) {
        if self.hearing == Hearing::Whole && !self.transcript.is_empty() {
            let whole = std::mem::take(&mut self.transcript);
            out.send(self.delta(whole.clone()));
            self.transcript = whole;
        }
        let audio_ms = self.encoding.samples_to_ms(self.samples);
        let transcript = self.transcript.trim_start().to_owned();
        if self.hearing == Hearing::Speakers && !transcript.is_empty() {
            out.send(ServerEvent::InputTranscriptionSegment(
                TranscriptionSegment::new()
                    .item_id(self.item.clone())
                    .content_index(Int::from(0))
                    .text(transcript.as_str())
                    .id("seg_0")
                    .speaker("A")
                    .start(Num::from(0))
                    .end(Num::from(audio_ms as f64 / 1000.0)),
            ));
        }
        let usage = usage::transcription(&self.model, audio_ms, &transcript);
        out.send(ServerEvent::InputTranscriptionCompleted(
            TranscriptionCompleted::new()
                .item_id(self.item)
                .content_index(Int::from(0))
                .transcript(transcript)
                .logprobs(self.with_logprobs.then(|| List::from(self.logprobs)))
                .usage(usage),
        ));
    }

    pub(super) const fn job(&self) -> JobId {
        self.job
    }
}

/// A piece of a transcript that the engine is sure of: it gives no other probability.
fn sure(token: &str) -> LogProb {
    let bytes: List<Int> = token.bytes().map(Int::from).collect();
    LogProb::new().token(token).logprob(Num::from(0)).bytes(bytes)
}

fn failed(item: ItemId, error: EngineError) -> ServerEvent<'static> {
    let error = ErrorDetail::new().kind(error.kind).code(error.code).message(error.message).param(None);
    ServerEvent::InputTranscriptionFailed(
        TranscriptionFailed::new().item_id(item).content_index(Int::from(0)).error(error),
    )
}
