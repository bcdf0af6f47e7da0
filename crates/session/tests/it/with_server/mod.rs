//! The session machine and the server's machine, each playing the other's peer: no I/O, in simulated time.
//!
//! Every scenario runs in both dialects and ends with [`Pair::agree`]: both hold the same conversation.

mod accounting;
mod chance;
mod engine;
mod faults;
mod held;
mod interruption;
mod items;
mod outcomes;
mod pair;
mod responses;
mod scrambled;
mod slot;
mod speech;
mod text;
mod tool_calls;
mod tools;

use pair::Pair;
