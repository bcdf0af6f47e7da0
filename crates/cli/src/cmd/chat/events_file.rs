//! `--events`: everything that travels, both ways, a line each. `replay` and `check` read it.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use futures_util::StreamExt;
use tokio::task::JoinHandle;
use vivavoce::{RealtimeClient, RealtimeEvent, Source};

use crate::event_log::{self, one_line};
use crate::failure::Failure;

/// A file being written by a task of its own, which ends with the number of events that came too fast for it.
pub(super) struct EventsFile {
    task: JoinHandle<io::Result<u64>>,
    name: String,
}

impl EventsFile {
    /// Writes what travels from now on.
    pub(super) fn record(path: &Path, client: &RealtimeClient) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let mut file = File::create(path).map_err(|error| {
            Failure::failed(format!("cannot create {name}: {error}; name another file for --events"))
        })?;
        let mut events = client.realtime_events();
        let task = tokio::spawn(async move {
            while let Some(event) = events.next().await {
                // In one piece, so that a reader never sees half a line.
                file.write_all(line(&event).as_bytes())?;
            }
            Ok(events.lost())
        });
        Ok(Self { task, name })
    }

    /// Waits until all is written. The client must be gone, or about to be: its last event is the last line.
    pub(super) async fn finish(self) -> Result<(), Failure> {
        match self.task.await {
            Ok(Ok(0)) => Ok(()),
            Ok(Ok(lost)) => {
                Err(Failure::failed(format!("{} lacks {lost} events: use a faster disk for --events", self.name)))
            }
            Ok(Err(error)) => Err(Failure::failed(format!("cannot write {}: {error}; free some space", self.name))),
            Err(error) => Err(Failure::failed(format!("{} lacks its last events: {error}", self.name))),
        }
    }
}

fn line(event: &RealtimeEvent) -> String {
    let frame = event.frame.as_str();
    // Our own frames are made of one line.
    let json = if event.source == Source::Client { frame.into() } else { one_line(frame) };
    event_log::line(event.time, event.source.as_str(), &json)
}
