//! The beta accent: everything in which the protocol of 2024 and 2025 differs from today's.
//!
//! Three kinds of difference: events under other names ([`event_name`]), words spelled otherwise
//! ([`read_part`], [`read_audio_format`]) and objects that were flat where GA nests. Of a flat object
//! it is said here where in the GA one its members are; they are read and written there.
//!
//! Some servers mix the dialects. An object that is plainly written in the other one is read so and remembers
//! it (`Rest::accent`), so that it is written back as it came.

use std::ops::{Deref, DerefMut};

use crate::Dialect;
use crate::audio::{AudioFormat, AudioFormatType};
use crate::item::PartType;
use crate::response::{Response, ResponseParams};
use crate::session::{RealtimeSession, Session, SessionType, TranscriptionSession};
use crate::wire::{
    Decode, Encode, Field, Fill, Json, Kind, Member, Members, Need, Node, Object, Open, Rest, Slot, SlotMut, Spots,
    fill, object_spots, read,
};

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
pub(crate) const SPOKEN_MODALITIES: &[&str] = &["audio", "text"];

// --- Flat objects ------------------------------------------------------------------------------------------

/// Declares how beta writes an object: the names of its members, and where in the GA object they are.
macro_rules! flat {
    ($(
        $(#[$meta:meta])*
        struct $name:ident of $nested:ident ($expected:literal) { $( $field:ident: $first:ident $(. $further:ident)*, )* }
    )*) => {$(
        $(#[$meta])*
        struct $name<N>(N);

        const _: () = {
            /// The fields by their number.
            #[allow(non_camel_case_types, reason = "they are the names of the fields")]
            enum At { $($field),* }

            impl<N: Deref<Target = $nested>> Object for $name<N> {
                fn fields(&self) -> &'static [Field] {
                    &[$( Field { name: stringify!($field), need: Need::Optional } ),*]
                }

                fn slot(&self, field: usize) -> Option<&dyn Slot> {
                    match field {
                        $( field if field == At::$field as usize => Some(&self.0.$first $(.get()?.$further)*), )*
                        _ => None,
                    }
                }

                fn rest(&self) -> &Rest {
                    &self.0.rest
                }
            }

            impl<'a, N: DerefMut<Target = $nested>> Fill<'a> for $name<N> {
                fn slot_mut(&mut self, field: usize) -> Option<&mut dyn SlotMut<'a>> {
                    match field {
                        $( field if field == At::$field as usize => {
                            Some(&mut self.0.$first $(.get_or_default().$further)*)
                        } )*
                        _ => None,
                    }
                }

                fn rest_mut(&mut self) -> &mut Rest {
                    &mut self.0.rest
                }
            }
        };

        impl $name<&mut $nested> {
            fn read(members: Members<'_>) -> $nested {
                let mut nested = $nested::default();
                fill(&mut $name(&mut nested), members, Dialect::Beta);
                nested
            }
        }

        impl Encode for $nested {
            fn expected() -> &'static str {
                $expected
            }

            fn encode(&self, dialect: Dialect) -> Node<'_> {
                match self.rest.accent.unwrap_or(dialect) {
                    Dialect::Beta => Node::Flat(Box::new($name(self))),
                    dialect => Node::Object(Kind::None, self, dialect),
                }
            }

            fn spots(&self, spots: &mut Spots) {
                spots.spoken_in(self.rest.accent, |spots| match spots.dialect() {
                    Dialect::Beta => object_spots(&$name(self), spots),
                    _ => object_spots(self, spots),
                });
            }
        }
    )*};
}

flat! {
    /// The session object of beta.
    struct FlatSession of RealtimeSession ("a session object") {
        id: id,
        object: object,
        expires_at: expires_at,
        model: model,
        modalities: output_modalities,
        instructions: instructions,
        voice: audio.output.voice,
        input_audio_format: audio.input.format,
        output_audio_format: audio.output.format,
        input_audio_transcription: audio.input.transcription,
        input_audio_noise_reduction: audio.input.noise_reduction,
        turn_detection: audio.input.turn_detection,
        speed: audio.output.speed,
        tracing: tracing,
        tools: tools,
        tool_choice: tool_choice,
        temperature: temperature,
        max_response_output_tokens: max_output_tokens,
        truncation: truncation,
        prompt: prompt,
        include: include,
        client_secret: client_secret,
    }
    /// The transcription session object of beta.
    struct FlatTranscription of TranscriptionSession ("a session object") {
        id: id,
        object: object,
        expires_at: expires_at,
        modalities: modalities,
        input_audio_format: audio.input.format,
        input_audio_transcription: audio.input.transcription,
        input_audio_noise_reduction: audio.input.noise_reduction,
        turn_detection: audio.input.turn_detection,
        include: include,
        client_secret: client_secret,
    }
    /// The response object of beta.
    struct FlatResponse of Response ("a response object") {
        id: id,
        object: object,
        status: status,
        status_details: status_details,
        output: output,
        metadata: metadata,
        usage: usage,
        conversation_id: conversation_id,
        voice: audio.output.voice,
        modalities: output_modalities,
        output_audio_format: audio.output.format,
        temperature: temperature,
        max_output_tokens: max_output_tokens,
    }
    /// The parameters of a beta `response.create`.
    struct FlatResponseParams of ResponseParams ("a response object") {
        modalities: output_modalities,
        instructions: instructions,
        voice: audio.output.voice,
        output_audio_format: audio.output.format,
        tools: tools,
        tool_choice: tool_choice,
        temperature: temperature,
        max_output_tokens: max_output_tokens,
        conversation: conversation,
        metadata: metadata,
        prompt: prompt,
        input: input,
    }
}

// --- Sessions ----------------------------------------------------------------------------------------------

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
    let accent = (dialect != Dialect::Beta).then_some(Dialect::Beta);
    if members.text("object").is_some_and(|object| object == "realtime.transcription_session") {
        let mut session = read_transcription(members);
        session.rest.accent = accent;
        Session::Transcription(session)
    } else {
        let mut session = FlatSession::read(members);
        session.kind = kind_in_ga(&session.rest, SessionType::Realtime);
        session.rest.accent = accent;
        Session::Realtime(session)
    }
}

fn read_transcription(members: Members<'_>) -> TranscriptionSession {
    let mut session = FlatTranscription::read(members);
    session.kind = kind_in_ga(&session.rest, SessionType::Transcription);
    session
}

/// A session that came in a `transcription_session.*` event: the name says its kind, the flat object may not.
pub(crate) fn retype_session(session: &mut Session, json: Json<'_>) {
    if let Session::Realtime(realtime) = session
        && realtime.rest.accent.is_none()
        && let Some(members) = Members::inside(json)
    {
        *session = Session::Transcription(read_transcription(members));
    }
}

/// Beta sessions do not say their kind, GA sessions must.
fn kind_in_ga(rest: &Rest, kind: SessionType) -> Member<Open<SessionType>> {
    if rest.get("type").is_some() { Member::Absent } else { kind.into() }
}

// --- Responses ---------------------------------------------------------------------------------------------

const FLAT_RESPONSE: [&str; 4] = ["modalities", "voice", "output_audio_format", "temperature"];
const NESTED_RESPONSE: [&str; 2] = ["output_modalities", "audio"];

macro_rules! read_in_either {
    ($($name:ident as $flat:ident),*) => {$(
        impl<'a> Decode<'a> for $name {
            fn decode(json: Json<'a>, dialect: Dialect) -> Option<Self> {
                let members = Members::inside(json)?;
                let spoken = plain_dialect(&members, &FLAT_RESPONSE, &NESTED_RESPONSE, dialect);
                let mut this: Self = if spoken == Dialect::Beta {
                    $flat::read(members)
                } else {
                    read(members, spoken)
                };
                this.rest.accent = (spoken != dialect).then_some(spoken);
                Some(this)
            }
        }
    )*};
}

read_in_either!(Response as FlatResponse, ResponseParams as FlatResponseParams);
