//! `bench`: what the client costs, as ratios to the floor measured in the same run.
//!
//! ```text
//! cargo run --release -p bench -- trace --size long --dialect ga --out target/traces
//! cargo run --release -p bench -- replay target/traces/long-ga.jsonl --retain all --rounds 9 --json
//! cargo run --release -p bench -- append --json
//! ```

#![allow(clippy::print_stdout, reason = "this binary's results go to the terminal")]

mod append;
mod floor;
mod memory;
mod replay;
mod report;
mod trace;
mod transport;

use clap::Parser;

/// Measures the vivavoce client against the floor.
#[derive(Parser)]
enum Command {
    /// Write a deterministic trace of server events.
    Trace(trace::Arguments),
    /// Feed a trace through the full client path, interleaved with the floor.
    Replay(replay::Arguments),
    /// Time `append_input_audio` over an hour of session.
    Append(append::Arguments),
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Command::parse() {
        Command::Trace(arguments) => trace::run(&arguments),
        Command::Replay(arguments) => replay::run(&arguments),
        Command::Append(arguments) => append::run(&arguments),
    }
}
