//! The session's configuration in force, and what `session.update` does to it.
//!
//! A partial update names what changes. All of it takes effect, or none: an update is merged into a copy, which
//! is checked and then takes the place of the old one.

use std::time::Duration;

use vivavoce_audio::AudioEncoding;
use vivavoce_protocol::{
    AudioFormat, AudioFormatType, AudioInput, AudioOutput, Dialect, Eagerness, Include, Int, List, MaxTokens, Member,
    Modalities, Model, Num, Open, RealtimeSession, Session, SessionId, SessionType, Tool, ToolChoice, ToolChoiceMode,
    Transcription, TranscriptionSession, Truncation, TruncationMode, TurnDetection, TurnDetectionType, Unlimited,
    VoiceChoice,
};

use super::models::{self, Hearing};
use super::refusal::{self, Refusal};
use super::{MachineConfig, SessionKind, SessionTemplate, mcp};

const INSTRUCTIONS: &str =
    "You are the local Realtime server of vivavoce. Say that you are, and what you heard or read.";
const VOICE: &str = "alloy";
/// `session.created` reports 200 ms; an object that leaves the member out gets 500 ms.
const SILENCE_MS: u32 = 200;
const SILENCE_LEFT_OUT_MS: u32 = 500;
const PREFIX_MS: u32 = 300;

/// The configuration in force.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    dialect: Dialect,
    transcription: bool,
    /// Complete, as are `input` and `output`: every member the session object has is there, null where it is not
    /// set. Without `audio`, which is those two.
    session: RealtimeSession,
    input: AudioInput,
    output: AudioOutput,
}

/// How the user's turns are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Turns {
    /// 0 to 1.
    pub(super) threshold: f64,
    pub(super) prefix_ms: u64,
    pub(super) silence_ms: u64,
    pub(super) create_response: bool,
    pub(super) interrupt_response: bool,
}

impl Settings {
    /// Those a session is opened with: from its secret, or the defaults. The URL's model comes first.
    pub(super) fn open(config: &MachineConfig, id: SessionId) -> Self {
        let Some(settings) = config.template.as_ref().and_then(SessionTemplate::settings) else {
            return Self::new(config, id);
        };
        let mut settings = settings.clone().named(id, config.expires_at());
        // The connection says which dialect it speaks; the settings themselves have none.
        settings.dialect = config.dialect;
        if let Some(model) = config.model.as_deref() {
            settings.session.model = model.into();
        }
        settings
    }

    /// Under another id, with another end.
    pub(super) fn named(mut self, id: SessionId, expires_at: u64) -> Self {
        self.session.id = id.into();
        self.session.expires_at = Int::from(expires_at).into();
        self
    }

    pub(super) fn new(config: &MachineConfig, id: SessionId) -> Self {
        let dialect = config.dialect;
        let transcription = config.kind == SessionKind::Transcription;
        let expires_at = config.expires_at();
        let input = AudioInput::new()
            .format(AudioFormat::pcm())
            .transcription(None)
            .noise_reduction(None)
            .turn_detection(full_turn_detection(&TurnDetection::server_vad(), SILENCE_MS, transcription));
        let output =
            AudioOutput::new().format(AudioFormat::pcm()).voice(VoiceChoice::Name(VOICE.into())).speed(Num::from(1));
        let (kind, object) = match transcription {
            true => (SessionType::Transcription, "realtime.transcription_session"),
            false => (SessionType::Realtime, "realtime.session"),
        };
        let mut session = RealtimeSession::new()
            .kind(kind)
            .object(object)
            .id(id)
            .model(config.model.as_deref().map(Model::from))
            .output_modalities(Modalities::audio())
            .instructions(INSTRUCTIONS)
            .tools(List::new())
            .tool_choice(ToolChoice::Mode(ToolChoiceMode::Auto.into()))
            .max_output_tokens(MaxTokens::Unlimited(Unlimited::Inf.into()))
            .tracing(None)
            .truncation(Truncation::Mode(TruncationMode::Auto.into()))
            .prompt(None)
            .expires_at(Int::from(expires_at))
            .include(None);
        session.temperature = Num::from(0.8).into();
        Self { dialect, transcription, session, input, output }
    }

    /// The session as events show it.
    pub(super) fn wire(&self) -> Session {
        if !self.transcription {
            let mut session = self.session.clone();
            *session.audio_input() = self.input.clone();
            *session.audio_output() = AudioOutput { voice: shown_voice(&self.output.voice), ..self.output.clone() };
            mcp::without_credentials(&mut session.tools);
            // Taken, and never shown: the server's session object has no such member.
            session.parallel_tool_calls = Member::Absent;
            return session.into();
        }
        let mut session = TranscriptionSession::new()
            .kind(SessionType::Transcription)
            .object("realtime.transcription_session")
            .id(self.session.id.clone())
            .expires_at(self.session.expires_at.clone())
            .include(self.session.include.clone());
        session.audio.get_or_default().input = self.input.clone().into();
        session.into()
    }

    pub(super) const fn is_transcription(&self) -> bool {
        self.transcription
    }

    /// The configuration after an update.
    pub(super) fn updated(&self, update: &Session, voice_locked: bool) -> Result<Self, Refusal> {
        let update = match (update, self.transcription) {
            (Session::Realtime(update), false) => update.clone(),
            (Session::Transcription(update), true) => {
                let mut wanted = RealtimeSession::new().include(update.include.clone());
                wanted.audio = update.audio.clone();
                wanted
            }
            // A beta transcription session is also updated by the flat object without a name of its own.
            (Session::Realtime(update), true) if self.dialect == Dialect::Beta => update.clone(),
            _ => return Err(refusal::session_kind(self.transcription)),
        };
        let mut merged = self.clone();
        merged.merge(update, voice_locked)?;
        merged.check()?;
        Ok(merged)
    }

    fn merge(&mut self, update: RealtimeSession, voice_locked: bool) -> Result<(), Refusal> {
        // `update.model` changes nothing: agents send a model of their own, whatever the URL says.
        let tracing = &self.session.tracing;
        if tracing.get().is_some() && !update.tracing.is_absent() && update.tracing != *tracing {
            return Err(refusal::tracing_change());
        }
        let silence = SILENCE_LEFT_OUT_MS;
        let transcription_only = self.transcription;
        let mut audio = update.audio.into_value().unwrap_or_default();
        let new_input = audio.input.get_or_default();
        let input = &mut self.input;
        set(&mut input.format, new_input.format.take());
        merge_transcription(&mut input.transcription, new_input.transcription.take());
        // Taken, and never shown.
        if let Some(transcription) = input.transcription.get_mut() {
            transcription.delay = Member::Absent;
        }
        clear(&mut input.noise_reduction, new_input.noise_reduction.take());
        clear(
            &mut input.turn_detection,
            new_input.turn_detection.take().map(|turns| full_turn_detection(&turns, silence, transcription_only)),
        );
        complete_format(&mut input.format);

        let new_output = audio.output.get_or_default();
        let output = &mut self.output;
        if voice_locked && new_output.voice.get().is_some_and(|voice| Some(voice) != output.voice.get()) {
            return Err(refusal::voice_change());
        }
        set(&mut output.format, new_output.format.take());
        set(&mut output.voice, new_output.voice.take());
        set(&mut output.speed, new_output.speed.take());
        complete_format(&mut output.format);

        let session = &mut self.session;
        set(&mut session.output_modalities, update.output_modalities);
        set(&mut session.instructions, update.instructions);
        set(&mut session.tools, update.tools);
        set(&mut session.tool_choice, update.tool_choice);
        set(&mut session.parallel_tool_calls, update.parallel_tool_calls);
        set(&mut session.reasoning, update.reasoning);
        set(&mut session.max_output_tokens, update.max_output_tokens);
        set(&mut session.truncation, update.truncation);
        set(&mut session.temperature, update.temperature);
        clear(&mut session.tracing, update.tracing);
        clear(&mut session.prompt, update.prompt);
        clear(&mut session.include, update.include);
        Ok(())
    }

    /// What one member means for another; each by itself has been looked at when the event came.
    fn check(&self) -> Result<(), Refusal> {
        check_tool_choice(&self.session.tools, &self.session.tool_choice, "session")?;
        let (turn_detection, transcription) = match self.dialect {
            Dialect::Beta => ("session.turn_detection", "session.input_audio_transcription"),
            _ => ("session.audio.input.turn_detection", "session.audio.input.transcription"),
        };
        if let Some(wanted) = self.input.transcription.get() {
            if wanted.language.get().is_some() && wanted.languages.get().is_some() {
                return Err(refusal::both_languages(transcription));
            }
            let live = self.transcription().is_some_and(|model| models::hearing(model) == Hearing::Live);
            if live && self.input.turn_detection.get().is_some() {
                return Err(refusal::no_turns_for_model(turn_detection));
            }
        }
        Ok(())
    }

    // --- What is in force, read -----------------------------------------------------------------------------

    pub(super) fn model(&self) -> &str {
        self.session.model.get().map(Model::as_str).unwrap_or_default()
    }

    pub(super) fn instructions(&self) -> &str {
        self.session.instructions.get().map(String::as_str).unwrap_or_default()
    }

    pub(super) fn input_encoding(&self) -> AudioEncoding {
        encoding(&self.input.format)
    }

    pub(super) const fn output_format(&self) -> &Member<AudioFormat> {
        &self.output.format
    }

    pub(super) const fn voice(&self) -> &Member<VoiceChoice> {
        &self.output.voice
    }

    pub(super) fn speed(&self) -> f64 {
        self.output.speed.get().map_or(1.0, |speed| speed.get())
    }

    pub(super) const fn output_modalities(&self) -> &Member<Modalities> {
        &self.session.output_modalities
    }

    pub(super) const fn max_output_tokens(&self) -> &Member<MaxTokens> {
        &self.session.max_output_tokens
    }

    pub(super) const fn temperature(&self) -> &Member<Num> {
        &self.session.temperature
    }

    pub(super) const fn truncation(&self) -> Option<&Truncation> {
        self.session.truncation.get()
    }

    pub(super) const fn tools(&self) -> &Member<List<Tool>> {
        &self.session.tools
    }

    pub(super) const fn parallel_tool_calls(&self) -> &Member<bool> {
        &self.session.parallel_tool_calls
    }

    pub(super) const fn tool_choice(&self) -> &Member<ToolChoice> {
        &self.session.tool_choice
    }

    /// How the user's speech is transcribed, when it is.
    pub(super) const fn transcription_settings(&self) -> Option<&Transcription> {
        self.input.transcription.get()
    }

    /// Whether transcripts come with the probabilities of their tokens.
    pub(super) fn includes_logprobs(&self) -> bool {
        let include = self.session.include.get();
        include.is_some_and(|include| include.iter().any(|extra| *extra == Include::TranscriptionLogprobs))
    }

    /// The model that transcribes the user's speech, when it is transcribed.
    pub(super) fn transcription(&self) -> Option<&str> {
        self.input.transcription.get().map(|wanted| wanted.model.get().map(Model::as_str).unwrap_or_default())
    }

    /// After how much silence the server speaks up.
    pub(super) fn idle_timeout(&self) -> Option<Duration> {
        let ms = self.input.turn_detection.get()?.idle_timeout_ms.get()?;
        (!self.transcription).then(|| Duration::from_millis(ms.unsigned()))
    }

    /// How turns are found; `None` when the client commits them.
    pub(super) fn turns(&self) -> Option<Turns> {
        let turns = self.input.turn_detection.get()?;
        let ms = |member: &Member<Int>, default: u32| member.get().map_or(u64::from(default), |ms| ms.unsigned());
        let semantic = turns.kind.get().is_some_and(|kind| *kind == TurnDetectionType::SemanticVad);
        // Meaning is not understood here: semantic detection waits as long as a patient listener would.
        let silence_ms = match turns.eagerness.get().and_then(Open::known) {
            _ if !semantic => ms(&turns.silence_duration_ms, SILENCE_LEFT_OUT_MS),
            Some(Eagerness::High) => 300,
            Some(Eagerness::Low) => 1200,
            _ => 600,
        };
        Some(Turns {
            threshold: turns.threshold.get().map_or(0.5, |threshold| threshold.get()),
            prefix_ms: ms(&turns.prefix_padding_ms, PREFIX_MS),
            silence_ms,
            create_response: *turns.create_response.get().unwrap_or(&true) && !self.transcription,
            interrupt_response: *turns.interrupt_response.get().unwrap_or(&true),
        })
    }
}

/// Takes a new value; null and absent change nothing.
fn set<T>(current: &mut Member<T>, new: Member<T>) {
    if new.get().is_some() {
        *current = new;
    }
}

/// Takes a new value or null; absent changes nothing.
fn clear<T>(current: &mut Member<T>, new: Member<T>) {
    if !new.is_absent() {
        *current = new;
    }
}

fn merge_transcription(current: &mut Member<Transcription>, new: Member<Transcription>) {
    let (Member::Value(current), Member::Value(new)) = (&mut *current, &new) else {
        return clear(current, new);
    };
    // `language` and `languages` exclude each other: the newer one stands.
    if new.languages.get().is_some() {
        current.language = Member::Absent;
    }
    if new.language.get().is_some() {
        current.languages = Member::Absent;
    }
    clear(&mut current.model, new.model.clone());
    clear(&mut current.language, new.language.clone());
    clear(&mut current.languages, new.languages.clone());
    clear(&mut current.keywords, new.keywords.clone());
    clear(&mut current.prompt, new.prompt.clone());
}

/// A voice as events name it: one of the client's own by its id alone.
pub(super) fn shown_voice(voice: &Member<VoiceChoice>) -> Member<VoiceChoice> {
    match voice.get() {
        Some(VoiceChoice::Custom(voice)) => {
            VoiceChoice::Name(voice.id.get().map(String::as_str).unwrap_or_default().into()).into()
        }
        _ => voice.clone(),
    }
}

pub(super) fn encoding(format: &Member<AudioFormat>) -> AudioEncoding {
    match format.get().and_then(|format| format.kind.get()).and_then(Open::known) {
        Some(AudioFormatType::Pcmu) => AudioEncoding::G711Ulaw,
        Some(AudioFormatType::Pcma) => AudioEncoding::G711Alaw,
        _ => AudioEncoding::Pcm16,
    }
}

/// PCM has one rate; a client need not name it.
pub(super) fn complete_format(format: &mut Member<AudioFormat>) {
    if let Some(format) = format.get_mut()
        && format.kind.get().is_some_and(|kind| *kind == AudioFormatType::Pcm)
    {
        format.rate = Int::from(24_000).into();
    }
}

/// Refuses the choice of a function that is not among the tools; `owner` is `session` or `response`.
pub(super) fn check_tool_choice(
    tools: &Member<List<Tool>>,
    choice: &Member<ToolChoice>,
    owner: &str,
) -> Result<(), Refusal> {
    let Some(ToolChoice::Tool(choice)) = choice.get() else { return Ok(()) };
    let Some(name) = choice.name.get().filter(|_| choice.server_label.get().is_none()) else { return Ok(()) };
    match tools.get().is_some_and(|tools| tools.iter().any(|tool| tool.function_name() == Some(name))) {
        true => Ok(()),
        false => Err(refusal::unknown_tool(name, &format!("{owner}.tool_choice"))),
    }
}

/// A turn detection object replaces the old one: its types have different members, so what it leaves out has the
/// default.
fn full_turn_detection(turns: &TurnDetection, silence_ms: u32, transcription: bool) -> TurnDetection {
    let mut full = turns.clone();
    let default = |member: &mut Member<Int>, ms: u32| {
        if member.get().is_none() {
            *member = Int::from(ms).into();
        }
    };
    if full.kind.get().is_none() {
        full.kind = TurnDetectionType::ServerVad.into();
    }
    if full.kind.get().is_some_and(|kind| *kind == TurnDetectionType::SemanticVad) {
        if full.eagerness.get().is_none() {
            full.eagerness = Eagerness::Auto.into();
        }
    } else {
        if full.threshold.get().is_none() {
            full.threshold = Num::from(0.5).into();
        }
        default(&mut full.prefix_padding_ms, PREFIX_MS);
        default(&mut full.silence_duration_ms, silence_ms);
        if !transcription && full.idle_timeout_ms.is_absent() {
            full.idle_timeout_ms = Member::Null;
        }
    }
    if transcription {
        (full.create_response, full.interrupt_response) = (Member::Absent, Member::Absent);
        full.idle_timeout_ms = Member::Absent;
    } else {
        full.create_response = (*full.create_response.get().unwrap_or(&true)).into();
        full.interrupt_response = (*full.interrupt_response.get().unwrap_or(&true)).into();
    }
    full
}
