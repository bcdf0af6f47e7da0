//! Brings what a step needs and a bare toolchain may lack.

use std::process::{Command, Stdio};

use crate::step::{cargo, said, show};

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
    runs(cargo().args([subcommand, "--version"]))
}

/// Installs Debian's packages, where one may. Whether it worked shows when they are looked for.
pub(crate) fn packages(names: &[&str]) {
    let is_root = said(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    if !is_root || !runs(Command::new("apt-get").arg("--version")) {
        return;
    }
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--no-install-recommends", "--quiet=2"]).args(names);
    let _ = show("apt", Command::new("apt-get").args(["update", "--quiet=2"]));
    let _ = show("apt", install.env("DEBIAN_FRONTEND", "noninteractive"));
}

/// Whether a program is there, and does what it is told without a word to the user.
pub(crate) fn runs(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}
