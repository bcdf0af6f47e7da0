//! `--log`: who connects and leaves, and what is said, a line each on standard error. No payload and no key.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use serde::Deserialize;
use vivavoce_protocol::{Dialect, Direction};
use vivavoce_server::machine::SessionKind;
use vivavoce_server::{Ending, Observer, SessionInfo};

use super::desk::{self, Clerk, Desk, Note, Tray};
use crate::failure::Failure;
use crate::terminal::tell;
use crate::timestamp::iso8601;

/// A name longer than this is no name.
const LONGEST_NAME: usize = 100;

const LONGEST_NOTE: usize = 500;

/// Tells what the server does.
pub(super) struct Logger {
    events: bool,
    lost: AtomicU64,
    lines: Tray<String>,
}

struct ToTerminal;

/// Begins to log: connections, and every event too if wanted.
pub(super) fn start(events: bool) -> Result<(Logger, Desk), Failure> {
    let (lines, desk) = desk::open("log", ToTerminal)?;
    Ok((Logger { events, lost: AtomicU64::new(0), lines }, desk))
}

impl Note for String {
    fn bytes(&self) -> usize {
        self.len()
    }
}

impl Clerk for ToTerminal {
    type Note = String;

    fn write(&mut self, line: String) {
        tell(line);
    }

    fn rest(&mut self) {}
}

impl Logger {
    fn about(&self, session: &SessionInfo, what: &str) {
        self.line(&format!("#{} {what}", session.number));
    }

    fn line(&self, what: &str) {
        let time = iso8601(SystemTime::now());
        let lost = match self.lost.swap(0, Ordering::Relaxed) {
            0 => String::new(),
            lost => format!(" ({lost} lines before it are missing)"),
        };
        if !self.lines.put(format!("{time} {what}{lost}")) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Observer for Logger {
    fn refused(&self, peer: SocketAddr, status: u16) {
        self.line(&format!("refused {peer} with HTTP {status}"));
    }

    fn opened(&self, session: &SessionInfo) {
        let model = session.model.as_deref().map_or("no model".to_owned(), |model| format!("model {}", short(model)));
        let (kind, dialect) = (kind_name(session.kind), dialect_name(session.dialect));
        self.about(session, &format!("opened by {}: {kind}, {dialect}, {model}", session.peer));
    }

    fn note(&self, session: &SessionInfo, what: &str) {
        let what: String = what.chars().take(LONGEST_NOTE).collect();
        self.about(session, &what);
    }

    fn frame(&self, session: &SessionInfo, sender: Direction, frame: &str) {
        if self.events {
            let arrow = match sender {
                Direction::Client => "<-",
                Direction::Server => "->",
            };
            self.about(session, &format!("{arrow} {}", type_of(frame)));
        }
    }

    fn closed(&self, session: &SessionInfo, ending: &Ending) {
        let seconds = ending.after.as_secs_f64();
        let by = match ending.by {
            Some(Direction::Client) => "closed by the client",
            Some(Direction::Server) => "closed by the server",
            None => "lost",
        };
        let reason = match ending.reason.as_str() {
            "" => String::new(),
            reason => format!(" ({})", short(reason)),
        };
        self.about(session, &format!("{by} with code {}{reason} after {seconds:.1} s", ending.code));
    }
}

/// The type of an event, or what is there in its place.
fn type_of(frame: &str) -> String {
    #[derive(Deserialize)]
    struct Typed {
        #[serde(rename = "type")]
        kind: String,
    }
    match serde_json::from_str(frame) {
        Ok(Typed { kind }) => short(&kind),
        Err(_) => format!("{} bytes that are no event", frame.len()),
    }
}

fn short(name: &str) -> String {
    name.chars().take(LONGEST_NAME).collect()
}

/// What a session is for, in a word.
pub(super) const fn kind_name(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Realtime => "conversation",
        SessionKind::Transcription => "transcription",
        SessionKind::Translation => "translation",
    }
}

const fn dialect_name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Beta => "beta",
        _ => "GA",
    }
}
