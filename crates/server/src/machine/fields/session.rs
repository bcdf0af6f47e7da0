//! The session object of each kind and dialect (protocol.md 2.3, 4.18).

use super::tool::{BETA_TOOLS, TOOL_CHOICE, TOOLS};
use super::{Field, Shape, Variant, Without, optional, refused, required, variant};
use crate::machine::refusal;

const VOICES: &[&str] = &["alloy", "ash", "ballad", "coral", "echo", "sage", "shimmer", "verse", "marin", "cedar"];
/// Of functions and calls.
pub(super) const MAX_NAME: usize = 64;
const MODALITIES: &[&str] = &["text", "audio"];
/// The service states no upper bound; an hour is a session's whole life.
const MS: Shape = Shape::Integer(0, 3_600_000);

pub(super) const GA_MODALITIES: Shape = Shape::Words { of: MODALITIES, combinations: &[&["text"], &["audio"]] };
pub(super) const BETA_MODALITIES: Shape =
    Shape::Words { of: MODALITIES, combinations: &[&["text"], &["audio", "text"]] };
pub(super) const TEXT: Shape = Shape::Text(usize::MAX);
pub(super) const MAX_TOKENS: Shape = Shape::Either(&[Shape::Integer(1, 4096), Shape::Word(&["inf"])]);
pub(super) const TEMPERATURE: Shape = Shape::Decimal(0.6, 1.2);
pub(super) const REASONING: Shape =
    Shape::Object(&[&[optional("effort", Shape::Word(&["minimal", "low", "medium", "high", "xhigh"]))]]);
pub(super) const PROMPT: Shape =
    Shape::Object(&[&[required("id", TEXT), optional("version", TEXT), optional("variables", Shape::AnyObject)]]);

/// A voice by name, or one of the client's own.
pub(super) const VOICE: Shape = Shape::Either(&[Shape::Word(VOICES), Shape::Object(&[&[required("id", TEXT)]])]);
pub(super) const BETA_VOICE: Shape = Shape::Word(VOICES);

const FORMAT_TYPE: Field = optional("type", Shape::Any);
pub(super) const FORMAT: Shape = Shape::Tagged {
    by: "type",
    without: Without::Refused,
    variants: &[
        variant("audio/pcm", Shape::Object(&[&[FORMAT_TYPE, optional("rate", Shape::Integer(24_000, 24_000))]])),
        variant("audio/pcmu", Shape::Object(&[&[FORMAT_TYPE]])),
        variant("audio/pcma", Shape::Object(&[&[FORMAT_TYPE]])),
    ],
};
pub(super) const BETA_FORMAT: Shape = Shape::Word(&["pcm16", "g711_ulaw", "g711_alaw"]);

const TRANSCRIPTION_SETTINGS: Shape = Shape::Object(&[&[
    optional("model", TEXT),
    optional("language", TEXT),
    optional("languages", Shape::List(&TEXT)),
    optional("keywords", Shape::List(&TEXT)),
    optional("prompt", Shape::Text(1024)),
    optional("delay", Shape::Word(&["minimal", "low", "medium", "high", "xhigh"])),
]]);

const NOISE_REDUCTION: Shape = Shape::Object(&[&[required("type", Shape::Word(&["near_field", "far_field"]))]]);

const TURN_TYPE: Field = optional("type", Shape::Any);
const TURN_RESPONSES: &[Field] =
    &[TURN_TYPE, optional("create_response", Shape::Bool), optional("interrupt_response", Shape::Bool)];
const TURN_DETECTION: Shape = Shape::Tagged {
    by: "type",
    // Beta clients leave it out.
    without: Without::Default("server_vad"),
    variants: &[
        variant(
            "server_vad",
            Shape::Object(&[
                TURN_RESPONSES,
                &[
                    optional("threshold", Shape::Decimal(0.0, 1.0)),
                    optional("prefix_padding_ms", MS),
                    optional("silence_duration_ms", MS),
                    optional("idle_timeout_ms", Shape::Integer(5_000, 30_000)),
                ],
            ]),
        ),
        variant(
            "semantic_vad",
            Shape::Object(&[TURN_RESPONSES, &[optional("eagerness", Shape::Word(&["low", "medium", "high", "auto"]))]]),
        ),
    ],
};

const INCLUDE: Shape = Shape::List(&Shape::Word(&["item.input_audio_transcription.logprobs"]));
const TRACING: Shape = Shape::Either(&[
    Shape::Word(&["auto"]),
    Shape::Object(&[&[
        optional("workflow_name", TEXT),
        optional("group_id", TEXT),
        optional("metadata", Shape::AnyObject),
    ]]),
]);
const TRUNCATION: Shape = Shape::Either(&[
    Shape::Word(&["auto", "disabled"]),
    Shape::Object(&[&[
        required("type", Shape::Word(&["retention_ratio"])),
        required("retention_ratio", Shape::Decimal(0.0, 1.0)),
        optional("token_limits", Shape::Object(&[&[optional("post_instructions", Shape::Integer(0, i64::MAX))]])),
    ]]),
]);

const INPUT: Shape = Shape::Object(&[&[
    optional("format", FORMAT),
    optional("transcription", TRANSCRIPTION_SETTINGS),
    optional("noise_reduction", NOISE_REDUCTION),
    optional("turn_detection", TURN_DETECTION),
]]);

/// A GA conversation.
pub(in crate::machine) const REALTIME: Shape = Shape::Object(&[&[
    optional("type", Shape::Any),
    optional("model", TEXT),
    optional("output_modalities", GA_MODALITIES),
    optional("instructions", TEXT),
    optional(
        "audio",
        Shape::Object(&[&[
            optional("input", INPUT),
            optional(
                "output",
                Shape::Object(&[&[
                    optional("format", FORMAT),
                    optional("voice", VOICE),
                    optional("speed", Shape::Decimal(0.25, 1.5)),
                ]]),
            ),
        ]]),
    ),
    optional("include", INCLUDE),
    optional("tracing", TRACING),
    optional("tools", TOOLS),
    optional("tool_choice", TOOL_CHOICE),
    optional("parallel_tool_calls", Shape::Bool),
    optional("reasoning", REASONING),
    optional("max_output_tokens", MAX_TOKENS),
    optional("truncation", TRUNCATION),
    optional("prompt", PROMPT),
]]);

/// A GA transcription session.
pub(in crate::machine) const TRANSCRIPTION: Shape = Shape::Object(&[&[
    optional("type", Shape::Any),
    optional("audio", Shape::Object(&[&[optional("input", INPUT)]])),
    optional("include", INCLUDE),
]]);

const BETA_INPUT: &[Field] = &[
    optional("input_audio_format", BETA_FORMAT),
    optional("input_audio_transcription", TRANSCRIPTION_SETTINGS),
    optional("input_audio_noise_reduction", NOISE_REDUCTION),
    optional("turn_detection", TURN_DETECTION),
    optional("include", INCLUDE),
];

/// A beta conversation: flat.
pub(in crate::machine) const BETA: Shape = Shape::Object(&[
    &[
        optional("model", TEXT),
        optional("modalities", BETA_MODALITIES),
        optional("instructions", TEXT),
        optional("voice", BETA_VOICE),
        optional("output_audio_format", BETA_FORMAT),
        optional("speed", Shape::Decimal(0.25, 1.5)),
        optional("tracing", TRACING),
        optional("tools", BETA_TOOLS),
        optional("tool_choice", TOOL_CHOICE),
        optional("temperature", TEMPERATURE),
        optional("max_response_output_tokens", MAX_TOKENS),
        optional("truncation", TRUNCATION),
        optional("prompt", PROMPT),
    ],
    BETA_INPUT,
]);

/// A beta transcription session: flat.
pub(in crate::machine) const BETA_TRANSCRIPTION: Shape =
    Shape::Object(&[&[optional("modalities", BETA_MODALITIES)], BETA_INPUT]);

const TRANSLATION_AUDIO: Field = optional(
    "audio",
    Shape::Object(&[&[
        optional(
            "input",
            Shape::Object(&[&[
                optional("transcription", Shape::Object(&[&[required("model", TEXT)]])),
                optional("noise_reduction", NOISE_REDUCTION),
            ]]),
        ),
        optional("output", Shape::Object(&[&[optional("language", Shape::Name(MAX_NAME))]])),
    ]]),
);

/// A translation session: its kind and model cannot be named in an update.
pub(super) const TRANSLATION: Shape = Shape::Object(&[&[TRANSLATION_AUDIO]]);

/// A translation session as the REST call for a secret names it.
pub(in crate::machine) const TRANSLATION_SECRET: Shape =
    Shape::Object(&[&[optional("type", Shape::Word(&["translation"])), required("model", TEXT), TRANSLATION_AUDIO]]);

/// `session` of a GA update: it must say its kind, and it must be the connection's.
pub(super) const fn of_kind(variants: &'static [Variant]) -> Shape {
    Shape::Tagged { by: "type", without: Without::Refused, variants }
}

/// A session as the REST call for a secret names it.
pub(in crate::machine) const CLIENT_SECRET: Shape =
    of_kind(&[variant("realtime", REALTIME), variant("transcription", TRANSCRIPTION)]);

pub(super) const REALTIME_KINDS: &[Variant] =
    &[variant("realtime", REALTIME), refused("transcription", || refusal::session_kind(false))];
pub(super) const TRANSCRIPTION_KINDS: &[Variant] =
    &[refused("realtime", || refusal::session_kind(true)), variant("transcription", TRANSCRIPTION)];
