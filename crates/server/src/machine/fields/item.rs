//! Items and their content parts (protocol.md 2.4).

use super::session::{MAX_NAME, TEXT};
use super::tool::LABEL;
use super::{Field, Shape, Variant, Without, optional, required, unlisted, variant};

const MAX_TEXT: usize = 256_000;
const MAX_ID: usize = 32;

const COMMON: &[Field] = &[
    optional("type", Shape::Any),
    optional("id", Shape::Text(MAX_ID)),
    optional("object", TEXT),
    optional("status", Shape::Word(&["in_progress", "completed", "incomplete"])),
];

// --- Parts -------------------------------------------------------------------------------------------------

const PART_TYPE: Field = optional("type", Shape::Any);
const TEXT_PART: Shape = Shape::Object(&[&[PART_TYPE, required("text", Shape::Text(MAX_TEXT))]]);
const INPUT_TEXT: Variant = variant("input_text", TEXT_PART);
const INPUT_AUDIO: Variant = variant(
    "input_audio",
    Shape::Object(&[&[PART_TYPE, required("audio", Shape::LongText), optional("transcript", TEXT)]]),
);
const INPUT_IMAGE: Variant = variant(
    "input_image",
    Shape::Object(&[&[
        PART_TYPE,
        required("image_url", Shape::LongText),
        optional("detail", Shape::Word(&["auto", "low", "high"])),
    ]]),
);
/// Speech of the model cannot be given back to it: the service looks for text.
const SPEECH: Shape = Shape::Object(&[&[
    PART_TYPE,
    required("text", Shape::Text(MAX_TEXT)),
    optional("audio", Shape::LongText),
    optional("transcript", TEXT),
]]);

const fn parts(variants: &'static [Variant]) -> Shape {
    Shape::Tagged { by: "type", without: Without::Refused, variants }
}

// --- Messages ----------------------------------------------------------------------------------------------

macro_rules! messages {
    ($user:expr, $assistant:expr) => {
        Shape::Tagged {
            by: "role",
            without: Without::Refused,
            variants: &[
                variant("system", message!(&parts(&[INPUT_TEXT]))),
                variant("user", message!(&parts($user))),
                variant("assistant", message!(&parts($assistant))),
            ],
        }
    };
}

macro_rules! message {
    ($parts:expr) => {
        Shape::Object(&[COMMON, &[required("role", TEXT), required("content", Shape::List($parts))]])
    };
}

const MESSAGE: Shape = messages!(
    &[INPUT_TEXT, INPUT_AUDIO, INPUT_IMAGE],
    &[variant("output_text", TEXT_PART), unlisted("output_audio", SPEECH)]
);
const BETA_MESSAGE: Shape =
    messages!(&[INPUT_TEXT, INPUT_AUDIO], &[variant("text", TEXT_PART), unlisted("audio", SPEECH)]);

// --- The others --------------------------------------------------------------------------------------------

const FUNCTION_CALL: Shape = Shape::Object(&[
    COMMON,
    &[optional("call_id", Shape::Name(MAX_NAME)), required("name", TEXT), required("arguments", TEXT)],
]);
const FUNCTION_CALL_OUTPUT: Shape =
    Shape::Object(&[COMMON, &[required("call_id", Shape::Name(MAX_NAME)), required("output", TEXT)]]);
const REFERENCE: Shape = Shape::Object(&[&[optional("type", Shape::Any), required("id", TEXT)]]);

const MCP_CALL: &[Field] = &[required("server_label", LABEL), required("name", TEXT), required("arguments", TEXT)];
const MCP_LIST_TOOLS: Variant = unlisted(
    "mcp_list_tools",
    Shape::Object(&[
        COMMON,
        &[
            required("server_label", LABEL),
            required(
                "tools",
                Shape::List(&Shape::Object(&[&[
                    required("name", TEXT),
                    optional("description", TEXT),
                    required("input_schema", Shape::AnyObject),
                    optional("annotations", Shape::AnyObject),
                ]])),
            ),
            // Ours, for a listing that failed.
            optional("error", Shape::AnyObject),
        ],
    ]),
);
const MCP: [Variant; 4] = [
    variant(
        "mcp_approval_response",
        Shape::Object(&[
            COMMON,
            &[required("approval_request_id", LABEL), required("approve", Shape::Bool), optional("reason", TEXT)],
        ]),
    ),
    // The other three are the server's; a client brings them back when it replays a conversation.
    MCP_LIST_TOOLS,
    unlisted(
        "mcp_call",
        Shape::Object(&[
            COMMON,
            MCP_CALL,
            &[optional("approval_request_id", LABEL), optional("output", TEXT), optional("error", Shape::AnyObject)],
        ]),
    ),
    unlisted("mcp_approval_request", Shape::Object(&[COMMON, MCP_CALL])),
];

const fn item(variants: &'static [Variant]) -> Shape {
    Shape::Tagged { by: "type", without: Without::Refused, variants }
}

/// `item` of `conversation.item.create`.
pub(super) const GA: Shape = item(&[
    variant("message", MESSAGE),
    variant("function_call", FUNCTION_CALL),
    variant("function_call_output", FUNCTION_CALL_OUTPUT),
    MCP[0],
    MCP[1],
    MCP[2],
    MCP[3],
]);
pub(super) const BETA: Shape = item(&[
    variant("message", BETA_MESSAGE),
    variant("function_call", FUNCTION_CALL),
    variant("function_call_output", FUNCTION_CALL_OUTPUT),
]);

/// An entry of `response.input`, which may also refer to an item of the conversation.
pub(super) const GA_INPUT: Shape = item(&[
    variant("message", MESSAGE),
    variant("function_call", FUNCTION_CALL),
    variant("function_call_output", FUNCTION_CALL_OUTPUT),
    variant("item_reference", REFERENCE),
    MCP[0],
    MCP[1],
    MCP[2],
    MCP[3],
]);
pub(super) const BETA_INPUT: Shape = item(&[
    variant("message", BETA_MESSAGE),
    variant("function_call", FUNCTION_CALL),
    variant("function_call_output", FUNCTION_CALL_OUTPUT),
    variant("item_reference", REFERENCE),
]);
