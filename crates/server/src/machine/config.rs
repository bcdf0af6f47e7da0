//! How a session is opened: fixed by the URL, the headers and the credential of its connection.

use std::time::Duration;

use vivavoce_protocol::Dialect;

use super::SessionTemplate;
use super::models::{self, Family};
use super::refusal::{self, Close, Refusal};

/// What a session is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SessionKind {
    /// A conversation: `/v1/realtime?model=...`.
    #[default]
    Realtime,
    /// Speech to text only: `/v1/realtime?intent=transcription`.
    Transcription,
    /// Speech to speech in another language: `/v1/realtime/translations?model=...`.
    Translation,
}

/// Why a connection gets no session: an `error` event, and the close that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnedAway {
    /// `invalid_api_key`, close 3000.
    WrongKey,
    /// `insufficient_quota`, close 1013.
    NoQuota,
    /// `beta_api_shape_disabled`, close 4000: what the vendor says to beta clients since May 2026.
    BetaDisabled,
}

/// How a session is opened.
#[derive(Debug, Clone, PartialEq)]
pub struct MachineConfig {
    /// The dialect the client asked for; GA by default. [`Dialect::Translation`] follows from the kind.
    pub dialect: Dialect,
    /// What the session is for.
    pub kind: SessionKind,
    /// The model of the URL. A conversation and a translation need one; a transcription session must have none.
    pub model: Option<String>,
    /// The connection is refused, whatever else it asks for.
    pub turned_away: Option<TurnedAway>,
    /// What the session is opened with, where its ephemeral secret carries a configuration. It names the kind and the
    /// model, where the URL does not.
    pub template: Option<SessionTemplate>,
    /// How long the session lives; 60 minutes by default.
    pub lifetime: Duration,
    /// Where ids come from: the same seed gives the same ids.
    pub seed: u64,
    /// When the session is opened, in Unix seconds: for `session.expires_at`.
    pub opened_at: u64,
}

impl MachineConfig {
    /// How long a session lives by default.
    pub const LIFETIME: Duration = Duration::from_secs(3600);

    /// A GA conversation with a model, seed 0, opened at the epoch.
    pub fn realtime(model: &str) -> Self {
        Self { model: Some(model.to_owned()), ..Self::new(SessionKind::Realtime) }
    }

    /// A GA transcription session, seed 0, opened at the epoch.
    pub const fn transcription() -> Self {
        Self::new(SessionKind::Transcription)
    }

    /// A translation session with a model, seed 0, opened at the epoch.
    pub fn translation(model: &str) -> Self {
        let new = Self::new(SessionKind::Translation);
        Self { model: Some(model.to_owned()), dialect: Dialect::Translation, ..new }
    }

    const fn new(kind: SessionKind) -> Self {
        Self {
            dialect: Dialect::Ga,
            kind,
            model: None,
            turned_away: None,
            template: None,
            lifetime: Self::LIFETIME,
            seed: 0,
            opened_at: 0,
        }
    }

    /// In this dialect; a translation has its own.
    #[must_use]
    pub const fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// `session.expires_at`, in Unix seconds.
    pub(super) const fn expires_at(&self) -> u64 {
        // The largest whole number that every reader of JSON keeps.
        const MAX: u64 = (1 << 53) - 1;
        let at = self.opened_at.saturating_add(self.lifetime.as_secs());
        if at < MAX { at } else { MAX }
    }

    /// Why there will be no session, and how the socket is closed then.
    pub(super) fn refusal(&self) -> Option<(Refusal, Close)> {
        if let Some(turned_away) = self.turned_away {
            let refusal = match turned_away {
                TurnedAway::WrongKey => refusal::wrong_key(),
                TurnedAway::NoQuota => refusal::no_quota(),
                TurnedAway::BetaDisabled => refusal::beta_disabled(),
            };
            let close = Close::after(
                match turned_away {
                    TurnedAway::WrongKey => 3000,
                    TurnedAway::NoQuota => 1013,
                    TurnedAway::BetaDisabled => 4000,
                },
                &refusal,
            );
            return Some((refusal, close));
        }
        let model = self.model.as_deref().or_else(|| self.template.as_ref().and_then(SessionTemplate::model));
        let refusal = match (self.kind, model.map(|model| (model, models::family(model)))) {
            (SessionKind::Transcription, None) => return None,
            (SessionKind::Transcription, Some((model, Family::Transcription))) => {
                refusal::unsuitable_model(model, "transcription")
            }
            (SessionKind::Transcription, Some(_)) => refusal::model_in_transcription(),
            (SessionKind::Translation, None) => refusal::missing_model("gpt-realtime-translate"),
            (SessionKind::Realtime, None) => refusal::missing_model("gpt-realtime"),
            (SessionKind::Realtime, Some((model, Family::Transcription))) => refusal::transcription_model(model),
            (SessionKind::Realtime, Some((model, Family::Translation | Family::Other))) => {
                refusal::unsuitable_model(model, "realtime")
            }
            (SessionKind::Translation, Some((model, Family::Realtime | Family::Transcription | Family::Other))) => {
                refusal::unsuitable_model(model, "translation")
            }
            _ => return None,
        };
        let close = Close::after(4000, &refusal);
        Some((refusal, close))
    }
}
