//! What the names of models tell. Any name will do, but for those that the vendor gave to something else.

/// The names the reference has. Any other is as good for a conversation, but for what the vendor calls something else.
pub const MODELS: [&str; 13] = [
    "gpt-realtime",
    "gpt-realtime-1.5",
    "gpt-realtime-2",
    "gpt-realtime-2.1",
    "gpt-realtime-2.1-mini",
    "gpt-realtime-mini",
    "gpt-realtime-translate",
    "gpt-realtime-whisper",
    "gpt-live-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-transcribe",
    "whisper-1",
];

/// What a model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// Conversations.
    Realtime,
    Transcription,
    Translation,
    /// The vendor has it, but not in this API.
    Other,
    /// A name of the user's own, such as an Azure deployment: good for anything but the URL of a transcription.
    Unknown,
}

/// How the transcript of a model comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hearing {
    /// In one piece.
    Whole,
    /// In pieces, after the commit.
    Words,
    /// In pieces, while the user speaks.
    Live,
    /// In pieces, and as segments with their speakers.
    Speakers,
}

const TRANSCRIPTION: [&str; 3] = ["whisper-1", "gpt-realtime-whisper", "gpt-live-transcribe"];
/// Names of the vendor begin so.
const VENDOR: [&str; 8] = ["gpt-", "chatgpt-", "o1", "o3", "o4", "tts-", "text-embedding-", "dall-e-"];

pub(super) fn family(model: &str) -> Family {
    if TRANSCRIPTION.contains(&model) || model.starts_with("gpt-") && model.contains("transcribe") {
        Family::Transcription
    } else if model.starts_with("gpt-realtime-translate") {
        Family::Translation
    } else if !VENDOR.iter().any(|prefix| model.starts_with(prefix)) {
        Family::Unknown
    } else if model.contains("realtime") || model.starts_with("gpt-audio") {
        Family::Realtime
    } else {
        Family::Other
    }
}

pub(super) fn hearing(model: &str) -> Hearing {
    match model {
        "whisper-1" => Hearing::Whole,
        "gpt-realtime-whisper" | "gpt-live-transcribe" => Hearing::Live,
        model if model.contains("diarize") => Hearing::Speakers,
        _ => Hearing::Words,
    }
}

/// Tokens a model can read: what remains of its context beside the longest answer.
pub(super) fn context_tokens(model: &str) -> u64 {
    const ANSWER: u64 = 4_096;
    let context: u64 =
        if model.starts_with("gpt-realtime-2") && !model.starts_with("gpt-realtime-20") { 128_000 } else { 32_320 };
    context - ANSWER
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_what_the_model_is_for() {
        for (model, is) in [
            ("gpt-realtime", Family::Realtime),
            ("gpt-realtime-2025-08-28", Family::Realtime),
            ("gpt-4o-mini-realtime-preview", Family::Realtime),
            ("gpt-audio-mini", Family::Realtime),
            ("my-deployment", Family::Unknown),
            ("gpt-4o-transcribe-diarize", Family::Transcription),
            ("gpt-realtime-whisper", Family::Transcription),
            ("gpt-realtime-translate", Family::Translation),
            ("gpt-4o", Family::Other),
        ] {
            assert_eq!(family(model), is, "{model}");
        }
    }

    #[test]
    fn the_context_is_what_the_reference_says() {
        assert_eq!(context_tokens("gpt-realtime"), 28_224);
        assert_eq!(context_tokens("gpt-realtime-2025-08-28"), 28_224);
        assert_eq!(context_tokens("gpt-realtime-2.1-mini"), 123_904);
    }
}
