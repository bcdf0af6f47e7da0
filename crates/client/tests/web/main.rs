//! The client in a browser's window, with `vivavoce serve` at the other end. In a dedicated worker: `web_worker`.
//!
//! ```text
//! vivavoce serve --port 0 --voice synthetic --require-key sk-of-the-web-tests
//! VIVAVOCE_URL=ws://127.0.0.1:PORT/v1/realtime WASM_BINDGEN_TEST_TIMEOUT=120 \
//!     cargo test -p vivavoce --target wasm32-unknown-unknown --features web --test web --test web_worker
//! ```
//!
//! The runner is that of wasm-bindgen (`CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER`), the browser the one whose driver it
//! finds (`CHROMEDRIVER`), set up by `webdriver.json` beside the manifest. Without a URL it is the one that `vivavoce serve`
//! has by default.

#![cfg(target_arch = "wasm32")]

mod common;
mod endings;
mod times;
mod turns;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
