//! Brings what a step needs and a bare toolchain may lack.

use std::process::{Command, Stdio};

use crate::step::cargo;

/// Makes sure that `cargo <subcommand>` exists: it is part of the toolchain component `component`.
pub(crate) fn component(subcommand: &str, component: &str) -> Result<(), String> {
    if is_there(subcommand) {
        return Ok(());
    }
    println!("--- cargo {subcommand} is missing: rustup component add {component}");
    let added = Command::new("rustup").args(["component", "add", component]).status();
    if added.is_ok_and(|status| status.success()) && is_there(subcommand) {
        return Ok(());
    }
    Err(format!(
        "`cargo {subcommand}` is missing and could not be added. With rustup: `rustup component add {component}`. \
         Without: install the package of your system that holds {component}, of the same version as rustc."
    ))
}

fn is_there(subcommand: &str) -> bool {
    let status = cargo().args([subcommand, "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
