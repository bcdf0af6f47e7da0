//! `session.audio`: formats, transcription, turn detection, voice.

use super::names::{Model, Voice};
use super::settings::Effort;
use crate::audio::AudioFormat;
use crate::wire::{Int, List, Num, Open, any_of, object, words};

words! {
    /// How the end of the user's turn is found.
    pub enum TurnDetectionType {
        /// By silence.
        ServerVad = "server_vad",
        /// By what has been said.
        SemanticVad = "semantic_vad",
    }
    /// How long semantic turn detection waits for the user to go on.
    pub enum Eagerness {
        /// At most 8 s.
        Low = "low",
        /// At most 4 s.
        Medium = "medium",
        /// At most 2 s.
        High = "high",
        /// The same as medium: the default.
        Auto = "auto",
    }
    /// Where the microphone is.
    pub enum NoiseReductionType {
        /// Close to the mouth, such as a headset.
        NearField = "near_field",
        /// In the room, such as a laptop.
        FarField = "far_field",
    }
}

object! {
    /// `session.audio`.
    pub struct SessionAudio {
        /// What the user says.
        input: AudioInput,
        /// What the model says.
        output: AudioOutput,
    }
}

object! {
    /// `session.audio.input`.
    pub struct AudioInput {
        /// How appended audio is encoded.
        format: AudioFormat,
        /// Transcribes the user's speech beside the conversation; null switches it off.
        transcription: Transcription,
        /// Cleans the input; null switches it off.
        noise_reduction: NoiseReduction,
        /// Finds the user's turns; null leaves them to the client.
        turn_detection: TurnDetection,
    }
}

object! {
    /// `session.audio.output`.
    pub struct AudioOutput {
        /// How audio deltas are encoded.
        format: AudioFormat,
        /// Who speaks. Cannot change once the model has spoken.
        voice: VoiceChoice,
        /// How fast, 0.25 to 1.5. Changes between turns only.
        speed: Num,
    }
}

object! {
    /// `session.audio` of a translation session.
    pub struct TranslationAudio {
        /// What the speaker says.
        input: TranslationInput,
        /// What the translator says.
        output: TranslationOutput,
    }
}

object! {
    /// `session.audio.input` of a translation session.
    pub struct TranslationInput {
        /// Transcribes the speaker; null switches it off.
        transcription: Transcription,
        /// Cleans the input; null switches it off.
        noise_reduction: NoiseReduction,
    }
}

object! {
    /// `session.audio.output` of a translation session.
    pub struct TranslationOutput {
        /// The language to translate into, such as `es`.
        language: String,
    }
}

object! {
    /// Transcription of the user's speech.
    pub struct Transcription {
        /// The transcription model.
        model: Model,
        /// The language spoken, as ISO 639-1; excludes `languages`.
        language: String,
        /// The languages that may be spoken; excludes `language`.
        languages: List<String>,
        /// Words to expect.
        keywords: List<String>,
        /// Guides the model, at most 1024 characters.
        prompt: String,
        /// How long the model waits before it commits to a word.
        delay: Open<Effort>,
    }
}

object! {
    /// Noise reduction of the input.
    pub struct NoiseReduction {
        /// Where the microphone is.
        kind("type"): Open<NoiseReductionType>,
    }
}

object! {
    /// How the user's turns are found.
    pub struct TurnDetection {
        /// By silence or by meaning.
        kind("type"): Open<TurnDetectionType>,
        /// How sure the detector must be that it hears speech, 0 to 1, default 0.5. `server_vad`.
        threshold: Num,
        /// Audio kept before the onset, in milliseconds, default 300. `server_vad`.
        prefix_padding_ms: Int,
        /// Silence that ends the turn, in milliseconds, default 200 in a new session. `server_vad`.
        silence_duration_ms: Int,
        /// How long to wait for the user to go on. `semantic_vad`.
        eagerness: Open<Eagerness>,
        /// Whether the end of a turn starts a response, default true.
        create_response: bool,
        /// Whether speech cancels the running response, default true.
        interrupt_response: bool,
        /// Speaks up after so much silence, 5000 to 30000 ms. `server_vad`.
        idle_timeout_ms: Int,
    }
}

object! {
    /// A voice of the user's own.
    pub struct CustomVoice {
        /// Its id (`voice_...`).
        id: String = Always,
    }
}

object!(
    value SessionAudio, AudioInput, AudioOutput, TranslationAudio, TranslationInput, TranslationOutput, Transcription,
    NoiseReduction, TurnDetection, CustomVoice,
);

any_of! {
    /// A voice by name, or one of the user's own.
    pub enum VoiceChoice ("a voice") {
        /// By name.
        Name(Voice),
        /// By id.
        Custom(CustomVoice),
    }
}

impl TurnDetection {
    /// Turns end with silence.
    pub fn server_vad() -> Self {
        Self::new().kind(TurnDetectionType::ServerVad)
    }

    /// Turns end when the user has said what they meant to say.
    pub fn semantic_vad() -> Self {
        Self::new().kind(TurnDetectionType::SemanticVad)
    }
}
