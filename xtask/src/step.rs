//! One command: shown, run, timed.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A run of cargo from the root of the workspace.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    /// What cargo is told.
    pub(crate) arguments: &'static [&'static str],
    /// Environment variables beside the inherited ones.
    pub(crate) environment: &'static [(&'static str, &'static str)],
}

impl Step {
    /// Runs it with its output shown, followed by `more` arguments.
    pub(crate) fn run(&self, more: &[String]) -> Result<Duration, String> {
        let line =
            std::iter::once("cargo").chain(self.arguments.iter().copied()).chain(more.iter().map(String::as_str));
        let line = line.collect::<Vec<_>>().join(" ");
        println!("\n--- {}: {line}", self.name);
        let start = Instant::now();
        let mut command = cargo();
        command.args(self.arguments).args(more).envs(self.environment.iter().copied());
        let status = command.status().map_err(|error| format!("{}: cannot run `{line}`: {error}", self.name))?;
        let took = start.elapsed();
        if status.success() {
            println!("--- {}: fine, {}", self.name, seconds(took));
            Ok(took)
        } else {
            Err(format!("{} FAILED after {} ({status}): {line}", self.name, seconds(took)))
        }
    }
}

/// The cargo that runs this program, in the root of the workspace.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// The root of the workspace.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
