//! The session machine as WebAssembly: what is inside the npm package `vivavoce`.
//!
//! Not a library for Rust, where `vivavoce` and `vivavoce-session` are. Sockets, timers, tool handlers and the classes an
//! application sees are TypeScript (`ts/`, beside this folder); here are [`Session`], the machine with its calls brought
//! into a form that crosses the border cheaply, and [`Face`], what an application sees of the wire.
//!
//! Frames cross as text, samples as `Int16Array`, what happened as JSON.

mod face;
mod session;
mod told;

pub use face::Face;
pub use session::Session;
