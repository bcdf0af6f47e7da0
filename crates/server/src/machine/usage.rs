//! What a response costs.
//!
//! Audio is counted as the service does: 1 token per 100 ms of the user's, 1 per 50 ms of the model's, rounded up.
//! Text is counted by a simple rule in place of a tokenizer: 1 token per 4 characters, rounded up, each text on
//! its own. An image is 85 tokens. What is cached is found in [`context`](super::context).

use std::ops::Add;

use vivavoce_protocol::{
    CachedTokens, FunctionTool, InputTokens, Int, OutputTokens, Role, TranscriptionInputTokens, TranscriptionUsage,
    TranscriptionUsageType, Usage,
};

use crate::engine::{ContextItem, ContextPart, ImportedTool};

const CHARS_PER_TOKEN: usize = 4;
const IMAGE_TOKENS: u64 = 85;
pub(super) const USER_MS_PER_TOKEN: u64 = 100;
const MODEL_MS_PER_TOKEN: u64 = 50;

/// Tokens of what the model reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    text: u64,
    audio: u64,
    image: u64,
}

/// What the model reads for a response, and how much of it is cached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Prompt {
    pub(super) input: Tokens,
    pub(super) cached: Tokens,
}

/// What the model has made so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Output {
    /// Texts, transcripts and arguments that are complete.
    text_tokens: u64,
    /// Characters of the one that is being written.
    open_chars: usize,
    /// Samples of audio at 24 kHz.
    samples: u64,
}

fn text_tokens(text: &str) -> u64 {
    text.chars().count().div_ceil(CHARS_PER_TOKEN) as u64
}

impl Tokens {
    pub(super) fn of_text(text: &str) -> Self {
        Self { text: text_tokens(text), ..Self::default() }
    }

    /// Of what comes before the items.
    pub(super) fn of_preamble(instructions: &str, tools: &[FunctionTool], mcp_tools: &[ImportedTool]) -> Self {
        let mut tokens = Self::of_text(instructions);
        for tool in tools {
            let texts = [tool.name.get().map(String::as_str), tool.description.get().map(String::as_str)];
            tokens.text += texts.into_iter().flatten().map(text_tokens).sum::<u64>();
            tokens.text += tool.parameters.get().map_or(0, |schema| text_tokens(schema.as_str()));
        }
        for tool in mcp_tools {
            tokens.text += text_tokens(&tool.name) + text_tokens(tool.input_schema.as_str());
            tokens.text += tool.description.as_deref().map_or(0, text_tokens);
        }
        tokens
    }

    pub(super) fn of_item(item: &ContextItem) -> Self {
        let mut tokens = Self::default();
        match item {
            ContextItem::FunctionCall { name, arguments, .. } => {
                tokens.text += text_tokens(name) + text_tokens(arguments);
            }
            ContextItem::FunctionCallOutput { output, .. } => tokens.text += text_tokens(output),
            ContextItem::McpCall { name, arguments, result, .. } => {
                let told = result.as_ref().map(|result| result.as_deref().unwrap_or_else(|failure| failure.message()));
                tokens.text += text_tokens(name) + text_tokens(arguments) + told.map_or(0, text_tokens);
            }
            ContextItem::McpApprovalResponse { reason, .. } => tokens.text += reason.as_deref().map_or(0, text_tokens),
            // The tools themselves are counted where they are offered, and a request is its call.
            ContextItem::McpListTools { .. } | ContextItem::McpApprovalRequest { .. } => {}
            ContextItem::Message { role, parts } => {
                let ms = if *role == Role::Assistant { MODEL_MS_PER_TOKEN } else { USER_MS_PER_TOKEN };
                for part in parts {
                    match part {
                        ContextPart::Text(text) => tokens.text += text_tokens(text),
                        ContextPart::Audio { audio, .. } => tokens.audio += audio.ms().div_ceil(ms),
                        ContextPart::Image { .. } => tokens.image += IMAGE_TOKENS,
                    }
                }
            }
        }
        tokens
    }

    pub(super) const fn total(self) -> u64 {
        self.text + self.audio + self.image
    }
}

impl Add for Tokens {
    type Output = Self;

    fn add(self, more: Self) -> Self {
        Self { text: self.text + more.text, audio: self.audio + more.audio, image: self.image + more.image }
    }
}

impl Output {
    const SAMPLES_PER_TOKEN: u64 = MODEL_MS_PER_TOKEN * 24;

    fn text(self) -> u64 {
        self.text_tokens + self.open_chars.div_ceil(CHARS_PER_TOKEN) as u64
    }

    fn audio(self) -> u64 {
        self.samples.div_ceil(Self::SAMPLES_PER_TOKEN)
    }

    /// How many characters may be added to the text being written before there are `limit` tokens in all.
    pub(super) fn room_for_chars(self, limit: u64) -> usize {
        let tokens = limit.saturating_sub(self.text_tokens + self.audio());
        usize::try_from(tokens).unwrap_or(usize::MAX).saturating_mul(CHARS_PER_TOKEN).saturating_sub(self.open_chars)
    }

    /// How many samples at 24 kHz may be added before there are `limit` tokens in all.
    pub(super) fn room_for_samples(self, limit: u64) -> usize {
        let samples = limit.saturating_sub(self.text()).saturating_mul(Self::SAMPLES_PER_TOKEN);
        usize::try_from(samples.saturating_sub(self.samples)).unwrap_or(usize::MAX)
    }

    pub(super) fn add_text(&mut self, text: &str) {
        self.open_chars += text.chars().count();
    }

    /// The text being written is complete.
    pub(super) fn close_text(&mut self) {
        self.text_tokens = self.text();
        self.open_chars = 0;
    }

    pub(super) const fn add_samples(&mut self, samples: usize) {
        self.samples += samples as u64;
    }

    /// Milliseconds of audio made.
    pub(super) const fn audio_ms(self) -> u64 {
        self.samples / 24
    }
}

/// Tokens in all: what rate limits count.
pub(super) fn total(prompt: Prompt, output: Output) -> u64 {
    prompt.input.total() + output.text() + output.audio()
}

/// `response.usage`.
pub(super) fn usage(prompt: Prompt, output: Output) -> Usage {
    let Prompt { input, cached } = prompt;
    let cached_details = CachedTokens::new()
        .text_tokens(Int::from(cached.text))
        .audio_tokens(Int::from(cached.audio))
        .image_tokens(Int::from(cached.image));
    Usage::new()
        .total_tokens(Int::from(total(prompt, output)))
        .input_tokens(Int::from(input.total()))
        .output_tokens(Int::from(output.text() + output.audio()))
        .input_token_details(
            InputTokens::new()
                .text_tokens(Int::from(input.text))
                .audio_tokens(Int::from(input.audio))
                .image_tokens(Int::from(input.image))
                .cached_tokens(Int::from(cached.total()))
                .cached_tokens_details(cached_details),
        )
        .output_token_details(
            OutputTokens::new().text_tokens(Int::from(output.text())).audio_tokens(Int::from(output.audio())),
        )
}

/// The usage of a transcription, billed apart from responses: `gpt-4o-*transcribe` by tokens, all others by seconds,
/// rounded up.
pub(super) fn transcription(model: &str, audio_ms: u64, transcript: &str) -> TranscriptionUsage {
    if model.starts_with("gpt-4o-") {
        let (heard, written) = (audio_ms.div_ceil(USER_MS_PER_TOKEN), text_tokens(transcript));
        return TranscriptionUsage::new()
            .kind(TranscriptionUsageType::Tokens)
            .total_tokens(Int::from(heard + written))
            .input_tokens(Int::from(heard))
            .input_token_details(
                TranscriptionInputTokens::new().text_tokens(Int::from(0)).audio_tokens(Int::from(heard)),
            )
            .output_tokens(Int::from(written));
    }
    let seconds = i32::try_from(audio_ms.div_ceil(1000)).unwrap_or(i32::MAX);
    TranscriptionUsage::new().kind(TranscriptionUsageType::Duration).seconds(vivavoce_protocol::Num::from(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_shrinks_with_what_was_made() {
        let mut output = Output::default();
        output.add_text("abcde");
        assert_eq!(output.text(), 2);
        assert_eq!(output.room_for_chars(3), 7);
        output.close_text();
        output.add_samples(1201);
        assert_eq!(output.audio(), 2);
        assert_eq!(output.room_for_chars(5), 4);
        assert_eq!(output.room_for_samples(4), 1199);
        assert_eq!(output.room_for_samples(1), 0);
    }
}
