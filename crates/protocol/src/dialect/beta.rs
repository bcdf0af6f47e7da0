//! The beta accent: everything in which the protocol of 2024 and 2025 differs from today's.
//!
//! Three kinds of difference: events under other names ([`event_name`]), words spelled otherwise
//! ([`read_part`], [`read_audio_format`]) and objects that were flat where GA nests. A flat object is declared
//! here in its own shape and moved, member by member, to and from the GA one.
//!
//! Some servers mix the dialects. An object that is plainly written in the other one is read so and remembers
//! it (`Rest::accent`), so that it is written back as it came.

use serde::{Serializer, ser::SerializeMap};

use crate::Dialect;
use crate::audio::{AudioFormat, AudioFormatType};
use crate::id::{ConversationId, ResponseId, SessionId};
use crate::item::{Item, PartType};
use crate::response::ConversationChoice;
use crate::response::{Response, ResponseAudio, ResponseParams, Status, StatusDetails, Usage};
use crate::session::{
    AudioInput, AudioOutput, ClientSecret, Include, MaxTokens, Modalities, Modality, Model, NoiseReduction, Prompt,
    RealtimeSession, Session, SessionAudio, SessionType, Tracing, Transcription, TranscriptionSession, Truncation,
    TurnDetection, VoiceChoice,
};
use crate::tool::{Tool, ToolChoice};
use crate::wire::{Dict, Encode, Int, List, Member, Members, Num, Open, Rest, Spots, object};

// --- Names of events ---------------------------------------------------------------------------------------

/// GA names of server events beside the names beta has for them (protocol.md 2.1).
const EVENT_NAMES: [(&str, &str); 6] = [
    ("response.output_text.delta", "response.text.delta"),
    ("response.output_text.done", "response.text.done"),
    ("response.output_audio.delta", "response.audio.delta"),
    ("response.output_audio.done", "response.audio.done"),
    ("response.output_audio_transcript.delta", "response.audio_transcript.delta"),
    ("response.output_audio_transcript.done", "response.audio_transcript.done"),
];

/// The beta name of a GA event, where it differs.
pub(crate) fn event_name(ga: &str) -> Option<&'static str> {
    EVENT_NAMES.iter().find(|(name, _)| *name == ga).map(|(_, beta)| *beta)
}

/// The GA name behind a name that only beta has.
pub(crate) fn ga_event_name(beta: &str) -> Option<&'static str> {
    EVENT_NAMES.iter().find(|(_, name)| *name == beta).map(|(ga, _)| *ga)
}

/// The `session.*` name behind an event of a beta transcription session.
pub(crate) fn transcription_event_name(name: &str) -> Option<&'static str> {
    match name {
        "transcription_session.created" => Some("session.created"),
        "transcription_session.updated" => Some("session.updated"),
        "transcription_session.update" => Some("session.update"),
        _ => None,
    }
}

/// The beta name of a `session.*` event about a transcription session.
pub(crate) fn transcription_session_event(name: &str) -> Option<&'static str> {
    match name {
        "session.created" => Some("transcription_session.created"),
        "session.updated" => Some("transcription_session.updated"),
        "session.update" => Some("transcription_session.update"),
        _ => None,
    }
}

// --- Spellings ---------------------------------------------------------------------------------------------

pub(crate) fn spell_part(kind: PartType, dialect: Dialect) -> Option<&'static str> {
    match (dialect, kind) {
        (Dialect::Beta, PartType::OutputText) => Some("text"),
        (Dialect::Beta, PartType::OutputAudio) => Some("audio"),
        _ => None,
    }
}

pub(crate) fn read_part(word: &str, dialect: Dialect) -> Option<PartType> {
    match (dialect, word) {
        (Dialect::Beta, "text") => Some(PartType::OutputText),
        (Dialect::Beta, "audio") => Some(PartType::OutputAudio),
        _ => None,
    }
}

/// The dialect that spells a content part's type so.
pub(crate) fn part_dialect(word: Option<&str>, dialect: Dialect) -> Dialect {
    match word {
        Some("text" | "audio") => Dialect::Beta,
        Some("output_text" | "output_audio") if dialect == Dialect::Beta => Dialect::Ga,
        _ => dialect,
    }
}

/// `None` for a word beta does not have either: the caller keeps it raw.
pub(crate) fn read_audio_format(word: &str) -> Option<AudioFormat> {
    Some(match word {
        "pcm16" => AudioFormat::pcm(),
        "g711_ulaw" => AudioFormat::pcmu(),
        "g711_alaw" => AudioFormat::pcma(),
        _ => return None,
    })
}

pub(crate) fn write_audio_format(format: &AudioFormat) -> Option<&'static str> {
    Some(match format.kind.get()?.known()? {
        AudioFormatType::Pcm => "pcm16",
        AudioFormatType::Pcmu => "g711_ulaw",
        AudioFormatType::Pcma => "g711_alaw",
    })
}

/// What beta calls the GA modality `audio`: `["audio"]` alone it refuses.
pub(crate) fn spoken_modalities() -> List<Open<Modality>> {
    [Modality::Audio.into(), Modality::Text.into()].into()
}

// --- Sessions ----------------------------------------------------------------------------------------------

object! { flat
    /// The session object of beta.
    pub(crate) struct FlatSession {
        id: SessionId,
        object: String,
        expires_at: Int,
        model: Model,
        modalities: Modalities,
        instructions: String,
        voice: VoiceChoice,
        input_audio_format: AudioFormat,
        output_audio_format: AudioFormat,
        input_audio_transcription: Transcription,
        input_audio_noise_reduction: NoiseReduction,
        turn_detection: TurnDetection,
        speed: Num,
        tracing: Tracing,
        tools: List<Tool>,
        tool_choice: ToolChoice,
        temperature: Num,
        max_response_output_tokens: MaxTokens,
        truncation: Truncation,
        prompt: Prompt,
        include: List<Open<Include>>,
        client_secret: ClientSecret,
    }
}

/// Session members that only the flat shape has.
const FLAT_SESSION: [&str; 9] = [
    "modalities",
    "voice",
    "input_audio_format",
    "output_audio_format",
    "input_audio_transcription",
    "input_audio_noise_reduction",
    "turn_detection",
    "temperature",
    "max_response_output_tokens",
];
/// Session members that only the nested shape has.
const NESTED_SESSION: [&str; 3] = ["type", "audio", "output_modalities"];

/// The dialect an object is plainly written in; the connection's own when it is not plain.
fn plain_dialect(members: &Members<'_>, flat: &[&str], nested: &[&str], dialect: Dialect) -> Dialect {
    match (members.has_any(flat), members.has_any(nested)) {
        (true, false) => Dialect::Beta,
        (false, true) if dialect == Dialect::Beta => Dialect::Ga,
        _ => dialect,
    }
}

pub(crate) fn session_dialect(members: &Members<'_>, dialect: Dialect) -> Dialect {
    plain_dialect(members, &FLAT_SESSION, &NESTED_SESSION, dialect)
}

/// Reads a flat session on a connection that speaks `dialect`.
pub(crate) fn read_session(members: Members<'_>, dialect: Dialect) -> Session {
    let mut flat = FlatSession::read(members, Dialect::Beta);
    flat.rest.accent = (dialect != Dialect::Beta).then_some(Dialect::Beta);
    if flat.object.get().is_some_and(|object| object == "realtime.transcription_session") {
        Session::Transcription(flat.into())
    } else {
        Session::Realtime(flat.into())
    }
}

/// A session that came in a `transcription_session.*` event: the name says its kind, the flat object may not.
pub(crate) fn transcription_session(session: Session) -> Session {
    match session {
        Session::Realtime(session) if session.rest.accent.is_none() => {
            Session::Transcription(FlatSession::from(&session).into())
        }
        session => session,
    }
}

/// An object whose members would all be absent is absent itself.
fn unless_empty<T: Default + PartialEq>(value: T) -> Member<T> {
    if value == T::default() { Member::Absent } else { Member::Value(value) }
}

fn nest_input(flat: &mut FlatSession) -> Member<AudioInput> {
    unless_empty(AudioInput {
        format: flat.input_audio_format.take(),
        transcription: flat.input_audio_transcription.take(),
        noise_reduction: flat.input_audio_noise_reduction.take(),
        turn_detection: flat.turn_detection.take(),
        ..AudioInput::default()
    })
}

/// Beta sessions do not say their kind, GA sessions must.
fn kind_in_ga(rest: &Rest, kind: SessionType) -> Member<Open<SessionType>> {
    if rest.get("type").is_some() { Member::Absent } else { kind.into() }
}

impl From<FlatSession> for RealtimeSession {
    fn from(mut flat: FlatSession) -> Self {
        let input = nest_input(&mut flat);
        let output = unless_empty(AudioOutput {
            format: flat.output_audio_format,
            voice: flat.voice,
            speed: flat.speed,
            ..AudioOutput::default()
        });
        let audio = unless_empty(SessionAudio { input, output, ..SessionAudio::default() });
        Self {
            kind: kind_in_ga(&flat.rest, SessionType::Realtime),
            object: flat.object,
            id: flat.id,
            expires_at: flat.expires_at,
            model: flat.model,
            output_modalities: flat.modalities,
            instructions: flat.instructions,
            audio,
            include: flat.include,
            tracing: flat.tracing,
            tools: flat.tools,
            tool_choice: flat.tool_choice,
            parallel_tool_calls: Member::Absent,
            reasoning: Member::Absent,
            max_output_tokens: flat.max_response_output_tokens,
            truncation: flat.truncation,
            prompt: flat.prompt,
            temperature: flat.temperature,
            client_secret: flat.client_secret,
            rest: flat.rest,
        }
    }
}

impl From<&RealtimeSession> for FlatSession {
    fn from(session: &RealtimeSession) -> Self {
        let audio = session.audio.get();
        let input = audio.and_then(|audio| audio.input.get()).cloned().unwrap_or_default();
        let output = audio.and_then(|audio| audio.output.get()).cloned().unwrap_or_default();
        Self {
            id: session.id.clone(),
            object: session.object.clone(),
            expires_at: session.expires_at.clone(),
            model: session.model.clone(),
            modalities: session.output_modalities.clone(),
            instructions: session.instructions.clone(),
            voice: output.voice,
            input_audio_format: input.format,
            output_audio_format: output.format,
            input_audio_transcription: input.transcription,
            input_audio_noise_reduction: input.noise_reduction,
            turn_detection: input.turn_detection,
            speed: output.speed,
            tracing: session.tracing.clone(),
            tools: session.tools.clone(),
            tool_choice: session.tool_choice.clone(),
            temperature: session.temperature.clone(),
            max_response_output_tokens: session.max_output_tokens.clone(),
            truncation: session.truncation.clone(),
            prompt: session.prompt.clone(),
            include: session.include.clone(),
            client_secret: session.client_secret.clone(),
            rest: session.rest.clone(),
        }
    }
}

object! { flat
    /// The transcription session object of beta.
    pub(crate) struct FlatTranscription {
        id: SessionId,
        object: String,
        expires_at: Int,
        modalities: Modalities,
        input_audio_format: AudioFormat,
        input_audio_transcription: Transcription,
        input_audio_noise_reduction: NoiseReduction,
        turn_detection: TurnDetection,
        include: List<Open<Include>>,
        client_secret: ClientSecret,
    }
}

impl From<FlatSession> for TranscriptionSession {
    fn from(mut flat: FlatSession) -> Self {
        let input = nest_input(&mut flat);
        let audio = unless_empty(SessionAudio { input, ..SessionAudio::default() });
        let mut session = Self {
            kind: kind_in_ga(&flat.rest, SessionType::Transcription),
            object: flat.object.take(),
            id: flat.id.take(),
            expires_at: flat.expires_at.take(),
            include: flat.include.take(),
            audio,
            modalities: flat.modalities.take(),
            client_secret: flat.client_secret.take(),
            rest: std::mem::take(&mut flat.rest),
        };
        // What a transcription session has no field for is kept as unknown members.
        if flat != FlatSession::default()
            && let Ok(leftover) = serde_json::to_string(&crate::wire::InDialect(&flat, Dialect::Beta))
            && let Ok(members) = serde_json::from_str::<Members<'_>>(&leftover)
        {
            for (name, json) in members {
                session.rest.keep(name, json);
            }
        }
        session
    }
}

impl From<&TranscriptionSession> for FlatTranscription {
    fn from(session: &TranscriptionSession) -> Self {
        let audio = session.audio.get();
        let input = audio.and_then(|audio| audio.input.get()).cloned().unwrap_or_default();
        Self {
            id: session.id.clone(),
            object: session.object.clone(),
            expires_at: session.expires_at.clone(),
            modalities: session.modalities.clone(),
            input_audio_format: input.format,
            input_audio_transcription: input.transcription,
            input_audio_noise_reduction: input.noise_reduction,
            turn_detection: input.turn_detection,
            include: session.include.clone(),
            client_secret: session.client_secret.clone(),
            rest: session.rest.clone(),
        }
    }
}

object!(value FlatSession, FlatTranscription);

/// Writes a GA-shaped object in the shape the dialect has for it.
macro_rules! flat_in_beta {
    ($($name:ident as $flat:ident, $expected:literal;)*) => {$(
        impl Encode for $name {
            const EXPECTED: &'static str = $expected;

            fn encode<S: Serializer>(&self, serializer: S, dialect: Dialect) -> Result<S::Ok, S::Error> {
                let dialect = self.rest.accent.unwrap_or(dialect);
                if dialect == Dialect::Beta {
                    return $flat::from(self).encode(serializer, dialect);
                }
                let mut map = serializer.serialize_map(None)?;
                self.encode_members(&mut map, dialect)?;
                map.end()
            }

            fn spots(&self, spots: &mut Spots) {
                spots.spoken_in(self.rest.accent, |spots| {
                    if spots.dialect() == Dialect::Beta {
                        $flat::from(self).spots(spots);
                    } else {
                        self.member_spots(spots);
                    }
                });
            }
        }
    )*};
}

flat_in_beta! {
    RealtimeSession as FlatSession, "a session object";
    TranscriptionSession as FlatTranscription, "a session object";
}

// --- Responses ---------------------------------------------------------------------------------------------

object! { flat
    /// The response object of beta.
    pub(crate) struct FlatResponse {
        id: ResponseId,
        object: String,
        status: Open<Status>,
        status_details: StatusDetails,
        output: List<Item>,
        metadata: Dict<String>,
        usage: Usage,
        conversation_id: ConversationId,
        voice: VoiceChoice,
        modalities: Modalities,
        output_audio_format: AudioFormat,
        temperature: Num,
        max_output_tokens: MaxTokens,
    }
}

object! { flat
    /// The parameters of a beta `response.create`.
    pub(crate) struct FlatResponseParams {
        modalities: Modalities,
        instructions: String,
        voice: VoiceChoice,
        output_audio_format: AudioFormat,
        tools: List<Tool>,
        tool_choice: ToolChoice,
        temperature: Num,
        max_output_tokens: MaxTokens,
        conversation: Open<ConversationChoice>,
        metadata: Dict<String>,
        prompt: Prompt,
        input: List<Item>,
    }
}

object!(value FlatResponse, FlatResponseParams);

const FLAT_RESPONSE: [&str; 4] = ["modalities", "voice", "output_audio_format", "temperature"];
const NESTED_RESPONSE: [&str; 2] = ["output_modalities", "audio"];

fn nest_output(voice: Member<VoiceChoice>, format: Member<AudioFormat>) -> Member<ResponseAudio> {
    let output = unless_empty(AudioOutput { voice, format, ..AudioOutput::default() });
    unless_empty(ResponseAudio { output, ..ResponseAudio::default() })
}

fn flat_output(audio: &Member<ResponseAudio>) -> AudioOutput {
    audio.get().and_then(|audio| audio.output.get()).cloned().unwrap_or_default()
}

impl From<FlatResponse> for Response {
    fn from(flat: FlatResponse) -> Self {
        Self {
            id: flat.id,
            object: flat.object,
            status: flat.status,
            status_details: flat.status_details,
            output: flat.output,
            metadata: flat.metadata,
            audio: nest_output(flat.voice, flat.output_audio_format),
            usage: flat.usage,
            conversation_id: flat.conversation_id,
            output_modalities: flat.modalities,
            max_output_tokens: flat.max_output_tokens,
            temperature: flat.temperature,
            rest: flat.rest,
        }
    }
}

impl From<&Response> for FlatResponse {
    fn from(response: &Response) -> Self {
        let output = flat_output(&response.audio);
        Self {
            id: response.id.clone(),
            object: response.object.clone(),
            status: response.status.clone(),
            status_details: response.status_details.clone(),
            output: response.output.clone(),
            metadata: response.metadata.clone(),
            usage: response.usage.clone(),
            conversation_id: response.conversation_id.clone(),
            voice: output.voice,
            modalities: response.output_modalities.clone(),
            output_audio_format: output.format,
            temperature: response.temperature.clone(),
            max_output_tokens: response.max_output_tokens.clone(),
            rest: response.rest.clone(),
        }
    }
}

impl From<FlatResponseParams> for ResponseParams {
    fn from(flat: FlatResponseParams) -> Self {
        Self {
            output_modalities: flat.modalities,
            instructions: flat.instructions,
            audio: nest_output(flat.voice, flat.output_audio_format),
            tools: flat.tools,
            tool_choice: flat.tool_choice,
            parallel_tool_calls: Member::Absent,
            reasoning: Member::Absent,
            max_output_tokens: flat.max_output_tokens,
            conversation: flat.conversation,
            metadata: flat.metadata,
            prompt: flat.prompt,
            input: flat.input,
            temperature: flat.temperature,
            rest: flat.rest,
        }
    }
}

impl From<&ResponseParams> for FlatResponseParams {
    fn from(params: &ResponseParams) -> Self {
        let output = flat_output(&params.audio);
        Self {
            modalities: params.output_modalities.clone(),
            instructions: params.instructions.clone(),
            voice: output.voice,
            output_audio_format: output.format,
            tools: params.tools.clone(),
            tool_choice: params.tool_choice.clone(),
            temperature: params.temperature.clone(),
            max_output_tokens: params.max_output_tokens.clone(),
            conversation: params.conversation.clone(),
            metadata: params.metadata.clone(),
            prompt: params.prompt.clone(),
            input: params.input.clone(),
            rest: params.rest.clone(),
        }
    }
}

flat_in_beta! {
    Response as FlatResponse, "a response object";
    ResponseParams as FlatResponseParams, "a response object";
}

macro_rules! read_in_either {
    ($($name:ident as $flat:ident),*) => {$(
        impl<'a> crate::wire::Decode<'a> for $name {
            fn decode(json: &'a serde_json::value::RawValue, dialect: Dialect) -> Option<Self> {
                let members = Members::of(json)?;
                let spoken = plain_dialect(&members, &FLAT_RESPONSE, &NESTED_RESPONSE, dialect);
                let mut this: Self = if spoken == Dialect::Beta {
                    $flat::read(members, spoken).into()
                } else {
                    Self::read(members, spoken)
                };
                this.rest.accent = (spoken != dialect).then_some(spoken);
                Some(this)
            }
        }
    )*};
}

read_in_either!(Response as FlatResponse, ResponseParams as FlatResponseParams);
