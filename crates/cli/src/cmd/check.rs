//! `check`: reads every event of a file as this project reads it, and says what it did not understand: how a
//! user finds out that the service has changed.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use vivavoce_protocol::{ClientEvent, DecodeError, Dialect, Direction, Reason, ServerEvent, Spot};

use crate::event_log::Entry;
use crate::failure::Failure;
use crate::input::{Line, Lines};
use crate::same_json::same_json;
use crate::terminal::tell;

/// Decode every event of a file, and say which are not fully understood
#[derive(Args)]
pub(crate) struct Check {
    /// JSON lines: events alone, or what `chat --events` wrote. `-` is standard input
    file: PathBuf,
    /// Who sent the events; of a file that says it on each line, only this side's are checked
    #[arg(long)]
    direction: Option<Sender>,
    /// The protocol they are written in
    #[arg(long, default_value = "ga")]
    dialect: Accent,
    /// Print one JSON object a line: line, type, typed, lossless, unknown
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Sender {
    Client,
    Server,
}

#[derive(Clone, Copy, ValueEnum)]
enum Accent {
    Ga,
    Beta,
    Translation,
}

impl Check {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let wanted = self.direction.map(|sender| match sender {
            Sender::Client => Direction::Client,
            Sender::Server => Direction::Server,
        });
        let dialect = match self.dialect {
            Accent::Ga => Dialect::Ga,
            Accent::Beta => Dialect::Beta,
            Accent::Translation => Dialect::Translation,
        };
        let mut lines = Lines::open(&self.file)?;
        let mut out = io::BufWriter::new(io::stdout().lock());
        let mut tally = Tally::default();
        while let Some(line) = lines.read()? {
            let Some(finding) = examine(&line, wanted, dialect)? else { continue };
            tally.add(&finding);
            if self.json {
                serde_json::to_writer(&mut out, &finding).map_err(io::Error::from)?;
                writeln!(out)?;
            } else {
                finding.write_prose(&mut out)?;
            }
        }
        out.flush()?;
        tally.verdict()
    }
}

/// What there is to say about a line. `None` for a line of the other direction.
fn examine(line: &Line, wanted: Option<Direction>, dialect: Dialect) -> Result<Option<Finding>, Failure> {
    let number = line.number;
    let Ok(text) = &line.text else { return Ok(Some(Finding::unreadable(number, "it is not UTF-8"))) };
    let entry = match Entry::read(text) {
        Ok(entry) => entry,
        Err(error) => return Ok(Some(Finding::unreadable(number, error))),
    };
    let direction = match (entry.direction, wanted) {
        (Some(direction), Some(wanted)) if direction != wanted => return Ok(None),
        (Some(direction), _) | (None, Some(direction)) => direction,
        (None, None) => {
            let say = "does not say who sent its event: add --direction client or --direction server";
            return Err(Failure::Usage(format!("line {number} {say}")));
        }
    };
    let decoded = match direction {
        Direction::Client => Decoded::client(entry.event, dialect),
        Direction::Server => Decoded::server(entry.event, dialect),
    };
    Ok(Some(match decoded {
        Ok(decoded) => decoded.into_finding(number, entry.event),
        Err(error) => Finding::unreadable(number, error),
    }))
}

/// What the typed value of an event has to say, of either direction.
struct Decoded {
    name: String,
    typed: bool,
    spots: Vec<Spot>,
    written_back: String,
}

macro_rules! decode {
    ($event:ident, $frame:expr, $dialect:expr) => {{
        let event = $event::decode($frame, $dialect)?;
        Ok(Self {
            name: event.wire_name($dialect).to_owned(),
            typed: !matches!(event, $event::Unknown(_)),
            spots: event.spots($dialect),
            written_back: event.to_json($dialect),
        })
    }};
}

impl Decoded {
    fn client(frame: &str, dialect: Dialect) -> Result<Self, DecodeError> {
        decode!(ClientEvent, frame, dialect)
    }

    fn server(frame: &str, dialect: Dialect) -> Result<Self, DecodeError> {
        decode!(ServerEvent, frame, dialect)
    }

    fn into_finding(self, line: usize, frame: &str) -> Finding {
        Finding {
            line,
            // Verbatim; a name in the wrong dialect is read all the same.
            kind: Some(type_of(frame).unwrap_or(self.name)),
            typed: self.typed,
            lossless: same_json(frame, &self.written_back),
            unknown: self.spots.iter().map(|spot| spot.pointer.clone()).collect(),
            error: None,
            spots: self.spots,
        }
    }
}

/// The member `type` of an event.
fn type_of(frame: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Typed {
        #[serde(rename = "type")]
        kind: String,
    }
    serde_json::from_str(frame).ok().map(|Typed { kind }| kind)
}

/// What there is to say about a line.
#[derive(Serialize)]
struct Finding {
    line: usize,
    #[serde(rename = "type")]
    kind: Option<String>,
    typed: bool,
    lossless: bool,
    unknown: Vec<String>,
    /// Why the line is no event.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip)]
    spots: Vec<Spot>,
}

impl Finding {
    fn unreadable(line: usize, error: impl ToString) -> Self {
        let error = Some(error.to_string());
        Self { line, kind: None, typed: false, lossless: false, unknown: Vec::new(), error, spots: Vec::new() }
    }

    fn write_prose(&self, out: &mut impl Write) -> io::Result<()> {
        write!(out, "{}: ", self.line)?;
        if let Some(error) = &self.error {
            return writeln!(out, "not an event: {error}");
        }
        write!(out, "{}: ", self.kind.as_deref().unwrap_or_default().escape_debug())?;
        match self.spots.as_slice() {
            [] => write!(out, "fully typed")?,
            [Spot { pointer, reason: Reason::UnknownType }] if pointer.is_empty() => write!(out, "unknown event")?,
            spots => {
                write!(out, "typed, except ")?;
                for (index, spot) in spots.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(out, "{comma}{} ({})", spot.pointer.escape_debug(), spot.reason)?;
                }
            }
        }
        writeln!(out, "{}", if self.lossless { "" } else { "; NOT LOSSLESS: written back it is another value" })
    }
}

/// How many lines there were of which kind.
#[derive(Default)]
struct Tally {
    lines: usize,
    fully_typed: usize,
    unknown: usize,
    lossy: usize,
    unreadable: usize,
}

impl Tally {
    fn add(&mut self, finding: &Finding) {
        self.lines += 1;
        if finding.error.is_some() {
            self.unreadable += 1;
            return;
        }
        self.fully_typed += usize::from(finding.typed && finding.unknown.is_empty());
        self.unknown += usize::from(!finding.typed);
        self.lossy += usize::from(!finding.lossless);
    }

    fn verdict(self) -> Result<(), Failure> {
        let Self { lines, fully_typed, unknown, lossy, unreadable } = self;
        let partly = lines - fully_typed - unknown - unreadable;
        let counts = format!(
            "lines: {lines}; fully typed: {fully_typed}, typed in part: {partly}, unknown: {unknown}, \
             not lossless: {lossy}, not an event: {unreadable}"
        );
        if lossy + unreadable > 0 {
            return Err(Failure::Failed(counts));
        }
        tell(counts);
        Ok(())
    }
}
