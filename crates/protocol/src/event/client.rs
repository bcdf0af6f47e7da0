//! What the application says.

use super::frame::{DecodeError, Opened};
use super::hot::Hot;
use super::payload::{self, UnknownEvent};
use super::{events, owned};
use crate::dialect::beta;
use crate::id::EventId;
use crate::session::Session;
use crate::wire::{Base64, Fill, Kind, Node, Object, Reason, Spot, Spots, fill, json_text, object_spots, position};
use crate::{Dialect, Direction};

events! {
    /// An event of the application.
    pub enum ClientEvent<'a> from Client {
        /// Changes the members it names and keeps the others: answered by `session.updated`.
        SessionUpdate(SessionEvent) = "session.update",
        /// Adds audio of the user. Not answered.
        InputAudioAppend(InputAudio<'a>) = "input_audio_buffer.append",
        /// Makes a user item of the audio added: answered by `input_audio_buffer.committed`.
        InputAudioCommit(Bare) = "input_audio_buffer.commit",
        /// Drops the audio added: answered by `input_audio_buffer.cleared`.
        InputAudioClear(Bare) = "input_audio_buffer.clear",
        /// Stops what the service is playing. WebRTC and SIP only.
        OutputAudioClear(Bare) = "output_audio_buffer.clear",
        /// Adds an item: answered by `conversation.item.added` and `.done`, in beta by `.created`.
        ItemCreate(ItemEvent) = "conversation.item.create",
        /// Asks for an item with its audio: answered by `conversation.item.retrieved`.
        ItemRetrieve(ItemNotice) = "conversation.item.retrieve",
        /// Cuts what the user has not heard: answered by `conversation.item.truncated`.
        ItemTruncate(ItemTruncation) = "conversation.item.truncate",
        /// Removes an item: answered by `conversation.item.deleted`.
        ItemDelete(ItemNotice) = "conversation.item.delete",
        /// Asks for a response: answered by `response.created`.
        ResponseCreate(ResponseCreate) = "response.create",
        /// Cancels a response: answered by its `response.done`.
        ResponseCancel(ResponseCancel) = "response.cancel",
        /// Translation: adds audio of the speaker. Not answered.
        TranslationAudioAppend(InputAudio<'a>) = "session.input_audio_buffer.append",
        /// Translation: says that no more audio follows: answered by `session.closed`.
        TranslationClose(Bare) = "session.close",
    }
}

impl<'a> ClientEvent<'a> {
    /// Decodes appended audio by the short cut.
    pub(super) fn decode_hot(frame: &'a str, dialect: Dialect) -> Option<Self> {
        let Hot { head, tail } = Hot::split(frame, r#""audio":""#)?;
        match ClientEvent::decode(&head, dialect).ok()? {
            ClientEvent::InputAudioAppend(append) => {
                Some(Self::InputAudioAppend(append.into_owned().audio(Base64::from(tail))))
            }
            _ => None,
        }
    }
}

impl ClientEvent<'_> {
    /// The name the dialect has for the event.
    pub fn name_in(&self, dialect: Dialect) -> &str {
        let name = self.name();
        match self {
            Self::SessionUpdate(event) if dialect == Dialect::Beta => match event.session.get().map(|s| &**s) {
                Some(Session::Transcription(_)) => beta::transcription_session_event(name).unwrap_or(name),
                _ => name,
            },
            _ => name,
        }
    }

    fn session_mut(&mut self) -> Option<&mut Session> {
        match self {
            Self::SessionUpdate(event) => event.session.get_mut().map(|session| &mut **session),
            _ => None,
        }
    }
}
