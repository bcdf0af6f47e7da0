//! What turns base64 into bytes and back: the quickest there is on a machine.

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use native::{decode, encode};
#[cfg(target_arch = "wasm32")]
pub(crate) use web::{decode, encode};
