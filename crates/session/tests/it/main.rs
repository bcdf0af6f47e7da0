//! The session machine, played by hand.

mod commands;
mod common;
mod conversation;
mod totality;
mod uncommon;
mod with_server;
