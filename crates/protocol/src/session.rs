//! The configuration of a session, as asked for and as in force.
//!
//! One type serves both: `session.update` names what should change, `session.created` and `session.updated`
//! carry everything.

use serde_json::value::RawValue;

use crate::audio::AudioFormat;
use crate::dialect::beta;
use crate::id::SessionId;
use crate::tool::{Tool, ToolChoice};
use crate::wire::{
    Blob, Decode, Dict, Encode, Int, List, Members, Num, Open, RawJson, Secret, Spots, any_of, object, words,
};
use crate::{Dialect, Member};

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
    /// What a response consists of.
    pub enum Modality {
        /// Written text.
        Text = "text",
        /// Speech with its transcript.
        Audio = "audio",
    }
    /// How the end of the user's turn is found.
    pub enum TurnDetectionType {
        /// By silence.
        ServerVad = "server_vad",
        /// By what has been said.
        SemanticVad = "semantic_vad",
    }
    /// How long semantic turn detection waits for the user to go on.
    pub enum Eagerness {
        /// At most 8 s.
        Low = "low",
        /// At most 4 s.
        Medium = "medium",
        /// At most 2 s.
        High = "high",
        /// The same as medium: the default.
        Auto = "auto",
    }
    /// Where the microphone is.
    pub enum NoiseReductionType {
        /// Close to the mouth, such as a headset.
        NearField = "near_field",
        /// In the room, such as a laptop.
        FarField = "far_field",
    }
    /// How much a reasoning model thinks, or a transcription model waits.
    pub enum Effort {
        /// The least.
        Minimal = "minimal",
        /// Little: the default of reasoning models.
        Low = "low",
        /// Some.
        Medium = "medium",
        /// Much.
        High = "high",
        /// The most.
        Xhigh = "xhigh",
    }
    /// Extra parts of server events, asked for by `include`.
    pub enum Include {
        /// Log probabilities of transcribed tokens.
        TranscriptionLogprobs = "item.input_audio_transcription.logprobs",
    }
    /// `tracing` as a word.
    pub enum TracingMode {
        /// A trace with the default names.
        Auto = "auto",
    }
    /// `truncation` as a word.
    pub enum TruncationMode {
        /// Drop the oldest items from the model's input when it grows too long: the default.
        Auto = "auto",
        /// Let the response fail instead.
        Disabled = "disabled",
    }
    /// `truncation` as an object.
    pub enum TruncationType {
        /// Keep a share of the context when some of it must go.
        RetentionRatio = "retention_ratio",
    }
    /// No limit.
    pub enum Unlimited {
        /// As many tokens as the model can.
        Inf = "inf",
    }
    /// The kinds of object a prompt variable can be.
    pub enum PromptInputType {
        /// Text.
        Text = "input_text",
        /// An image.
        Image = "input_image",
        /// A file.
        File = "input_file",
    }
    /// The resolutions an image is looked at in.
    pub enum ImageDetail {
        /// Chosen by the service.
        Auto = "auto",
        /// Coarse and cheap.
        Low = "low",
        /// Fine.
        High = "high",
        /// As it is.
        Original = "original",
    }
    /// When a prompt's cache ends.
    pub enum CacheBreakpointMode {
        /// Here.
        Explicit = "explicit",
    }
}

/// A voice by name. New ones appear without notice, so any name will do; the known ones are constants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Voice(String);

/// A model by name. New ones appear without notice, so any name will do; the usual ones are constants.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Model(String);

macro_rules! names {
    ($($name:ident { $( $(#[$meta:meta])* $constant:ident = $text:literal, )* })*) => {$(
        impl $name {
            $( $(#[$meta])* pub const $constant: &'static str = $text; )*

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }

        impl From<String> for $name {
            fn from(name: String) -> Self {
                Self(name)
            }
        }

        impl From<&str> for Member<$name> {
            fn from(name: &str) -> Self {
                Self::Value(name.into())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Decode<'_> for $name {
            fn decode(json: &RawValue, dialect: Dialect) -> Option<Self> {
                String::decode(json, dialect).map(Self)
            }
        }

        impl Encode for $name {
            const EXPECTED: &'static str = "a name";

            fn encode<S: serde::Serializer>(&self, serializer: S, _: Dialect) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    )*};
}

names! {
    Voice {
        /// Neutral; the long-standing default of the service.
        ALLOY = "alloy",
        /// Made for the GA models.
        MARIN = "marin",
        /// Made for the GA models.
        CEDAR = "cedar",
        /// The reference client's default.
        VERSE = "verse",
    }
    Model {
        /// The GA conversation model.
        GPT_REALTIME = "gpt-realtime",
        /// Its smaller sister.
        GPT_REALTIME_MINI = "gpt-realtime-mini",
        /// Transcription.
        WHISPER_1 = "whisper-1",
        /// Translation.
        GPT_REALTIME_TRANSLATE = "gpt-realtime-translate",
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

object! { plain
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

object! { plain
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

object! { plain
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

object! { plain
    /// `session.audio`.
    pub struct SessionAudio {
        /// What the user says.
        input: AudioInput,
        /// What the model says.
        output: AudioOutput,
    }
}

object! { plain
    /// `session.audio.input`.
    pub struct AudioInput {
        /// How appended audio is encoded.
        format: AudioFormat,
        /// Transcribes the user's speech beside the conversation; null switches it off.
        transcription: Transcription,
        /// Cleans the input; null switches it off.
        noise_reduction: NoiseReduction,
        /// Finds the user's turns; null leaves them to the client.
        turn_detection: TurnDetection,
    }
}

object! { plain
    /// `session.audio.output`.
    pub struct AudioOutput {
        /// How audio deltas are encoded.
        format: AudioFormat,
        /// Who speaks. Cannot change once the model has spoken.
        voice: VoiceChoice,
        /// How fast, 0.25 to 1.5. Changes between turns only.
        speed: Num,
    }
}

object! { plain
    /// `session.audio` of a translation session.
    pub struct TranslationAudio {
        /// What the speaker says.
        input: TranslationInput,
        /// What the translator says.
        output: TranslationOutput,
    }
}

object! { plain
    /// `session.audio.input` of a translation session.
    pub struct TranslationInput {
        /// Transcribes the speaker; null switches it off.
        transcription: Transcription,
        /// Cleans the input; null switches it off.
        noise_reduction: NoiseReduction,
    }
}

object! { plain
    /// `session.audio.output` of a translation session.
    pub struct TranslationOutput {
        /// The language to translate into, such as `es`.
        language: String,
    }
}

object! { plain
    /// Transcription of the user's speech.
    pub struct Transcription {
        /// The transcription model.
        model: Model,
        /// The language spoken, as ISO 639-1; excludes `languages`.
        language: String,
        /// The languages that may be spoken; excludes `language`.
        languages: List<String>,
        /// Words to expect.
        keywords: List<String>,
        /// Guides the model, at most 1024 characters.
        prompt: String,
        /// How long the model waits before it commits to a word.
        delay: Open<Effort>,
    }
}

object! { plain
    /// Noise reduction of the input.
    pub struct NoiseReduction {
        /// Where the microphone is.
        kind("type"): Open<NoiseReductionType>,
    }
}

object! { plain
    /// How the user's turns are found.
    pub struct TurnDetection {
        /// By silence or by meaning.
        kind("type"): Open<TurnDetectionType>,
        /// How sure the detector must be that it hears speech, 0 to 1, default 0.5. `server_vad`.
        threshold: Num,
        /// Audio kept before the onset, in milliseconds, default 300. `server_vad`.
        prefix_padding_ms: Int,
        /// Silence that ends the turn, in milliseconds, default 200 in a new session. `server_vad`.
        silence_duration_ms: Int,
        /// How long to wait for the user to go on. `semantic_vad`.
        eagerness: Open<Eagerness>,
        /// Whether the end of a turn starts a response, default true.
        create_response: bool,
        /// Whether speech cancels the running response, default true.
        interrupt_response: bool,
        /// Speaks up after so much silence, 5000 to 30000 ms. `server_vad`.
        idle_timeout_ms: Int,
    }
}

object! { plain
    /// How much a reasoning model thinks.
    pub struct Reasoning {
        /// The effort; `low` by default.
        effort: Open<Effort>,
    }
}

object! { plain
    /// Names for a trace.
    pub struct TracingSettings {
        /// The workflow it belongs to.
        workflow_name: String,
        /// Groups traces.
        group_id: String,
        /// Anything else.
        metadata: RawJson,
    }
}

object! { plain
    /// Keeps a share of the context when some of it must go.
    pub struct RetentionRatio {
        /// `retention_ratio`.
        kind("type"): Open<TruncationType> = Always,
        /// The share to keep, 0 to 1.
        retention_ratio: Num = Always,
        /// Bounds that apply instead of the model's own.
        token_limits: TokenLimits,
    }
}

object! { plain
    /// Bounds of the context.
    pub struct TokenLimits {
        /// At most so many tokens after the instructions.
        post_instructions: Int,
    }
}

object! { plain
    /// A stored prompt.
    pub struct Prompt {
        /// Its id.
        id: String = Always,
        /// Its version; the current one without it.
        version: String,
        /// Values for its variables.
        variables: Dict<PromptVariable>,
    }
}

object! { plain
    /// A prompt variable that is more than a string.
    pub struct PromptInput {
        /// Text, image or file.
        kind("type"): Open<PromptInputType> = Always,
        /// The text.
        text: String,
        /// Where the image is, or the image as a data URI.
        image_url: Blob,
        /// An uploaded file.
        file_id: String,
        /// The file's name.
        filename: String,
        /// The file itself.
        file_data: Blob,
        /// Where the file is.
        file_url: String,
        /// The resolution of an image.
        detail: Open<ImageDetail>,
        /// Ends the cached part of the prompt.
        prompt_cache_breakpoint: CacheBreakpoint,
    }
}

object! { plain
    /// Ends the cached part of a prompt.
    pub struct CacheBreakpoint {
        /// `explicit`.
        mode: Open<CacheBreakpointMode> = Always,
    }
}

object! { plain
    /// A voice of the user's own.
    pub struct CustomVoice {
        /// Its id (`voice_...`).
        id: String = Always,
    }
}

object! { plain
    /// An ephemeral key with its end.
    pub struct ClientSecret {
        /// The key.
        value: Secret = Always,
        /// When it ends, in Unix seconds.
        expires_at: Int = Always,
    }
}

object!(
    value SessionAudio, AudioInput, AudioOutput, TranslationSession, TranslationAudio, TranslationInput,
    TranslationOutput, Transcription, NoiseReduction, TurnDetection, Reasoning, TracingSettings, RetentionRatio,
    TokenLimits, Prompt, PromptInput, CacheBreakpoint, CustomVoice, ClientSecret,
);

any_of! {
    /// A voice by name, or one of the user's own.
    pub enum VoiceChoice ("a voice") {
        /// By name.
        Name(Voice),
        /// By id.
        Custom(CustomVoice),
    }
    /// Traces in the vendor's dashboard.
    pub enum Tracing ("a word or an object") {
        /// With the default names.
        Mode(Open<TracingMode>),
        /// With names.
        Settings(TracingSettings),
    }
    /// What happens when the context grows too long.
    pub enum Truncation ("a word or an object") {
        /// Drop the oldest, or fail.
        Mode(Open<TruncationMode>),
        /// Keep a share.
        RetentionRatio(RetentionRatio),
    }
    /// The most tokens a response may have.
    pub enum MaxTokens ("a whole number or \"inf\"") {
        /// So many.
        Limit(Int),
        /// As many as the model can.
        Unlimited(Open<Unlimited>),
    }
    /// The value of a prompt's variable.
    pub enum PromptVariable ("a string or an object") {
        /// A string.
        Text(String),
        /// Text, an image or a file.
        Input(PromptInput),
    }
}

/// What a response consists of.
///
/// GA writes `["audio"]` (speech and its transcript) or `["text"]`; beta writes `["audio", "text"]` for the
/// former. What came from one dialect is written back to it as it was and to the other as that one wants it.
#[derive(Clone, Debug)]
pub struct Modalities {
    words: List<Open<Modality>>,
    written_in: Dialect,
}

impl Modalities {
    /// Speech with its transcript.
    pub fn audio() -> Self {
        Self { words: [Modality::Audio.into()].into(), written_in: Dialect::Ga }
    }

    /// Text only.
    pub fn text() -> Self {
        Self { words: [Modality::Text.into()].into(), written_in: Dialect::Ga }
    }

    /// True when responses are spoken.
    pub fn has_audio(&self) -> bool {
        self.words.iter().any(|word| *word == Modality::Audio)
    }

    /// The words as they were written.
    pub const fn words(&self) -> &List<Open<Modality>> {
        &self.words
    }
}

/// Compares what is asked for, whichever dialect asked.
impl PartialEq for Modalities {
    fn eq(&self, other: &Self) -> bool {
        if self.written_in == other.written_in {
            self.words == other.words
        } else {
            self.has_audio() == other.has_audio()
        }
    }
}

impl From<Modality> for Member<Modalities> {
    fn from(modality: Modality) -> Self {
        Self::Value(match modality {
            Modality::Text => Modalities::text(),
            Modality::Audio => Modalities::audio(),
        })
    }
}

impl<'a> Decode<'a> for Modalities {
    fn decode(json: &'a RawValue, dialect: Dialect) -> Option<Self> {
        List::decode(json, dialect).map(|words| Self { words, written_in: dialect })
    }
}

impl Encode for Modalities {
    const EXPECTED: &'static str = "an array of modalities";

    fn encode<S: serde::Serializer>(&self, serializer: S, dialect: Dialect) -> Result<S::Ok, S::Error> {
        let beta = |dialect| dialect == Dialect::Beta;
        if beta(dialect) == beta(self.written_in) || !self.has_audio() {
            return self.words.encode(serializer, dialect);
        }
        if beta(dialect) {
            beta::spoken_modalities().encode(serializer, dialect)
        } else {
            Self::audio().words.encode(serializer, dialect)
        }
    }

    fn spots(&self, spots: &mut Spots) {
        self.words.spots(spots);
    }
}

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

impl TurnDetection {
    /// Turns end with silence.
    pub fn server_vad() -> Self {
        Self::new().kind(TurnDetectionType::ServerVad)
    }

    /// Turns end when the user has said what they meant to say.
    pub fn semantic_vad() -> Self {
        Self::new().kind(TurnDetectionType::SemanticVad)
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
    fn decode(json: &'a RawValue, dialect: Dialect) -> Option<Self> {
        let members = Members::of(json)?;
        if dialect == Dialect::Translation {
            return Some(Self::Translation(TranslationSession::read(members, dialect)));
        }
        let spoken = beta::session_dialect(&members, dialect);
        if spoken == Dialect::Beta {
            return Some(beta::read_session(members, dialect));
        }
        let accent = (spoken != dialect).then_some(spoken);
        Some(match members.text("type").as_deref() {
            Some("transcription") => {
                let mut session = TranscriptionSession::read(members, spoken);
                session.rest.accent = accent;
                Self::Transcription(session)
            }
            Some("translation") => Self::Translation(TranslationSession::read(members, spoken)),
            _ => {
                let mut session = RealtimeSession::read(members, spoken);
                session.rest.accent = accent;
                Self::Realtime(session)
            }
        })
    }
}

impl Encode for Session {
    const EXPECTED: &'static str = "a session object";

    fn encode<S: serde::Serializer>(&self, serializer: S, dialect: Dialect) -> Result<S::Ok, S::Error> {
        match self {
            Self::Realtime(session) => session.encode(serializer, dialect),
            Self::Transcription(session) => session.encode(serializer, dialect),
            Self::Translation(session) => session.encode(serializer, dialect),
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
