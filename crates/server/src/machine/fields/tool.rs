//! Tools and the choice among them.

use super::session::{MAX_NAME, TEXT};
use super::{Field, Shape, Without, optional, required, variant};

const TYPE: Field = optional("type", Shape::Any);
/// Of an MCP server (each of its tools has a copy), or an id.
pub(super) const LABEL: Shape = Shape::Text(256);

const FUNCTION: Shape = Shape::Object(&[&[
    TYPE,
    required("name", Shape::Name(MAX_NAME)),
    optional("description", TEXT),
    optional("parameters", Shape::AnyObject),
]]);

const FILTER: Shape =
    Shape::Object(&[&[optional("tool_names", Shape::List(&TEXT)), optional("read_only", Shape::Bool)]]);

const MCP: Shape = Shape::Object(&[&[
    TYPE,
    required("server_label", LABEL),
    optional("server_url", TEXT),
    optional(
        "connector_id",
        Shape::Word(&[
            "connector_dropbox",
            "connector_gmail",
            "connector_googlecalendar",
            "connector_googledrive",
            "connector_microsoftteams",
            "connector_outlookcalendar",
            "connector_outlookemail",
            "connector_sharepoint",
        ]),
    ),
    optional("tunnel_id", TEXT),
    optional("authorization", TEXT),
    optional("server_description", TEXT),
    optional("headers", Shape::Texts { entries: 64, key: 256, value: 16_384 }),
    optional("allowed_tools", Shape::Either(&[Shape::List(&TEXT), FILTER])),
    optional("allowed_callers", Shape::List(&Shape::Word(&["direct", "programmatic"]))),
    optional(
        "require_approval",
        Shape::Either(&[
            Shape::Word(&["always", "never"]),
            Shape::Object(&[&[optional("always", FILTER), optional("never", FILTER)]]),
        ]),
    ),
    optional("defer_loading", Shape::Bool),
]]);

/// `tools` of GA.
pub(super) const TOOLS: Shape = Shape::List(&Shape::Tagged {
    by: "type",
    // As in the days of beta.
    without: Without::Default("function"),
    variants: &[variant("function", FUNCTION), variant("mcp", MCP)],
});

/// `tools` of beta, which has no MCP.
pub(super) const BETA_TOOLS: Shape = Shape::List(&Shape::Tagged {
    by: "type",
    without: Without::Default("function"),
    variants: &[variant("function", FUNCTION)],
});

pub(super) const TOOL_CHOICE: Shape = Shape::Either(&[
    Shape::Word(&["none", "auto", "required"]),
    Shape::Tagged {
        by: "type",
        without: Without::Refused,
        variants: &[
            variant("function", Shape::Object(&[&[TYPE, required("name", TEXT)]])),
            variant("mcp", Shape::Object(&[&[TYPE, required("server_label", LABEL), optional("name", TEXT)]])),
        ],
    },
]);
