//! The parameters of `response.create` (protocol.md 2.5).

use super::item;
use super::session::{
    BETA_FORMAT, BETA_MODALITIES, BETA_VOICE, FORMAT, GA_MODALITIES, MAX_TOKENS, PROMPT, REASONING, TEMPERATURE, TEXT,
    VOICE,
};
use super::tool::{BETA_TOOLS, TOOL_CHOICE, TOOLS};
use super::{Field, Shape, optional};

const COMMON: &[Field] = &[
    optional("instructions", TEXT),
    optional("tool_choice", TOOL_CHOICE),
    optional("max_output_tokens", MAX_TOKENS),
    // `auto`, `none`, or the id of the session's conversation.
    optional("conversation", TEXT),
    optional("metadata", Shape::Texts { entries: 16, key: 64, value: 512 }),
    optional("prompt", PROMPT),
];

pub(super) const GA: Shape = Shape::Object(&[
    COMMON,
    &[
        optional("output_modalities", GA_MODALITIES),
        optional(
            "audio",
            Shape::Object(&[&[optional(
                "output",
                Shape::Object(&[&[optional("format", FORMAT), optional("voice", VOICE)]]),
            )]]),
        ),
        optional("tools", TOOLS),
        optional("parallel_tool_calls", Shape::Bool),
        optional("reasoning", REASONING),
        optional("input", Shape::List(&item::GA_INPUT)),
    ],
]);

pub(super) const BETA: Shape = Shape::Object(&[
    COMMON,
    &[
        optional("modalities", BETA_MODALITIES),
        optional("voice", BETA_VOICE),
        optional("output_audio_format", BETA_FORMAT),
        optional("tools", BETA_TOOLS),
        optional("temperature", TEMPERATURE),
        optional("input", Shape::List(&item::BETA_INPUT)),
    ],
]);
