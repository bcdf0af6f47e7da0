//! The browser that tests run in: Chromium with its driver, of Debian's packages.

use std::process::Command;

use crate::setup::{self, runs};

const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// What drives it.
pub(crate) const DRIVER: &str = "chromedriver";

/// Sees to it that there is one: installs it where that is possible.
pub(crate) fn find() -> Result<(), String> {
    if !is_there() {
        setup::packages(&PACKAGES);
    }
    if is_there() {
        return Ok(());
    }
    Err(format!("Chromium and its driver are needed: on Debian `apt-get install {}`", PACKAGES.join(" ")))
}

fn is_there() -> bool {
    // Asked for its version as root, Chromium wants to be told that there is no sandbox.
    runs(Command::new("chromium").args(["--no-sandbox", "--version"])) && runs(Command::new(DRIVER).arg("--version"))
}
