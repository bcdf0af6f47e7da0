//! The client's side of a Realtime session as a state machine you can play by hand.
//!
//! No socket, no runtime, no clock, no global randomness: frames go in, frames and events come out. The crate
//! `vivavoce` puts a WebSocket around it; the browser package runs the very same machine. It does not decide
//! when to reconnect, and it does not play sound.
//!
//! # The contract
//!
//! [`SessionMachine`] has three families of methods:
//!
//! - `handle_*` bring what the network and the clock bring: the connection, frames, its loss, the time;
//! - commands are what the application wants: [`send_user_message`](SessionMachine::send_user_message),
//!   [`append_input_audio`](SessionMachine::append_input_audio) and their like;
//! - `poll_*` drain what must be sent, what must be told and what became of commands. **Drain all of them after
//!   every call of the other two kinds**, until they return `None`. A command returns the id of its event;
//!   [`poll_outcome`](SessionMachine::poll_outcome) tells by that id how it ended.
//!
//! Time is an argument: [`handle_time`](SessionMachine::handle_time) brings it, before each call to which it matters, and
//! [`poll_timeout`](SessionMachine::poll_timeout) says when it is wanted at the latest. Deadlines, the estimate of what
//! was played and the times of answers come from it; without it there are none.
//!
//! The machine is total: no sequence of frames and commands, however wrong, panics or corrupts it.
//!
//! ```
//! use vivavoce_session::{Event, SessionMachine, SessionOptions};
//!
//! let mut session = SessionMachine::new(SessionOptions::default());
//! session.handle_connected();
//! session.send_user_message("How are you?")?;
//! while let Some(frame) = session.poll_transmit() {
//!     println!("to the service: {frame}");
//! }
//!
//! session.handle_frame(r#"{"type":"conversation.item.added","event_id":"event_1","previous_item_id":null,
//!     "item":{"id":"item_1","type":"message","role":"user","status":"completed",
//!             "content":[{"type":"input_text","text":"How are you?"}]}}"#);
//! while let Some(event) = session.poll_event() {
//!     if let Event::ItemCompleted(item) = event {
//!         assert_eq!(item.text(), "How are you?");
//!     }
//! }
//! assert_eq!(session.conversation().items().count(), 1);
//! # Ok::<(), vivavoce_session::CommandError>(())
//! ```

#![deny(missing_docs)]

mod accounting;
pub mod advice;
mod conversation;
mod error;
mod event;
mod finished;
mod ids;
mod input_audio;
mod machine;
mod playback;
mod prices;

use vivavoce_audio::AudioEncoding;
use vivavoce_protocol::{AudioFormat, AudioFormatType, Member};

pub use accounting::{Accounting, TokenCounts, TurnTimes, UsageTotals};
pub use advice::{Actor, Advice};
pub use conversation::{
    Change, ConversationItem, Formatted, FormattedTool, RealtimeConversation, ResponseRecord, Retention,
};
pub use error::{CommandError, Diagnostic, Promise, SessionError};
pub use event::{Close, Delta, Event};
pub use finished::FinishedResponse;
pub use machine::{
    Acknowledgement, COMMAND_TAG, InterruptedItem, Interruption, InterruptionCause, McpApproval, Outcome,
    SessionMachine, SessionOptions, ToolCall, ToolFailure, ToolOutcome, UserContent, default_session, error_output,
};
pub use playback::{Playback, PlaybackPosition, PlaybackSource};
pub use prices::{Cost, ModelPrices, Prices, TranscriptionPrices};

/// `None` for a format that is not said, or that this crate does not know.
fn encoding(format: &Member<AudioFormat>) -> Option<AudioEncoding> {
    Some(match format.get()?.kind.get()?.known()? {
        AudioFormatType::Pcm => AudioEncoding::Pcm16,
        AudioFormatType::Pcmu => AudioEncoding::G711Ulaw,
        AudioFormatType::Pcma => AudioEncoding::G711Alaw,
        _ => return None,
    })
}
