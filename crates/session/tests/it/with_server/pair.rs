//! A client and a server with a wire between them that a test can hold still.

use std::collections::VecDeque;
use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};
use vivavoce_audio::AudioEncoding;
use vivavoce_protocol::{Dialect, EventId, ItemId, ServerEvent, Session};
use vivavoce_server::machine::{Machine, MachineConfig};
use vivavoce_server::synthetic_speech;
use vivavoce_session::{Close, CommandError, Event, Outcome, SessionMachine, SessionOptions};

use super::engine::Engine;
use super::held::Held;
use super::scrambled::Scramble;

pub(crate) const BOTH: [Dialect; 2] = [Dialect::Ga, Dialect::Beta];

pub(crate) struct Pair {
    /// What a failure is to be called.
    pub(crate) name: String,
    pub(crate) client: SessionMachine,
    pub(crate) server: Machine,
    dialect: Dialect,
    now: Duration,
    engine: Engine,
    to_server: VecDeque<String>,
    to_client: VecDeque<String>,
    scramble: Scramble,
    /// What the client said and was told, on the wire and by its machine, since the last [`Pair::forget`].
    pub(crate) sent: Vec<Value>,
    pub(crate) received: Vec<Value>,
    pub(crate) events: Vec<Event>,
    /// What became of commands.
    pub(crate) outcomes: Vec<(EventId, Outcome)>,
    /// Items of connections before this one, which this server knows nothing of.
    carried: usize,
    connections: u64,
}

impl Pair {
    /// A session that is open and configured.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self::with(SessionOptions { dialect, ..SessionOptions::default() })
    }

    pub(crate) fn scrambled(dialect: Dialect, scramble: Scramble) -> Self {
        let mut pair = Self::new(dialect);
        pair.scramble(scramble);
        pair
    }

    pub(crate) fn scramble(&mut self, scramble: Scramble) {
        self.scramble = scramble;
    }

    /// The server's frames come as they are from now on.
    pub(crate) fn unscramble(&mut self) -> Scramble {
        std::mem::replace(&mut self.scramble, Scramble::Nothing)
    }

    pub(crate) fn with(options: SessionOptions) -> Self {
        let dialect = options.dialect;
        let mut pair = Self {
            name: format!("{dialect:?}"),
            client: SessionMachine::new(options),
            server: open(dialect, 0, Duration::ZERO),
            dialect,
            now: Duration::ZERO,
            engine: Engine::default(),
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            scramble: Scramble::Nothing,
            sent: Vec::new(),
            received: Vec::new(),
            events: Vec::new(),
            outcomes: Vec::new(),
            carried: 0,
            connections: 0,
        };
        pair.client.handle_time(Duration::ZERO);
        pair.client.handle_connected();
        pair.settle();
        assert!(pair.errors().is_empty(), "the configuration is accepted: {:?}", pair.errors());
        pair.forget();
        pair
    }

    /// The connection breaks with everything on the wire, and a new one is made to a server that knows nothing.
    pub(crate) fn reconnect(&mut self) {
        self.client.handle_disconnected(Close::default());
        self.engine.forget();
        self.to_server.clear();
        self.to_client.clear();
        self.carried = self.client.conversation().items().count();
        self.connections += 1;
        self.server = open(self.dialect, self.connections, self.now);
        self.client.handle_connected();
        self.settle();
    }

    // --- The wire --------------------------------------------------------------------------------------------

    /// A command, and everything that comes of it.
    #[track_caller]
    pub(crate) fn ask<T>(&mut self, command: impl FnOnce(&mut SessionMachine) -> Result<T, CommandError>) -> T {
        let value = command(&mut self.client).expect("the command is carried out");
        self.settle();
        value
    }

    /// Until nothing is on the wire and nothing left to say.
    pub(crate) fn settle(&mut self) {
        while self.pass() || self.play(1) {}
    }

    /// Passes on what is on the wire. False when there is nothing.
    pub(crate) fn pass(&mut self) -> bool {
        let mut any = false;
        while self.pass_to_server() || self.pass_to_client() {
            any = true;
        }
        any
    }

    /// Passes on one frame of the client's.
    pub(crate) fn pass_to_server(&mut self) -> bool {
        self.collect();
        let Some(frame) = self.to_server.pop_front() else { return false };
        self.server.handle_frame(&frame, self.now);
        self.collect();
        true
    }

    /// Passes on one frame of the server's, or all there are when they are to be scrambled.
    pub(crate) fn pass_to_client(&mut self) -> bool {
        self.collect();
        let waiting = match self.scramble {
            Scramble::Repeated | Scramble::Swapped => self.to_client.len(),
            _ => self.to_client.len().min(1),
        };
        let mut frames: Vec<String> = self.to_client.drain(..waiting).collect();
        if frames.is_empty() {
            // What was held back comes when nothing else does.
            frames.extend(self.scramble.held());
        }
        let any = !frames.is_empty();
        for frame in self.scramble.apply(frames) {
            self.received.push(serde_json::from_str(&frame).expect("frames are JSON"));
            self.client.handle_frame(&frame);
        }
        self.collect();
        any
    }

    /// Lets the engine say so many pieces, and leaves what comes of them on the wire. False when it had none.
    pub(crate) fn play(&mut self, pieces: usize) -> bool {
        self.collect();
        let mut any = false;
        for _ in 0..pieces {
            let Some((job, piece)) = self.engine.next() else { break };
            self.server.handle_engine(job, piece, self.now);
            self.collect();
            any = true;
        }
        any
    }

    /// Time passes; what is on the wire stays there.
    pub(crate) fn wait(&mut self, time: Duration) {
        self.now += time;
        self.client.handle_time(self.now);
        self.server.handle_timeout(self.now);
        self.collect();
    }

    fn collect(&mut self) {
        while let Some(frame) = self.client.poll_transmit() {
            self.record("client", &frame);
            self.sent.push(serde_json::from_str(&frame).expect("frames are JSON"));
            self.to_server.push_back(frame);
        }
        while let Some(event) = self.client.poll_event() {
            self.events.push(event);
        }
        self.outcomes.extend(std::iter::from_fn(|| self.client.poll_outcome()));
        while let Some(frame) = self.server.poll_transmit() {
            self.record("server", &frame);
            self.to_client.push_back(frame);
        }
        while let Some(job) = self.server.poll_job() {
            self.engine.order(job);
        }
    }

    // --- Speech ----------------------------------------------------------------------------------------------

    /// Appends in pieces of 100 ms, as a microphone does, and passes on what comes of each. The engine is silent.
    pub(crate) fn stream(&mut self, samples: &[i16]) {
        for piece in samples.chunks(2_400) {
            self.now += Duration::from_millis(100);
            self.client.handle_time(self.now);
            self.client.append_input_audio(piece).expect("there is room");
            self.pass();
        }
    }

    // --- What came of it -------------------------------------------------------------------------------------

    pub(crate) fn forget(&mut self) {
        self.sent.clear();
        self.received.clear();
        self.events.clear();
    }

    pub(crate) fn sent_types(&self) -> Vec<&str> {
        self.sent.iter().filter_map(|event| event["type"].as_str()).collect()
    }

    /// The first event of the server with this GA or beta name.
    #[track_caller]
    pub(crate) fn find(&self, name: &str) -> &Value {
        let found = self.received.iter().find(|event| event["type"] == name);
        found.unwrap_or_else(|| panic!("no {name} came"))
    }

    /// The codes of the errors the client was told of.
    pub(crate) fn errors(&self) -> Vec<String> {
        let errors = self.received.iter().filter(|event| event["type"] == "error");
        errors.map(|event| event["error"]["code"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The ids of the conversation, as the client has them.
    pub(crate) fn order(&self) -> Vec<ItemId> {
        self.client.conversation().items().map(|item| item.id().clone()).collect()
    }

    /// The id of the last item.
    pub(crate) fn last(&self) -> ItemId {
        self.order().pop().expect("there is an item")
    }

    /// The encodings of the session: of the user's audio and of the model's.
    pub(crate) fn encodings(&self) -> (AudioEncoding, AudioEncoding) {
        let session: &Session = self.client.session().expect("the session is open");
        let encoding = |format: Option<&vivavoce_protocol::AudioFormat>| match format
            .and_then(|format| format.kind.get())
            .map(|kind| kind.as_str())
        {
            Some("audio/pcmu") => AudioEncoding::G711Ulaw,
            Some("audio/pcma") => AudioEncoding::G711Alaw,
            _ => AudioEncoding::Pcm16,
        };
        let input = session.audio_input().and_then(|input| input.format.get());
        (encoding(input), encoding(session.audio_output().and_then(|output| output.format.get())))
    }

    // --- What both hold --------------------------------------------------------------------------------------

    /// Both sides hold the same conversation. Ends the session: the server's is taken apart.
    #[track_caller]
    pub(crate) fn agree(self) {
        let name = self.name.clone();
        let differences = self.differences(|_, _| false);
        assert!(differences.is_empty(), "{name}: {}", differences.join("\n"));
    }

    /// What the client holds otherwise than the server, but for what `excused` excuses.
    pub(crate) fn differences(mut self, excused: impl Fn(&Held, &Held) -> bool) -> Vec<String> {
        self.settle();
        let ours: Vec<Held> = self.client.conversation().items().skip(self.carried).map(Held::by_client).collect();
        let theirs = self.take_apart();
        let ids = |held: &[Held]| held.iter().map(|item| item.id.clone()).collect::<Vec<_>>();
        if ids(&ours) != ids(&theirs) {
            return vec![format!("the items {:?}, not {:?}", ids(&ours), ids(&theirs))];
        }
        let pairs = ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs && !excused(ours, theirs));
        pairs.map(|(ours, theirs)| format!("the item {ours:?}, not {theirs:?}")).collect()
    }

    /// The server's conversation, read by its own events: what is put at the end names the item before it, which
    /// is retrieved and removed, until none is left.
    fn take_apart(&mut self) -> Vec<Held> {
        let (input, output) = self.encodings();
        let mut items = Vec::new();
        loop {
            let probe = json!({"id": "probe", "type": "message", "role": "system",
                               "content": [{"type": "input_text", "text": "Who is before me?"}]});
            let added = self.ask_server(&json!({"type": "conversation.item.create", "item": probe}));
            self.ask_server(&json!({"type": "conversation.item.delete", "item_id": "probe"}));
            let added: Value = serde_json::from_str(&added).expect("frames are JSON");
            let Some(last) = added["previous_item_id"].as_str() else { break };
            let retrieved = self.ask_server(&json!({"type": "conversation.item.retrieve", "item_id": last}));
            let Ok(ServerEvent::ItemRetrieved(retrieved)) = ServerEvent::decode(&retrieved, self.dialect) else {
                panic!("{last} is retrieved, not {retrieved}");
            };
            items.push(Held::by_server(retrieved.item.get().expect("an item"), input, output));
            self.ask_server(&json!({"type": "conversation.item.delete", "item_id": last}));
        }
        items.reverse();
        items
    }

    /// The first frame the server answers with. The client hears nothing of it.
    fn ask_server(&mut self, event: &Value) -> String {
        self.server.handle_frame(&event.to_string(), self.now);
        let mut answers = std::iter::from_fn(|| self.server.poll_transmit()).collect::<Vec<_>>().into_iter();
        answers.next().expect("the server answers")
    }

    /// With `VIVAVOCE_EVENTS` set to a folder, every frame is written there, for a check against the schemas by hand.
    #[expect(clippy::disallowed_methods, reason = "a record for people, which no test reads")]
    fn record(&self, source: &str, frame: &str) {
        let Ok(folder) = std::env::var("VIVAVOCE_EVENTS") else { return };
        let name = if self.dialect == Dialect::Beta { "beta.jsonl" } else { "ga.jsonl" };
        let file = std::fs::OpenOptions::new().create(true).append(true).open(std::path::Path::new(&folder).join(name));
        // In one write: tests run at the same time.
        let line = format!(r#"{{"time":{},"source":"{source}","event":{frame}}}"#, self.now.as_millis()) + "\n";
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the folder can be written to");
    }
}

fn open(dialect: Dialect, seed: u64, now: Duration) -> Machine {
    Machine::new(MachineConfig { seed, ..MachineConfig::realtime("gpt-realtime").dialect(dialect) }, now)
}

/// 1.4 s of what voice activity detection takes for speech.
pub(crate) fn speech() -> Vec<i16> {
    synthetic_speech("I am here, where are you", "alloy", 1.0)
}

pub(crate) fn silence(ms: usize) -> Vec<i16> {
    vec![0; ms * 24]
}
