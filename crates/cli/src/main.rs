//! `vivavoce`: talk to a Realtime service from a terminal, and look at what was said.
//!
//! Standard output carries the conversation, or what a command was asked for; everything else goes to standard
//! error. The exit code is 0 when the command did its work, 1 when it could not, 2 when it was called wrongly.

mod cmd;
mod event_log;
mod failure;
mod input;
mod item_json;
mod prose;
mod same_json;
mod terminal;
mod timestamp;

use std::process::ExitCode;

use clap::Parser;

use failure::Failure;

/// Talk to a Realtime service, and look at what was said.
#[derive(Parser)]
#[command(name = "vivavoce", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: cmd::Command,
}

fn main() -> ExitCode {
    match Cli::parse().command.run() {
        // Whoever reads our output has read enough.
        Ok(()) | Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(Failure::Told) => Failure::Told.exit_code(),
        Err(failure) => {
            terminal::tell(&failure);
            failure.exit_code()
        }
    }
}
