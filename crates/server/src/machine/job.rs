//! What the machine wants done, and what comes of it.

use std::sync::Arc;

use vivavoce_audio::AudioChunk;
use vivavoce_protocol::Secret;

use crate::engine::{EngineRequest, ImportedTool, McpFailure, TranscriptionRequest, TranslationRequest};

/// Names one order of a machine. Minted by the machine; not the response's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct JobId(pub(super) u64);

/// An order to the one who runs engines and speaks to MCP servers.
#[derive(Debug, Clone, PartialEq)]
pub enum Job {
    /// Make a response, and bring its pieces with `handle_engine` under this id.
    Respond {
        /// The response.
        id: JobId,
        /// What to answer.
        request: Box<EngineRequest>,
    },
    /// Write down speech: its audio follows with [`Hear`](Self::Hear).
    Transcribe {
        /// The transcription.
        id: JobId,
        /// How.
        request: Box<TranscriptionRequest>,
    },
    /// Say again in another language what follows with [`Hear`](Self::Hear).
    Translate {
        /// The translation.
        id: JobId,
        /// How.
        request: Box<TranslationRequest>,
    },
    /// Audio for a transcription or a translation.
    Hear {
        /// The one it is for.
        id: JobId,
        /// Mono, at the rate of its request; 24 kHz for a translation.
        audio: AudioChunk,
    },
    /// No more audio follows.
    EndOfAudio {
        /// The one whose audio ends.
        id: JobId,
    },
    /// List the tools of an MCP server, and bring them with `handle_mcp` under this id.
    ListTools {
        /// The listing.
        id: JobId,
        /// Whose tools.
        server: Arc<McpServer>,
    },
    /// Call a tool of an MCP server, and bring its output with `handle_mcp` under this id.
    CallTool {
        /// The call.
        id: JobId,
        /// Whose tool.
        server: Arc<McpServer>,
        /// The tool.
        name: String,
        /// Its arguments: a JSON text, which an engine wrote and nobody has checked.
        arguments: String,
    },
    /// Stop making it. What still comes of it is ignored.
    Cancel {
        /// Whatever it is.
        id: JobId,
    },
}

/// What came of a job that spoke to an MCP server.
#[derive(Debug, Clone, PartialEq)]
pub enum McpEvent {
    /// The tools of the server, or why there are none.
    Listed(Result<Vec<ImportedTool>, McpFailure>),
    /// The output of the tool, or how the call failed.
    Called(Result<String, McpFailure>),
}

/// An MCP server a session names. `Debug` prints no credential.
#[derive(Debug, Clone, PartialEq)]
pub struct McpServer {
    /// What the session calls it.
    pub label: String,
    /// Where it is.
    pub target: McpTarget,
    /// HTTP headers to be sent to it, by name.
    pub headers: Vec<(String, Secret)>,
    /// A token to be sent to it.
    pub authorization: Option<Secret>,
}

/// Where an MCP server is. Whether it may be spoken to is for the one who does the job to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum McpTarget {
    /// At this URL.
    Url(String),
    /// Behind a connector of the vendor's, which nobody else has.
    Connector(String),
    /// Behind a tunnel of the vendor's, which nobody else has.
    Tunnel(String),
}
