//! The tests in JavaScript: `interop/node`.

use std::process::Command;

use super::served::Served;
use super::stamp::Stamp;
use super::{Suite, sources};
use crate::step::show;

/// The first version with the socket of browsers, behind a flag.
const OLDEST: (u32, u32) = (20, 10);

struct Node {
    version: String,
}

pub(super) fn find() -> Result<Box<dyn Suite>, String> {
    let wanted = format!("Node {}.{} or newer with npm is needed", OLDEST.0, OLDEST.1);
    let Some(version) = said(Command::new("node").arg("--version")) else {
        return Err(format!("{wanted}, and there is no `node` (nodejs.org, or the packages nodejs and npm)"));
    };
    let mut numbers = version.trim_start_matches('v').split('.').map(|number| number.parse().unwrap_or(0));
    if (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < OLDEST {
        return Err(format!("{wanted}, and `node` is {version}"));
    }
    if said(npm().arg("--version")).is_none() {
        return Err(format!("{wanted}, and there is no `npm` (the package npm)"));
    }
    Ok(Box::new(Node { version }))
}

impl Suite for Node {
    fn name(&self) -> &'static str {
        "node"
    }

    fn install(&self) -> Result<(), String> {
        let sources = sources("node");
        // Beside the tests, where Node looks for packages; git ignores it. What `npm ci` finds there it removes.
        let stamp = Stamp::new(&sources.join("node_modules"), &sources.join("package-lock.json"), &self.version)?;
        if stamp.fits() {
            return Ok(());
        }
        // Programs that packages bring to run at installation are not run. It would warn that the packages of the vendor
        // ask for a newer Node than they need.
        show("interop", npm().args(["ci", "--ignore-scripts", "--loglevel=error"]).current_dir(sources))?;
        stamp.write()
    }

    fn run(&self, servers: &Served) -> Result<(), String> {
        let mut tests = npm();
        tests.args(["test", "--loglevel=error"]).current_dir(sources("node")).envs(servers.environment());
        // How a user makes Node trust a certificate of one's own.
        tests.env("NODE_EXTRA_CA_CERTS", servers.certificate());
        // Nothing is told to the vendor.
        tests.env("OPENAI_AGENTS_DISABLE_TRACING", "1");
        show("interop", &mut tests)
    }
}

fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// What a program says of itself, if it is there.
pub(super) fn said(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
