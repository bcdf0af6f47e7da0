//! The client in a dedicated worker, where there is no window; else as `web`.

#![cfg(target_arch = "wasm32")]

#[path = "../web/common.rs"]
mod common;
#[path = "../web/endings.rs"]
mod endings;
#[path = "../web/times.rs"]
mod times;
#[path = "../web/turns.rs"]
mod turns;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);
