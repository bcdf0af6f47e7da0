//! Settings of a session beside its audio: reasoning, tracing, truncation, prompts, limits.

use crate::wire::{Blob, Dict, Int, Num, Open, RawJson, Secret, any_of, object, words};

words! {
    /// How much a reasoning model thinks, or a transcription model waits.
    pub enum Effort {
        /// The least.
        Minimal = "minimal",
        /// Little: the default of reasoning models.
        Low = "low",
        /// Some.
        Medium = "medium",
        /// Much.
        High = "high",
        /// The most.
        Xhigh = "xhigh",
    }
    /// Extra parts of server events, asked for by `include`.
    pub enum Include {
        /// Log probabilities of transcribed tokens.
        TranscriptionLogprobs = "item.input_audio_transcription.logprobs",
    }
    /// `tracing` as a word.
    pub enum TracingMode {
        /// A trace with the default names.
        Auto = "auto",
    }
    /// `truncation` as a word.
    pub enum TruncationMode {
        /// Drop the oldest items from the model's input when it grows too long: the default.
        Auto = "auto",
        /// Let the response fail instead.
        Disabled = "disabled",
    }
    /// `truncation` as an object.
    pub enum TruncationType {
        /// Keep a share of the context when some of it must go.
        RetentionRatio = "retention_ratio",
    }
    /// No limit.
    pub enum Unlimited {
        /// As many tokens as the model can.
        Inf = "inf",
    }
    /// The kinds of object a prompt variable can be.
    pub enum PromptInputType {
        /// Text.
        Text = "input_text",
        /// An image.
        Image = "input_image",
        /// A file.
        File = "input_file",
    }
    /// The resolutions an image is looked at in.
    pub enum ImageDetail {
        /// Chosen by the service.
        Auto = "auto",
        /// Coarse and cheap.
        Low = "low",
        /// Fine.
        High = "high",
        /// As it is.
        Original = "original",
    }
    /// When a prompt's cache ends.
    pub enum CacheBreakpointMode {
        /// Here.
        Explicit = "explicit",
    }
}

object! {
    /// How much a reasoning model thinks.
    pub struct Reasoning {
        /// The effort; `low` by default.
        effort: Open<Effort>,
    }
}

object! {
    /// Names for a trace.
    pub struct TracingSettings {
        /// The workflow it belongs to.
        workflow_name: String,
        /// Groups traces.
        group_id: String,
        /// Anything else.
        metadata: RawJson,
    }
}

object! {
    /// Keeps a share of the context when some of it must go.
    pub struct RetentionRatio {
        /// `retention_ratio`.
        kind("type"): Open<TruncationType> = Always,
        /// The share to keep, 0 to 1.
        retention_ratio: Num = Always,
        /// Bounds that apply instead of the model's own.
        token_limits: TokenLimits,
    }
}

object! {
    /// Bounds of the context.
    pub struct TokenLimits {
        /// At most so many tokens after the instructions.
        post_instructions: Int,
    }
}

object! {
    /// A stored prompt.
    pub struct Prompt {
        /// Its id.
        id: String = Always,
        /// Its version; the current one without it.
        version: String,
        /// Values for its variables.
        variables: Dict<PromptVariable>,
    }
}

object! {
    /// A prompt variable that is more than a string.
    pub struct PromptInput {
        /// Text, image or file.
        kind("type"): Open<PromptInputType> = Always,
        /// The text.
        text: String,
        /// Where the image is, or the image as a data URI.
        image_url: Blob,
        /// An uploaded file.
        file_id: String,
        /// The file's name.
        filename: String,
        /// The file itself.
        file_data: Blob,
        /// Where the file is.
        file_url: String,
        /// The resolution of an image.
        detail: Open<ImageDetail>,
        /// Ends the cached part of the prompt.
        prompt_cache_breakpoint: CacheBreakpoint,
    }
}

object! {
    /// Ends the cached part of a prompt.
    pub struct CacheBreakpoint {
        /// `explicit`.
        mode: Open<CacheBreakpointMode> = Always,
    }
}

object! {
    /// An ephemeral key with its end.
    pub struct ClientSecret {
        /// The key.
        value: Secret = Always,
        /// When it ends, in Unix seconds.
        expires_at: Int = Always,
    }
}

object!(
    value Reasoning, TracingSettings, RetentionRatio, TokenLimits, Prompt, PromptInput, CacheBreakpoint, ClientSecret,
);

any_of! {
    /// Traces in the vendor's dashboard.
    pub enum Tracing ("a word or an object") {
        /// With the default names.
        Mode(Open<TracingMode>),
        /// With names.
        Settings(TracingSettings),
    }
    /// What happens when the context grows too long.
    pub enum Truncation ("a word or an object") {
        /// Drop the oldest, or fail.
        Mode(Open<TruncationMode>),
        /// Keep a share.
        RetentionRatio(RetentionRatio),
    }
    /// The most tokens a response may have.
    pub enum MaxTokens ("a whole number or \"inf\"") {
        /// So many.
        Limit(Int),
        /// As many as the model can.
        Unlimited(Open<Unlimited>),
    }
    /// The value of a prompt's variable.
    pub enum PromptVariable ("a string or an object") {
        /// A string.
        Text(String),
        /// Text, an image or a file.
        Input(PromptInput),
    }
}
