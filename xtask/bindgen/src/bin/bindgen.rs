//! `wasm-bindgen`: the JavaScript around a module. Not under that name, which rustc knows as a crate of old versions.

fn main() -> anyhow::Result<()> {
    wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(std::env::args_os())
}
