//! What the machine wants an engine to do.

use crate::engine::EngineRequest;

/// Names one generation of a machine. Minted by the machine; not the response's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub(super) u64);

/// An order to the one who runs engines.
#[derive(Debug, Clone, PartialEq)]
pub enum Job {
    /// Make a response, and bring its pieces with `handle_engine` under this id.
    Respond {
        /// The generation.
        id: JobId,
        /// What to answer.
        request: Box<EngineRequest>,
    },
    /// Stop making it. Pieces that still come are ignored.
    Cancel {
        /// The generation.
        id: JobId,
    },
}
