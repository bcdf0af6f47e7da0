//! A note beside what was installed: for which versions.

use std::fs;
use std::path::{Path, PathBuf};

/// What was installed from a file that lists versions.
pub(super) struct Stamp {
    note: PathBuf,
    wanted: String,
}

impl Stamp {
    /// For `installed`, a folder, by the list in the file `list`; `with` names whatever else decides what is installed.
    pub(super) fn new(installed: &Path, list: &Path, with: &str) -> Result<Self, String> {
        let listed = fs::read_to_string(list).map_err(|error| format!("cannot read {}: {error}", list.display()))?;
        Ok(Self { note: installed.join("installed-from"), wanted: format!("{with}\n{listed}") })
    }

    pub(super) fn fits(&self) -> bool {
        fs::read_to_string(&self.note).is_ok_and(|found| found == self.wanted)
    }

    /// To be written when all is installed.
    pub(super) fn write(&self) -> Result<(), String> {
        fs::write(&self.note, &self.wanted).map_err(|error| format!("cannot write {}: {error}", self.note.display()))
    }
}
