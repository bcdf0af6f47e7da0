//! One command: shown, run, timed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::test::BUILD;

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

/// Leaves a step out for want of something. In CI a test that does not run is one that fails.
pub(crate) fn leave_out(step: &str, missing: &str) -> Result<LeftOut, String> {
    let missing = format!("{step}: {missing}");
    if std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false") {
        return Err(missing);
    }
    println!("\n--- skipped: {missing}");
    Ok(vec![missing])
}

/// The binary `vivavoce`, as the step `build` builds it: of other features it would be another build.
pub(crate) fn built(step: &str) -> Result<PathBuf, String> {
    show(step, cargo().args(BUILD))?;
    let binary = built_into().join("vivavoce").with_extension(std::env::consts::EXE_EXTENSION);
    if binary.is_file() { Ok(binary) } else { Err(format!("{step}: the build left no {}", binary.display())) }
}

/// The folder that this very program was built into: cargo puts all binaries of a profile into one.
pub(crate) fn built_into() -> PathBuf {
    let own = std::env::current_exe().ok();
    own.as_deref().and_then(Path::parent).map_or_else(|| root().join("target/debug"), Path::to_path_buf)
}

/// What a program says of itself, if it is there.
pub(crate) fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

pub(crate) fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
