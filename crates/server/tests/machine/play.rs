//! A client and an engine for the machine, both without I/O.

use std::time::Duration;

use serde_json::{Value, json};
use vivavoce_audio::{AudioEncoding, encode_base64};
use vivavoce_protocol::Dialect;
use vivavoce_server::machine::{Close, Job, JobId, Machine, MachineConfig, McpEvent};
use vivavoce_server::{
    BuiltIn, EngineEvent, EngineRequest, Reply, TranscriptionRequest, TranslationRequest, synthetic_speech,
};

pub(crate) const BOTH: [Dialect; 2] = [Dialect::Ga, Dialect::Beta];

/// A session with a machine.
pub(crate) struct Play {
    pub(crate) machine: Machine,
    pub(crate) dialect: Dialect,
    pub(crate) now: Duration,
    /// Jobs the test answers itself; with `by_hand` they are not answered by the built-in words.
    pub(crate) jobs: Vec<(JobId, EngineRequest)>,
    pub(crate) cancelled: Vec<JobId>,
    /// Transcriptions and translations in progress.
    pub(crate) ears: Vec<Ear>,
    /// What MCP servers were asked; the test answers.
    pub(crate) orders: Vec<Job>,
    by_hand: bool,
}

/// An engine that listens.
pub(crate) struct Ear {
    pub(crate) id: JobId,
    pub(crate) transcribes: Option<TranscriptionRequest>,
    pub(crate) translates: Option<TranslationRequest>,
    /// Samples.
    pub(crate) heard: usize,
}

impl Ear {
    const fn transcribing(id: JobId, request: TranscriptionRequest) -> Self {
        Self { id, transcribes: Some(request), translates: None, heard: 0 }
    }

    const fn translating(id: JobId, request: TranslationRequest) -> Self {
        Self { id, transcribes: None, translates: Some(request), heard: 0 }
    }
}

impl Play {
    /// An open session whose first events were taken.
    pub(crate) fn new(dialect: Dialect) -> Self {
        let mut play = Self::open(MachineConfig::realtime("gpt-realtime").dialect(dialect));
        play.drain();
        play
    }

    pub(crate) fn open(config: MachineConfig) -> Self {
        let dialect = config.dialect;
        let machine = Machine::new(config, Duration::ZERO);
        Self {
            machine,
            dialect,
            now: Duration::ZERO,
            jobs: Vec::new(),
            cancelled: Vec::new(),
            ears: Vec::new(),
            orders: Vec::new(),
            by_hand: false,
        }
    }

    /// A session whose jobs the test answers itself.
    pub(crate) fn by_hand(dialect: Dialect) -> Self {
        Self { by_hand: true, ..Self::new(dialect) }
    }

    /// From here on the test answers jobs itself.
    pub(crate) fn take_over(&mut self) {
        self.by_hand = true;
    }

    pub(crate) fn beta(&self) -> bool {
        self.dialect == Dialect::Beta
    }

    /// Sends an event and answers with everything that comes of it.
    pub(crate) fn send(&mut self, event: Value) -> Vec<Value> {
        self.frame(&event.to_string())
    }

    pub(crate) fn frame(&mut self, frame: &str) -> Vec<Value> {
        self.machine.handle_frame(frame, self.now);
        self.drain()
    }

    pub(crate) fn engine(&mut self, id: JobId, event: EngineEvent) -> Vec<Value> {
        self.machine.handle_engine(id, event, self.now);
        self.drain()
    }

    pub(crate) fn mcp(&mut self, id: JobId, event: McpEvent) -> Vec<Value> {
        self.machine.handle_mcp(id, event, self.now);
        self.drain()
    }

    pub(crate) fn wait(&mut self, time: Duration) -> Vec<Value> {
        self.now += time;
        self.machine.handle_timeout(self.now);
        self.drain()
    }

    pub(crate) fn drain(&mut self) -> Vec<Value> {
        let mut events = Vec::new();
        loop {
            while let Some(frame) = self.machine.poll_transmit() {
                record(self.dialect, &frame);
                events.push(serde_json::from_str(&frame).expect("frames are JSON"));
            }
            match self.machine.poll_job() {
                Some(Job::Respond { id, request }) if self.by_hand => self.jobs.push((id, *request)),
                Some(Job::Respond { id, request }) => {
                    for event in built_in(&request) {
                        self.machine.handle_engine(id, event, self.now);
                    }
                }
                Some(Job::Transcribe { id, request }) => self.ears.push(Ear::transcribing(id, *request)),
                Some(Job::Translate { id, request }) => self.ears.push(Ear::translating(id, *request)),
                Some(Job::Hear { id, audio }) => {
                    let Some(ear) = self.ears.iter_mut().find(|ear| ear.id == id) else { panic!("{id:?} was ordered") };
                    ear.heard += audio.len();
                    if let Some(request) = &ear.translates {
                        let said = format!("[{}]", request.language);
                        for piece in [
                            EngineEvent::Heard("heard ".to_owned()),
                            EngineEvent::Transcript(said),
                            EngineEvent::Audio(audio),
                        ] {
                            self.machine.handle_engine(id, piece, self.now);
                        }
                    } else if ear.transcribes.as_ref().is_some_and(|request| request.live) {
                        let said = EngineEvent::Transcript(format!(" {}", ear.heard));
                        self.machine.handle_engine(id, said, self.now);
                    }
                }
                Some(Job::EndOfAudio { id }) if !self.by_hand => {
                    let Some(at) = self.ears.iter().position(|ear| ear.id == id) else { panic!("{id:?} was ordered") };
                    let ear = self.ears.remove(at);
                    if ear.transcribes.is_some_and(|request| !request.live) {
                        for word in ["I", " heard", " that."] {
                            self.machine.handle_engine(id, EngineEvent::Transcript(word.to_owned()), self.now);
                        }
                    }
                    self.machine.handle_engine(id, EngineEvent::Done, self.now);
                }
                Some(Job::EndOfAudio { .. }) => {}
                Some(Job::Cancel { id }) => {
                    self.ears.retain(|ear| ear.id != id);
                    self.cancelled.push(id);
                }
                Some(job @ (Job::ListTools { .. } | Job::CallTool { .. })) => self.orders.push(job),
                None => return events,
            }
        }
    }

    pub(crate) fn close(&mut self) -> Option<Close> {
        self.machine.poll_close()
    }

    /// `session.update` with members of a GA session; beta ones are given apart.
    pub(crate) fn update(&mut self, ga: Value, beta: Value) -> Vec<Value> {
        let mut session = if self.beta() { beta } else { ga };
        if !self.beta() {
            session["type"] = "realtime".into();
        }
        self.send(json!({"type": "session.update", "session": session}))
    }

    pub(crate) fn turn_detection(&mut self, detection: Value) -> Vec<Value> {
        self.update(json!({"audio": {"input": {"turn_detection": detection}}}), json!({"turn_detection": detection}))
    }

    /// A user message; answers with its id.
    pub(crate) fn user_text(&mut self, text: &str) -> String {
        let events = self.send(json!({"type": "conversation.item.create", "item":
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}}));
        events[0]["item"]["id"].as_str().expect("the item has an id").to_owned()
    }

    /// `response.create`, text only.
    pub(crate) fn text_response(&mut self) -> Vec<Value> {
        let name = if self.beta() { "modalities" } else { "output_modalities" };
        self.send(json!({"type": "response.create", "response": {name: ["text"]}}))
    }

    pub(crate) fn append(&mut self, samples: &[i16]) -> Vec<Value> {
        self.append_coded(samples, AudioEncoding::Pcm16)
    }

    pub(crate) fn append_coded(&mut self, samples: &[i16], encoding: AudioEncoding) -> Vec<Value> {
        let mut base64 = String::new();
        encode_base64(samples, encoding, &mut base64);
        self.send(json!({"type": "input_audio_buffer.append", "audio": base64}))
    }

    /// Appends in pieces of 100 ms, as a microphone does.
    pub(crate) fn stream(&mut self, samples: &[i16]) -> Vec<Value> {
        let mut events = Vec::new();
        for piece in samples.chunks(2_400) {
            self.now += Duration::from_millis(100);
            events.extend(self.append(piece));
        }
        events
    }
}

/// What the built-in engine says, at once.
pub(crate) fn built_in(request: &EngineRequest) -> Vec<EngineEvent> {
    let replies = BuiltIn::reply(request).into_iter().flat_map(|reply| match reply {
        Reply::Call { name, arguments } => vec![EngineEvent::FunctionCall(name), EngineEvent::Arguments(arguments)],
        Reply::McpCall { server_label, name, arguments } => {
            vec![EngineEvent::McpCall { server_label, name }, EngineEvent::Arguments(arguments)]
        }
        Reply::Words(text) if request.spoken => {
            let audio = synthetic_speech(&text, &request.voice, request.speed);
            vec![EngineEvent::Transcript(text), EngineEvent::Audio(audio.into())]
        }
        Reply::Words(text) => text.split_inclusive(' ').map(|word| EngineEvent::Text(word.to_owned())).collect(),
    });
    replies.chain([EngineEvent::Done]).collect()
}

/// 1.4 s of what voice activity detection takes for speech.
pub(crate) fn speech() -> Vec<i16> {
    synthetic_speech("I am here, where are you", "alloy", 1.0)
}

pub(crate) fn silence(ms: usize) -> Vec<i16> {
    vec![0; ms * 24]
}

/// The events' types, runs of the same one told once.
pub(crate) fn types(events: &[Value]) -> Vec<String> {
    let mut types: Vec<String> =
        events.iter().map(|event| event["type"].as_str().unwrap_or_default().to_owned()).collect();
    types.dedup();
    types
}

/// A sequence of GA events as the dialect has it.
pub(crate) fn spelled(dialect: Dialect, ga: &[&str]) -> Vec<String> {
    if dialect != Dialect::Beta {
        return ga.iter().map(|&name| name.to_owned()).collect();
    }
    let beta = |name: &&str| match *name {
        "conversation.item.done" => None,
        "conversation.item.added" => Some("conversation.item.created".to_owned()),
        name => Some(
            name.replace("response.output_text.", "response.text.").replace("response.output_audio", "response.audio"),
        ),
    };
    ga.iter().filter_map(beta).collect()
}

#[track_caller]
pub(crate) fn find<'a>(events: &'a [Value], name: &str) -> &'a Value {
    events.iter().find(|event| event["type"] == name).unwrap_or_else(|| panic!("no {name} in {:?}", types(events)))
}

/// The code and the parameter of the one error there is.
#[track_caller]
pub(crate) fn error(events: &[Value]) -> (&str, Option<&str>) {
    assert_eq!(types(events), ["error"], "{events:?}");
    let error = &events[0]["error"];
    (error["code"].as_str().unwrap_or_default(), error["param"].as_str())
}

/// The deltas of these events, put together.
pub(crate) fn joined(events: &[Value], name: &str) -> String {
    events.iter().filter(|event| event["type"] == name).filter_map(|event| event["delta"].as_str()).collect()
}

/// With `VIVAVOCE_EVENTS` set to a folder, every frame is written there, for a check against the schemas by hand.
#[expect(clippy::disallowed_methods, reason = "a look at the frames by hand")]
fn record(dialect: Dialect, frame: &str) {
    use std::io::Write;
    let Ok(folder) = std::env::var("VIVAVOCE_EVENTS") else { return };
    let name = match dialect {
        Dialect::Beta => "beta.jsonl",
        Dialect::Ga => "ga.jsonl",
        Dialect::Translation => "translation.jsonl",
    };
    let path = std::path::Path::new(&folder).join(name);
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
    writeln!(file.expect("the folder exists"), "{frame}").expect("the file can be written");
}
