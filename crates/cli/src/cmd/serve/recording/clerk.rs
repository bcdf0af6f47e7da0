//! The thread that writes recordings.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use vivavoce_protocol::Direction;

use super::credentials::without_credentials;
use super::mute::without_audio;
use crate::cmd::serve::desk::{Clerk, Note};
use crate::event_log::{line, one_line};
use crate::terminal::tell;

/// What happened in a session.
pub(super) enum FileNote {
    Opened { number: u64, name: String },
    Frame { number: u64, time: SystemTime, sender: Direction, frame: String },
    Closed { number: u64 },
}

impl Note for FileNote {
    fn bytes(&self) -> usize {
        match self {
            Self::Frame { frame, .. } => frame.len(),
            Self::Opened { .. } | Self::Closed { .. } => 0,
        }
    }
}

/// Keeps the file of each session that is open.
pub(super) struct FileClerk {
    folder: PathBuf,
    audio: bool,
    files: HashMap<u64, Recording>,
    /// It was said that something cannot be written.
    warned: bool,
}

struct Recording {
    path: PathBuf,
    file: BufWriter<File>,
}

impl FileClerk {
    /// Makes the folder and sees that files can be made there.
    pub(super) fn new(folder: &Path, audio: bool) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let probe = folder.join(format!(".vivavoce-{}", std::process::id()));
        File::create(&probe)?;
        fs::remove_file(&probe)?;
        Ok(Self { folder: folder.to_owned(), audio, files: HashMap::new(), warned: false })
    }

    /// A session that cannot be recorded goes on without; that is said once, not for every event.
    fn give_up(&mut self, number: u64, path: &Path, error: &io::Error) {
        self.files.remove(&number);
        if !self.warned {
            self.warned = true;
            tell(format_args!("cannot write {}: {error}; sessions go on, and are not all recorded", path.display()));
        }
    }
}

impl Clerk for FileClerk {
    type Note = FileNote;

    fn write(&mut self, note: FileNote) {
        match note {
            FileNote::Opened { number, name } => match create(&self.folder, &name) {
                Ok(recording) => drop(self.files.insert(number, recording)),
                Err(error) => self.give_up(number, &self.folder.join(name), &error),
            },
            FileNote::Frame { number, time, sender, frame } => {
                let Some(recording) = self.files.get_mut(&number) else { return };
                let source = match sender {
                    Direction::Client => "client",
                    Direction::Server => "server",
                };
                let frame = without_credentials(if self.audio { frame } else { without_audio(frame) });
                if let Err(error) = recording.file.write_all(line(time, source, &one_line(&frame)).as_bytes()) {
                    let path = recording.path.clone();
                    self.give_up(number, &path, &error);
                }
            }
            FileNote::Closed { number } => {
                if let Some(mut recording) = self.files.remove(&number)
                    && let Err(error) = recording.file.flush()
                {
                    self.give_up(number, &recording.path, &error);
                }
            }
        }
    }

    /// Whoever looks at the file sees what has happened so far.
    fn rest(&mut self) {
        let flushed =
            self.files.iter_mut().map(|(number, recording)| (*number, recording.file.flush(), &recording.path));
        let failed: Vec<_> =
            flushed.filter_map(|(number, flushed, path)| Some((number, path.clone(), flushed.err()?))).collect();
        for (number, path, error) in failed {
            self.give_up(number, &path, &error);
        }
    }
}

/// A new file: what is there stays as it is.
fn create(folder: &Path, name: &str) -> io::Result<Recording> {
    let mut path = folder.join(format!("{name}.jsonl"));
    for again in 2.. {
        match File::create_new(&path) {
            Ok(file) => return Ok(Recording { path, file: BufWriter::new(file) }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && again < 1_000 => {
                path = folder.join(format!("{name}-{again}.jsonl"));
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}
