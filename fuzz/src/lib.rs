//! Bodies of the fuzz targets: each takes any bytes and panics when a promise is broken.
//!
//! They live in a library so that they run in three ways: under libFuzzer (`fuzz_targets/`), on the committed
//! seeds in every test run (`tests/`), and for as long as one likes by `cargo xtask fuzz` ([`run`]). How bytes
//! are made without libFuzzer is in [`Seeds`].

mod decode;
mod round_trip;
mod script;
mod seeds;
mod server;
mod session;

pub use decode::decode;
pub use round_trip::round_trip;
pub use seeds::Seeds;
pub use server::server;
pub use session::session;

use std::panic::{AssertUnwindSafe, catch_unwind};

use vivavoce_protocol::Dialect;

/// A body: what libFuzzer calls with its bytes.
pub type Body = fn(&[u8]);

/// Every body under the name of its target and of its folder in `seeds/`.
///
/// A new body needs a file here, a line in this list, a
/// target in `fuzz_targets/` and at least one seed.
pub const BODIES: &[(&str, Body)] =
    &[("decode", decode), ("round_trip", round_trip), ("session", session), ("server", server)];

const DIALECTS: [Dialect; 3] = [Dialect::Ga, Dialect::Beta, Dialect::Translation];

/// Runs a body on one input.
///
/// # Panics
///
/// When the body does, showing the input.
pub fn run(name: &str, body: Body, data: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| body(data))).is_err() {
        panic!("{name} fails on {:?}", String::from_utf8_lossy(data));
    }
}
