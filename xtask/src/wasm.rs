//! The tools for WebAssembly: a compiler with the target, and wasm-bindgen at the version of the crates.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::setup::{self, runs};
use crate::step::{cargo, root, said, show};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";
/// Debian's compiler for its browsers, the standard library's source for it, and a linker.
const DEBIAN: [&str; 3] = ["rustc-web", "rust-web-src", "lld-19"];
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library";
const DEBIAN_LINKER: &str = "wasm-ld-19";

/// What compiles for the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compiler {
    /// The one that everything else is compiled with.
    Own,
    /// Debian's, which brings the standard library as source.
    Debian,
}

impl Compiler {
    /// Finds one, and installs what is missing where that is possible.
    pub(crate) fn find() -> Result<Self, String> {
        if let Some(found) = Self::installed() {
            return Ok(found);
        }
        if runs(Command::new("rustup").arg("--version")) {
            // Where its server cannot be reached, there are still Debian's packages.
            let _ = show("wasm", Command::new("rustup").args(["target", "add", TARGET]));
        }
        if Self::installed().is_none() {
            setup::packages(&DEBIAN);
        }
        Self::installed().ok_or_else(|| {
            format!(
                "the compiler lacks {TARGET}: `rustup target add {TARGET}`, or on Debian `apt-get install {}`",
                DEBIAN.join(" ")
            )
        })
    }

    fn installed() -> Option<Self> {
        let libraries = said(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]));
        if libraries.is_some_and(|folder| Path::new(&folder).is_dir()) {
            return Some(Self::Own);
        }
        let debian = Path::new(DEBIAN_SOURCE).is_dir()
            && runs(Command::new(DEBIAN_RUSTC).arg("--version"))
            && runs(Command::new(DEBIAN_LINKER).arg("--version"));
        debian.then_some(Self::Debian)
    }

    /// Cargo with this compiler: `subcommand` for the target, into a folder of its own.
    pub(crate) fn cargo(self, subcommand: &str) -> Command {
        let mut command = cargo();
        command.args([subcommand, "--target", TARGET, "--target-dir"]).arg(folder());
        // Every browser of the last years has SIMD, and Node since 16.4.
        command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS", "-Ctarget-feature=+simd128");
        if self == Self::Debian {
            command.arg("-Zbuild-std=std,panic_abort");
            // A stable compiler takes what cargo needs for building the standard library only when told so.
            command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER);
        }
        command
    }
}

/// The folder that is built into.
pub(crate) fn folder() -> PathBuf {
    root().join("target/web")
}

/// A program of `xtask/bindgen`, built when it is not.
pub(crate) fn bindgen(program: &str) -> Result<PathBuf, String> {
    let target = root().join("target/bindgen");
    let mut build = cargo();
    build.args(["build", "--quiet", "--locked", "--target-dir"]).arg(&target).current_dir(root().join("xtask/bindgen"));
    show("wasm", &mut build)?;
    Ok(target.join("debug").join(program).with_extension(std::env::consts::EXE_EXTENSION))
}
