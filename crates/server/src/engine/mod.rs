//! What answers: the engine behind a server.
//!
//! An engine is given the context of one response and says, piece by piece, what the response consists of.
//! It knows no ids, no events and no dialect: those are the [machine](crate::machine)'s.

mod arguments;
mod built_in;
mod context;
mod listening;
mod mcp;
mod pattern;
pub(crate) mod placeholder;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::mpsc;
use vivavoce_audio::AudioChunk;

pub use arguments::arguments_for;
pub use built_in::{BuiltIn, Reply};
pub use context::{ContextItem, ContextPart, EngineRequest, SpokenAudio};
pub(crate) use listening::{AudioFeed, Backlog};
pub use listening::{AudioStream, TranscriptionRequest, TranslationRequest};
pub use mcp::{ImportedTool, McpFailure};

use crate::machine::JobId;

/// Makes responses. Shared by all sessions of a server.
///
/// ```
/// use std::sync::Arc;
/// use vivavoce_server::{Engine, EngineEvents, EngineFuture, EngineRequest, LocalServer};
///
/// struct Parrot;
///
/// impl Engine for Parrot {
///     fn respond(self: Arc<Self>, request: EngineRequest, events: EngineEvents) -> EngineFuture {
///         Box::pin(async move {
///             events.text(request.last_user_text().unwrap_or("...")).await;
///             Ok(())
///         })
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let server = LocalServer::builder().engine(Parrot).start().await?;
/// # drop(server);
/// # std::io::Result::Ok(())
/// # })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Engine: Send + Sync + 'static {
    /// Makes one response: sends its pieces to `events`, returns when it is complete.
    ///
    /// Cancelling the response drops the future where it awaits; nothing it sends afterwards is heard.
    ///
    /// # Errors
    ///
    /// The response ends with status `failed` and this error in its `status_details`. What was sent stays.
    fn respond(self: Arc<Self>, request: EngineRequest, events: EngineEvents) -> EngineFuture;

    /// Writes down one stretch of the user's speech: sends [`EngineEvent::Transcript`] pieces, returns when it is
    /// complete. Without it, transcripts tell how long the speech was, and silence has an empty one.
    ///
    /// # Errors
    ///
    /// The client gets `conversation.item.input_audio_transcription.failed` with this error.
    fn transcribe(
        self: Arc<Self>,
        request: TranscriptionRequest,
        audio: AudioStream,
        events: EngineEvents,
    ) -> EngineFuture {
        Box::pin(placeholder::transcribe(request, audio, events))
    }

    /// Says what it hears in another language, for as long as the speaker speaks: sends [`EngineEvent::Audio`],
    /// [`EngineEvent::Transcript`] of it, and [`EngineEvent::Heard`] when the request wants it. Without it, the speaker's
    /// own voice comes back, with transcripts that count the seconds.
    ///
    /// # Errors
    ///
    /// The client gets an `error` event of type `server_error`; the session goes on with a new translation.
    fn translate(
        self: Arc<Self>,
        request: TranslationRequest,
        audio: AudioStream,
        events: EngineEvents,
    ) -> EngineFuture {
        Box::pin(placeholder::translate(request, audio, events))
    }
}

/// A response, a transcription or a translation being made.
pub type EngineFuture = Pin<Box<dyn Future<Output = Result<(), EngineError>> + Send>>;

/// Why something could not be made: `response.status_details.error`, or the `error` of a failed transcription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineError {
    /// The class of error, such as `server_error`.
    pub kind: String,
    /// The error itself, such as `rate_limit_exceeded`.
    pub code: String,
    /// For people.
    pub message: String,
}

impl EngineError {
    /// A fault of the engine: type and code `server_error`.
    pub fn server_error(message: impl Into<String>) -> Self {
        Self { kind: "server_error".to_owned(), code: "server_error".to_owned(), message: message.into() }
    }
}

/// A piece of a response, a transcription or a translation, in the order the client gets it.
#[derive(Debug, Clone, PartialEq)]
pub enum EngineEvent {
    /// A message begins. Not needed before the first piece of the first one.
    Message,
    /// Text to append to the message.
    Text(String),
    /// What the audio that follows says, to append. In a text-only response it is text.
    Transcript(String),
    /// Speech to append: mono, 24 kHz, any number of samples. A text-only response drops it.
    Audio(AudioChunk),
    /// A call of this function begins.
    FunctionCall(String),
    /// A call of a tool of an MCP server begins. The session runs it, and asks the engine again with its output.
    McpCall {
        /// The server, by its label.
        server_label: String,
        /// The tool.
        name: String,
    },
    /// Arguments to append to the call, a piece of a JSON text.
    Arguments(String),
    /// What the speaker of a translation session said, to append to the transcript of the input.
    Heard(String),
    /// All is said. The last event; sent by whoever runs the engine, when its future ends.
    Done,
    /// It cannot be completed. The last event; sent by whoever runs the engine, when its future fails.
    Failed(EngineError),
}

/// Where an engine sends what it makes. Waits while the client is slow to read.
#[derive(Debug, Clone)]
pub struct EngineEvents {
    job: JobId,
    events: mpsc::Sender<(JobId, EngineEvent)>,
}

impl EngineEvents {
    pub(crate) const fn new(job: JobId, events: mpsc::Sender<(JobId, EngineEvent)>) -> Self {
        Self { job, events }
    }

    /// Sends one piece.
    pub async fn send(&self, event: EngineEvent) {
        // The session is over when nobody listens: this task is about to be dropped.
        let _ = self.events.send((self.job, event)).await;
    }

    /// Begins another message.
    pub async fn message(&self) {
        self.send(EngineEvent::Message).await;
    }

    /// Appends text.
    pub async fn text(&self, text: impl Into<String>) {
        self.send(EngineEvent::Text(text.into())).await;
    }

    /// Appends to the transcript of the speech.
    pub async fn transcript(&self, text: impl Into<String>) {
        self.send(EngineEvent::Transcript(text.into())).await;
    }

    /// Appends to what the speaker of a translation session said.
    pub async fn heard(&self, text: impl Into<String>) {
        self.send(EngineEvent::Heard(text.into())).await;
    }

    /// Appends speech: mono, 24 kHz.
    pub async fn audio(&self, samples: impl Into<AudioChunk>) {
        self.send(EngineEvent::Audio(samples.into())).await;
    }

    /// Calls a function with arguments, a JSON text.
    pub async fn function_call(&self, name: impl Into<String>, arguments: impl Into<String>) {
        self.send(EngineEvent::FunctionCall(name.into())).await;
        self.send(EngineEvent::Arguments(arguments.into())).await;
    }

    /// Calls a tool of an MCP server with arguments, a JSON text.
    pub async fn mcp_call(
        &self,
        server_label: impl Into<String>,
        name: impl Into<String>,
        arguments: impl Into<String>,
    ) {
        self.send(EngineEvent::McpCall { server_label: server_label.into(), name: name.into() }).await;
        self.send(EngineEvent::Arguments(arguments.into())).await;
    }
}
