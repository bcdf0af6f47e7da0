//! The configuration of a session, as asked for and as in force.
//!
//! One type serves both: `session.update` names what should change, `session.created` and `session.updated`
//! carry everything.

mod audio;
mod modalities;
mod names;
mod settings;

use crate::dialect::beta;
use crate::id::SessionId;
use crate::tool::{Tool, ToolChoice};
use crate::wire::{Decode, Encode, Int, Json, List, Members, Node, Num, Open, Spots, object, read, words};
use crate::{Dialect, Member};

pub use audio::{
    AudioInput, AudioOutput, CustomVoice, Eagerness, NoiseReduction, NoiseReductionType, SessionAudio, Transcription,
    TranslationAudio, TranslationInput, TranslationOutput, TurnDetection, TurnDetectionType, VoiceChoice,
};
pub use modalities::{Modalities, Modality};
pub use names::{Model, Voice};
pub use settings::{
    CacheBreakpoint, CacheBreakpointMode, ClientSecret, Effort, ImageDetail, Include, MaxTokens, Prompt, PromptInput,
    PromptInputType, PromptVariable, Reasoning, RetentionRatio, TokenLimits, Tracing, TracingMode, TracingSettings,
    Truncation, TruncationMode, TruncationType, Unlimited,
};

words! {
    /// The kind of a session, fixed when it is opened.
    pub enum SessionType {
        /// A conversation.
        Realtime = "realtime",
        /// Speech to text only.
        Transcription = "transcription",
        /// Speech to speech in another language.
        Translation = "translation",
    }
}

/// The session of a `session.*` event, by its kind.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "sessions are few, and boxed where they travel")]
pub enum Session {
    /// A conversation; also a session that does not say its kind.
    Realtime(RealtimeSession),
    /// Speech to text only.
    Transcription(TranscriptionSession),
    /// Speech to speech in another language.
    Translation(TranslationSession),
}

object! {
    /// The configuration of a conversation.
    pub struct RealtimeSession {
        /// `realtime`; GA wants it in every update.
        kind("type"): Open<SessionType> = Ga,
        /// `realtime.session`.
        object: String = GaServer,
        /// The session's id.
        id: SessionId = GaServer,
        /// When the service will close the session, in Unix seconds.
        expires_at: Int,
        /// The model; cannot change.
        model: Model,
        /// What responses consist of: `["audio"]` (default; a transcript comes with it) or `["text"]`.
        output_modalities: Modalities,
        /// What the model is told before everything else.
        instructions: String,
        /// Formats, voice and turn detection.
        audio: SessionAudio,
        /// Extra parts of server events.
        include: List<Open<Include>>,
        /// Traces in the vendor's dashboard; null switches them off.
        tracing: Tracing,
        /// What the model may call; replaced as a whole.
        tools: List<Tool>,
        /// Which tools the model may or must use.
        tool_choice: ToolChoice,
        /// Whether one response may hold several calls. Reasoning models only.
        parallel_tool_calls: bool,
        /// How much the model thinks. Reasoning models only.
        reasoning: Reasoning,
        /// At most so many tokens a response, 1 to 4096 or `inf` (default).
        max_output_tokens: MaxTokens,
        /// What happens when the context grows too long.
        truncation: Truncation,
        /// A stored prompt.
        prompt: Prompt,
        /// The ephemeral key a REST call minted. Meant for beta, but a secret wherever it turns up.
        client_secret: ClientSecret,
    }
    beta_only {
        /// Randomness of the model, 0.6 to 1.2, default 0.8. GA has no place for it.
        temperature: Num,
    }
}

object! {
    /// The configuration of a transcription session.
    pub struct TranscriptionSession {
        /// `transcription`.
        kind("type"): Open<SessionType> = Ga,
        /// `realtime.transcription_session`.
        object: String = GaServer,
        /// The session's id.
        id: SessionId = GaServer,
        /// When the service will close the session, in Unix seconds.
        expires_at: Int,
        /// Extra parts of server events.
        include: List<Open<Include>>,
        /// Format, transcription and turn detection.
        audio: SessionAudio,
        /// The ephemeral key a REST call minted. Meant for beta, but a secret wherever it turns up.
        client_secret: ClientSecret,
    }
    beta_only {
        /// Listed by some beta servers.
        modalities: Modalities,
    }
}

object! {
    /// The configuration of a translation session.
    pub struct TranslationSession {
        /// `translation`; cannot be sent in an update.
        kind("type"): Open<SessionType> = Server,
        /// The session's id.
        id: SessionId = Server,
        /// When the service will close the session, in Unix seconds.
        expires_at: Int = Server,
        /// The model; cannot change.
        model: Model = Server,
        /// Transcription, noise reduction and the language to speak.
        audio: TranslationAudio = Server,
    }
}

object!(value TranslationSession);

impl RealtimeSession {
    /// With `type` set, as GA wants it in every `session.update`.
    pub fn update() -> Self {
        Self::new().kind(SessionType::Realtime)
    }

    /// Does what a `session.update` does: members that `update` names change, also inside `audio.input` and
    /// `audio.output`; the others stay.
    pub fn apply(&mut self, mut update: Self) {
        if let Member::Value(mut audio) = update.audio.take() {
            if let Member::Value(input) = audio.input.take() {
                self.audio_input().overlay(input);
            }
            if let Member::Value(output) = audio.output.take() {
                self.audio_output().overlay(output);
            }
        }
        self.temperature = update.temperature.take().or(self.temperature.take());
        self.overlay(update);
    }

    /// `audio.input`, made when absent.
    pub fn audio_input(&mut self) -> &mut AudioInput {
        self.audio.get_or_default().input.get_or_default()
    }

    /// `audio.output`, made when absent.
    pub fn audio_output(&mut self) -> &mut AudioOutput {
        self.audio.get_or_default().output.get_or_default()
    }

    /// Sets `audio.output.voice`.
    #[must_use]
    pub fn voice(mut self, voice: &str) -> Self {
        self.audio_output().voice = VoiceChoice::Name(voice.into()).into();
        self
    }

    /// Sets `audio.input.turn_detection`; `None` sends null, which switches it off.
    #[must_use]
    pub fn turn_detection(mut self, detection: Option<TurnDetection>) -> Self {
        self.audio_input().turn_detection = detection.into();
        self
    }

    /// Sets `audio.input.transcription` to a model; `None` sends null, which switches it off.
    #[must_use]
    pub fn transcription(mut self, model: Option<&str>) -> Self {
        self.audio_input().transcription = model.map(|model| Transcription::new().model(model)).into();
        self
    }
}

impl From<RealtimeSession> for Session {
    fn from(session: RealtimeSession) -> Self {
        Self::Realtime(session)
    }
}

impl From<TranscriptionSession> for Session {
    fn from(session: TranscriptionSession) -> Self {
        Self::Transcription(session)
    }
}

impl From<TranslationSession> for Session {
    fn from(session: TranslationSession) -> Self {
        Self::Translation(session)
    }
}

impl Session {
    /// The session's id, if it says it.
    pub const fn id(&self) -> Option<&SessionId> {
        match self {
            Self::Realtime(session) => session.id.get(),
            Self::Transcription(session) => session.id.get(),
            Self::Translation(session) => session.id.get(),
        }
    }

    /// When the service will close the session, in Unix seconds, if it says so.
    pub fn expires_at(&self) -> Option<u64> {
        let at = match self {
            Self::Realtime(session) => &session.expires_at,
            Self::Transcription(session) => &session.expires_at,
            Self::Translation(session) => &session.expires_at,
        };
        at.get().map(|at| at.unsigned())
    }

    /// The input side of `session.audio`, if the session has one.
    pub fn audio_input(&self) -> Option<&AudioInput> {
        match self {
            Self::Realtime(session) => session.audio.get()?.input.get(),
            Self::Transcription(session) => session.audio.get()?.input.get(),
            Self::Translation(_) => None,
        }
    }

    /// The output side of `session.audio`, if the session has one.
    pub fn audio_output(&self) -> Option<&AudioOutput> {
        match self {
            Self::Realtime(session) => session.audio.get()?.output.get(),
            _ => None,
        }
    }
}

impl<'a> Decode<'a> for Session {
    fn decode(json: Json<'a>, dialect: Dialect) -> Option<Self> {
        let members = Members::inside(json)?;
        if dialect == Dialect::Translation {
            return Some(Self::Translation(read(members, dialect)));
        }
        let spoken = beta::session_dialect(&members, dialect);
        if spoken == Dialect::Beta {
            return Some(beta::read_session(members, dialect));
        }
        let accent = (spoken != dialect).then_some(spoken);
        Some(match members.text("type").as_deref() {
            Some("transcription") => {
                let mut session: TranscriptionSession = read(members, spoken);
                session.rest.accent = accent;
                Self::Transcription(session)
            }
            Some("translation") => Self::Translation(read(members, spoken)),
            _ => {
                let mut session: RealtimeSession = read(members, spoken);
                session.rest.accent = accent;
                Self::Realtime(session)
            }
        })
    }
}

impl Encode for Session {
    fn expected() -> &'static str {
        "a session object"
    }

    fn encode(&self, dialect: Dialect) -> Node<'_> {
        match self {
            Self::Realtime(session) => session.encode(dialect),
            Self::Transcription(session) => session.encode(dialect),
            Self::Translation(session) => session.encode(dialect),
        }
    }

    fn spots(&self, spots: &mut Spots) {
        match self {
            Self::Realtime(session) => session.spots(spots),
            Self::Transcription(session) => session.spots(spots),
            Self::Translation(session) => session.spots(spots),
        }
    }
}

crate::wire::to_json!(Session);
