//! A file of lines, or standard input when it is called `-`, read line by line: recordings are long.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use crate::failure::Failure;

/// The lines of a file with their numbers, from 1. Blank ones are left out.
pub(crate) struct Lines {
    reader: Box<dyn BufRead>,
    name: String,
    number: usize,
}

/// One line; not text when it is not UTF-8, which JSON always is.
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) text: Result<String, NotText>,
}

#[derive(Debug)]
pub(crate) struct NotText;

impl Lines {
    /// Opens the file.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let (name, reader): (_, Box<dyn BufRead>) = if path == Path::new("-") {
            ("standard input".to_owned(), Box::new(io::stdin().lock()))
        } else {
            let name = path.display().to_string();
            let file = File::open(path)
                .map_err(|error| Failure::failed(format!("cannot open {name}: {error}; name a file of JSON lines")))?;
            (name, Box::new(BufReader::new(file)))
        };
        Ok(Self { reader, name, number: 0 })
    }

    /// The next line, `None` after the last one.
    pub(crate) fn read(&mut self) -> Result<Option<Line>, Failure> {
        loop {
            let mut bytes = Vec::new();
            let read = self.reader.read_until(b'\n', &mut bytes);
            if read.map_err(|error| Failure::failed(format!("cannot read {}: {error}", self.name)))? == 0 {
                return Ok(None);
            }
            self.number += 1;
            // Editors on Windows begin a file with a byte order mark.
            let text = if self.number == 1 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes) } else { &bytes };
            let text = text.trim_ascii();
            if !text.is_empty() {
                let text = std::str::from_utf8(text).map(str::to_owned).map_err(|_| NotText);
                return Ok(Some(Line { number: self.number, text }));
            }
        }
    }
}
