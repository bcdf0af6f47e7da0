//! One command: shown, run, timed.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A part of a chore.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) work: Work,
}

/// What a step does.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// A run of cargo from the root of the workspace.
    Cargo {
        /// What cargo is told.
        arguments: &'static [&'static str],
        /// Environment variables beside the inherited ones.
        environment: &'static [(&'static str, &'static str)],
    },
    /// Code of this program.
    Own(fn() -> Result<LeftOut, String>),
}

/// What a step did not do for want of something on this machine, and of what.
pub(crate) type LeftOut = Vec<String>;

impl Step {
    /// Runs it with its output shown.
    pub(crate) fn run(&self) -> Result<(Duration, LeftOut), String> {
        let start = Instant::now();
        let left_out = match self.work {
            Work::Cargo { arguments, environment } => {
                show(self.name, cargo().args(arguments).envs(environment.iter().copied()))?;
                LeftOut::new()
            }
            Work::Own(work) => work()?,
        };
        Ok((start.elapsed(), left_out))
    }
}

/// Runs a command with its output shown, and says how it went.
pub(crate) fn show(name: &str, command: &mut Command) -> Result<(), String> {
    let line = line(command);
    println!("\n--- {name}: {line}");
    let start = Instant::now();
    let status = command.status().map_err(|error| format!("{name}: cannot run `{line}`: {error}"))?;
    let took = seconds(start.elapsed());
    if status.success() {
        println!("--- {name}: fine, {took}");
        Ok(())
    } else {
        Err(format!("{name} FAILED after {took} ({status}): {line}"))
    }
}

/// The command as a person would type it.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_stem().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args()).map(|word| word.to_string_lossy());
    words.collect::<Vec<_>>().join(" ")
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
