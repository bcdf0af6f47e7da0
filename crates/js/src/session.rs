//! The session machine, in calls that cross the border to JavaScript cheaply.

use std::collections::VecDeque;
use std::time::Duration;

use js_sys::Int16Array;
use vivavoce_audio::{AudioBuffer, AudioChunk};
use vivavoce_protocol::payload::{ArgumentsDelta, AudioDelta, TextDelta};
use vivavoce_protocol::{
    Base64, CallId, DecodeError, EventId, FunctionTool, Int, Item, ItemId, List, Member, ResponseId, ServerEvent, Text,
    Tool,
};
use vivavoce_session::{
    Close, CommandError, ConversationItem, Delta, Diagnostic, Event, Outcome, Retention, SessionMachine, SessionOptions,
};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use crate::Face;
use crate::told::{Addition, ErrorTold, Interrupted, OutcomeTold, Told, ToolView, View, json, tool_failure};

/// What the reference client asks for when the application says nothing.
const REFERENCE_DEFAULTS: &str = r#"{"modalities":["text","audio"],"instructions":"","voice":"verse",
"input_audio_format":"pcm16","output_audio_format":"pcm16","input_audio_transcription":null,"turn_detection":null,
"tools":[],"tool_choice":"auto","temperature":0.8,"max_response_output_tokens":4096}"#;

/// Room for a larger frame is given back.
const LARGE: usize = 1 << 20;

/// The client's side of a session.
///
/// Whoever calls anything but a getter polls afterwards: events, frames to send and outcomes, until there is none, and
/// [`timeout`](Self::timeout); unless [`receive_delta`](Self::receive_delta) says that there is nothing.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Session {
    machine: SessionMachine,
    face: Face,
    /// Text that JavaScript writes.
    inbox: Vec<u8>,
    /// The samples of the events that were polled, in their order.
    audio: VecDeque<AudioChunk>,
    /// The response and the item of deltas that come in parts.
    deltas_of: (ResponseId, ItemId),
    /// The samples of the last delta.
    samples: AudioChunk,
    /// The part of the item that the delta at hand adds to.
    delta_at: Option<usize>,
    /// The last of what happened is none of what the reference client tells: a part was opened, or audio attached.
    quiet: bool,
    /// The item that the event at hand deletes, with its audio.
    deleted: Option<(ItemId, AudioBuffer)>,
    /// Events that were polled and are still to be told.
    polled: VecDeque<Event>,
}

/// The deltas that come most.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug)]
pub enum DeltaKind {
    Audio,
    Transcript,
    Text,
    Arguments,
}

#[wasm_bindgen]
impl Session {
    /// A session that is not connected. `seed`, of which 53 bits count, is what its ids come from.
    #[wasm_bindgen(constructor)]
    pub fn new(face: &Face, seed: f64) -> Result<Self, JsError> {
        let mut options = SessionOptions {
            dialect: face.wire,
            // TypeScript keeps the samples it is given.
            retention: Retention::User,
            interrupt_on_speech: false,
            seed: seed as u64,
            ..SessionOptions::default()
        };
        if face.shape() == vivavoce_protocol::Dialect::Beta {
            options.session = face.read_session(REFERENCE_DEFAULTS)?;
        }
        let machine = SessionMachine::new(options);
        Ok(Self {
            machine,
            face: *face,
            inbox: Vec::new(),
            audio: VecDeque::new(),
            deltas_of: ("".into(), "".into()),
            samples: AudioChunk::default(),
            delta_at: None,
            quiet: false,
            deleted: None,
            polled: VecDeque::new(),
        })
    }

    // --- What the clock and the network bring ----------------------------------------------------------------

    /// The time in milliseconds since a start that stays the same. To be told before each call that does not take it.
    pub fn time(&mut self, now_ms: f64) {
        self.machine.handle_time(Duration::from_secs_f64(now_ms.max(0.0) / 1_000.0));
    }

    /// When the time is to be told at the latest, in the same milliseconds.
    pub fn timeout(&self) -> Option<f64> {
        self.machine.poll_timeout().map(|at| at.as_secs_f64() * 1_000.0)
    }

    /// The connection is open.
    pub fn connected(&mut self) {
        self.machine.handle_connected();
    }

    /// The connection is gone. `code` is 0 when there was no close frame.
    pub fn disconnected(&mut self, code: u16, reason: String, by_us: bool) {
        let code = (code != 0).then_some(code);
        self.machine.handle_disconnected(Close { code, reason, by_us });
    }

    /// Room for so many bytes of text, by its address in the module's memory, to be written before
    /// [`receive`](Self::receive) or [`receive_delta`](Self::receive_delta).
    ///
    /// Frames are large: the browser's own encoder writes them many times faster than a loop in JavaScript.
    pub fn inbox(&mut self, bytes: usize) -> *mut u8 {
        if self.inbox.len() < bytes {
            self.inbox.resize(bytes, 0);
        }
        self.inbox.as_mut_ptr()
    }

    /// A frame came: so many bytes of the inbox. What it is to the application: see `Face::shown`.
    pub fn receive(&mut self, now_ms: f64, bytes: usize) -> JsValue {
        self.time(now_ms);
        let inbox = std::mem::take(&mut self.inbox);
        let shown = self.take_in(self.face.decode(text(&inbox, bytes)));
        self.put_back(inbox);
        shown
    }

    /// The response and the item that the deltas from here on add to.
    pub fn deltas_of(&mut self, response_id: &str, item_id: &str) {
        self.deltas_of = (response_id.into(), item_id.into());
    }

    /// A delta came, in its parts; of the text so many bytes are in the inbox. It has an id, or none: then it is no
    /// repeat. Most of what a service sends is deltas, and most of these do no more than add to an item what they say: then
    /// nothing is to be polled, and the number of [`samples`](Self::samples) is returned, 0 for text. Otherwise -1: poll.
    pub fn receive_delta(
        &mut self,
        now_ms: f64,
        kind: DeltaKind,
        event_id: &str,
        content_index: usize,
        bytes: usize,
    ) -> i32 {
        self.time(now_ms);
        let inbox = std::mem::take(&mut self.inbox);
        let delta = text(&inbox, bytes);
        // What is still to be told comes first.
        self.poll();
        (self.delta_at, self.quiet) = (Some(content_index), false);
        self.machine.handle_event(&kind.event(event_id, &self.deltas_of, content_index, delta));
        self.poll();
        let samples = self.plain(delta).unwrap_or(-1);
        self.put_back(inbox);
        samples
    }

    fn poll(&mut self) {
        while let Some(event) = self.machine.poll_event() {
            self.polled.push_back(event);
        }
    }

    /// Takes what was polled, when it is no more than that the delta was added: the number of its samples.
    fn plain(&mut self, added: &str) -> Option<i32> {
        let [Event::ItemUpdated { item_id, delta: Some(delta) }] = self.polled.make_contiguous() else { return None };
        let samples = match delta {
            _ if *item_id != self.deltas_of.1 => return None,
            Delta::Audio { samples, .. } => std::mem::take(samples),
            Delta::Text(text) | Delta::Transcript(text) | Delta::Arguments(text) if **text == *added => {
                AudioChunk::default()
            }
            _ => return None,
        };
        self.polled.clear();
        self.samples = samples;
        Some(self.samples.len() as i32)
    }

    /// The address of the samples that the delta brought, in the module's memory.
    pub fn samples(&self) -> *const i16 {
        self.samples.as_ptr()
    }

    fn put_back(&mut self, mut inbox: Vec<u8>) {
        if inbox.len() > LARGE {
            inbox = Vec::new();
        }
        self.inbox = inbox;
    }

    fn take_in(&mut self, decoded: Result<ServerEvent<'_>, DecodeError>) -> JsValue {
        match decoded {
            Ok(event) => {
                self.delta_at = delta_at(&event);
                self.quiet = matches!(event, ServerEvent::ContentPartAdded(_));
                if let ServerEvent::ItemDeleted(event) = &event
                    && let Some(id) = event.item_id.get()
                    && let Some(item) = self.machine.conversation().item(id.as_str())
                {
                    self.deleted = Some((id.clone(), item.formatted().audio));
                }
                self.machine.handle_event(&event);
                self.face.shown(&event)
            }
            Err(error) => {
                self.machine.handle_undecodable(error);
                JsValue::NULL
            }
        }
    }

    // --- What must go out and be told ------------------------------------------------------------------------

    /// The next frame to send.
    pub fn poll_transmit(&mut self) -> Option<String> {
        self.machine.poll_transmit()
    }

    /// What happened, as a JSON array of `Told`; nothing when nothing did.
    pub fn poll_events(&mut self) -> Option<String> {
        self.poll();
        if self.polled.is_empty() { None } else { self.tell_polled() }
    }

    // Apart from the polls, most of which find nothing: an engine compiles their code while it runs.
    #[inline(never)]
    fn tell_polled(&mut self) -> Option<String> {
        let mut told = String::from("[");
        let events = std::mem::take(&mut self.polled);
        let last = events.len() - 1;
        if last > 0 {
            // What else is told of the item has the delta in it.
            self.delta_at = None;
        }
        for (index, event) in events.iter().enumerate() {
            if let Some(json) = self.tell(event, index == last && self.quiet) {
                told.push_str(if told.len() > 1 { "," } else { "" });
                told.push_str(&json);
            }
        }
        self.quiet = false;
        told.push(']');
        (told.len() > 2).then_some(told)
    }

    /// The samples of the first event with `audio` whose samples were not taken.
    pub fn take_audio(&mut self) -> Option<Int16Array> {
        self.audio.pop_front().map(|samples| Int16Array::from(&samples[..]))
    }

    /// What became of a command, as JSON of `OutcomeTold`.
    pub fn poll_outcome(&mut self) -> Option<String> {
        let (id, outcome) = self.machine.poll_outcome()?;
        Some(self.tell_outcome(&id, &outcome))
    }

    #[inline(never)]
    fn tell_outcome(&self, id: &EventId, outcome: &Outcome) -> String {
        json(&OutcomeTold::new(id.as_str(), outcome, self.face))
    }

    fn tell(&mut self, event: &Event, quietly: bool) -> Option<String> {
        let place = self.delta_at;
        let told = match event {
            Event::SessionCreated(_) => Told::SessionCreated,
            Event::SessionUpdated(_) => Told::SessionUpdated,
            Event::ItemAppended(item) => Told::Appended { id: item.id().as_str() },
            Event::ItemCompleted(item) => Told::Completed { id: item.id().as_str() },
            Event::ItemDeleted(id) => Told::Deleted { id: id.as_str() },
            Event::ItemUpdated { item_id, delta } => {
                let (delta, content_index) = match delta {
                    None => (None, None),
                    Some(Delta::Text(text)) => (Some(Addition::Text(text)), place),
                    Some(Delta::Transcript(text)) => (Some(Addition::Transcript(text)), place),
                    Some(Delta::Arguments(text)) => (Some(Addition::Arguments(text)), place),
                    Some(Delta::Audio { content_index, samples }) => {
                        self.audio.push_back(samples.clone());
                        (Some(Addition::Audio(samples.len())), Some(*content_index))
                    }
                    Some(_) => (None, None),
                };
                Told::Updated { id: item_id.as_str(), delta, content_index, quietly }
            }
            Event::Interrupted(interruption) => Told::Interrupted(Box::new(Interrupted::new(interruption))),
            Event::ToolCalled(call) => Told::ToolCalled {
                call_id: call.call_id.as_str(),
                item_id: call.item_id.as_str(),
                name: &call.name,
                arguments: &call.arguments,
                handled: call.handled,
                offered: call.offered,
            },
            Event::ToolAnswered(outcome) => Told::ToolAnswered { call_id: outcome.call_id.as_str() },
            Event::ApprovalRequested(asked) => Told::ApprovalRequested {
                item_id: asked.item_id.as_str(),
                server_label: &asked.server_label,
                name: &asked.name,
                arguments: &asked.arguments,
            },
            Event::Error(error) => Told::Error(Box::new(ErrorTold::of(error))),
            Event::Diagnostic(note) => match &**note {
                Diagnostic::UnknownItem(id) => Told::Error(Box::new(ErrorTold::of_unknown(id, note.to_string()))),
                note => Told::Diagnostic { message: note.to_string() },
            },
            // The event itself says it: responses, limits, unknown events.
            _ => return None,
        };
        Some(json(&told))
    }

    // --- What there is to see --------------------------------------------------------------------------------

    /// The ids of the conversation's items in their order, as a JSON array.
    pub fn item_ids(&self) -> String {
        json(&self.machine.conversation().items().map(|item| item.id().as_str()).collect::<Vec<_>>())
    }

    /// An item as JSON: `item`, and what the reference client has under `formatted` but for its audio.
    pub fn item(&self, id: &str) -> Option<String> {
        let item = self.machine.conversation().item(id)?;
        let formatted = item.formatted();
        let tool = formatted.tool.as_ref().map(|tool| ToolView {
            kind: "function",
            name: &tool.name,
            call_id: &tool.call_id,
            arguments: &tool.arguments,
        });
        let view = View {
            status: item.status().as_str(),
            text: &formatted.text,
            transcript: &formatted.transcript,
            tool,
            output: formatted.output.as_deref(),
            heard: item.is_interrupted().then(|| item.heard_transcript()),
            received: received(item),
        };
        Some(["{\"item\":", &self.face.item(item.item()), ",\"view\":", &json(&view), "}"].concat())
    }

    /// The audio that is kept of an item, or was of the one that was deleted last: what the user said, or what came with it.
    pub fn item_audio(&self, id: &str) -> Option<Int16Array> {
        if let Some(item) = self.machine.conversation().item(id) {
            return Some(copied(&item.formatted().audio));
        }
        self.deleted.as_ref().filter(|(deleted, _)| *deleted == id).map(|(_, audio)| copied(audio))
    }

    /// The user's audio that was appended and not committed.
    pub fn pending_input_audio(&self) -> Int16Array {
        copied(&self.machine.pending_input_audio())
    }

    /// What the session is configured with, as JSON.
    pub fn configuration(&self) -> String {
        self.face.session(self.machine.configuration())
    }

    /// The session as the service has it, as JSON, once it said so.
    pub fn session(&self) -> Option<String> {
        self.machine.session().map(|session| self.face.session(session))
    }

    /// `server_vad`, `semantic_vad`, or `undefined` when the session does not find turns.
    pub fn turn_detection_type(&self) -> Option<String> {
        self.machine.turn_detection_type().map(str::to_owned)
    }

    // --- Commands: each returns the id that its outcome is told by -------------------------------------------

    /// `session.update`; `session` is JSON of what changes.
    pub fn update_session(&mut self, session: &str) -> Result<Option<String>, JsError> {
        let update = self.face.read_session(session)?;
        self.machine.update_session(update).map(name).map_err(refused)
    }

    /// Offers a function from now on (`session.update`); `definition` is JSON of it.
    pub fn add_tool(&mut self, definition: &str) -> Result<Option<String>, JsError> {
        let update = self.face.read_session(&["{\"tools\":[", definition, "]}"].concat())?;
        let tool: FunctionTool = match update {
            vivavoce_protocol::Session::Realtime(session) => {
                session.tools.into_value().and_then(|tools| tools.iter().next().cloned()).and_then(function)
            }
            _ => None,
        }
        .ok_or_else(|| JsError::new("a tool must be a function"))?;
        self.machine.add_tool(tool, false).map(name).map_err(refused)
    }

    /// Offers a function no longer (`session.update`).
    pub fn remove_tool(&mut self, tool: &str) -> Result<Option<String>, JsError> {
        self.machine.remove_tool(tool).map(name).map_err(refused)
    }

    /// `conversation.item.create` and `response.create`; `content` is a JSON array of parts.
    pub fn send_user_message(&mut self, content: &str) -> Result<String, JsError> {
        let content = self.face.read_content(content)?;
        self.machine.send_user_message(content).map(sent).map_err(refused)
    }

    /// `conversation.item.create`, behind `previous` if it is given; `item` is JSON.
    pub fn create_item(&mut self, item: &str, previous: Option<String>) -> Result<String, JsError> {
        let item = self.face.read_item(item)?;
        self.machine.create_item(item, previous.map(ItemId::from)).map(sent).map_err(refused)
    }

    /// `conversation.item.delete`.
    pub fn delete_item(&mut self, id: &str) -> Result<String, JsError> {
        self.machine.delete_item(&id.into()).map(sent).map_err(refused)
    }

    /// `conversation.item.retrieve`.
    pub fn retrieve_item(&mut self, id: &str) -> Result<String, JsError> {
        self.machine.retrieve_item(&id.into()).map(sent).map_err(refused)
    }

    /// `conversation.item.truncate`, at so many milliseconds.
    pub fn truncate_item(&mut self, id: &str, content_index: usize, audio_end_ms: f64) -> Result<String, JsError> {
        self.machine.truncate_item(&id.into(), content_index, audio_end_ms as u64).map(sent).map_err(refused)
    }

    /// `input_audio_buffer.append`: samples at the rate of the session's format.
    pub fn append_input_audio(&mut self, samples: &[i16]) -> Result<(), JsError> {
        self.machine.append_input_audio(samples).map_err(refused)
    }

    /// `input_audio_buffer.commit`.
    pub fn commit_input_audio(&mut self) -> Result<String, JsError> {
        self.machine.commit_input_audio().map(sent).map_err(refused)
    }

    /// `input_audio_buffer.clear`.
    pub fn clear_input_audio(&mut self) -> Result<String, JsError> {
        self.machine.clear_input_audio().map(sent).map_err(refused)
    }

    /// `response.create`; `params` is JSON. `until_done`: the outcome is told when the response is done, not when it begins.
    pub fn create_response(&mut self, params: Option<String>, until_done: bool) -> Result<String, JsError> {
        let params = params.map(|params| self.face.read_response(&params)).transpose()?;
        let asked = if until_done { self.machine.respond(params) } else { self.machine.create_response(params) };
        asked.map(sent).map_err(refused)
    }

    /// `response.cancel`.
    pub fn cancel_response(&mut self) -> Result<Option<String>, JsError> {
        self.machine.cancel_response().map(name).map_err(refused)
    }

    /// `response.cancel` where a response is running, and `conversation.item.truncate` at so many samples.
    pub fn cancel_response_at(&mut self, item_id: &str, heard_samples: f64) -> Result<Vec<String>, JsError> {
        let commands = self.machine.cancel_response_at(&item_id.into(), heard_samples as u64).map_err(refused)?;
        Ok(commands.into_iter().map(sent).collect())
    }

    /// Stops the model. Returns JSON of the interruption, which is told as an event, too.
    pub fn interrupt(&mut self) -> String {
        json(&Interrupted::new(&self.machine.interrupt()))
    }

    /// How many samples of a part were played. False when nothing of it is to be played.
    pub fn report_played(&mut self, item_id: &str, content_index: usize, samples: f64) -> bool {
        self.machine.report_played(&item_id.into(), content_index, samples as u64)
    }

    /// Whether the user's speech takes back what was not heard.
    pub fn set_interrupt_on_speech(&mut self, interrupts: bool) {
        self.machine.set_interrupt_on_speech(interrupts);
    }

    /// Sends an event as the application wrote it.
    pub fn send_event(&mut self, event: &str) -> Result<String, JsError> {
        let event = self.face.read_client(event)?;
        self.machine.send_event(event).map(sent).map_err(refused)
    }

    /// `failure`: empty, or why it failed: `failed`, `arguments` or `unknown`; `message` says it.
    pub fn answer_call(
        &mut self,
        call_id: &str,
        output: String,
        failure: &str,
        message: String,
    ) -> Result<String, JsError> {
        let failure = (!failure.is_empty()).then(|| tool_failure(failure, message));
        self.machine.answer_call(&CallId::from(call_id), output, failure).map(sent).map_err(refused)
    }

    /// Lets a tool of an MCP server run, or not; `request` is the item that asks.
    pub fn approve_mcp(&mut self, request: &str, approve: bool, reason: Option<String>) -> Result<String, JsError> {
        self.machine.approve_mcp(&request.into(), approve, reason).map(sent).map_err(refused)
    }

    /// Gives an item of the user audio that was not appended here.
    pub fn attach_user_audio(&mut self, item_id: &str, samples: &[i16]) {
        self.poll();
        let before = self.polled.len();
        self.machine.attach_user_audio(&item_id.into(), AudioBuffer::from_iter([AudioChunk::from(samples)]));
        self.poll();
        self.quiet = self.polled.len() > before;
    }

    /// Forgets the conversation.
    pub fn clear(&mut self) {
        self.machine.clear_conversation();
    }
}

/// The encoder of JavaScript writes nothing but UTF-8.
fn text(inbox: &[u8], bytes: usize) -> &str {
    inbox.get(..bytes).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default()
}

impl DeltaKind {
    fn event<'d>(
        self,
        id: &str,
        (response, item): &(ResponseId, ItemId),
        content_index: usize,
        delta: &'d str,
    ) -> ServerEvent<'d> {
        let id = if id.is_empty() { Member::Absent } else { Member::Value(EventId::from(id)) };
        let (response, item, index) = (response.clone(), item.clone(), Int::from(content_index));
        macro_rules! delta {
            ($payload:ident) => {
                $payload::new().event_id(id).response_id(response).item_id(item)
            };
        }
        match self {
            Self::Audio => {
                ServerEvent::OutputAudioDelta(delta!(AudioDelta).content_index(index).delta(Base64::from(delta)))
            }
            Self::Transcript => {
                ServerEvent::OutputAudioTranscriptDelta(delta!(TextDelta).content_index(index).delta(Text::from(delta)))
            }
            Self::Text => ServerEvent::OutputTextDelta(delta!(TextDelta).content_index(index).delta(Text::from(delta))),
            Self::Arguments => ServerEvent::FunctionCallArgumentsDelta(delta!(ArgumentsDelta).delta(Text::from(delta))),
        }
    }
}

/// The content part that a delta adds to; 0 for arguments, which have none.
fn delta_at(event: &ServerEvent<'_>) -> Option<usize> {
    match event {
        ServerEvent::OutputTextDelta(delta) | ServerEvent::OutputAudioTranscriptDelta(delta) => {
            Some(delta.content_index.get().map_or(0, |index| index.unsigned() as usize))
        }
        ServerEvent::FunctionCallArgumentsDelta(_) => Some(0),
        _ => None,
    }
}

fn function(tool: Tool) -> Option<FunctionTool> {
    match tool {
        Tool::Function(tool) => Some(tool),
        _ => None,
    }
}

/// The samples received of each part.
fn received(item: &ConversationItem) -> Vec<u64> {
    let parts = match item.item() {
        Item::Message(message) => message.content.get().map_or(0, List::len),
        _ => 0,
    };
    (0..parts).map(|index| item.received_samples(index)).collect()
}

fn copied(audio: &AudioBuffer) -> Int16Array {
    let array = Int16Array::new_with_length(audio.len() as u32);
    let mut at = 0;
    for chunk in audio.chunks() {
        let end = at + chunk.len() as u32;
        array.subarray(at, end).copy_from(chunk);
        at = end;
    }
    array
}

fn sent(id: EventId) -> String {
    id.to_string()
}

fn name(id: Option<EventId>) -> Option<String> {
    id.map(sent)
}

fn refused(error: CommandError) -> JsError {
    JsError::new(&error.to_string())
}
