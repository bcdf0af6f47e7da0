//! What events carry beside their name. Events that carry the same share a payload.

use serde::ser::SerializeMap;

use crate::id::{CallId, ConversationId, EventId, ItemId, ResponseId};
use crate::item::Item;
use crate::response::{ErrorDetail, Response, ResponseParams, TranscriptionUsage};
use crate::session::Session;
use crate::wire::{Base64, Blob, Int, List, Members, Num, Open, RawJson, Rest, Text, object, words};

words! {
    /// The kinds of part a response's message has. Unlike the parts of items, both dialects spell them so.
    pub enum ResponsePartType {
        /// Written text.
        Text = "text",
        /// Speech with its transcript.
        Audio = "audio",
    }
    /// What a rate limit counts.
    pub enum RateLimitName {
        /// Requests.
        Requests = "requests",
        /// Tokens.
        Tokens = "tokens",
    }
    /// The encoding of translated audio.
    pub enum TranslationAudioFormat {
        /// Signed 16-bit little-endian PCM.
        Pcm16 = "pcm16",
    }
}

object! { plain
    /// An event that carries nothing.
    pub struct Bare {
        /// The event's id.
        event_id: EventId = Server,
    }
}

object! { plain
    /// A session, in force or asked for.
    pub struct SessionEvent {
        /// The event's id.
        event_id: EventId = Server,
        /// The session.
        session: Box<Session> = Always,
    }
}

object! { plain
    /// `conversation.created`.
    pub struct ConversationCreated {
        /// The event's id.
        event_id: EventId = Server,
        /// The conversation.
        conversation: Conversation = Always,
    }
}

object! { plain
    /// A conversation's name.
    pub struct Conversation {
        /// Its id.
        id: ConversationId,
        /// `realtime.conversation`.
        object: String,
    }
}

object! { plain
    /// An item and its place.
    pub struct ItemEvent {
        /// The event's id.
        event_id: EventId = Server,
        /// The item before it; null for the first. From the client: `root` to insert first, absent to append.
        previous_item_id: ItemId,
        /// The item.
        item: Box<Item> = Always,
    }
}

object! { plain
    /// An item, whole.
    pub struct ItemRetrieved {
        /// The event's id.
        event_id: EventId = Server,
        /// The item, with audio.
        item: Box<Item> = Always,
    }
}

object! { plain
    /// An item by its id.
    pub struct ItemNotice {
        /// The event's id.
        event_id: EventId = Server,
        /// The item.
        item_id: ItemId = Always,
    }
}

object! { plain
    /// An item is cut to what was heard.
    pub struct ItemTruncation {
        /// The event's id.
        event_id: EventId = Server,
        /// The item, a message of the assistant.
        item_id: ItemId = Always,
        /// The part that is cut.
        content_index: Int = Always,
        /// What stays, in milliseconds from the start of the part.
        audio_end_ms: Int = Always,
    }
}

object! { plain
    /// A piece of a transcript of the user's speech.
    pub struct TranscriptionDelta<'a> {
        /// The event's id.
        event_id: EventId = Server,
        /// The item; it may not exist yet.
        item_id: ItemId = Always,
        /// The part that is transcribed.
        content_index: Int,
        /// The text to append.
        delta: Text<'a>,
        /// Log probabilities, when the session includes them.
        logprobs: List<LogProb>,
        /// Padding against traffic analysis.
        obfuscation: String,
    }
}

object! { plain
    /// The transcript of the user's speech.
    pub struct TranscriptionCompleted {
        /// The event's id.
        event_id: EventId = Server,
        /// The item.
        item_id: ItemId = Always,
        /// The part that was transcribed.
        content_index: Int = Always,
        /// The text.
        transcript: String = Always,
        /// The languages that were heard.
        languages: List<TranscriptionLanguage>,
        /// Log probabilities, when the session includes them.
        logprobs: List<LogProb>,
        /// What it cost.
        usage: TranscriptionUsage = Always,
    }
}

object! { plain
    /// The user's speech could not be transcribed. The item itself is fine.
    pub struct TranscriptionFailed {
        /// The event's id.
        event_id: EventId = Server,
        /// The item.
        item_id: ItemId = Always,
        /// The part that was not transcribed.
        content_index: Int = Always,
        /// Why not.
        error: ErrorDetail = Always,
    }
}

object! { plain
    /// A stretch of speech of one speaker.
    pub struct TranscriptionSegment {
        /// The event's id.
        event_id: EventId = Server,
        /// The item.
        item_id: ItemId = Always,
        /// The part that is transcribed.
        content_index: Int = Always,
        /// What was said.
        text: String = Always,
        /// The segment's id.
        id: String = Always,
        /// Who said it.
        speaker: String = Always,
        /// Where it starts, in seconds.
        start: Num = Always,
        /// Where it ends, in seconds.
        end: Num = Always,
    }
}

object! { plain
    /// The log probability of a token.
    pub struct LogProb {
        /// The token.
        token: String = Always,
        /// Its log probability.
        logprob: Num = Always,
        /// Its bytes.
        bytes: List<Int> = Always,
    }
}

object! { plain
    /// A language that was heard.
    pub struct TranscriptionLanguage {
        /// Its code, such as `en`.
        code: String = Always,
    }
}

object! { plain
    /// `error`.
    pub struct ErrorEvent {
        /// The event's id.
        event_id: EventId = Server,
        /// What went wrong.
        error: ApiError = Always,
    }
}

object! { plain
    /// What the service has to say against an event.
    pub struct ApiError {
        /// The class of error, such as `invalid_request_error`.
        kind("type"): String = Always,
        /// The error itself, such as `invalid_value`.
        code: String,
        /// For people.
        message: String = Always,
        /// The parameter at fault, such as `session.voice`.
        param: String,
        /// The client event at fault, when it had an id.
        event_id: EventId,
    }
}

object! { plain
    /// Appended audio became a user item.
    pub struct Committed {
        /// The event's id.
        event_id: EventId = Server,
        /// The item before it.
        previous_item_id: ItemId,
        /// The item.
        item_id: ItemId = Always,
    }
}

object! { plain
    /// The user began to speak.
    pub struct SpeechStarted {
        /// The event's id.
        event_id: EventId = Server,
        /// Where, in milliseconds of all audio appended in the session, padding included.
        audio_start_ms: Int = Always,
        /// The item that will be made of it.
        item_id: ItemId = Always,
    }
}

object! { plain
    /// The user stopped speaking.
    pub struct SpeechStopped {
        /// The event's id.
        event_id: EventId = Server,
        /// Where, in milliseconds of all audio appended in the session, silence included.
        audio_end_ms: Int = Always,
        /// The item that is made of it.
        item_id: ItemId = Always,
    }
}

object! { plain
    /// Nobody spoke for `idle_timeout_ms`.
    pub struct TimeoutTriggered {
        /// The event's id.
        event_id: EventId = Server,
        /// Where the silence starts, in milliseconds of all audio appended.
        audio_start_ms: Int = Always,
        /// Where it ends.
        audio_end_ms: Int = Always,
        /// The item that is made of it.
        item_id: ItemId = Always,
    }
}

object! { plain
    /// A key was pressed on a telephone.
    pub struct DtmfReceived {
        /// The event's id; the service leaves it out.
        event_id: EventId,
        /// The key: a digit, `*`, `#`, or A to D.
        event: String = Always,
        /// When, in Unix seconds.
        received_at: Int = Always,
    }
}

object! { plain
    /// Something happened to the output of a response.
    pub struct OutputBufferEvent {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response_id: ResponseId = Always,
    }
}

object! { plain
    /// What the account may still use.
    pub struct RateLimitsUpdated {
        /// The event's id.
        event_id: EventId = Server,
        /// The limits.
        rate_limits: List<RateLimit> = Always,
    }
}

object! { plain
    /// One limit.
    pub struct RateLimit {
        /// What it counts.
        name: Open<RateLimitName>,
        /// The most there can be.
        limit: Int,
        /// What is left.
        remaining: Int,
        /// When it is full again, in seconds.
        reset_seconds: Num,
    }
}

object! { plain
    /// A response.
    pub struct ResponseEvent {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response: Box<Response> = Always,
    }
}

object! { plain
    /// An item of a response.
    pub struct OutputItemEvent {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response_id: ResponseId = Always,
        /// The item's place in the response, from 0.
        output_index: Int = Always,
        /// The item.
        item: Box<Item> = Always,
    }
}

object! { plain
    /// A part of a message being generated.
    pub struct PartEvent {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response_id: ResponseId = Always,
        /// The message.
        item_id: ItemId = Always,
        /// The message's place in the response, from 0.
        output_index: Int = Always,
        /// The part's place in the message, from 0.
        content_index: Int = Always,
        /// The part.
        part: ResponsePart = Always,
    }
}

object! { plain
    /// A part as `response.content_part.*` shows it.
    pub struct ResponsePart {
        /// Text or audio.
        kind("type"): Open<ResponsePartType>,
        /// The text.
        text: String,
        /// The audio, as base64.
        audio: Blob,
        /// What the audio says.
        transcript: String,
    }
}

object! { plain
    /// A piece of text or of a transcript.
    pub struct TextDelta<'a> {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response_id: ResponseId = Always,
        /// The message.
        item_id: ItemId = Always,
        /// The message's place in the response, from 0.
        output_index: Int = Always,
        /// The part's place in the message, from 0.
        content_index: Int = Always,
        /// The text to append.
        delta: Text<'a> = Always,
        /// Padding against traffic analysis.
        obfuscation: String,
    }
}

object! { plain
    /// A piece of speech.
    pub struct AudioDelta<'a> {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response_id: ResponseId = Always,
        /// The message.
        item_id: ItemId = Always,
        /// The message's place in the response, from 0.
        output_index: Int = Always,
        /// The part's place in the message, from 0.
        content_index: Int = Always,
        /// The audio to append, as base64 in the session's output format.
        delta: Base64<'a> = Always,
        /// Padding against traffic analysis.
        obfuscation: String,
    }
}

object! { plain
    /// The text of a part is complete.
    pub struct TextDone {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response_id: ResponseId = Always,
        /// The message.
        item_id: ItemId = Always,
        /// The message's place in the response, from 0.
        output_index: Int = Always,
        /// The part's place in the message, from 0.
        content_index: Int = Always,
        /// The whole text.
        text: String = Always,
    }
}

object! { plain
    /// The transcript of a part is complete.
    pub struct TranscriptDone {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response_id: ResponseId = Always,
        /// The message.
        item_id: ItemId = Always,
        /// The message's place in the response, from 0.
        output_index: Int = Always,
        /// The part's place in the message, from 0.
        content_index: Int = Always,
        /// The whole transcript.
        transcript: String = Always,
    }
}

object! { plain
    /// The audio of a part is complete. Carries no audio.
    pub struct AudioDone {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response_id: ResponseId = Always,
        /// The message.
        item_id: ItemId = Always,
        /// The message's place in the response, from 0.
        output_index: Int = Always,
        /// The part's place in the message, from 0.
        content_index: Int = Always,
    }
}

object! { plain
    /// A piece of a call's arguments.
    pub struct ArgumentsDelta<'a> {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response_id: ResponseId = Always,
        /// The item of the call.
        item_id: ItemId = Always,
        /// The item's place in the response, from 0.
        output_index: Int = Always,
        /// The call.
        call_id: CallId = Always,
        /// The JSON text to append.
        delta: Text<'a> = Always,
        /// Padding against traffic analysis.
        obfuscation: String,
    }
}

object! { plain
    /// The arguments of a call are complete, or cut: the item's status says which.
    pub struct ArgumentsDone {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response_id: ResponseId = Always,
        /// The item of the call.
        item_id: ItemId = Always,
        /// The item's place in the response, from 0.
        output_index: Int = Always,
        /// The call.
        call_id: CallId = Always,
        /// The function; beta leaves it to the item.
        name: String = Ga,
        /// The arguments, a JSON text.
        arguments: String = Always,
    }
}

object! { plain
    /// A piece of the arguments of an MCP call.
    pub struct McpArgumentsDelta<'a> {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response_id: ResponseId = Always,
        /// The item of the call.
        item_id: ItemId = Always,
        /// The item's place in the response, from 0.
        output_index: Int = Always,
        /// The JSON text to append.
        delta: Text<'a> = Always,
        /// Padding against traffic analysis.
        obfuscation: String,
    }
}

object! { plain
    /// The arguments of an MCP call are complete.
    pub struct McpArgumentsDone {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response_id: ResponseId = Always,
        /// The item of the call.
        item_id: ItemId = Always,
        /// The item's place in the response, from 0.
        output_index: Int = Always,
        /// The arguments, a JSON text.
        arguments: String = Always,
    }
}

object! { plain
    /// An MCP call is on its way. Carries no response id.
    pub struct McpCallEvent {
        /// The event's id.
        event_id: EventId = Server,
        /// The item's place in the response, from 0.
        output_index: Int = Always,
        /// The item of the call.
        item_id: ItemId = Always,
    }
}

object! { plain
    /// A piece of a transcript of a translation session.
    pub struct TranslationTextDelta<'a> {
        /// The event's id.
        event_id: EventId = Server,
        /// The text to append.
        delta: Text<'a> = Always,
        /// How far the input had got, in milliseconds.
        elapsed_ms: Int,
    }
}

object! { plain
    /// A piece of translated speech.
    pub struct TranslationAudioDelta<'a> {
        /// The event's id.
        event_id: EventId = Server,
        /// The audio to append, as base64.
        delta: Base64<'a> = Always,
        /// Samples a second: 24000.
        sample_rate: Int,
        /// Channels: 1.
        channels: Int,
        /// The encoding.
        format: Open<TranslationAudioFormat>,
        /// How far the input had got, in milliseconds.
        elapsed_ms: Int,
    }
}

object! { plain
    /// Audio of the user.
    pub struct InputAudio<'a> {
        /// The event's id.
        event_id: EventId,
        /// The audio to append, as base64 in the session's input format; at most 15 MiB of audio.
        audio: Base64<'a> = Always,
    }
}

object! { plain
    /// Asks for a response.
    pub struct ResponseCreate {
        /// The event's id.
        event_id: EventId,
        /// What is special about it.
        response: Box<ResponseParams>,
    }
}

object! { plain
    /// Cancels a response.
    pub struct ResponseCancel {
        /// The event's id.
        event_id: EventId,
        /// The response; without it the one of the default conversation.
        response_id: ResponseId,
    }
}

object!(value Conversation, LogProb, TranscriptionLanguage, ApiError, RateLimit, ResponsePart);

/// An event newer than this crate: its name and its members.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct UnknownEvent {
    name: String,
    members: Rest,
}

impl UnknownEvent {
    /// An event by name, without members.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), members: Rest::default() }
    }

    /// The event's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The event's id, if it has one.
    pub(super) fn event_id(&self) -> Option<EventId> {
        let json = self.members.get("event_id")?;
        serde_json::from_str(json.as_str()).ok()
    }

    pub(super) fn set_event_id(&mut self, id: &EventId) {
        self.insert("event_id", RawJson::from(serde_json::Value::from(id.as_str())));
    }

    /// Everything but the name.
    pub const fn members(&self) -> &Rest {
        &self.members
    }

    /// Adds a member.
    pub fn insert(&mut self, name: impl Into<String>, json: RawJson) {
        self.members.insert(name, json);
    }

    pub(super) fn read(name: impl Into<String>, members: Members<'_>) -> Self {
        let mut event = Self::new(name);
        for (key, json) in members {
            event.members.keep(key, json);
        }
        event
    }

    pub(super) fn encode_members<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.members.encode_entries(map)
    }
}

/// Cuts the tie to the frame: all members move, the borrowed one is copied.
macro_rules! into_owned {
    ($($name:ident { $borrowed:ident: $text:ident, $($field:ident),* })*) => {$(
        impl $name<'_> {
            /// The same payload, independent of the frame it came in.
            pub fn into_owned(self) -> $name<'static> {
                $name { $borrowed: self.$borrowed.map($text::into_owned), $($field: self.$field,)* rest: self.rest }
            }
        }
    )*};
}

into_owned! {
    TranscriptionDelta { delta: Text, event_id, item_id, content_index, logprobs, obfuscation }
    TextDelta { delta: Text, event_id, response_id, item_id, output_index, content_index, obfuscation }
    AudioDelta { delta: Base64, event_id, response_id, item_id, output_index, content_index, obfuscation }
    ArgumentsDelta { delta: Text, event_id, response_id, item_id, output_index, call_id, obfuscation }
    McpArgumentsDelta { delta: Text, event_id, response_id, item_id, output_index, obfuscation }
    TranslationTextDelta { delta: Text, event_id, elapsed_ms }
    TranslationAudioDelta { delta: Base64, event_id, sample_rate, channels, format, elapsed_ms }
    InputAudio { audio: Base64, event_id }
}
