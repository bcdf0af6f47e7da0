//! Chores of the repository: `cargo xtask help`.
//!
//! What a chore does is in its own file; how a command is run, timed and reported is in [`step`].

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that reports to a person")]

mod browser;
mod fuzz;
mod interop;
mod node;
mod npm;
mod served;
mod setup;
mod stamp;
mod step;
mod test;
mod wasm;
mod web;

use std::process::ExitCode;

/// A chore: its name, its arguments, what it does, and the code.
type Chore = (&'static str, &'static str, &'static str, fn(&[String]) -> Result<(), String>);

const CHORES: &[Chore] = &[
    (
        "test",
        "[STEP...]",
        "all checks, or only the steps named: fmt clippy doc build test lean web npm interop",
        test::run,
    ),
    ("npm", "", "the npm package, into target/npm", npm::run),
    ("fuzz", "[SECONDS] [SEED]", "the fuzz bodies on random input, 30 seconds by default", fuzz::run),
    ("help", "", "this list", help),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = arguments.split_first().map_or(("help", &[][..]), |(name, rest)| (name.as_str(), rest));
    let outcome = match CHORES.iter().find(|(chore, ..)| *chore == name) {
        Some((.., run)) => run(rest),
        None => Err(format!("there is no chore `{name}`; `cargo xtask help` lists them")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn help(_: &[String]) -> Result<(), String> {
    println!("cargo xtask CHORE\n");
    for (name, arguments, what, _) in CHORES {
        println!("  {:<24} {what}", format!("{name} {arguments}"));
    }
    Ok(())
}
