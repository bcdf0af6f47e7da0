//! The server against clients nobody here wrote: the tests in `interop/`, with Node and Python.
//!
//! Their packages come from the registries, in the versions that are written down, when those change. Nothing else goes
//! over the network.

mod node;
mod python;

use std::path::{Path, PathBuf};

use crate::served::Served;
use crate::step::{LeftOut, built, built_into, leave_out, root};

/// Makes the tests of one language ready to run; the error tells what the machine lacks, and how to get it.
type Find = fn() -> Result<Box<dyn Suite>, String>;

/// The tests of one language.
trait Suite {
    fn name(&self) -> &'static str;
    /// Brings the packages, unless they are there.
    fn install(&self) -> Result<(), String>;
    /// Runs the tests against the servers.
    fn run(&self, servers: &Served) -> Result<(), String>;
}

const SUITES: &[Find] = &[node::find, python::find];

pub(crate) fn run() -> Result<LeftOut, String> {
    let mut left_out = LeftOut::new();
    let mut suites = Vec::new();
    for find in SUITES {
        match find() {
            Ok(suite) => suites.push(suite),
            Err(missing) => left_out.extend(leave_out("interop", &missing)?),
        }
    }
    if suites.is_empty() {
        return Ok(left_out);
    }
    let binary = built("interop")?;
    for suite in suites {
        suite.install()?;
        let servers = Served::start(&binary, &folder().join(suite.name()))?;
        let ran = suite.run(&servers);
        // A server that fell over is the better explanation.
        servers.stop()?;
        ran?;
    }
    Ok(left_out)
}

/// Where what the tests need is kept from run to run.
fn folder() -> PathBuf {
    built_into().parent().map_or_else(|| root().join("target"), Path::to_path_buf).join("interop")
}

/// The sources of the tests of one language.
fn sources(language: &str) -> PathBuf {
    root().join("interop").join(language)
}
