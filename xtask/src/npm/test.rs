//! The tests of the npm package, in Node and in a browser, against `vivavoce serve`.

use crate::browser;
use crate::node::Node;
use crate::served::Served;
use crate::step::{LeftOut, built, built_into, leave_out, show};
use crate::wasm::Compiler;

use super::{build, sources};

pub(crate) fn run() -> Result<LeftOut, String> {
    let found = browser::find().and_then(|()| Ok((Node::find()?, Compiler::find()?)));
    let (node, compiler) = match found {
        Ok(found) => found,
        Err(missing) => return leave_out("npm", &missing),
    };
    let package = build(&node, compiler)?;
    let binary = built("npm")?;
    let servers = Served::start(&binary, &built_into().with_file_name("npm-tests"))?;
    let mut tests = node.npm(&sources());
    tests.args(["test", "--loglevel=error"]).envs(servers.environment());
    let ran = show(
        "npm",
        tests
            .env("NODE_EXTRA_CA_CERTS", servers.certificate())
            .env("VIVAVOCE_NPM", package)
            .env("VIVAVOCE_BIN", binary),
    );
    // A server that fell over is the better explanation.
    servers.stop()?;
    ran.map(|()| LeftOut::new())
}
