//! What the crate promises, checked on a sample of every event.
//!
//! `samples/` has one rich frame or more for each event, dialect and direction, one a line. The files here
//! each hold one promise to them; `check` is what they share.

mod accents;
mod check;
mod debug;
mod frames;
mod mutations;
mod places;
mod samples;
mod typed;
mod updates;
