//! Node and its packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::stamp::Stamp;
use crate::step::{said, show};

/// The first version with the socket of browsers, behind a flag.
const OLDEST: (u32, u32) = (20, 10);

/// An installed Node with npm.
pub(crate) struct Node {
    version: String,
}

impl Node {
    pub(crate) fn find() -> Result<Self, String> {
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
        Ok(Self { version })
    }

    /// Brings the packages that `folder` locks, unless they are there.
    pub(crate) fn install(&self, folder: &Path) -> Result<(), String> {
        // Beside the sources, where Node looks for packages; git ignores it. What `npm ci` finds there it removes.
        let stamp = Stamp::new(&folder.join("node_modules"), &folder.join("package-lock.json"), &self.version)?;
        if stamp.fits() {
            return Ok(());
        }
        // Programs that packages bring to run at installation are not run. It would warn that the packages of the vendor
        // ask for a newer Node than they need.
        show("npm", self.npm(folder).args(["ci", "--ignore-scripts", "--loglevel=error"]))?;
        stamp.write()
    }

    /// npm in a folder.
    pub(crate) fn npm(&self, folder: &Path) -> Command {
        in_folder(npm(), folder)
    }

    /// Node in a folder.
    pub(crate) fn run(&self, folder: &Path) -> Command {
        in_folder(Command::new("node"), folder)
    }
}

fn in_folder(mut command: Command, folder: &Path) -> Command {
    command.current_dir(PathBuf::from(folder));
    command
}

fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}
