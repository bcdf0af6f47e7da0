//! The REST that makes sense on this machine: minting secrets, and naming models.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::api_error::{ApiError, json_text};
use super::credential::{self, Verdict};
use super::{Server, secrets, since_epoch};
use crate::machine::{MODELS, SessionTemplate, TemplateKind};

/// The largest body that is read.
const MAX_BODY: usize = 1 << 20;
/// How long a body may take to come.
const BODY_WAIT: Duration = Duration::from_secs(10);
/// How long a secret lives, in seconds: by default, at least, at most.
const LIFE: (u64, u64, u64) = (600, 10, 7_200);
/// How long one of the beta API lives.
const BETA_LIFE: u64 = 60;

pub(super) async fn client_secrets(server: State<Server>, headers: HeaderMap, body: Body) -> Response {
    answer(client_secret(&server, &headers, body, TemplateKind::ClientSecret).await)
}

pub(super) async fn translation_client_secrets(server: State<Server>, headers: HeaderMap, body: Body) -> Response {
    answer(client_secret(&server, &headers, body, TemplateKind::TranslationClientSecret).await)
}

pub(super) async fn beta_sessions(server: State<Server>, headers: HeaderMap, body: Body) -> Response {
    answer(beta_session(&server, &headers, body, TemplateKind::BetaSession).await)
}

pub(super) async fn beta_transcription_sessions(server: State<Server>, headers: HeaderMap, body: Body) -> Response {
    answer(beta_session(&server, &headers, body, TemplateKind::BetaTranscriptionSession).await)
}

pub(super) async fn models(State(server): State<Server>, headers: HeaderMap) -> Response {
    answer(admit(&server, &headers).map(|()| {
        let models: Vec<_> = MODELS.iter().map(|id| model_object(&server, id)).collect();
        json!({"object": "list", "data": models}).to_string()
    }))
}

pub(super) async fn model(State(server): State<Server>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    answer(admit(&server, &headers).and_then(|()| {
        let known = MODELS.contains(&id.as_str());
        known.then(|| model_object(&server, &id).to_string()).ok_or_else(|| ApiError::unknown_model(&id))
    }))
}

fn model_object(server: &Server, id: &str) -> Value {
    json!({"id": id, "object": "model", "created": server.started, "owned_by": "vivavoce"})
}

fn answer(result: Result<String, ApiError>) -> Response {
    match result {
        Ok(body) => json_text(StatusCode::OK, body),
        Err(error) => error.into_response(),
    }
}

fn admit(server: &Server, headers: &HeaderMap) -> Result<(), ApiError> {
    match server.access.to_rest(credential::of(headers).as_ref()) {
        Verdict::Good(_) => Ok(()),
        Verdict::Missing => Err(ApiError::missing_key()),
        Verdict::Wrong => Err(ApiError::wrong_key()),
    }
}

/// `{value, expires_at, session}`.
async fn client_secret(
    server: &Server,
    headers: &HeaderMap,
    body: Body,
    kind: TemplateKind,
) -> Result<String, ApiError> {
    admit(server, headers)?;
    let body = text(body).await?;
    let mut members = members(&body)?;
    let life = match members.remove("expires_after") {
        Some(after) => life(after)?,
        None => LIFE.0,
    };
    let session = members.remove("session");
    if let Some(name) = members.keys().next() {
        return Err(ApiError::unknown_parameter(name));
    }
    let minted = mint(server, SessionTemplate::read(kind, session)?, life)?;
    let (value, expires_at) = (json!(minted.value), minted.expires_at);
    Ok(format!(r#"{{"value":{value},"expires_at":{expires_at},"session":{}}}"#, minted.session))
}

/// The session object, with the secret as a member.
async fn beta_session(
    server: &Server,
    headers: &HeaderMap,
    body: Body,
    kind: TemplateKind,
) -> Result<String, ApiError> {
    admit(server, headers)?;
    let body = text(body).await?;
    members(&body)?;
    let session = if body.trim().is_empty() { None } else { serde_json::from_str(&body).ok() };
    let minted = mint(server, SessionTemplate::read(kind, session)?, BETA_LIFE)?;
    let secret = json!({"value": minted.value, "expires_at": minted.expires_at});
    let rest = minted.session.strip_prefix('{').unwrap_or("}");
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    Ok(format!(r#"{{"client_secret":{secret}{comma}{rest}"#))
}

struct Minted {
    value: String,
    /// Unix seconds.
    expires_at: u64,
    /// The session object. Its own expiry is 0: it begins when it is opened.
    session: String,
}

fn mint(server: &Server, template: SessionTemplate, life: u64) -> Result<Minted, ApiError> {
    let now = since_epoch().as_secs();
    let id = secrets::session_id().map_err(|_| ApiError::no_randomness())?;
    let session = template.wire(&id, 0);
    let expires_at = now.saturating_add(life);
    let secret =
        server.secrets().mint(template, session.len(), expires_at, now).map_err(|_| ApiError::no_randomness())?;
    Ok(Minted { value: secret.reveal().to_owned(), expires_at, session })
}

/// The body as text, within bounds of size and time.
async fn text(body: Body) -> Result<String, ApiError> {
    let bytes = tokio::time::timeout(BODY_WAIT, axum::body::to_bytes(body, MAX_BODY)).await;
    // A body that breaks off has nobody left to be told.
    let bytes = bytes.map_err(|_| ApiError::too_slow())?.map_err(|_| ApiError::too_large(MAX_BODY))?;
    String::from_utf8(bytes.into()).map_err(|_| ApiError::not_json())
}

/// The members of an object; none when there is no body. Null is as good as absent.
fn members(body: &str) -> Result<BTreeMap<String, &RawValue>, ApiError> {
    if body.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut members: BTreeMap<String, &RawValue> = serde_json::from_str(body).map_err(|_| ApiError::not_json())?;
    members.retain(|_, value| value.get() != "null");
    Ok(members)
}

/// `{"anchor": "created_at", "seconds": 10 to 7200}`, both of which may be left out.
fn life(after: &RawValue) -> Result<u64, ApiError> {
    const ANCHOR: &str = "expires_after.anchor";
    const SECONDS: &str = "expires_after.seconds";
    let (default, min, max) = LIFE;
    let mut members = match after.get().starts_with('{') {
        true => members(after.get())?,
        false => return Err(ApiError::invalid_type("expires_after", "an object")),
    };
    if let Some(anchor) = members.remove("anchor") {
        match serde_json::from_str::<String>(anchor.get()) {
            Ok(anchor) if anchor == "created_at" => {}
            Ok(anchor) => return Err(ApiError::invalid_value(ANCHOR, &anchor, "created_at")),
            Err(_) => return Err(ApiError::invalid_type(ANCHOR, "a string")),
        }
    }
    let seconds = members.remove("seconds");
    if let Some(name) = members.keys().next() {
        return Err(ApiError::unknown_parameter(&format!("expires_after.{name}")));
    }
    let Some(seconds) = seconds else { return Ok(default) };
    // Wider than any whole number that makes sense, so that one out of range is named as such.
    match serde_json::from_str::<i128>(seconds.get()) {
        Ok(number) if number < i128::from(min) => Err(ApiError::out_of_range(SECONDS, seconds.get(), true, min)),
        Ok(number) if number > i128::from(max) => Err(ApiError::out_of_range(SECONDS, seconds.get(), false, max)),
        Ok(number) => u64::try_from(number).map_err(|_| ApiError::invalid_type(SECONDS, "an integer")),
        Err(_) => Err(ApiError::invalid_type(SECONDS, "an integer")),
    }
}
