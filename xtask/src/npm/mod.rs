//! The npm package: built from `crates/js` into `target/npm`.

mod test;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::node::Node;
use crate::step::{root, show};
use crate::wasm::{self, Compiler};

pub(crate) use test::run as test;

/// The features of WebAssembly that the compiler uses, for the optimizer.
const FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
    "--enable-multivalue",
];

/// Small code. A large function that one other calls stays apart: packed it takes no more room, and engines compile
/// functions as a whole while these run, so that what runs often must not have in it what runs rarely.
const OPTIONS: [&str; 4] = ["-Oz", "--low-memory-unused", "--one-caller-inline-max-function-size", "50"];

/// `cargo xtask npm`.
pub(crate) fn run(_: &[String]) -> Result<(), String> {
    let package = build(&Node::find()?, Compiler::find()?)?;
    println!("\nxtask: the package is in {}", package.display());
    Ok(())
}

/// Builds the package; returns its folder.
fn build(node: &Node, compiler: Compiler) -> Result<PathBuf, String> {
    let bindgen = wasm::bindgen("bindgen")?;
    show("npm", compiler.cargo("build").args(["--package", "vivavoce-js", "--profile", "wasm"]))?;
    node.install(&sources())?;
    let compiled = wasm::folder().join(wasm::TARGET).join("wasm/vivavoce_js.wasm");
    let module = wasm::folder().join("module");
    show("npm", Command::new(bindgen).args(["--target", "web", "--out-dir"]).arg(&module).arg(compiled))?;
    optimize(node, &module)?;
    let package = root().join("target/npm");
    show("npm", node.run(&sources()).arg("build.js").args([&module, &package]))?;
    Ok(package)
}

/// By the optimizer from npm: that of Debian 12 breaks the table of references to JavaScript's values.
fn optimize(node: &Node, module: &Path) -> Result<(), String> {
    let optimizer = sources().join("node_modules/binaryen/bin/wasm-opt");
    let (from, to) = (module.join("vivavoce_js_bg.wasm"), module.join("vivavoce.wasm"));
    show("npm", node.run(&sources()).arg(optimizer).args(OPTIONS).args(FEATURES).arg(from).arg("-o").arg(to))
}

fn sources() -> PathBuf {
    root().join("crates/js")
}
