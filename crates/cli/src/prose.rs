//! The conversation as a person reads it.

use std::borrow::Cow;
use std::io::{self, Write};

use vivavoce_protocol::{Item, ItemStatus, MessageItem, PartType, Response, Status};
use vivavoce_session::ConversationItem;

/// Writes an item: `user: ...`, `assistant: ...`, a call, the output of one.
pub(crate) fn write_item(out: &mut impl Write, item: &ConversationItem) -> io::Result<()> {
    let line = match item.item() {
        Item::Message(message) => format!("{}: {}", speaker(message), said(item, message)),
        Item::FunctionCall(_) => {
            let tool = item.formatted().tool.map(|tool| call(&tool.name, &tool.arguments)).unwrap_or_default();
            format!("assistant calls {tool}{}", ending(item))
        }
        Item::FunctionCallOutput(output) => {
            let call_id = output.call_id.get().map(ToString::to_string).unwrap_or_default();
            format!("output of {call_id}: {}", output.output.get().map_or("", String::as_str))
        }
        Item::McpCall(mcp) => {
            let name = mcp.name.get().map_or("", String::as_str);
            let arguments = mcp.arguments.get().map_or("", String::as_str);
            let outcome = match (mcp.output.get(), mcp.error.get()) {
                (Some(output), _) => format!(" = {output}"),
                (None, Some(error)) => format!(" failed: {}", error.message.get().map_or("", String::as_str)),
                (None, None) => String::new(),
            };
            format!("service calls {}{outcome}", call(name, arguments))
        }
        other => format!("{} {}", other.kind().unwrap_or("item"), item.id()),
    };
    writeln!(out, "{}", printable(&line))
}

/// A call as it would be written in a program.
pub(crate) fn call(name: &str, arguments: &str) -> String {
    format!("{name}({arguments})")
}

/// The text without what could command a terminal: it comes from the other side of a network.
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let commands = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.contains(commands) { Cow::Owned(text.replace(commands, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// At most so many characters of the end of a text, from a whole word on where there is one.
pub(crate) fn end_of(text: &str, characters: usize) -> Cow<'_, str> {
    let Some((cut, _)) = text.char_indices().rev().nth(characters.saturating_sub(1)).filter(|(cut, _)| *cut > 0) else {
        return Cow::Borrowed(text);
    };
    let (before, end) = text.split_at(cut);
    let from = match end.find(char::is_whitespace) {
        Some(gap) if !before.ends_with(char::is_whitespace) => end[gap..].trim_start(),
        _ => end.trim_start(),
    };
    Cow::Owned(format!("... {from}"))
}

/// Why a response is not complete.
pub(crate) struct Shortfall {
    /// True when it is no fault of this side, and not what anybody wanted.
    pub(crate) failed: bool,
    /// What happened, in a line.
    pub(crate) reason: String,
}

/// What is missing from a response, if something is.
pub(crate) fn shortfall(response: &Response) -> Option<Shortfall> {
    let details = response.status_details.get();
    let reason = details.and_then(|details| details.reason.get()).map(|reason| reason.as_str());
    let because = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    let status = response.status.get()?;
    let (failed, reason) = match status.known() {
        Some(Status::Completed | Status::InProgress) => return None,
        Some(Status::Cancelled) => (false, format!("the response was cancelled{because}")),
        Some(Status::Incomplete) => (false, format!("the response is incomplete{because}")),
        Some(Status::Failed) => {
            let error = details.and_then(|details| details.error.get());
            let message = error.and_then(|error| error.message.get()).map_or("the service does not say why", |m| m);
            let code = error.and_then(|error| error.code.get().or(error.kind.get()));
            let code = code.map(|code| format!(" [{code}]")).unwrap_or_default();
            (true, format!("the response failed: {message}{code}"))
        }
        _ => (false, format!("the response ended as {:?}{because}", status.as_str())),
    };
    Some(Shortfall { failed, reason: printable(&reason).replace('\n', " ") })
}

fn speaker(message: &MessageItem) -> &str {
    message.role.get().map_or("message", |role| role.as_str())
}

fn said(item: &ConversationItem, message: &MessageItem) -> String {
    let images = message.content.get().map_or(0, |parts| parts.iter().filter(|p| p.is(PartType::InputImage)).count());
    let mut pieces: Vec<String> = [item.text(), item.heard_transcript()]
        .into_iter()
        .filter(|words| !words.trim().is_empty())
        .map(Cow::into_owned)
        .collect();
    let samples = item.formatted().audio.len() as u64;
    if pieces.is_empty() && samples > 0 {
        let seconds = item.audio_encoding().samples_to_ms(samples) as f64 / 1_000.0;
        pieces.push(format!("[{seconds:.1} s of audio]"));
    }
    pieces.extend((0..images).map(|_| "[image]".to_owned()));
    pieces.join("\n") + ending(item)
}

/// How an item ended, where that is not the usual way.
fn ending(item: &ConversationItem) -> &'static str {
    match item.status().known() {
        _ if item.is_truncated() => " [interrupted]",
        Some(ItemStatus::Incomplete) => " [incomplete]",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::end_of;

    #[test]
    fn the_end_of_a_text_begins_with_a_whole_word() {
        assert_eq!(end_of("one two three", 13), "one two three");
        assert_eq!(end_of("one two three", 9), "... two three");
        assert_eq!(end_of("one two three", 8), "... three");
        assert_eq!(end_of("größenordnung", 4), "... nung");
        assert_eq!(end_of("", 4), "");
    }
}
