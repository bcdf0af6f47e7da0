//! Responses: what the model was asked for, how it went and what it cost.

use crate::id::{ConversationId, ResponseId};
use crate::item::Item;
use crate::session::{AudioOutput, MaxTokens, Modalities, Prompt, Reasoning};
use crate::tool::{Tool, ToolChoice};
use crate::wire::{Dict, Int, List, Num, Open, object, words};

words! {
    /// The state of a response.
    pub enum Status {
        /// Being generated.
        InProgress = "in_progress",
        /// Finished; also when it ends in function calls.
        Completed = "completed",
        /// Cancelled by the client or by speech.
        Cancelled = "cancelled",
        /// Out of tokens, or cut by the content filter.
        Incomplete = "incomplete",
        /// The service could not make it.
        Failed = "failed",
    }
    /// Why a response was not completed.
    pub enum StatusReason {
        /// Speech of the user.
        TurnDetected = "turn_detected",
        /// `response.cancel`.
        ClientCancelled = "client_cancelled",
        /// `max_output_tokens` reached.
        MaxOutputTokens = "max_output_tokens",
        /// Cut by the content filter.
        ContentFilter = "content_filter",
    }
    /// Which conversation a response belongs to. Any other word is a conversation's id.
    pub enum ConversationChoice {
        /// The default one.
        Auto = "auto",
        /// None: the response stands beside the conversation.
        None = "none",
    }
    /// How a transcription is billed.
    pub enum TranscriptionUsageType {
        /// By tokens.
        Tokens = "tokens",
        /// By seconds of audio.
        Duration = "duration",
    }
}

object! {
    /// One response of the model.
    pub struct Response {
        /// The response's id.
        id: ResponseId,
        /// `realtime.response`.
        object: String,
        /// Its state.
        status: Open<Status>,
        /// Why it is in that state.
        status_details: StatusDetails,
        /// Its items so far; complete in `response.done`.
        output: List<Item>,
        /// The metadata of the request, at most 16 pairs.
        metadata: Dict<String>,
        /// How it sounds.
        audio: ResponseAudio,
        /// What it cost; in `response.done` only.
        usage: Usage,
        /// The conversation it belongs to; null for an out-of-band response.
        conversation_id: ConversationId,
        /// What it consists of.
        output_modalities: Modalities,
        /// At most so many tokens.
        max_output_tokens: MaxTokens,
    }
    beta_only {
        /// Randomness of the model, 0.6 to 1.2.
        temperature: Num,
    }
}

object! {
    /// What a `response.create` asks for; what is absent comes from the session.
    pub struct ResponseParams {
        /// What the response consists of.
        output_modalities: Modalities,
        /// In place of the session's instructions.
        instructions: String,
        /// How it sounds.
        audio: ResponseAudio,
        /// In place of the session's tools.
        tools: List<Tool>,
        /// Which tools the model may or must use.
        tool_choice: ToolChoice,
        /// Whether it may hold several calls.
        parallel_tool_calls: bool,
        /// How much the model thinks.
        reasoning: Reasoning,
        /// At most so many tokens.
        max_output_tokens: MaxTokens,
        /// `none` for an out-of-band response.
        conversation: Open<ConversationChoice>,
        /// Comes back with the response: at most 16 pairs, keys of 64 and values of 512 characters.
        metadata: Dict<String>,
        /// A stored prompt.
        prompt: Prompt,
        /// The context in place of the conversation; `[]` for none.
        input: List<Item>,
    }
    beta_only {
        /// Randomness of the model, 0.6 to 1.2.
        temperature: Num,
    }
}

object! {
    /// `response.audio`.
    pub struct ResponseAudio {
        /// Format and voice.
        output: AudioOutput,
    }
}

object! {
    /// Why a response is in its state.
    pub struct StatusDetails {
        /// The state once more.
        kind("type"): Open<Status>,
        /// What cut it short.
        reason: Open<StatusReason>,
        /// What went wrong.
        error: ErrorDetail,
    }
}

object! {
    /// What went wrong with a response or a transcription.
    pub struct ErrorDetail {
        /// The class of error.
        kind("type"): String,
        /// The error itself.
        code: String,
        /// For people.
        message: String,
        /// The parameter at fault.
        param: String,
    }
}

object! {
    /// What a response cost.
    pub struct Usage {
        /// Input and output together.
        total_tokens: Int,
        /// What the model read.
        input_tokens: Int,
        /// What the model made.
        output_tokens: Int,
        /// What the model read, by kind.
        input_token_details: InputTokens,
        /// What the model made, by kind.
        output_token_details: OutputTokens,
    }
}

object! {
    /// What the model read, by kind.
    pub struct InputTokens {
        /// Text.
        text_tokens: Int,
        /// Audio.
        audio_tokens: Int,
        /// Images.
        image_tokens: Int,
        /// The part that came from the cache; counted in the kinds as well.
        cached_tokens: Int,
        /// That part, by kind.
        cached_tokens_details: CachedTokens,
    }
}

object! {
    /// The cached part of the input, by kind.
    pub struct CachedTokens {
        /// Text.
        text_tokens: Int,
        /// Audio.
        audio_tokens: Int,
        /// Images.
        image_tokens: Int,
    }
}

object! {
    /// What the model made, by kind.
    pub struct OutputTokens {
        /// Text.
        text_tokens: Int,
        /// Audio.
        audio_tokens: Int,
    }
}

object! {
    /// What a transcription cost.
    pub struct TranscriptionUsage {
        /// By tokens or by seconds.
        kind("type"): Open<TranscriptionUsageType> = Always,
        /// Input and output together.
        total_tokens: Int,
        /// What the model heard.
        input_tokens: Int,
        /// What the model heard, by kind.
        input_token_details: TranscriptionInputTokens,
        /// What the model wrote.
        output_tokens: Int,
        /// The length of the audio in seconds.
        seconds: Num,
    }
}

object! {
    /// What a transcription model heard, by kind.
    pub struct TranscriptionInputTokens {
        /// Text.
        text_tokens: Int,
        /// Audio.
        audio_tokens: Int,
    }
}

object!(
    value ResponseAudio, StatusDetails, ErrorDetail, Usage, InputTokens, CachedTokens, OutputTokens,
    TranscriptionUsage, TranscriptionInputTokens,
);

impl ResponseParams {
    /// A response beside the conversation: its items never enter it, and it may run beside another response.
    pub fn out_of_band() -> Self {
        Self::new().conversation(ConversationChoice::None)
    }

    /// Sets `audio.output.voice`.
    #[must_use]
    pub fn voice(mut self, voice: &str) -> Self {
        let output = self.audio.get_or_default().output.get_or_default();
        output.voice = crate::VoiceChoice::Name(voice.into()).into();
        self
    }
}

crate::wire::to_json!(Response, ResponseParams);
