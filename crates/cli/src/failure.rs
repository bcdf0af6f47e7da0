//! Why a command did not do its work, and the exit code for it.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// What ends a command early. The text is one line and says what to do.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command was called in a way that makes no sense: exit code 2, as for unknown options.
    Usage(String),
    /// The command was right and its work failed: exit code 1.
    Failed(String),
    /// The work failed, and it was said why when it happened: exit code 1.
    Told,
    /// Nobody reads our output any more, as in `vivavoce replay FILE | head -1`: not an error.
    OutputClosed,
}

impl Failure {
    pub(crate) fn failed(reason: impl Into<String>) -> Self {
        Self::Failed(reason.into())
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            // What clap exits with, too.
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) | Self::Told => ExitCode::FAILURE,
            Self::OutputClosed => ExitCode::SUCCESS,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(reason) | Self::Failed(reason) => f.write_str(reason),
            Self::Told => f.write_str("a turn failed"),
            Self::OutputClosed => f.write_str("standard output is closed"),
        }
    }
}

/// An error of standard output: what fails elsewhere is named where it fails.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::OutputClosed,
            _ => Self::Failed(format!("cannot write to standard output: {error}")),
        }
    }
}
