//! The fuzz bodies for longer than in a test run, as a plain process; libFuzzer is in `fuzz/README.md`.

use crate::step::Step;

pub(crate) fn run(arguments: &[String]) -> Result<(), String> {
    let step = Step {
        name: "fuzz",
        arguments: &["run", "--quiet", "--package", "vivavoce-fuzz", "--bin", "vivavoce-fuzz", "--"],
        environment: &[],
    };
    step.run(arguments).map(drop)
}
