//! What a session is configured with when the application says nothing.

use vivavoce_protocol::{
    AudioFormatType, AudioInput, AudioOutput, Int, List, MaxTokens, Member, Modality, RealtimeSession, SessionAudio,
    ToolChoiceMode, VoiceChoice,
};

/// The reference client's default, in the shape of today: speech and text, voice `verse`, PCM16 both ways, no
/// transcription, no turn detection, no tools, at most 4096 tokens a response. Its temperature of 0.8 has no
/// place in GA.
pub fn default_session() -> RealtimeSession {
    let input = AudioInput::new().format(AudioFormatType::Pcm).transcription(Member::Null).turn_detection(Member::Null);
    let output = AudioOutput::new().format(AudioFormatType::Pcm).voice(VoiceChoice::Name("verse".into()));
    RealtimeSession::update()
        .output_modalities(Modality::Audio)
        .instructions("")
        .audio(SessionAudio::new().input(input).output(output))
        .tools(List::new())
        .tool_choice(ToolChoiceMode::Auto)
        .max_output_tokens(MaxTokens::Limit(Int::from(4096)))
}
