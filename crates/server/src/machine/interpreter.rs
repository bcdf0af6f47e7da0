//! A translation session: audio in, audio and transcripts out, no turns and no items (protocol.md 4.13).

use vivavoce_audio::{AudioChunk, AudioEncoding, DeltaDecoder, encode_base64};
use vivavoce_protocol::payload::{
    Bare, SessionEvent, TranslationAudioDelta, TranslationAudioFormat, TranslationTextDelta,
};
use vivavoce_protocol::{
    Base64, ClientEvent, Int, Member, Model, ServerEvent, Session, SessionId, SessionType, Text, TranslationAudio,
    TranslationInput, TranslationOutput, TranslationSession,
};

use super::MachineConfig;
use super::input::decode_append;
use super::job::{Job, JobId};
use super::outbox::Outbox;
use super::refusal::{self, Refusal};
use crate::engine::{EngineEvent, TranslationRequest};

/// Samples at 24 kHz of what an engine is given at a time: 200 ms.
const FRAME: usize = 4_800;
const FRAME_MS: u64 = 200;
/// Translations that still speak, while another listens already; the oldest is stopped for one more.
const MAX_FINISHING: usize = 8;
const LANGUAGE: &str = "en";

#[derive(Debug)]
pub(super) struct Interpreter {
    pub(super) out: Outbox,
    /// Complete.
    session: TranslationSession,
    decoder: DeltaDecoder,
    /// Appended, and not yet a frame.
    pending: Vec<i16>,
    /// How far the engines have been given the input.
    elapsed_ms: u64,
    /// The translation that hears what comes.
    current: Option<JobId>,
    /// Those that hear no more and have not finished.
    finishing: Vec<JobId>,
    stage: Stage,
}

/// ```text
///  Open ── session.close ──► Flushing ── the engines are done ──► Over (session.closed)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    Flushing,
    Over,
}

impl Interpreter {
    pub(super) fn open(config: &MachineConfig) -> Self {
        let mut out = Outbox::new(config.dialect, config.seed);
        let id = out.ids.session();
        let session = match &config.template {
            Some(template) => template.translation().cloned(),
            None => None,
        };
        let session = complete(session.unwrap_or_default(), config, id);
        let mut this = Self {
            out,
            session,
            decoder: DeltaDecoder::new(AudioEncoding::Pcm16),
            pending: Vec::new(),
            elapsed_ms: 0,
            current: None,
            finishing: Vec::new(),
            stage: Stage::Open,
        };
        this.out.send(ServerEvent::SessionCreated(SessionEvent::new().session(Box::new(this.wire()))));
        this
    }

    fn wire(&self) -> Session {
        self.session.clone().into()
    }

    /// Everything has been said: the socket can be closed.
    pub(super) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }

    pub(super) fn handle_event(&mut self, event: ClientEvent<'_>) -> Result<(), Refusal> {
        match event {
            _ if self.stage != Stage::Open => return Err(refusal::closing()),
            ClientEvent::SessionUpdate(event) => {
                if let Some(Session::Translation(update)) = event.session.get().map(|session| &**session) {
                    self.update(update.clone());
                }
            }
            ClientEvent::TranslationAudioAppend(event) => {
                self.append(event.audio.get().map(|audio| &**audio).unwrap_or_default())?;
            }
            ClientEvent::TranslationClose(_) => self.close(),
            // The machine lets no other pass.
            _ => {}
        }
        Ok(())
    }

    fn update(&mut self, update: TranslationSession) {
        let before = self.request();
        merge(&mut self.session, update);
        // What was heard so far is still said as it was asked for.
        if self.request() != before {
            self.end_current();
        }
        self.out.send(ServerEvent::SessionUpdated(SessionEvent::new().session(Box::new(self.wire()))));
    }

    fn append(&mut self, base64: &str) -> Result<(), Refusal> {
        let samples = decode_append(&mut self.decoder, base64)?;
        self.pending.extend_from_slice(&samples);
        let whole = self.pending.len() / FRAME * FRAME;
        let frames: Vec<i16> = self.pending.drain(..whole).collect();
        let frames = AudioChunk::from(frames);
        for from in (0..frames.len()).step_by(FRAME) {
            self.hear(frames.slice(from..from + FRAME));
        }
        Ok(())
    }

    fn hear(&mut self, audio: AudioChunk) {
        let id = match self.current {
            Some(id) => id,
            None => {
                let id = self.out.next_job();
                self.current = Some(id);
                self.out.order(Job::Translate { id, request: Box::new(self.request()) });
                id
            }
        };
        self.elapsed_ms += FRAME_MS;
        self.out.order(Job::Hear { id, audio });
    }

    fn request(&self) -> TranslationRequest {
        let audio = self.session.audio.get();
        let input = audio.and_then(|audio| audio.input.get());
        let output = audio.and_then(|audio| audio.output.get());
        TranslationRequest {
            model: self.session.model.get().map(Model::as_str).unwrap_or_default().to_owned(),
            language: output.and_then(|output| output.language.get()).cloned().unwrap_or_default(),
            transcribe: input.is_some_and(|input| input.transcription.get().is_some()),
        }
    }

    fn end_current(&mut self) {
        if let Some(id) = self.current.take() {
            self.out.order(Job::EndOfAudio { id });
            self.finishing.push(id);
            if self.finishing.len() > MAX_FINISHING {
                let id = self.finishing.remove(0);
                self.out.order(Job::Cancel { id });
            }
        }
    }

    /// What is left is said, then the session ends.
    fn close(&mut self) {
        let rest = std::mem::take(&mut self.pending);
        if !rest.is_empty() {
            self.hear(rest.into());
        }
        self.end_current();
        self.stage = Stage::Flushing;
        self.check_over();
    }

    fn check_over(&mut self) {
        if self.stage == Stage::Flushing && self.finishing.is_empty() {
            self.stage = Stage::Over;
            self.out.send(ServerEvent::TranslationClosed(Bare::new()));
        }
    }

    /// The session is over: nothing more is to be made.
    pub(super) fn stop(&mut self) {
        for id in self.current.take().into_iter().chain(self.finishing.drain(..)) {
            self.out.order(Job::Cancel { id });
        }
    }

    pub(super) fn handle_engine(&mut self, id: JobId, event: EngineEvent) {
        if self.current != Some(id) && !self.finishing.contains(&id) {
            return;
        }
        let elapsed = Int::from(self.elapsed_ms);
        let text = |text: String| TranslationTextDelta::new().delta(Text::from(text)).elapsed_ms(elapsed);
        match event {
            EngineEvent::Transcript(said) | EngineEvent::Text(said) => {
                self.out.send(ServerEvent::TranslationOutputTranscriptDelta(text(said)));
            }
            EngineEvent::Heard(heard) if self.request().transcribe => {
                self.out.send(ServerEvent::TranslationInputTranscriptDelta(text(heard)));
            }
            EngineEvent::Audio(samples) => {
                for from in (0..samples.len()).step_by(FRAME) {
                    self.speak(&samples.slice(from..(from + FRAME).min(samples.len())), elapsed);
                }
            }
            EngineEvent::Done => self.ended(id),
            EngineEvent::Failed(error) => {
                self.out.refuse(refusal::translation_failed(error.message), None);
                self.ended(id);
            }
            _ => {}
        }
    }

    fn speak(&mut self, samples: &[i16], elapsed: Int) {
        let mut base64 = String::new();
        encode_base64(samples, AudioEncoding::Pcm16, &mut base64);
        self.out.send(ServerEvent::TranslationOutputAudioDelta(
            TranslationAudioDelta::new()
                .delta(Base64::from(base64))
                .sample_rate(Int::from(24_000))
                .channels(Int::from(1))
                .format(TranslationAudioFormat::Pcm16)
                .elapsed_ms(elapsed),
        ));
    }

    fn ended(&mut self, id: JobId) {
        if self.current == Some(id) {
            // What comes next is another engine's.
            self.current = None;
        }
        self.finishing.retain(|finishing| *finishing != id);
        self.check_over();
    }
}

/// Takes over what an update names; null switches off.
fn merge(session: &mut TranslationSession, update: TranslationSession) {
    let mut audio = update.audio.into_value().unwrap_or_default();
    let own = session.audio.get_or_default();
    if let Member::Value(input) = audio.input.take() {
        own.input.get_or_default().overlay(input);
    }
    if let Some(language) = audio.output.get().and_then(|output| output.language.get()) {
        own.output.get_or_default().language = language.clone().into();
    }
}

/// Every member the session object has, null where it is not set.
pub(super) fn complete(mut asked: TranslationSession, config: &MachineConfig, id: SessionId) -> TranslationSession {
    let model = config.model.clone().or_else(|| asked.model.get().map(|model| model.as_str().to_owned()));
    let mut audio = asked.audio.take().into_value().unwrap_or_default();
    let input = audio.input.take().into_value().unwrap_or_default();
    let language = audio.output.get().and_then(|output| output.language.get()).map_or(LANGUAGE, String::as_str);
    let audio = TranslationAudio::new()
        .input(
            TranslationInput::new()
                .transcription(input.transcription.or(Member::Null))
                .noise_reduction(input.noise_reduction.or(Member::Null)),
        )
        .output(TranslationOutput::new().language(language));
    TranslationSession::new()
        .kind(SessionType::Translation)
        .id(id)
        .expires_at(Int::from(config.expires_at()))
        .model(model.as_deref().map(Model::from))
        .audio(audio)
}
