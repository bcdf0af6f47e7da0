//! What goes into the log: what happens, never what is said.
//!
//! Each connection is a span, `realtime_session`. Above the level of debug there is no key, no audio, and nothing of
//! the conversation, not even in what the service says of an error: it may quote what was sent. Below there is none
//! either, but for those messages.

use vivavoce_session::{Delta, Event, SessionError};

pub(crate) fn note(event: &Event) {
    match event {
        Event::SessionCreated(session) => {
            let id = session.id().map(ToString::to_string);
            tracing::info!(session_id = id, "session created");
        }
        Event::SessionUpdated(_) => tracing::debug!("session updated"),
        Event::ItemUpdated { item_id, delta: Some(Delta::Audio { samples, .. }) } => {
            tracing::trace!(%item_id, samples = samples.len(), "audio");
        }
        Event::ItemAppended(item) => tracing::trace!(item_id = %item.id(), "item appended"),
        Event::ItemCompleted(item) => tracing::trace!(item_id = %item.id(), "item completed"),
        Event::ItemDeleted(item_id) => tracing::debug!(%item_id, "item deleted"),
        Event::Interrupted(interruption) => {
            tracing::debug!(items = interruption.items.len(), commands = interruption.commands.len(), "interrupted");
        }
        Event::ResponseCreated(response) => {
            tracing::debug!(response_id = response.id.get().map(|id| id.as_str()), "response created");
        }
        Event::ResponseDone(response) => tracing::debug!(
            response_id = response.id.get().map(|id| id.as_str()),
            status = response.status.get().map(|status| status.as_str()),
            "response done"
        ),
        Event::ToolCalled(call) => tracing::debug!(call_id = %call.call_id, name = call.name, "tool called"),
        Event::ToolAnswered(outcome) => tracing::debug!(
            call_id = %outcome.call_id,
            name = outcome.name,
            took_ms = u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX),
            failed = outcome.failure.is_some(),
            "tool answered"
        ),
        Event::ApprovalRequested(asked) => {
            tracing::debug!(server = asked.server_label, name = asked.name, "approval requested");
        }
        Event::TurnTimes(times) => tracing::debug!(
            response_id = %times.response_id,
            latency_ms = times.latency().map(|latency| u64::try_from(latency.as_millis()).unwrap_or(u64::MAX)),
            "answer timed"
        ),
        Event::BudgetSpent { spent, budget } => tracing::warn!(spent, budget, "budget spent"),
        Event::Error(error) => note_error(error),
        Event::Diagnostic(diagnostic) => tracing::debug!(%diagnostic, "diagnostic"),
        Event::UnknownEvent { name } => tracing::debug!(name, "an event newer than this crate"),
        Event::Disconnected(close) => tracing::info!(code = close.code, by_us = close.by_us, "disconnected"),
        _ => {}
    }
}

fn note_error(error: &SessionError) {
    let kind = match error {
        SessionError::Connection(_) => "connection",
        SessionError::Service(_) => "the service refused an event",
        SessionError::ResponseFailed { .. } => "response failed",
        SessionError::Undecodable(_) => "undecodable frame",
        SessionError::DamagedAudio { .. } => "damaged audio",
        SessionError::TranscriptionFailed { .. } => "transcription failed",
        SessionError::McpListingFailed(_) => "MCP listing failed",
        SessionError::ListenerPanicked(_) => "a listener panicked and was removed",
        _ => "trouble",
    };
    let advice = error.advice();
    tracing::warn!(kind, code = error.code(), actor = advice.actor.as_str(), retry = advice.retry, "error");
    tracing::debug!(%error, "the error in full");
}
