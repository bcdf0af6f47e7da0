//! The protocol machine, played by hand in simulated time. Each file is a topic.

mod audio;
mod chance;
mod errors;
mod idle;
mod items;
mod mcp;
mod play;
mod responses;
mod session;
mod template;
mod text;
mod tools;
mod transcription;
mod translation;
