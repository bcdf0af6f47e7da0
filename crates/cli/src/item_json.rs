//! An item of the conversation as `--json` shows it: the reference client's `formatted`, with a hash in place of
//! the samples, and whatever else the item has to say.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use vivavoce_audio::AudioBuffer;
use vivavoce_protocol::payload::ItemEvent;
use vivavoce_protocol::{ClientEvent, Dialect, Item, Member};
use vivavoce_session::ConversationItem;

#[derive(Serialize)]
pub(crate) struct ItemJson {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    role: Option<String>,
    status: String,
    formatted: Formatted,
    /// What was heard of a message that was interrupted.
    #[serde(skip_serializing_if = "Option::is_none")]
    heard_transcript: Option<String>,
    /// The item's other members, as the protocol has them.
    #[serde(flatten)]
    others: BTreeMap<String, Box<RawValue>>,
}

#[derive(Serialize)]
struct Formatted {
    text: String,
    transcript: String,
    tool: Option<Tool>,
    output: Option<String>,
    audio: Audio,
}

#[derive(Serialize)]
struct Tool {
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    call_id: String,
    arguments: String,
}

#[derive(Serialize)]
struct Audio {
    samples: usize,
    /// Of the samples as little-endian PCM16.
    sha256: String,
}

impl ItemJson {
    pub(crate) fn new(item: &ConversationItem) -> Self {
        let mut others = members(item.item());
        // The session brings the status up to date.
        others.retain(|name, _| !matches!(name.as_str(), "id" | "status" | "formatted"));
        let formatted = item.formatted();
        Self {
            id: item.id().to_string(),
            kind: take_text(&mut others, "type").unwrap_or_default(),
            role: take_text(&mut others, "role"),
            status: item.status().as_str().to_owned(),
            formatted: Formatted {
                audio: Audio { samples: formatted.audio.len(), sha256: sha256(&formatted.audio) },
                text: formatted.text,
                transcript: formatted.transcript,
                tool: formatted.tool.map(|tool| Tool {
                    kind: "function",
                    name: tool.name,
                    call_id: tool.call_id,
                    arguments: tool.arguments,
                }),
                output: formatted.output,
            },
            heard_transcript: item.is_interrupted().then(|| item.heard_transcript().into_owned()),
            others,
        }
    }
}

/// Takes a member that is a string out; another stays where it is.
fn take_text(members: &mut BTreeMap<String, Box<RawValue>>, name: &str) -> Option<String> {
    let text = serde_json::from_str(members.get(name)?.get()).ok()?;
    members.remove(name);
    Some(text)
}

/// The members of an item in the words of the protocol. An item is JSON only inside an event, so one is made
/// around it.
fn members(item: &Item) -> BTreeMap<String, Box<RawValue>> {
    #[derive(Deserialize)]
    struct Around {
        item: BTreeMap<String, Box<RawValue>>,
    }
    let mut event = ItemEvent::new();
    event.item = Member::Value(Box::new(item.clone()));
    let json = ClientEvent::ItemCreate(event).to_json(Dialect::Ga);
    serde_json::from_str(&json).map_or_else(|_| BTreeMap::new(), |Around { item }| item)
}

fn sha256(audio: &AudioBuffer) -> String {
    let mut hash = Sha256::new();
    let mut bytes = Vec::new();
    for chunk in audio.chunks() {
        bytes.clear();
        bytes.extend(chunk.iter().flat_map(|sample| sample.to_le_bytes()));
        hash.update(&bytes);
    }
    hash.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
