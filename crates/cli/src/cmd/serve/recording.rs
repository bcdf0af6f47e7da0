//! `--record`: every session in a file of its own, in the form `chat --events` writes.

mod clerk;
mod credentials;
mod mute;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use vivavoce_protocol::Direction;
use vivavoce_server::{Ending, Observer, SessionInfo};

use self::clerk::{FileClerk, FileNote};
use super::desk::{self, Desk, Tray};
use super::log::kind_name;
use crate::failure::Failure;
use crate::terminal::tell;
use crate::timestamp::iso8601;

/// Hands what it sees to the thread that writes.
pub(super) struct Recorder {
    notes: Tray<FileNote>,
    /// It was said that something is missing.
    warned: AtomicBool,
}

/// Begins to record into a folder, which is made if need be.
pub(super) fn start(folder: &Path, audio: bool) -> Result<(Recorder, Desk), Failure> {
    let clerk = FileClerk::new(folder, audio).map_err(|error| {
        Failure::failed(format!("cannot write to {}: {error}; name another folder for --record", folder.display()))
    })?;
    let (notes, desk) = desk::open("record", clerk)?;
    Ok((Recorder { notes, warned: AtomicBool::new(false) }, desk))
}

impl Recorder {
    fn put(&self, note: FileNote) {
        if !self.notes.put(note) && !self.warned.swap(true, Ordering::Relaxed) {
            tell("the disk is too slow for --record: recordings lack events from here on");
        }
    }
}

impl Observer for Recorder {
    fn opened(&self, session: &SessionInfo) {
        // `2026-05-12T08:30:00.250Z` without what file systems do not like.
        let time: String = iso8601(session.opened).chars().filter(|c| !matches!(c, '-' | ':' | '.')).collect();
        let name = format!("{time}-{:04}-{}", session.number, kind_name(session.kind));
        self.put(FileNote::Opened { number: session.number, name });
    }

    fn frame(&self, session: &SessionInfo, sender: Direction, frame: &str) {
        let (number, time) = (session.number, SystemTime::now());
        self.put(FileNote::Frame { number, time, sender, frame: frame.to_owned() });
    }

    fn closed(&self, session: &SessionInfo, _: &Ending) {
        self.put(FileNote::Closed { number: session.number });
    }
}
