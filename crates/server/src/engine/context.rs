//! What an engine is told: the context of one response.

use std::sync::Arc;

use vivavoce_audio::{AudioBuffer, AudioEncoding};
use vivavoce_protocol::{CallId, FunctionTool, ItemId, Role, ToolChoice};

use super::mcp::{ImportedTool, McpFailure};

/// The context of one response.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineRequest {
    /// The session's model, as the client named it.
    pub model: String,
    /// What the model is told before everything else.
    pub instructions: String,
    /// The conversation, or what `response.input` has in place of it. Shared with the session: a long conversation
    /// costs a response nothing.
    pub items: Vec<Arc<ContextItem>>,
    /// The functions that may be called.
    pub tools: Vec<FunctionTool>,
    /// The tools of MCP servers that may be called: those that are imported already.
    pub mcp_tools: Vec<ImportedTool>,
    /// Which of them may or must be called.
    pub tool_choice: ToolChoice,
    /// Whether one response may call several of them; true unless the client says otherwise.
    pub parallel_tool_calls: bool,
    /// Whether the answer is spoken; else it is text only.
    pub spoken: bool,
    /// The voice, by name or id.
    pub voice: String,
    /// How fast it speaks: 0.25 to 1.5, 1 by default.
    pub speed: f64,
    /// At most so many tokens. The server cuts the response there in any case.
    pub max_output_tokens: Option<u32>,
}

/// An item of the context.
#[derive(Debug, Clone, PartialEq)]
pub enum ContextItem {
    /// Something said or written.
    Message {
        /// Who says it.
        role: Role,
        /// What.
        parts: Vec<ContextPart>,
    },
    /// The model called a function.
    FunctionCall {
        /// Ties it to its output.
        call_id: CallId,
        /// The function.
        name: String,
        /// Its arguments, a JSON text; cut when the call was interrupted.
        arguments: String,
    },
    /// The application's answer to a call.
    FunctionCallOutput {
        /// The call.
        call_id: CallId,
        /// The answer, any text.
        output: String,
    },
    /// The tools of an MCP server were imported.
    McpListTools {
        /// The server, by its label.
        server_label: String,
        /// What it has.
        tools: Vec<ImportedTool>,
    },
    /// The model called a tool of an MCP server.
    McpCall {
        /// The server, by its label.
        server_label: String,
        /// The tool.
        name: String,
        /// Its arguments, a JSON text; cut when the call was interrupted.
        arguments: String,
        /// The request for leave to make it, where one was needed.
        approval_request_id: Option<ItemId>,
        /// What came of it; `None` while it waits, runs, or when it was never made.
        result: Option<Result<String, McpFailure>>,
    },
    /// The model wants to call a tool that needs the user's leave.
    McpApprovalRequest {
        /// The item's own id, which the response names.
        id: ItemId,
        /// The server, by its label.
        server_label: String,
        /// The tool.
        name: String,
        /// Its arguments, a JSON text.
        arguments: String,
    },
    /// The user grants or refuses it.
    McpApprovalResponse {
        /// The request.
        approval_request_id: ItemId,
        /// Whether the call may be made.
        approve: bool,
        /// Why, or why not.
        reason: Option<String>,
    },
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum ContextPart {
    /// Written text.
    Text(String),
    /// Speech.
    Audio {
        /// The samples.
        audio: SpokenAudio,
        /// What it says, as far as it is known; cleared by a truncation.
        transcript: Option<String>,
    },
    /// An image.
    Image {
        /// A data URI.
        url: String,
        /// The resolution to look at it in: `auto`, `low` or `high`.
        detail: String,
    },
}

/// Samples and the encoding they travel in.
#[derive(Debug, Clone, Default)]
pub struct SpokenAudio {
    /// Linear samples, mono, at the rate of the encoding.
    pub samples: AudioBuffer,
    /// How they are coded on the wire.
    pub encoding: AudioEncoding,
}

impl SpokenAudio {
    /// The length in whole milliseconds.
    pub fn ms(&self) -> u64 {
        self.encoding.samples_to_ms(self.samples.len() as u64)
    }
}

impl PartialEq for SpokenAudio {
    fn eq(&self, other: &Self) -> bool {
        self.encoding == other.encoding
            && self.samples.len() == other.samples.len()
            && self.samples.iter().eq(other.samples.iter())
    }
}

impl EngineRequest {
    /// The text of the last user message that has any.
    pub fn last_user_text(&self) -> Option<&str> {
        self.items.iter().rev().find_map(|item| match &**item {
            ContextItem::Message { role: Role::User, parts } => parts.iter().rev().find_map(|part| match part {
                ContextPart::Text(text) => Some(text.as_str()),
                _ => None,
            }),
            _ => None,
        })
    }
}
