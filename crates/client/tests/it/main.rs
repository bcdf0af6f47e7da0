//! The client against hostile servers, a played transport and the local server.

mod common;

mod broken;
mod commands;
mod driver;
mod endings;
mod errors;
mod flow;
mod interruption;
mod listening;
mod local_server;
mod pending;
mod refused;
mod responses;
mod tools;
mod uncommon;
