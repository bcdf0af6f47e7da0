//! The client against hostile servers, a played transport and the local server.

mod common;

mod broken;
mod commands;
mod driver;
mod endings;
mod listening;
mod local_server;
mod pending;
mod refused;
