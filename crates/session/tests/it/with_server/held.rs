//! What each side holds of the conversation, in words that can be compared.

use std::fmt;

use vivavoce_audio::{AudioEncoding, DeltaDecoder, encode_base64};
use vivavoce_protocol::{Item, Member, Role};
use vivavoce_session::ConversationItem;

/// An item as one side holds it.
#[derive(Debug, PartialEq)]
pub(crate) struct Held {
    pub(crate) id: String,
    kind: Option<&'static str>,
    role: Option<Role>,
    status: String,
    text: String,
    transcript: String,
    /// Name, call id and arguments of a call; call id and output of an output.
    call: Vec<String>,
    audio: Samples,
}

/// Samples that show their number, not themselves.
#[derive(PartialEq)]
struct Samples(Vec<i16>);

impl fmt::Debug for Samples {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sum: i64 = self.0.iter().map(|&sample| i64::from(sample)).sum();
        write!(f, "{} samples (their sum is {sum})", self.0.len())
    }
}

impl Held {
    /// The same but for its sound.
    pub(crate) fn is_but_for_sound(&self, other: &Self) -> bool {
        (&self.id, &self.status, &self.text, &self.transcript, &self.call)
            == (&other.id, &other.status, &other.text, &other.transcript, &other.call)
    }

    /// As the client shows it.
    pub(crate) fn by_client(item: &ConversationItem) -> Self {
        let formatted = item.formatted();
        // What was said is held as it was recorded: the service has it as it was coded.
        let coded = base64(&formatted.audio.to_vec(), item.audio_encoding());
        Self {
            audio: decoded(&coded, item.audio_encoding()),
            text: formatted.text,
            transcript: item.transcript().into_owned(),
            status: item.status().as_str().to_owned(),
            ..Self::said(item.item())
        }
    }

    /// As the server retrieves it.
    pub(crate) fn by_server(item: &Item, input: AudioEncoding, output: AudioEncoding) -> Self {
        let mut held = Self::said(item);
        let encoding = if held.role == Some(Role::User) { input } else { output };
        for part in parts(item) {
            if let Some(base64) = part.audio.get() {
                held.audio.0.extend(decoded(base64, encoding).0);
            }
        }
        held
    }

    /// What the item itself says, without its audio.
    fn said(item: &Item) -> Self {
        let joined = |text: fn(&vivavoce_protocol::ContentPart) -> &Member<String>| {
            parts(item).filter_map(|part| text(part).get().map(String::as_str)).collect::<String>()
        };
        let call = match item {
            Item::FunctionCall(call) => vec![owned(&call.name), owned(&call.call_id), owned(&call.arguments)],
            Item::FunctionCallOutput(output) => vec![owned(&output.call_id), owned(&output.output)],
            _ => Vec::new(),
        };
        let role = match item {
            Item::Message(message) => message.role.get().and_then(|role| role.known()),
            _ => None,
        };
        Self {
            id: item.id().map(ToString::to_string).unwrap_or_default(),
            kind: item.kind(),
            role,
            status: item.status().map(|status| format!("{status:?}").to_lowercase()).unwrap_or_default(),
            text: joined(|part| &part.text),
            transcript: joined(|part| &part.transcript),
            call,
            audio: Samples(Vec::new()),
        }
    }
}

fn parts(item: &Item) -> impl Iterator<Item = &vivavoce_protocol::ContentPart> {
    let content = match item {
        Item::Message(message) => message.content.get(),
        _ => None,
    };
    content.into_iter().flat_map(|content| content.iter())
}

fn owned(member: &Member<impl ToString>) -> String {
    member.get().map(ToString::to_string).unwrap_or_default()
}

pub(crate) fn base64(samples: &[i16], encoding: AudioEncoding) -> String {
    let mut text = String::new();
    encode_base64(samples, encoding, &mut text);
    text
}

fn decoded(base64: &str, encoding: AudioEncoding) -> Samples {
    Samples(DeltaDecoder::new(encoding).decode(base64).expect("both sides write base64").to_vec())
}
