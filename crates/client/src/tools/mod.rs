//! Tools: functions of the application that the model may call.
//!
//! They run on tasks of their own, so that nothing waits for them but the model; what comes of them goes through the
//! session, which decides when the model is asked to go on. What is a tool is in `tool`, who may let it run in
//! `approval`, how it is run in `runner`.

mod approval;
mod context;
mod runner;
mod tool;

pub use approval::{Approval, ToolRequest};
pub use context::ToolContext;
pub(crate) use runner::Runner;
pub use tool::Tool;
