//! The fuzz bodies for longer than in a test run, as a plain process; libFuzzer is in `fuzz/README.md`.

use crate::step::{cargo, show};

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let fuzz = ["run", "--quiet", "--package", "vivavoce-fuzz", "--bin", "vivavoce-fuzz", "--"];
    show("fuzz", cargo().args(fuzz).args(arguments))
}
