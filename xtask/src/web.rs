//! The Rust client in a browser: `crates/client/tests/web*`, against `vivavoce serve`.

use crate::browser;
use crate::served::Server;
use crate::step::{LeftOut, built, built_into, leave_out, show};
use crate::wasm::{self, Compiler};

/// The key that the tests have.
const KEY: &str = "sk-of-the-web-tests";

pub(crate) fn run() -> Result<LeftOut, String> {
    let compiler = match browser::find().and_then(|()| Compiler::find()) {
        Ok(compiler) => compiler,
        Err(missing) => return leave_out("web", &missing),
    };
    let runner = wasm::bindgen("test-runner")?;
    let options = ["--voice", "synthetic", "--require-key", KEY].map(str::to_owned);
    let server = Server::start(&built("web")?, &options, built_into().with_file_name("web-tests").join("server.log"))?;
    let mut tests = compiler.cargo("test");
    tests.args(["--package", "vivavoce", "--no-default-features", "--features", "web", "--no-fail-fast"]);
    tests.args(["--test", "web", "--test", "web_worker"]);
    tests.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", runner).env("CHROMEDRIVER", browser::DRIVER);
    tests.env("VIVAVOCE_URL", server.url()).env("WASM_BINDGEN_TEST_TIMEOUT", "120");
    let ran = show("web", &mut tests);
    // A server that fell over is the better explanation.
    server.stop()?;
    ran.map(|()| LeftOut::new())
}
