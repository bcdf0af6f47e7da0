//! The client for the OpenAI Realtime API: live speech-to-speech sessions over WebSocket.
//!
//! [`RealtimeClient`] connects, sends what you say and keeps the conversation: items with their text,
//! transcript and audio, as they stream. [`RealtimeApi`] is the thin layer under it, for those who want only
//! typed events. Neither plays nor records sound: `vivavoce-audio` has the samples, your application the
//! devices. It does not reconnect by itself.
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
//! # Speaking and being heard
//!
//! What the model says is in the conversation as far as it was heard. [`RealtimeClient::player`] hands speech to an audio
//! device and tells the session what was played; an application with a player of its own calls
//! [`RealtimeClient::report_played`]; without either the clock estimates. When the user speaks, or by
//! [`RealtimeClient::interrupt`], playback ends, what runs is cancelled, and each item is cut where it was heard.
//!
//! One response is made at a time: [`RealtimeClient::create_response`] waits for its turn. Questions beside the
//! conversation are [`RealtimeClient::respond`]'s. Functions of yours that the model may call are [`Tool`]s.
//!
//! # Bounds
//!
//! Nothing grows without one, and each says when it is hit:
//!
//! | what | bound, by default | beyond it |
//! |---|---|---|
//! | waiting to be sent | 32 MiB | commands fail with [`CommandError::Congested`] |
//! | waiting for a listener | 1024 events | the oldest are lost: [`Event::Lagged`] |
//! | the user's audio for items to come | 10 minutes | the oldest is forgotten |
//! | responses waiting for their turn | 64 of different parameters | [`CommandError::Congested`] |
//! | tools running at once | 16 calls | others wait |
//! | the peer takes nothing | 30 s | the connection counts as lost |
//! | a command without an answer | 10 s | [`Error::Timeout`] |
//!
//! # Errors
//!
//! Commands return at once with a [`Pending`]: drop it, or await the service's answer to this very command.
//!
//! Calls return [`Error`], which says what happened and what to do. What goes wrong in the middle of a session
//! arrives as [`Event::Error`]; the end of the connection as [`Event::Disconnected`], with the close code and
//! its meaning. Only the latter ends anything. Who must act, and whether a retry helps, is in [`errors`].
//!
//! # In the browser
//!
//! The feature `web` makes this crate the same for `wasm32-unknown-unknown`, in a window and in a worker, under whatever
//! draws the page. What differs there:
//!
//! - Keys: everyone who opens a page can read them, so only ephemeral secrets (`ek_...`) are taken, unless
//!   [`dangerously_allow_api_key_in_browser`](RealtimeClientBuilder::dangerously_allow_api_key_in_browser) says otherwise.
//! - Threads: [`RealtimeClient`] is `Send + Sync` as ever, but futures and [`RealtimeApi`] stay on their thread; in return
//!   listeners, and what tools return, need not be `Send` ([`MaybeSend`]). No runtime has to be started.
//! - Errors: a browser does not say why a connection fails ([`TransportError::Unexplained`]), nor why it is lost. A panic
//!   in a listener or in a tool ends the program there, and is not reported as it is elsewhere.
//! - The line: a page can neither send pings nor see them, so [`keepalive`](RealtimeClientBuilder::keepalive) does nothing;
//!   when the line is dead, the browser notices in its own time. It cannot be told to wait, either: of what
//!   [`RealtimeApi`] does not read 64 MiB are kept ([`TransportError::Unread`]).
//! - Time: [`RealtimeEvent::time`] is right, but the clock of `std` does not run there: `SystemTime::now` and
//!   `elapsed` panic. Where nobody sees the page, browsers slow down its timers, and limits may be a minute late.
//!
//! # Examples
//!
//! Whole programs, in the folder `examples` of this crate: `text_turn`, `streaming_audio`, `push_to_talk`, `server_vad`,
//! `interruption`, `tools`, `manual_tools`, `out_of_band`, `raw_events`, `testing` for tests of your own, and `browser`, a page.

#![deny(missing_docs)]

#[cfg(all(target_arch = "wasm32", not(feature = "web")))]
compile_error!(
    "for a browser, vivavoce wants its feature `web`: vivavoce = { version = \"...\", features = [\"web\"] }"
);

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
mod runtime;
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
pub use runtime::MaybeSend;
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
