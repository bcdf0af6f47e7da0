//! The tests in Python: `interop/python`.

use std::path::PathBuf;
use std::process::Command;

use super::{Suite, folder, sources};
use crate::served::Served;
use crate::stamp::Stamp;
use crate::step::{said, show};

/// The oldest version that the vendor's package runs on.
const OLDEST: (u32, u32) = (3, 10);
/// Prints major and minor version, and finds out whether an environment with pip can be made.
const ASK: &str =
    "import sys, venv, ensurepip; print(sys.version_info[0], sys.version_info[1], sys.version.split()[0])";

struct Python {
    version: String,
}

pub(super) fn find() -> Result<Box<dyn Suite>, String> {
    let wanted = format!("Python {}.{} or newer is needed", OLDEST.0, OLDEST.1);
    if said(python().arg("--version")).is_none() {
        return Err(format!("{wanted}, and there is no `python3` (the packages python3 and python3-venv)"));
    }
    let Some(answer) = said(python().args(["-c", ASK])) else {
        return Err(format!("{wanted} with `venv` and `ensurepip`, which Debian keeps in the package python3-venv"));
    };
    let mut words = answer.split(' ');
    let mut number = || words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let found = (number(), number());
    let version = words.next().unwrap_or_default().to_owned();
    if found < OLDEST {
        return Err(format!("{wanted}, and `python3` is {version}"));
    }
    Ok(Box::new(Python { version }))
}

impl Suite for Python {
    fn name(&self) -> &'static str {
        "python"
    }

    fn install(&self) -> Result<(), String> {
        let requirements = sources("python").join("requirements.txt");
        let stamp = Stamp::new(&environment(), &requirements, &self.version)?;
        if stamp.fits() {
            return Ok(());
        }
        show("interop", python().args(["-m", "venv", "--clear"]).arg(environment()))?;
        let mut pip = Command::new(own_python());
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--requirement"]);
        show("interop", pip.arg(requirements))?;
        stamp.write()
    }

    fn run(&self, servers: &Served) -> Result<(), String> {
        let mut tests = Command::new(own_python());
        tests.args(["-m", "unittest"]).current_dir(sources("python")).envs(servers.environment());
        // How a user makes OpenSSL trust a certificate of one's own.
        tests.env("SSL_CERT_FILE", servers.certificate());
        show("interop", &mut tests)
    }
}

fn python() -> Command {
    Command::new(if cfg!(windows) { "python" } else { "python3" })
}

/// The environment with the packages under test.
fn environment() -> PathBuf {
    folder().join("python-environment")
}

fn own_python() -> PathBuf {
    environment().join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" })
}
