//! The tests in JavaScript: `interop/node`.

use super::{Suite, sources};
use crate::node::Node;
use crate::served::Served;
use crate::step::show;

pub(super) fn find() -> Result<Box<dyn Suite>, String> {
    Ok(Box::new(Node::find()?))
}

impl Suite for Node {
    fn name(&self) -> &'static str {
        "node"
    }

    fn install(&self) -> Result<(), String> {
        Self::install(self, &sources("node"))
    }

    fn run(&self, servers: &Served) -> Result<(), String> {
        let mut tests = self.npm(&sources("node"));
        tests.args(["test", "--loglevel=error"]).envs(servers.environment());
        // How a user makes Node trust a certificate of one's own.
        tests.env("NODE_EXTRA_CA_CERTS", servers.certificate());
        // Nothing is told to the vendor.
        tests.env("OPENAI_AGENTS_DISABLE_TRACING", "1");
        show("interop", &mut tests)
    }
}
