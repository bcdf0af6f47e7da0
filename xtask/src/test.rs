//! Every check a change has to pass, in one profile so that each crate is built once.

use std::time::Instant;

use crate::step::{Step, Work, seconds};
use crate::{interop, npm, setup, web};

/// Benches and examples too.
pub(crate) const BUILD: &[&str] = &["build", "--workspace", "--all-targets"];

/// In the order of how soon they can fail.
const STEPS: &[Step] = &[
    cargo("fmt", &["fmt", "--all", "--check"]),
    cargo("clippy", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    Step {
        name: "doc",
        work: Work::Cargo {
            arguments: &["doc", "--workspace", "--no-deps"],
            environment: &[("RUSTDOCFLAGS", "-D warnings")],
        },
    },
    // What it builds of the tests, the next step runs.
    cargo("build", BUILD),
    // With the doc tests, which nextest would leave out.
    cargo("test", &["test", "--workspace"]),
    // The server without its features, which the workspace as a whole never builds.
    cargo("lean", &["test", "--package", "vivavoce-server", "--test", "mcp_off"]),
    Step { name: "web", work: Work::Own(web::run) },
    Step { name: "npm", work: Work::Own(npm::test) },
    Step { name: "interop", work: Work::Own(interop::run) },
];

const fn cargo(name: &'static str, arguments: &'static [&'static str]) -> Step {
    Step { name, work: Work::Cargo { arguments, environment: &[] } }
}

pub(crate) fn run(names: &[String]) -> Result<(), String> {
    let steps = chosen(names)?;
    let start = Instant::now();
    for step in &steps {
        match step.name {
            "fmt" => setup::component("fmt", "rustfmt")?,
            "clippy" => setup::component("clippy", "clippy")?,
            _ => {}
        }
    }
    let mut times = Vec::new();
    let mut left_out = Vec::new();
    for step in &steps {
        let (took, missed) = step.run()?;
        times.push(format!("{} {}", step.name, seconds(took)));
        left_out.extend(missed);
    }
    println!("\nxtask: all fine in {} ({})", seconds(start.elapsed()), times.join(", "));
    for missed in left_out {
        println!("xtask: left out: {missed}");
    }
    Ok(())
}

/// The steps named, in their own order; all when none is.
fn chosen(names: &[String]) -> Result<Vec<Step>, String> {
    if let Some(unknown) = names.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        return Err(format!("there is no step `{unknown}`, only {}", known.join(", ")));
    }
    let wanted = |step: &&Step| names.is_empty() || names.iter().any(|name| name == step.name);
    Ok(STEPS.iter().filter(wanted).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::root;

    fn names(wanted: &[&str]) -> Result<Vec<&'static str>, String> {
        let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        Ok(chosen(&wanted)?.iter().map(|step| step.name).collect())
    }

    #[test]
    fn no_name_means_every_step() {
        assert_eq!(names(&[]).unwrap(), ["fmt", "clippy", "doc", "build", "test", "lean", "web", "npm", "interop"]);
    }

    #[test]
    fn named_steps_run_in_their_own_order() {
        assert_eq!(names(&["test", "fmt"]).unwrap(), ["fmt", "test"]);
        assert_eq!(
            names(&["fnt"]).unwrap_err(),
            "there is no step `fnt`, only fmt, clippy, doc, build, test, lean, web, npm, interop"
        );
    }

    /// Clippy reads the list of banned methods from each crate's own folder and cannot include another file.
    #[test]
    fn crates_without_io_ban_the_same_methods() {
        let read = |name| std::fs::read_to_string(root().join("crates").join(name).join("clippy.toml"));
        let protocol = read("protocol").expect("a list in crates/protocol");
        for name in ["audio", "session", "server"] {
            assert_eq!(read(name).expect("a list of its own"), protocol, "crates/{name}/clippy.toml differs");
        }
    }
}
