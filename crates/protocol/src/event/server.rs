//! What the service says.

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
    /// An event of the service.
    pub enum ServerEvent<'a> from Server {
        /// The session is open: the first event of every connection.
        SessionCreated(SessionEvent) = "session.created",
        /// A `session.update` took effect; carries the whole session.
        SessionUpdated(SessionEvent) = "session.updated",
        /// The default conversation exists. Beta sends it after `session.created`.
        ConversationCreated(ConversationCreated) = "conversation.created",
        /// An item entered the conversation; a generated one still empty.
        ItemAdded(ItemEvent) = "conversation.item.added",
        /// An item will not change any more.
        ItemDone(ItemEvent) = "conversation.item.done",
        /// Beta: an item entered the conversation. Has no twin that says it is done.
        ItemCreated(ItemEvent) = "conversation.item.created",
        /// Answers `conversation.item.retrieve`.
        ItemRetrieved(ItemRetrieved) = "conversation.item.retrieved",
        /// Answers `conversation.item.truncate`: audio beyond the point and the part's transcript are gone.
        ItemTruncated(ItemTruncation) = "conversation.item.truncated",
        /// Answers `conversation.item.delete`.
        ItemDeleted(ItemNotice) = "conversation.item.deleted",
        /// More of the transcript of the user's speech.
        InputTranscriptionDelta(TranscriptionDelta<'a>) = "conversation.item.input_audio_transcription.delta",
        /// The transcript of the user's speech is complete.
        InputTranscriptionCompleted(TranscriptionCompleted) =
            "conversation.item.input_audio_transcription.completed",
        /// The user's speech could not be transcribed.
        InputTranscriptionFailed(TranscriptionFailed) = "conversation.item.input_audio_transcription.failed",
        /// A stretch of speech of one speaker, from a diarizing model.
        InputTranscriptionSegment(TranscriptionSegment) = "conversation.item.input_audio_transcription.segment",
        /// Turn detection heard the user begin.
        SpeechStarted(SpeechStarted) = "input_audio_buffer.speech_started",
        /// Turn detection heard the user end.
        SpeechStopped(SpeechStopped) = "input_audio_buffer.speech_stopped",
        /// Appended audio became a user item.
        InputAudioCommitted(Committed) = "input_audio_buffer.committed",
        /// Answers `input_audio_buffer.clear`.
        InputAudioCleared(Bare) = "input_audio_buffer.cleared",
        /// Nobody spoke for `idle_timeout_ms`.
        InputTimeoutTriggered(TimeoutTriggered) = "input_audio_buffer.timeout_triggered",
        /// A key was pressed. SIP only.
        DtmfReceived(DtmfReceived) = "input_audio_buffer.dtmf_event_received",
        /// The service began to play. WebRTC and SIP only.
        OutputAudioStarted(OutputBufferEvent) = "output_audio_buffer.started",
        /// The service has played everything. WebRTC and SIP only.
        OutputAudioStopped(OutputBufferEvent) = "output_audio_buffer.stopped",
        /// The service dropped what it had not played. WebRTC and SIP only.
        OutputAudioCleared(OutputBufferEvent) = "output_audio_buffer.cleared",
        /// What the account may still use.
        RateLimitsUpdated(RateLimitsUpdated) = "rate_limits.updated",
        /// A response begins.
        ResponseCreated(ResponseEvent) = "response.created",
        /// A response ended, whatever its outcome.
        ResponseDone(ResponseEvent) = "response.done",
        /// A response has a new item.
        OutputItemAdded(OutputItemEvent) = "response.output_item.added",
        /// An item of a response is complete, or cut.
        OutputItemDone(OutputItemEvent) = "response.output_item.done",
        /// A message has a new part.
        ContentPartAdded(PartEvent) = "response.content_part.added",
        /// A part is complete, or cut.
        ContentPartDone(PartEvent) = "response.content_part.done",
        /// More text.
        OutputTextDelta(TextDelta<'a>) = "response.output_text.delta",
        /// The text is complete.
        OutputTextDone(TextDone) = "response.output_text.done",
        /// More of the transcript of the model's speech.
        OutputAudioTranscriptDelta(TextDelta<'a>) = "response.output_audio_transcript.delta",
        /// The transcript of the model's speech is complete.
        OutputAudioTranscriptDone(TranscriptDone) = "response.output_audio_transcript.done",
        /// More of the model's speech.
        OutputAudioDelta(AudioDelta<'a>) = "response.output_audio.delta",
        /// The model's speech is complete.
        OutputAudioDone(AudioDone) = "response.output_audio.done",
        /// More arguments of a function call.
        FunctionCallArgumentsDelta(ArgumentsDelta<'a>) = "response.function_call_arguments.delta",
        /// The arguments of a function call are complete, or cut.
        FunctionCallArgumentsDone(ArgumentsDone) = "response.function_call_arguments.done",
        /// More arguments of an MCP call.
        McpCallArgumentsDelta(McpArgumentsDelta<'a>) = "response.mcp_call_arguments.delta",
        /// The arguments of an MCP call are complete.
        McpCallArgumentsDone(McpArgumentsDone) = "response.mcp_call_arguments.done",
        /// The service calls the tool.
        McpCallInProgress(McpCallEvent) = "response.mcp_call.in_progress",
        /// The tool answered.
        McpCallCompleted(McpCallEvent) = "response.mcp_call.completed",
        /// The tool could not be called.
        McpCallFailed(McpCallEvent) = "response.mcp_call.failed",
        /// The service asks an MCP server for its tools.
        McpListToolsInProgress(ItemNotice) = "mcp_list_tools.in_progress",
        /// It has them.
        McpListToolsCompleted(ItemNotice) = "mcp_list_tools.completed",
        /// It could not get them.
        McpListToolsFailed(ItemNotice) = "mcp_list_tools.failed",
        /// Something was refused. Ends the session only if a close follows.
        Error(ErrorEvent) = "error",
        /// Translation: more of what the speaker says.
        TranslationInputTranscriptDelta(TranslationTextDelta<'a>) = "session.input_transcript.delta",
        /// Translation: more of what the translator says, written.
        TranslationOutputTranscriptDelta(TranslationTextDelta<'a>) = "session.output_transcript.delta",
        /// Translation: more of what the translator says.
        TranslationOutputAudioDelta(TranslationAudioDelta<'a>) = "session.output_audio.delta",
        /// Translation: everything has been said.
        TranslationClosed(Bare) = "session.closed",
    }
}

impl<'a> ServerEvent<'a> {
    /// Decodes an audio delta by the short cut.
    pub(super) fn decode_hot(frame: &'a str, dialect: Dialect) -> Option<Self> {
        let Hot { head, tail } = Hot::split(frame, r#""delta":""#)?;
        match ServerEvent::decode(&head, dialect).ok()? {
            ServerEvent::OutputAudioDelta(delta) => {
                Some(Self::OutputAudioDelta(delta.into_owned().delta(Base64::from(tail))))
            }
            _ => None,
        }
    }
}

impl ServerEvent<'_> {
    /// True when the dialect has such an event. Beta has no `conversation.item.done`.
    pub const fn exists_in(&self, dialect: Dialect) -> bool {
        !matches!((dialect, self), (Dialect::Beta, Self::ItemDone(_)))
    }

    /// Whether it adds something to what streams: most events do.
    pub const fn is_delta(&self) -> bool {
        matches!(
            self,
            Self::OutputAudioDelta(_)
                | Self::OutputTextDelta(_)
                | Self::OutputAudioTranscriptDelta(_)
                | Self::FunctionCallArgumentsDelta(_)
                | Self::McpCallArgumentsDelta(_)
                | Self::InputTranscriptionDelta(_)
        )
    }

    /// The name the dialect has for the event. Beta announces items by `conversation.item.created`.
    pub fn name_in(&self, dialect: Dialect) -> &str {
        let name = self.name();
        if dialect != Dialect::Beta {
            return name;
        }
        let session = match self {
            Self::ItemAdded(_) => return "conversation.item.created",
            Self::SessionCreated(event) | Self::SessionUpdated(event) => event.session.get().map(|session| &**session),
            _ => None,
        };
        if let Some(Session::Transcription(_)) = session {
            return beta::transcription_session_event(name).unwrap_or(name);
        }
        beta::event_name(name).unwrap_or(name)
    }

    fn session_mut(&mut self) -> Option<&mut Session> {
        match self {
            Self::SessionCreated(event) | Self::SessionUpdated(event) => event.session.get_mut().map(|s| &mut **s),
            _ => None,
        }
    }
}
