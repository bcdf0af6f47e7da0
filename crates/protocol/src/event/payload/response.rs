//! What events about responses carry.

use super::into_owned;
use crate::id::{CallId, EventId, ItemId, ResponseId};
use crate::item::Item;
use crate::response::{Response, ResponseParams};
use crate::wire::{Base64, Blob, Int, Open, Text, object, words};

words! {
    /// The kinds of part a response's message has. Unlike the parts of items, both dialects spell them so.
    pub enum ResponsePartType {
        /// Written text.
        Text = "text",
        /// Speech with its transcript.
        Audio = "audio",
    }
}

object! {
    /// Asks for a response.
    pub struct ResponseCreate {
        /// The event's id.
        event_id: EventId,
        /// What is special about it.
        response: Box<ResponseParams>,
    }
}

object! {
    /// Cancels a response.
    pub struct ResponseCancel {
        /// The event's id.
        event_id: EventId,
        /// The response; without it the one of the default conversation.
        response_id: ResponseId,
    }
}

object! {
    /// A response.
    pub struct ResponseEvent {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response: Box<Response> = Always,
    }
}

object! {
    /// Something happened to the output of a response.
    pub struct OutputBufferEvent {
        /// The event's id.
        event_id: EventId = Server,
        /// The response.
        response_id: ResponseId = Always,
    }
}

object! {
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

object! {
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

object! {
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

object! {
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

object! {
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

object! {
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

object! {
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

object! {
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

object! {
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

object! {
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

object! {
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

object! {
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

object! {
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

object!(value ResponsePart);

into_owned! {
    TextDelta { delta: Text, event_id, response_id, item_id, output_index, content_index, obfuscation }
    AudioDelta { delta: Base64, event_id, response_id, item_id, output_index, content_index, obfuscation }
    ArgumentsDelta { delta: Text, event_id, response_id, item_id, output_index, call_id, obfuscation }
    McpArgumentsDelta { delta: Text, event_id, response_id, item_id, output_index, obfuscation }
}
