//! Any frames, times and pieces of engines into the server's machine.

use std::time::Duration;

use serde_json::{Value, json};
use vivavoce_protocol::{Dialect, ServerEvent};
use vivavoce_server::machine::{Job, JobId, Machine, MachineConfig, McpEvent};
use vivavoce_server::{EngineError, EngineEvent, ImportedTool, McpFailure};

use crate::script::{Step, read};

/// The most one step may make the machine send, beside what the play itself has said.
const MAX_SENT: usize = 1 << 20;

/// Transcriptions that can be in progress in a session.
const MAX_TRANSCRIPTIONS: usize = 64;

/// Plays the bytes to a server. Whatever comes: what it sends is an event of its dialect that this project
/// understands to the last member, and no step makes it send without bound.
pub fn server(data: &[u8]) {
    let (stage, steps) = read(data);
    let dialect = match stage % 10 {
        8 => Dialect::Translation,
        even if even % 2 == 0 => Dialect::Ga,
        _ => Dialect::Beta,
    };
    let config = match stage % 10 {
        6 | 7 => MachineConfig::transcription().dialect(dialect),
        8 => MachineConfig::translation("gpt-realtime-translate"),
        _ => MachineConfig::realtime("gpt-realtime").dialect(dialect),
    };
    let mut play = Play {
        machine: Machine::new(config, Duration::ZERO),
        dialect,
        now: Duration::ZERO,
        jobs: Vec::new(),
        orders: Vec::new(),
        generated: None,
        bound: MAX_SENT + 64 * data.len(),
    };
    play.drain();
    // Turn detection that hears nothing costs the most and finds nothing.
    play.machine.handle_frame(&turns(dialect, Value::Null).to_string(), play.now);
    for mut step in steps {
        play.step(&mut step);
        play.drain();
    }
    for job in std::mem::take(&mut play.jobs) {
        play.machine.handle_engine(job, EngineEvent::Done, play.now);
    }
    play.drain();
}

struct Play {
    machine: Machine,
    dialect: Dialect,
    now: Duration,
    jobs: Vec<JobId>,
    /// What MCP servers were asked and have not answered.
    orders: Vec<(JobId, Job)>,
    /// The last item a response made: its id is the server's own.
    generated: Option<String>,
    bound: usize,
}

impl Play {
    fn drain(&mut self) {
        assert!(self.machine.backlog_bytes() <= self.bound, "{} bytes of one step", self.machine.backlog_bytes());
        while let Some(frame) = self.machine.poll_transmit() {
            let event = ServerEvent::decode(&frame, self.dialect).expect("what is sent is an event");
            let spots = event.spots(self.dialect);
            assert!(spots.is_empty(), "{spots:?} in {frame}");
            assert!(event.event_id().is_some(), "{frame}");
            if let ServerEvent::OutputItemAdded(added) = &event {
                self.generated = added.item.get().and_then(|item| Some(item.id()?.to_string()));
            }
        }
        assert_eq!(self.machine.backlog_bytes(), 0);
        while let Some(job) = self.machine.poll_job() {
            match job {
                Job::Respond { id, .. } | Job::Transcribe { id, .. } | Job::Translate { id, .. } => self.jobs.push(id),
                Job::Hear { .. } | Job::EndOfAudio { .. } => {}
                Job::Cancel { id } => {
                    self.jobs.retain(|job| *job != id);
                    self.orders.retain(|(job, _)| *job != id);
                }
                Job::ListTools { id, .. } | Job::CallTool { id, .. } => self.orders.push((id, job)),
            }
        }
        assert!(self.jobs.len() <= Machine::MAX_RESPONSES + MAX_TRANSCRIPTIONS, "{} jobs", self.jobs.len());
        if self.machine.poll_close().is_some() {
            assert!(self.machine.poll_close().is_none() && self.machine.poll_timeout().is_none());
        }
    }

    fn step(&mut self, step: &mut Step<'_>) {
        if let Some(frame) = step.frame() {
            return self.machine.handle_frame(&frame, self.now);
        }
        match step.byte() {
            b'>' => {
                let event = event(step, self.dialect, self.generated.as_deref());
                self.machine.handle_frame(&event.to_string(), self.now);
            }
            b'~' => {
                self.now += Duration::from_secs(step.byte().into());
                self.machine.handle_timeout(self.now);
            }
            b'#' => self.machine.handle_binary(self.now),
            b'!' => {
                if let Some((id, answer)) = self.orders.pop().and_then(|(_, order)| answer(order, step)) {
                    self.machine.handle_mcp(id, answer, self.now);
                }
            }
            which => {
                let Some(job) = self.jobs.get(usize::from(which) % self.jobs.len().max(1)).copied() else { return };
                let piece = piece(step);
                if matches!(piece, EngineEvent::Done | EngineEvent::Failed(_)) {
                    self.jobs.retain(|open| *open != job);
                }
                self.machine.handle_engine(job, piece, self.now);
            }
        }
    }
}

/// What an MCP server says: it may fail, or answer another question.
fn answer(order: Job, step: &mut Step<'_>) -> Option<(JobId, McpEvent)> {
    let failure = || McpFailure::Protocol { code: -32603, message: "refused".to_owned() };
    Some(match order {
        Job::ListTools { id, server } => {
            let tool = ImportedTool {
                server_label: server.label.clone(),
                name: "echo".to_owned(),
                description: None,
                input_schema: json!({"type": "object"}).into(),
                annotations: None,
            };
            (id, McpEvent::Listed(if step.byte() == b'0' { Err(failure()) } else { Ok(vec![tool]) }))
        }
        Job::CallTool { id, arguments, .. } => {
            (id, McpEvent::Called(if step.byte() == b'0' { Err(failure()) } else { Ok(arguments) }))
        }
        _ => return None,
    })
}

/// Few kinds, which the seeds name by their bytes; some are told apart by their text.
fn piece(step: &mut Step<'_>) -> EngineEvent {
    match step.byte() % 9 {
        0 => EngineEvent::Message,
        1 => EngineEvent::Text(step.rest()),
        2 => match step.rest() {
            heard if heard.starts_with("heard ") => EngineEvent::Heard(heard),
            said => EngineEvent::Transcript(said),
        },
        3 | 4 => EngineEvent::Audio(vec![9; usize::from(step.byte()) * 8].into()),
        5 => match step.rest() {
            name if name.starts_with("mcp ") => {
                EngineEvent::McpCall { server_label: "a".to_owned(), name: name[4..].to_owned() }
            }
            name => EngineEvent::FunctionCall(name),
        },
        6 => EngineEvent::Arguments(step.rest()),
        7 => EngineEvent::Done,
        _ => EngineEvent::Failed(EngineError::server_error(step.rest())),
    }
}

fn turns(dialect: Dialect, detection: Value) -> Value {
    let session = match dialect {
        Dialect::Beta => json!({"turn_detection": detection}),
        _ => json!({"type": "realtime", "audio": {"input": {"turn_detection": detection}}}),
    };
    json!({"type": "session.update", "session": session})
}

/// An event of a client, sensible or not.
fn event(step: &mut Step<'_>, dialect: Dialect, generated: Option<&str>) -> Value {
    let kind = step.byte() % 18;
    let item = step.id();
    let item = if item == "e" { generated.unwrap_or(item) } else { item };
    let previous = step.pick(&["root", "a", "b", "nobody", ""]);
    match kind {
        0 | 1 => json!({"type": "conversation.item.create", "item": step.item()}),
        2 => json!({"type": "conversation.item.create", "previous_item_id": previous, "item": step.item()}),
        3 => json!({"type": "conversation.item.delete", "item_id": item}),
        4 => json!({"type": "conversation.item.retrieve", "item_id": item}),
        5 => json!({"type": "conversation.item.truncate", "item_id": item, "content_index": step.byte() % 3,
                    "audio_end_ms": step.byte()}),
        6 => json!({"type": "response.create", "event_id": step.rest()}),
        7 => json!({"type": "response.create", "response": {"conversation": "none", "max_output_tokens": step.byte(),
                    "metadata": {"topic": step.rest()}}}),
        8 => {
            json!({"type": "response.create", "response": {"input": [step.item(), {"type": "item_reference", "id": item}]}})
        }
        9 => json!({"type": "response.cancel"}),
        // One sample of one value: `AAAB` is not a whole number of them.
        10 => json!({"type": "input_audio_buffer.append", "audio": "AAAB".repeat(usize::from(step.byte()) * 8)}),
        11 => json!({"type": "input_audio_buffer.commit"}),
        12 => json!({"type": "input_audio_buffer.clear"}),
        13 => turns(
            dialect,
            step.pick(&[None, Some(5_000)])
                .map_or(Value::Null, |idle| json!({"type": "server_vad", "idle_timeout_ms": idle})),
        ),
        14 => {
            let format = step.pick(&["pcm", "pcmu", "pcma"]);
            let session = match dialect {
                Dialect::Beta => json!({"input_audio_format": format.replace("pcmu", "g711_ulaw"), "voice": "ash"}),
                _ => json!({"type": "realtime", "instructions": step.rest(),
                            "audio": {"input": {"format": {"type": format!("audio/{format}")}, "transcription": {"model": "w"}}}}),
            };
            json!({"type": "session.update", "session": session})
        }
        15 => {
            json!({"type": "session.input_audio_buffer.append", "audio": "AAAB".repeat(usize::from(step.byte()) * 32)})
        }
        16 => json!({"type": "session.update", "session": {"audio": {"output": {"language": step.rest()}}}}),
        _ => match step.rest() {
            word if word.starts_with("approve") => {
                json!({"type": "conversation.item.create", "item": {"type": "mcp_approval_response",
                       "approval_request_id": item, "approve": word == "approve"}})
            }
            word => json!({"type": word}),
        },
    }
}
