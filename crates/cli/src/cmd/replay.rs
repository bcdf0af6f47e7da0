//! `replay`: runs a recorded session through the session machine and prints the conversation that comes of it.
//! Nothing is sent anywhere.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::Deserialize;
use serde_json::value::RawValue;
use vivavoce_protocol::{ClientEvent, Dialect, Direction, RealtimeSession, ServerEvent, Session};
use vivavoce_session::{Close, Event, SessionMachine, SessionOptions};

use crate::event_log::Entry;
use crate::failure::Failure;
use crate::input::Lines;
use crate::item_json::ItemJson;
use crate::prose::{shortfall, write_item};
use crate::terminal::tell;

/// Print the conversation of a recorded session
#[derive(Args)]
pub(crate) struct Replay {
    /// JSON lines: server events alone, or what `chat --events` wrote. `-` is standard input
    file: PathBuf,
    /// The protocol they are written in [default: what the first event is written in]
    #[arg(long)]
    dialect: Option<Accent>,
    /// Print one JSON array of the items in place of prose
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Accent {
    Ga,
    Beta,
}

impl Replay {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let dialect = self.dialect.map(|accent| match accent {
            Accent::Ga => Dialect::Ga,
            Accent::Beta => Dialect::Beta,
        });
        let mut lines = Lines::open(&self.file)?;
        let mut recording = None;
        let mut bad = 0_usize;
        while let Some(line) = lines.read()? {
            let played = match &line.text {
                Ok(text) => {
                    let begin = || Recording::new(dialect.unwrap_or_else(|| dialect_of(text)));
                    recording.get_or_insert_with(begin).play(text, line.number)
                }
                Err(_) => Err("it is not UTF-8".to_owned()),
            };
            if let Err(reason) = played {
                tell(format_args!("line {} is left out: {reason}", line.number));
                bad += 1;
            }
        }
        let recording = recording.unwrap_or_else(|| Recording::new(Dialect::Ga));
        self.print(&recording.session)?;
        match bad {
            0 => Ok(()),
            bad => Err(Failure::Failed(format!("lines left out: {bad}; repair or remove what is named above"))),
        }
    }

    fn print(&self, session: &SessionMachine) -> Result<(), Failure> {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let items = session.conversation().items();
        if self.json {
            let items: Vec<_> = items.map(ItemJson::new).collect();
            serde_json::to_writer(&mut out, &items).map_err(io::Error::from)?;
            writeln!(out)?;
        } else {
            for item in items {
                write_item(&mut out, item)?;
            }
        }
        Ok(out.flush()?)
    }
}

/// The dialect of a recording by its first event, which is about the session: only beta has `modalities` there.
/// A recording that begins elsewhere is read as GA, and the names and objects that only beta has are understood.
fn dialect_of(line: &str) -> Dialect {
    #[derive(Deserialize)]
    struct Opening<'a> {
        #[serde(borrow)]
        session: Flat<'a>,
    }
    #[derive(Deserialize)]
    struct Flat<'a> {
        #[serde(borrow)]
        modalities: Option<&'a RawValue>,
    }
    let event = Entry::read(line).map_or(line, |entry| entry.event);
    match serde_json::from_str(event) {
        Ok(Opening { session: Flat { modalities: Some(_) } }) => Dialect::Beta,
        _ => Dialect::Ga,
    }
}

/// A recording being played.
struct Recording {
    session: SessionMachine,
    dialect: Dialect,
    /// True once the service opened the session.
    opened: bool,
}

impl Recording {
    fn new(dialect: Dialect) -> Self {
        let mut session = SessionMachine::new(SessionOptions {
            dialect,
            // The recording says how its session is configured.
            session: Session::Realtime(RealtimeSession::update()),
            max_input_audio: Duration::from_secs(24 * 3_600),
            ..SessionOptions::default()
        });
        session.handle_connected();
        Self { session, dialect, opened: false }
    }

    fn play(&mut self, text: &str, line: usize) -> Result<(), String> {
        let entry = Entry::read(text).map_err(|error| error.to_string())?;
        match entry.direction {
            Some(Direction::Client) => {
                let event = ClientEvent::decode(entry.event, self.dialect).map_err(|error| error.to_string())?;
                // The machine keeps account of what a client sends: the user's audio, above all.
                self.session.send_event(event).map_err(|error| error.to_string())?;
            }
            Some(Direction::Server) | None => {
                let event = ServerEvent::decode(entry.event, self.dialect).map_err(|error| error.to_string())?;
                self.play_server(&event);
            }
        }
        self.drain(line);
        Ok(())
    }

    fn play_server(&mut self, event: &ServerEvent<'_>) {
        if let ServerEvent::SessionCreated(created) = event {
            if self.opened {
                // The recording goes on with another connection, where positions of audio begin anew.
                self.session.handle_disconnected(Close::default());
                self.session.handle_connected();
            }
            self.opened = true;
            // What this session asked for when it connected is no part of the recording: the first word of the
            // service answers it.
            self.session.handle_event(&ServerEvent::SessionUpdated(created.clone()));
        }
        self.session.handle_event(event);
    }

    /// There is nobody to send to; of what the machine tells, the conversation keeps all but what went wrong.
    fn drain(&mut self, line: usize) {
        while self.session.poll_transmit().is_some() {}
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Error(error) => tell(format_args!("line {line}: {error}")),
                Event::ResponseDone(response) => {
                    if let Some(shortfall) = shortfall(&response) {
                        tell(format_args!("line {line}: {}", shortfall.reason));
                    }
                }
                _ => {}
            }
        }
    }
}
