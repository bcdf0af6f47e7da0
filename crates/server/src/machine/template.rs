//! A session as a REST call describes it before it is opened: the configuration an ephemeral secret carries.

use serde_json::value::RawValue;
use vivavoce_protocol::payload::SessionEvent;
use vivavoce_protocol::{ClientEvent, Dialect, ServerEvent, Session, SessionId, TranslationSession};

use super::fields::{self, Path, Shape};
use super::mcp::Mcp;
use super::refusal::{self, Refusal};
use super::settings::Settings;
use super::{MachineConfig, SessionKind, interpreter};

/// The model of a session that names none.
const MODEL: &str = "gpt-realtime";

/// Which REST call describes the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateKind {
    /// `session` of `POST /v1/realtime/client_secrets`: a GA conversation or transcription.
    ClientSecret,
    /// `session` of `POST /v1/realtime/translations/client_secrets`.
    TranslationClientSecret,
    /// The body of beta's `POST /v1/realtime/sessions`.
    BetaSession,
    /// The body of beta's `POST /v1/realtime/transcription_sessions`.
    BetaTranscriptionSession,
}

/// What is wrong with a request: the `error` of a REST answer, as of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiFault {
    /// The class of error, such as `invalid_request_error`.
    pub kind: String,
    /// The error itself, such as `unknown_parameter`.
    pub code: Option<String>,
    /// For people.
    pub message: String,
    /// The parameter at fault, such as `session.type`.
    pub param: Option<String>,
}

impl From<Refusal> for ApiFault {
    fn from(refusal: Refusal) -> Self {
        Self {
            kind: refusal.kind.to_owned(),
            code: refusal.code.map(str::to_owned),
            message: refusal.message,
            param: refusal.param,
        }
    }
}

/// A checked session to be opened later. See [`MachineConfig::template`](super::MachineConfig::template).
#[derive(Debug, Clone, PartialEq)]
pub struct SessionTemplate {
    dialect: Dialect,
    asked: Asked,
}

#[derive(Debug, Clone, PartialEq)]
enum Asked {
    Talk(Box<Settings>),
    Translation(Box<TranslationSession>),
}

impl SessionTemplate {
    /// Reads and checks a session as `session.update` would. Without one it has all defaults.
    ///
    /// # Errors
    ///
    /// What is first wrong with it. Parameters begin with `session.`, but for the beta kinds, whose session is the body.
    pub fn read(kind: TemplateKind, session: Option<&RawValue>) -> Result<Self, ApiFault> {
        let beta = matches!(kind, TemplateKind::BetaSession | TemplateKind::BetaTranscriptionSession);
        let path = if beta { Path::Root } else { Path::Member(&Path::Root, "session") };
        let (shape, dialect): (&Shape, _) = match kind {
            TemplateKind::ClientSecret => (&fields::CLIENT_SECRET_SESSION, Dialect::Ga),
            TemplateKind::TranslationClientSecret => (&fields::TRANSLATION_SECRET_SESSION, Dialect::Translation),
            TemplateKind::BetaSession => (&fields::BETA_SESSION, Dialect::Beta),
            TemplateKind::BetaTranscriptionSession => (&fields::BETA_TRANSCRIPTION_SESSION, Dialect::Beta),
        };
        if let Some(session) = session {
            shape.check(session, path)?;
        } else if kind == TemplateKind::TranslationClientSecret {
            return Err(refusal::missing("session").into());
        }
        let asked = session.and_then(|session| decode(kind, session.get(), dialect));
        let asked = match (kind, asked) {
            (TemplateKind::TranslationClientSecret, Some(Session::Translation(session))) => {
                let model = session.model.get().map(vivavoce_protocol::Model::as_str).unwrap_or_default();
                if let Some((refusal, _)) = MachineConfig::translation(model).refusal() {
                    return Err(refusal.into());
                }
                Asked::Translation(Box::new(session))
            }
            (_, asked) => {
                let transcription =
                    kind == TemplateKind::BetaTranscriptionSession || matches!(asked, Some(Session::Transcription(_)));
                let model = match &asked {
                    Some(Session::Realtime(session)) => session.model.get().map(|model| model.as_str().to_owned()),
                    _ => None,
                };
                let config = if transcription {
                    MachineConfig::transcription()
                } else {
                    MachineConfig::realtime(model.as_deref().unwrap_or(MODEL))
                };
                if let Some((refusal, _)) = config.refusal() {
                    return Err(refusal.into());
                }
                let settings = Settings::new(&config.dialect(dialect), SessionId::from(""));
                let settings = match asked {
                    Some(asked) => settings.updated(&asked, false)?,
                    None => settings,
                };
                if let Some(tools) = settings.tools().get() {
                    Mcp::default().read(tools, "session")?;
                }
                Asked::Talk(Box::new(settings))
            }
        };
        Ok(Self { dialect, asked })
    }

    /// The whole session object, as JSON text, with this id and end (0 for a session that is not open yet).
    pub fn wire(&self, session_id: &str, expires_at: u64) -> String {
        let session = match &self.asked {
            Asked::Talk(settings) => settings.as_ref().clone().named(session_id.into(), expires_at).wire(),
            Asked::Translation(session) => {
                let config = MachineConfig {
                    opened_at: expires_at,
                    lifetime: std::time::Duration::ZERO,
                    model: None,
                    ..MachineConfig::translation("")
                };
                interpreter::complete((**session).clone(), &config, session_id.into()).into()
            }
        };
        let event = ServerEvent::SessionCreated(SessionEvent::new().session(Box::new(session)));
        // An event is the one thing that is written in a dialect; its session is what is wanted.
        let event = event.to_json(self.dialect);
        let members = serde_json::from_str(&event).ok().and_then(vivavoce_protocol::Members::of);
        members.and_then(|members| members.get("session").map(|json| json.get().to_owned())).unwrap_or_default()
    }

    /// What the session is for.
    pub fn kind(&self) -> SessionKind {
        match &self.asked {
            Asked::Talk(settings) if settings.is_transcription() => SessionKind::Transcription,
            Asked::Talk(_) => SessionKind::Realtime,
            Asked::Translation(_) => SessionKind::Translation,
        }
    }

    /// The dialect of the call that described it.
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Its model; a transcription session has none.
    pub fn model(&self) -> Option<&str> {
        match &self.asked {
            Asked::Talk(settings) => Some(settings.model()).filter(|model| !model.is_empty()),
            Asked::Translation(session) => session.model.get().map(vivavoce_protocol::Model::as_str),
        }
    }

    pub(super) fn settings(&self) -> Option<&Settings> {
        match &self.asked {
            Asked::Talk(settings) => Some(settings),
            Asked::Translation(_) => None,
        }
    }

    pub(super) fn translation(&self) -> Option<&TranslationSession> {
        match &self.asked {
            Asked::Talk(_) => None,
            Asked::Translation(session) => Some(session),
        }
    }
}

/// A session that fits its description, read as an update has it.
fn decode(kind: TemplateKind, session: &str, dialect: Dialect) -> Option<Session> {
    let name = match kind {
        TemplateKind::BetaTranscriptionSession => "transcription_session.update",
        _ => "session.update",
    };
    let frame = format!(r#"{{"type":"{name}","session":{session}}}"#);
    match ClientEvent::decode(&frame, dialect).ok()? {
        ClientEvent::SessionUpdate(update) => update.session.into_value().map(|session| *session),
        _ => None,
    }
}
