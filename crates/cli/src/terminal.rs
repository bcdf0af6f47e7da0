//! Standard error: everything that is not what the user asked for.

use std::fmt::Display;
use std::io::{self, Write};

use crate::prose::printable;

/// Says one line to the person at the terminal. That nobody listens is no reason to stop.
pub(crate) fn tell(line: impl Display) {
    let line = line.to_string().replace('\n', " ");
    let _ = writeln!(io::stderr().lock(), "vivavoce: {}", printable(&line));
}
