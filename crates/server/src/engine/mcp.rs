//! Tools of MCP servers, as engines see them: what may be called, and how a call went wrong.

use std::fmt;

use vivavoce_protocol::{Int, McpError, McpErrorType, McpToolInfo, RawJson};

/// A tool that was imported from an MCP server.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedTool {
    /// The server, by its label in the session.
    pub server_label: String,
    /// The tool's name, unique within its server.
    pub name: String,
    /// What it does, if the server says it.
    pub description: Option<String>,
    /// The JSON Schema of its arguments.
    pub input_schema: RawJson,
    /// Hints about it, such as `readOnlyHint`.
    pub annotations: Option<RawJson>,
}

/// Why tools could not be listed, or a call was not made or failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum McpFailure {
    /// The protocol was broken, or the server refused the request by it.
    Protocol {
        /// A JSON-RPC error code.
        code: i64,
        /// For people.
        message: String,
    },
    /// The tool itself failed, or was not run at all.
    ToolExecution {
        /// For people.
        message: String,
    },
    /// The server could not be spoken to.
    Http {
        /// An HTTP status: the server's own, or 502 and 504 for one that did not answer.
        code: u16,
        /// For people.
        message: String,
    },
}

impl ImportedTool {
    /// Whether the server says that the tool changes nothing.
    pub fn is_read_only(&self) -> bool {
        let hints = self.annotations.as_ref().and_then(|hints| hints.to_value().ok());
        hints.is_some_and(|hints| hints["readOnlyHint"] == true)
    }

    /// As the entry of an `mcp_list_tools` item.
    pub(crate) fn wire(&self) -> McpToolInfo {
        McpToolInfo::new()
            .name(self.name.as_str())
            .description(self.description.clone())
            .input_schema(self.input_schema.clone())
            .annotations(self.annotations.clone())
    }

    /// From the entry of an `mcp_list_tools` item; `None` where it lacks what a tool must have.
    pub(crate) fn read(server_label: &str, tool: &McpToolInfo) -> Option<Self> {
        Some(Self {
            server_label: server_label.to_owned(),
            name: tool.name.get()?.clone(),
            description: tool.description.get().cloned(),
            input_schema: tool.input_schema.get()?.clone(),
            annotations: tool.annotations.get().cloned(),
        })
    }

    /// Bytes it keeps.
    pub(crate) fn size(&self) -> usize {
        let json = |json: &RawJson| json.as_str().len();
        self.name.len()
            + self.description.as_ref().map_or(0, String::len)
            + json(&self.input_schema)
            + self.annotations.as_ref().map_or(0, json)
    }
}

impl fmt::Display for McpFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Protocol { code, message } => write!(f, "{message} (JSON-RPC {code})"),
            Self::ToolExecution { message } => f.write_str(message),
            Self::Http { code, message } => write!(f, "{message} (HTTP {code})"),
        }
    }
}

impl McpFailure {
    /// A call that was not made, or failed on its own account.
    pub fn tool(message: impl Into<String>) -> Self {
        Self::ToolExecution { message: message.into() }
    }

    /// What happened, for people.
    pub fn message(&self) -> &str {
        match self {
            Self::Protocol { message, .. } | Self::ToolExecution { message } | Self::Http { message, .. } => message,
        }
    }

    /// As the `error` of an `mcp_call` item.
    pub(crate) fn wire(&self) -> McpError {
        let error = McpError::new().message(self.message());
        match self {
            Self::Protocol { code, .. } => error.kind(McpErrorType::Protocol).code(Int::from(*code)),
            Self::ToolExecution { .. } => error.kind(McpErrorType::ToolExecution),
            Self::Http { code, .. } => error.kind(McpErrorType::Http).code(Int::from(u64::from(*code))),
        }
    }

    /// From the `error` of an `mcp_call` item of the client's history.
    pub(crate) fn read(error: &McpError) -> Self {
        let message = error.message.get().cloned().unwrap_or_default();
        let code = error.code.get().map_or(0, |code| code.get());
        match error.kind.get().and_then(|kind| kind.known()) {
            Some(McpErrorType::Protocol) => Self::Protocol { code, message },
            Some(McpErrorType::Http) => Self::Http { code: u16::try_from(code).unwrap_or_default(), message },
            _ => Self::ToolExecution { message },
        }
    }
}
