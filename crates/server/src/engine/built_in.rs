//! The engine that needs nothing: it says who it is and what it read or heard. The same context, the same answer.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use vivavoce_audio::AudioChunk;
use vivavoce_protocol::{FunctionTool, Open, Role, ToolChoice, ToolChoiceMode};

use super::arguments::arguments_for;
use super::context::{ContextItem, ContextPart, EngineRequest};
use super::listening::{AudioStream, TranscriptionRequest};
use super::mcp::ImportedTool;
use super::{Engine, EngineEvents, EngineFuture};
use crate::transcriber::Transcriber;
use crate::voice::{Voice, VoiceKind};

const WHO: &str = "I am the local vivavoce server.";
/// Instructions with this make it say what follows on the line, and nothing else.
const SAY_EXACTLY: &str = "Say exactly:";
/// Samples of a piece of audio: 200 ms at 24 kHz.
const PIECE: usize = 4_800;
const PIECE_TIME: Duration = Duration::from_millis(200);
/// A word of text, when it is paced: 200 a minute.
const TIME_PER_WORD: Duration = Duration::from_millis(300);

/// The built-in engine.
///
/// - It answers the last thing the user said: it quotes text, and tells the length of speech.
/// - Instructions with a line `Say exactly: ...` make it say that.
/// - It calls a function, or a tool of an MCP server, when `tool_choice` demands one, and all that the user's text names
///   (the first, where `parallel_tool_calls` is false); the arguments satisfy the tool's JSON Schema. With
///   `Say exactly: ...` it says that first. After the calls it tells their outputs.
#[derive(Debug, Clone, Default)]
pub struct BuiltIn {
    voice: Voice,
    transcriber: Transcriber,
    pace: Option<f64>,
}

/// A part of what the built-in engine answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Words, to be written or spoken.
    Words(String),
    /// A function call.
    Call {
        /// The function.
        name: String,
        /// Its arguments, a JSON text.
        arguments: String,
    },
    /// A call of a tool of an MCP server.
    McpCall {
        /// The server, by its label.
        server_label: String,
        /// The tool.
        name: String,
        /// Its arguments, a JSON text.
        arguments: String,
    },
}

/// A tool it can call.
#[derive(Clone, Copy)]
enum Callable<'a> {
    Function(&'a FunctionTool),
    Mcp(&'a ImportedTool),
}

impl BuiltIn {
    /// The engine with a voice; [`VoiceKind::Auto`] by default.
    pub const fn new(voice: VoiceKind) -> Self {
        Self { voice: Voice::new(voice), transcriber: Transcriber::Placeholder, pace: None }
    }

    /// What writes down the user's speech; [`Transcriber::Placeholder`] by default.
    #[must_use]
    pub const fn transcriber(mut self, transcriber: Transcriber) -> Self {
        self.transcriber = transcriber;
        self
    }

    /// Speaks no faster than so many times real time, so that there is a response to interrupt: the service makes speech
    /// some times faster than it is played. Text is paced as if it were spoken. By default it answers at once.
    #[must_use]
    pub const fn pace(mut self, times_real_time: f64) -> Self {
        self.pace = Some(times_real_time);
        self
    }

    /// Waits for as long as a stretch of speech takes at this pace.
    async fn wait(&self, spoken: Duration) {
        if let Some(pace) = self.pace.filter(|pace| *pace > 0.0) {
            tokio::time::sleep(spoken.div_f64(pace.max(0.001))).await;
        }
    }

    /// What it answers in this context, in order: words, or calls, or words and calls.
    pub fn reply(request: &EngineRequest) -> Vec<Reply> {
        let tools = if has_answer(request) { Vec::new() } else { wanted_tools(request) };
        if tools.is_empty() {
            return vec![Reply::Words(words(request))];
        }
        let first = exact_words(request).map(Reply::Words);
        first.into_iter().chain(tools.into_iter().map(Callable::call)).collect()
    }
}

impl Callable<'_> {
    fn name(&self) -> &str {
        match self {
            Self::Function(tool) => tool.name.get().map(String::as_str).unwrap_or_default(),
            Self::Mcp(tool) => &tool.name,
        }
    }

    fn call(self) -> Reply {
        let schema = match self {
            Self::Function(tool) => tool.parameters.get(),
            Self::Mcp(tool) => Some(&tool.input_schema),
        };
        let schema = schema.and_then(|schema| schema.to_value().ok());
        let arguments = arguments_for(&schema.unwrap_or(Value::Null)).to_string();
        let name = self.name().to_owned();
        match self {
            Self::Function(_) => Reply::Call { name, arguments },
            Self::Mcp(tool) => Reply::McpCall { server_label: tool.server_label.clone(), name, arguments },
        }
    }
}

/// A call is the last thing that happened, and there is something to tell of it.
fn has_answer(request: &EngineRequest) -> bool {
    let tells = |item: &ContextItem| match item {
        ContextItem::McpApprovalRequest { .. }
        | ContextItem::McpApprovalResponse { approve: true, .. }
        | ContextItem::McpListTools { .. } => None,
        ContextItem::FunctionCallOutput { .. } | ContextItem::McpApprovalResponse { .. } => Some(true),
        ContextItem::McpCall { result, .. } => Some(result.is_some()),
        ContextItem::Message { .. } | ContextItem::FunctionCall { .. } => Some(false),
    };
    request.items.iter().rev().find_map(|item| tells(item)).unwrap_or(false)
}

/// The tools that must be called, or that the user names.
fn wanted_tools(request: &EngineRequest) -> Vec<Callable<'_>> {
    let functions = request.tools.iter().map(Callable::Function);
    let mut all = functions.chain(request.mcp_tools.iter().map(Callable::Mcp));
    match &request.tool_choice {
        ToolChoice::Tool(choice) => {
            let chosen = all.find(|tool| {
                let named = choice.name.get().is_none_or(|name| name == tool.name());
                match (tool, choice.server_label.get()) {
                    (Callable::Mcp(tool), Some(label)) => named && tool.server_label == *label,
                    (Callable::Function(_), None) => named && choice.name.get().is_some(),
                    _ => false,
                }
            });
            chosen.into_iter().collect()
        }
        ToolChoice::Mode(Open::Known(ToolChoiceMode::None)) => Vec::new(),
        ToolChoice::Mode(mode) => {
            let said = last_said(request).to_lowercase();
            let is_named = |tool: &Callable<'_>| {
                let name = tool.name().to_lowercase();
                !name.is_empty() && (said.contains(&name) || said.contains(&name.replace(['_', '-'], " ")))
            };
            let most = if request.parallel_tool_calls { usize::MAX } else { 1 };
            let named: Vec<_> = all.clone().filter(is_named).take(most).collect();
            let demanded = all.next().filter(|_| *mode == ToolChoiceMode::Required && named.is_empty());
            named.into_iter().chain(demanded).collect()
        }
    }
}

/// What the last message of the user says, written or transcribed. What was said before has been answered.
fn last_said(request: &EngineRequest) -> String {
    let last = request.items.iter().rev().find_map(|item| match &**item {
        ContextItem::Message { role: Role::User, parts } => Some(parts),
        _ => None,
    });
    let words = last.into_iter().flatten().filter_map(|part| match part {
        ContextPart::Text(text) => Some(text.as_str()),
        ContextPart::Audio { transcript, .. } => transcript.as_deref(),
        ContextPart::Image { .. } => None,
    });
    words.collect::<Vec<_>>().join(" ")
}

fn exact_words(request: &EngineRequest) -> Option<String> {
    let (_, exactly) = request.instructions.split_once(SAY_EXACTLY)?;
    Some(exactly.lines().next().unwrap_or_default().trim().to_owned())
}

fn words(request: &EngineRequest) -> String {
    if let Some(exactly) = exact_words(request) {
        return exactly;
    }
    let mut outputs = Vec::new();
    for item in request.items.iter().rev() {
        match &**item {
            ContextItem::Message { role: Role::User, parts } if outputs.is_empty() => {
                return format!("{WHO} {}", about_message(parts));
            }
            // What was called for an earlier turn has been told.
            ContextItem::Message { .. } if !outputs.is_empty() => break,
            item => outputs.extend(output(item, request)),
        }
    }
    outputs.reverse();
    let told = if outputs.is_empty() { "Write or say something.".to_owned() } else { outputs.join(" ") };
    format!("{WHO} {told}")
}

/// What a call has come to.
fn output(item: &ContextItem, request: &EngineRequest) -> Option<String> {
    match item {
        ContextItem::FunctionCallOutput { call_id, output } => {
            let name = request.items.iter().rev().find_map(|item| match &**item {
                ContextItem::FunctionCall { call_id: id, name, .. } if id == call_id => Some(name.as_str()),
                _ => None,
            });
            Some(format!("{} returned: {output}", name.unwrap_or("The function")))
        }
        ContextItem::McpCall { name, result: Some(Ok(output)), .. } => Some(format!("{name} returned: {output}")),
        ContextItem::McpCall { name, result: Some(Err(failure)), .. } => {
            Some(format!("{name} failed: {}", failure.message()))
        }
        _ => None,
    }
}

fn about_message(parts: &[ContextPart]) -> String {
    let mut said = Vec::new();
    for part in parts {
        said.push(match part {
            ContextPart::Text(text) => format!("I read: {text}"),
            ContextPart::Image { .. } => "I got an image.".to_owned(),
            ContextPart::Audio { audio, .. } => {
                format!("I heard {:.1} seconds of speech.", audio.ms() as f64 / 1000.0)
            }
        });
    }
    if said.is_empty() { "I got an empty message.".to_owned() } else { said.join(" ") }
}

impl Engine for BuiltIn {
    fn respond(self: Arc<Self>, request: EngineRequest, events: EngineEvents) -> EngineFuture {
        Box::pin(async move {
            for reply in Self::reply(&request) {
                match reply {
                    Reply::Call { name, arguments } => events.function_call(name, arguments).await,
                    Reply::McpCall { server_label, name, arguments } => {
                        events.mcp_call(server_label, name, arguments).await;
                    }
                    Reply::Words(text) if request.spoken => {
                        let audio = self.voice.speak(&text, &request.voice, request.speed).await;
                        self.speak(&text, &audio.into(), &events).await;
                    }
                    Reply::Words(text) => {
                        for word in text.split_inclusive(' ') {
                            events.text(word).await;
                            self.wait(TIME_PER_WORD).await;
                        }
                    }
                }
            }
            Ok(())
        })
    }

    fn transcribe(
        self: Arc<Self>,
        request: TranscriptionRequest,
        audio: AudioStream,
        events: EngineEvents,
    ) -> EngineFuture {
        Box::pin(self.transcriber.transcribe(request, audio, events))
    }
}

impl BuiltIn {
    /// Sends the words of each stretch of audio ahead of it.
    async fn speak(&self, text: &str, audio: &AudioChunk, events: &EngineEvents) {
        let pieces = audio.len().div_ceil(PIECE).max(1);
        let mut words = text.split_inclusive(' ');
        let mut said = 0;
        for piece in 0..pieces {
            while said * pieces < text.len() * (piece + 1)
                && let Some(word) = words.next()
            {
                said += word.len();
                events.transcript(word).await;
            }
            events.audio(audio.slice(piece * PIECE..(piece + 1) * PIECE)).await;
            self.wait(PIECE_TIME).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::JobId;

    fn request(spoken: bool) -> EngineRequest {
        EngineRequest {
            model: String::new(),
            instructions: "Say exactly: one two three four five".to_owned(),
            items: Vec::new(),
            tools: Vec::new(),
            mcp_tools: Vec::new(),
            parallel_tool_calls: true,
            tool_choice: ToolChoice::Mode(ToolChoiceMode::Auto.into()),
            spoken,
            voice: "alloy".to_owned(),
            speed: 1.0,
            max_output_tokens: None,
        }
    }

    async fn time_to_answer(engine: BuiltIn, spoken: bool) -> Duration {
        let (pieces, mut made) = tokio::sync::mpsc::channel(1_000);
        let start = tokio::time::Instant::now();
        let answer = Arc::new(engine).respond(request(spoken), EngineEvents::new(JobId::default(), pieces));
        answer.await.expect("it answers");
        assert!(made.recv().await.is_some());
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_takes_no_time_unless_it_is_paced() {
        let engine = BuiltIn::new(VoiceKind::Synthetic);
        assert_eq!(time_to_answer(engine.clone(), true).await, Duration::ZERO);
        assert_eq!(time_to_answer(engine.clone(), false).await, Duration::ZERO);
        assert_eq!(time_to_answer(engine.clone().pace(2.0), false).await, TIME_PER_WORD * 5 / 2);
        let one = time_to_answer(engine.clone().pace(1.0), true).await;
        assert_eq!(time_to_answer(engine.pace(4.0), true).await, one / 4);
        assert!(one > Duration::from_secs(1), "{one:?}");
    }
}
