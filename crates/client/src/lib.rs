//! The client for the OpenAI Realtime API: live speech-to-speech sessions over WebSocket.
//!
//! [`RealtimeClient`] connects, sends what you say and keeps the conversation: items with their text,
//! transcript and audio, as they stream. [`RealtimeApi`] is the thin layer under it, for those who want only
//! typed events. Neither plays nor records sound; `vivavoce-audio` has the samples, your application the
//! devices.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use vivavoce::RealtimeClient;
//!
//! # async fn run() -> Result<(), vivavoce::Error> {
//! let client = RealtimeClient::builder().api_key(std::env::var("OPENAI_API_KEY").unwrap()).build()?;
//! client.connect().await?;
//! let answer = client.next_completed_reply(Duration::from_secs(30));
//! client.send_user_message("How are you?")?;
//! println!("{}", answer.await?.transcript());
//! # Ok(())
//! # }
//! ```
//!
//! # Listening
//!
//! Three ways, each with a bounded queue of its own, so that a slow listener never stalls the socket:
//!
//! - [`RealtimeClient::events`]: an ordered stream of [`Event`]s;
//! - [`RealtimeClient::on_event`] and its sisters: closures, until their [`Listener`] is dropped;
//! - [`RealtimeClient::on`]: closures by the wire name of what travels, such as `server.response.done`,
//!   `client.*` or `*`.
//!
//! A listener that falls behind loses the oldest events and is told how many: [`Event::Lagged`],
//! [`RealtimeEventStream::lost`]. The conversation itself loses nothing, nor do those who wait for one item
//! ([`RealtimeClient::next_item`] and its sisters).
//!
//! # Errors
//!
//! Commands return at once with a [`Pending`]: drop it, or await the service's answer to this very command.
//!
//! Calls return [`Error`], which says what happened and what to do. What goes wrong in the middle of a session
//! arrives as [`Event::Error`]; the end of the connection as [`Event::Disconnected`], with the close code and
//! its meaning. Only the latter ends anything.

#![deny(missing_docs)]

#[doc = include_str!("../ERRORS.md")]
pub mod errors {}

mod api;
mod builder;
mod client;
mod driver;
mod endpoint;
mod error;
mod listen;
mod pending;
mod player;
mod telemetry;
mod tools;
mod transport;

pub use api::RealtimeApi;
pub use builder::RealtimeClientBuilder;
pub use client::{Conversation, RealtimeClient};
pub use endpoint::Endpoint;
pub use error::Error;
pub use listen::{EventStream, Listener, RealtimeEvent, RealtimeEventStream, Source};
pub use pending::Pending;
pub use player::Player;
pub use tools::{Approval, Tool, ToolContext, ToolRequest};
pub use transport::{Frame, Incoming, Outgoing, Transport, TransportError};

pub use vivavoce_audio as audio;
pub use vivavoce_protocol as protocol;
pub use vivavoce_protocol::{ClientEvent, Dialect, ItemId, RealtimeSession, ResponseParams, Secret, ServerEvent};
pub use vivavoce_session::{
    Actor, Advice, Close, CommandError, ConversationItem, Cost, Delta, Diagnostic, Event, FinishedResponse, Formatted,
    FormattedTool, InterruptedItem, Interruption, InterruptionCause, McpApproval, ModelPrices, PlaybackPosition,
    PlaybackSource, Prices, Promise, RealtimeConversation, Retention, SessionError, TokenCounts, ToolCall, ToolFailure,
    ToolOutcome, TranscriptionPrices, TurnTimes, UsageTotals, UserContent, advice,
};

/// The README's example runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
