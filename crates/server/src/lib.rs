//! A local server of the OpenAI Realtime API: a test double, a demo partner, a way to develop without a key.
//!
//! ```
//! use vivavoce_server::LocalServer;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let server = LocalServer::start().await?;
//! println!("{}?model=gpt-realtime", server.url()); // ws://127.0.0.1:40721/v1/realtime?model=gpt-realtime
//! # std::io::Result::Ok(())
//! # })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Any client of the API can connect, in the current dialect (GA) or the one before (beta), to all that a WebSocket of the
//! API has: conversations, transcription and translation sessions, text and audio turns, voice activity detection,
//! interruption, function calls, MCP tools, items, out-of-band responses, errors. [`conformance`] leads from each of them to
//! its test. Any key is good, or none, until one is [required](LocalServerBuilder::require_key).
//!
//! What it answers is made by an [`Engine`]; the [built-in one](BuiltIn) needs no network and no model, and says that it is
//! the local server and what it read or heard.
//!
//! # Beside the socket
//!
//! | path | what it does |
//! |---|---|
//! | `GET /healthz` | says that it runs |
//! | `POST /v1/realtime/client_secrets` | mints a secret (`ek_...`) with a session: a credential for 10 s to 2 h |
//! | `POST /v1/realtime/translations/client_secrets` | the same for translations |
//! | `POST /v1/realtime/sessions`, `.../transcription_sessions` | the same in beta, for a minute |
//! | `GET /v1/models`, `GET /v1/models/{id}` | names of models |
//!
//! Refusals have the vendor's shape, `{"error":{"message","type","param","code"}}`. Requests have at most 1 MiB, and pages of
//! any origin may make them.
//!
//! # For tests of clients
//!
//! The builder makes bad days: [`turn_away`](LocalServerBuilder::turn_away), [`ga_only`](LocalServerBuilder::ga_only),
//! [`max_session`](LocalServerBuilder::max_session), [`max_sessions`](LocalServerBuilder::max_sessions). An [`Observer`] sees
//! every frame of every session.
//!
//! # Features
//!
//! `tls`, off by default: `LocalServerBuilder::tls` serves `wss://`, also with a certificate made at start.
//!
//! `mcp`, off by default: the tools of MCP servers that a session names are listed and called, on this machine or on hosts
//! that [are allowed](LocalServerBuilder::allow_mcp_host). Without it, and of all others, the listing fails.
//!
//! # What it is not
//!
//! - Not a model. The built-in engine understands nothing; its transcripts of the user tell durations.
//! - Not a copy of the service's timing: it answers at once, or at a [pace](BuiltIn::pace) of one's choice. Semantic turn
//!   detection waits for silence, longer or shorter by its `eagerness`.
//! - Not an accountant: tokens are [estimates](machine#usage).
//! - Not (yet) WebRTC.
//!
//! # How it is made
//!
//! The protocol lives in [`machine`], which has no I/O and can be played by hand in simulated time. Engines and voices
//! make responses. The network layer is one loop around a machine for each connection.

#![deny(missing_docs)]

#[doc = include_str!("../CONFORMANCE.md")]
pub mod conformance {}

mod engine;
pub mod machine;
#[expect(clippy::disallowed_methods, reason = "the clock and the sockets are here, so that they are nowhere else")]
mod net;
mod transcriber;
mod vad;
mod voice;

pub use engine::{
    AudioStream, BuiltIn, ContextItem, ContextPart, Engine, EngineError, EngineEvent, EngineEvents, EngineFuture,
    EngineRequest, ImportedTool, McpFailure, Reply, SpokenAudio, TranscriptionRequest, TranslationRequest,
    arguments_for,
};
pub use net::{Ending, LocalServer, LocalServerBuilder, Observer, SessionInfo};
#[cfg(feature = "tls")]
pub use net::{Tls, TlsError};
pub use transcriber::Transcriber;
pub use voice::{VoiceKind, synthetic_speech};
