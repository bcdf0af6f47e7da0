//! The dialects of the protocol, and all of the difference between them.
//!
//! Types everywhere else have the GA shape. [`beta`] is the accent: names, flat objects and spellings of the
//! protocol that was switched off in May 2026 and lives on in older clients, in Azure previews and in
//! self-hosted servers.

pub(crate) mod beta;

/// The form of the protocol a connection speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The current protocol, for conversation and transcription sessions.
    #[default]
    Ga,
    /// The protocol of 2024 and 2025: other event names, flat session and response objects.
    Beta,
    /// Translation sessions (`/v1/realtime/translations`), GA in everything they share.
    Translation,
}

/// Who sends an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The application.
    Client,
    /// The service.
    Server,
}
