//! Who may let a tool run.

use std::sync::Arc;

use serde_json::Value;
use vivavoce_protocol::{CallId, ItemId};
use vivavoce_session::{McpApproval, ToolCall};

use crate::runtime::BoxFuture;

/// Something that wants to run: a tool of this client, or one of an MCP server that the service calls.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ToolRequest {
    /// The tool.
    pub name: String,
    /// Its arguments, a JSON text.
    pub arguments: String,
    /// The item of the conversation: the call, or the MCP server's request.
    pub item_id: ItemId,
    /// The call, for a tool of this client.
    pub call_id: Option<CallId>,
    /// The MCP server, by its label in the session's tools, for one of its tools.
    pub server_label: Option<String>,
}

/// What is decided about a request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Approval {
    /// It may run.
    Allow,
    /// It may not, for this reason, which the model is told.
    Deny(String),
    /// It may run with these arguments in place of its own. Not for MCP servers: the API has no place for it, and the
    /// request is denied.
    Edit(Value),
}

/// Decides about requests. One for a client.
pub(crate) type Hook = Arc<dyn Fn(ToolRequest) -> BoxFuture<'static, Approval> + Send + Sync>;

impl From<&ToolCall> for ToolRequest {
    fn from(call: &ToolCall) -> Self {
        Self {
            name: call.name.clone(),
            arguments: call.arguments.clone(),
            item_id: call.item_id.clone(),
            call_id: Some(call.call_id.clone()),
            server_label: None,
        }
    }
}

impl From<&McpApproval> for ToolRequest {
    fn from(asked: &McpApproval) -> Self {
        Self {
            name: asked.name.clone(),
            arguments: asked.arguments.clone(),
            item_id: asked.item_id.clone(),
            call_id: None,
            server_label: Some(asked.server_label.clone()),
        }
    }
}
