//! Whom we talk to, and how the session is configured.

use std::time::Duration;

use vivavoce::protocol::{Modality, TurnDetection};
use vivavoce::{Dialect, Error, RealtimeClient, RealtimeSession, Secret, Tool};
use vivavoce_server::LocalServer;

use super::{Answers, Chat, Vad};
use crate::failure::Failure;

/// The name of the vendor's key, in the environment and in `.env`.
const KEY: &str = "OPENAI_API_KEY";
/// A connection is made within this time or not at all.
const CONNECT: Duration = Duration::from_secs(10);
/// Events that may wait for the screen or the events file: minutes of a response that is made at once.
const QUEUE: usize = 16_384;

/// Bytes that may wait to be sent, about 16 s of speech: the events file keeps up with so many at once.
const MAX_OUTGOING: usize = 1 << 20;
/// What `--audio` names is in memory anyway: none of it is forgotten before its item has come.
const LONGEST_RECORDING: Duration = Duration::from_secs(24 * 3_600);

/// The client with its tools, not connected yet, and the local server when that is whom it talks to.
pub(super) async fn client(chat: &Chat, tools: Vec<Tool>) -> Result<(RealtimeClient, Option<LocalServer>), Failure> {
    let limit = Duration::from_secs(chat.timeout);
    let mut builder = RealtimeClient::builder()
        .connect_timeout(CONNECT.min(limit))
        .command_timeout(limit)
        // Recordings are sent faster than anybody speaks: they say nothing about how much of an answer was heard.
        .interrupt_on_speech(false)
        .event_queue(QUEUE)
        .max_outgoing(MAX_OUTGOING)
        .max_input_audio(LONGEST_RECORDING);
    if chat.beta {
        builder = builder.dialect(Dialect::Beta);
    }
    if let Some(model) = &chat.model {
        builder = builder.model(model);
    }
    let mut server = None;
    if let Some(url) = &chat.url {
        builder = builder.url(url);
    } else if chat.openai {
        builder = builder.api_key(vendor_key()?);
    } else {
        let started = LocalServer::start()
            .await
            .map_err(|error| Failure::failed(format!("cannot start the local server: {error}; name one with --url")))?;
        builder = builder.url(started.url());
        server = Some(started);
    }
    let client = builder.build().map_err(|error| match error {
        Error::InvalidUrl { .. } => Failure::Usage(error.to_string()),
        error => Failure::failed(error.to_string()),
    })?;
    client.update_session(session(chat)).map_err(|error| Failure::failed(error.to_string()))?;
    for tool in tools {
        client.add_tool(tool).map_err(|error| Failure::failed(error.to_string()))?;
    }
    Ok((client, server))
}

/// What the options say about the session; the rest stays as the client has it.
fn session(chat: &Chat) -> RealtimeSession {
    let mut session = RealtimeSession::update().output_modalities(match chat.modality {
        Answers::Text => Modality::Text,
        Answers::Audio => Modality::Audio,
    });
    if let Some(instructions) = &chat.instructions {
        session = session.instructions(instructions.as_str());
    }
    if let Some(voice) = &chat.voice {
        session = session.voice(voice);
    }
    session.turn_detection(match chat.vad {
        Vad::None => None,
        Vad::Server => Some(TurnDetection::server_vad()),
        Vad::Semantic => Some(TurnDetection::semantic_vad()),
    })
}

/// The key in the environment, else the one in a `.env` file here or above.
fn vendor_key() -> Result<Secret, Failure> {
    let given = std::env::var(KEY).ok().filter(|key| !key.trim().is_empty());
    let key = match given {
        Some(key) => Some(key),
        None => key_in_file()?,
    };
    key.map(|key| Secret::new(key.trim()))
        .ok_or_else(|| Failure::failed(format!("there is no key: set {KEY}, or put {KEY}=... into a file named .env")))
}

fn key_in_file() -> Result<Option<String>, Failure> {
    let lines = match dotenvy::dotenv_iter() {
        Ok(lines) => lines,
        Err(error) if error.not_found() => return Ok(None),
        Err(_) => return Err(unreadable()),
    };
    for line in lines {
        let (name, value) = line.map_err(|_| unreadable())?;
        if name == KEY && !value.trim().is_empty() {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Without the cause: it would quote the line, and that may be the key.
fn unreadable() -> Failure {
    Failure::failed("the file .env cannot be read: it must consist of lines NAME=VALUE")
}
