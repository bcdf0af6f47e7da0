//! Standard output: the conversation as it goes, in prose or as JSON.

use std::collections::HashSet;
use std::io::{self, IsTerminal, Write};

use vivavoce::protocol::{Item, Role};
use vivavoce::{ConversationItem, ItemId};

use crate::item_json::ItemJson;
use crate::prose::{printable, write_item};

pub(super) struct Screen {
    json: bool,
    /// The terminal shows what the user types by itself.
    typed: bool,
    /// Calls of functions are answered here, and told on standard error.
    answers_calls: bool,
    /// The message whose line is being written.
    speaking: Option<ItemId>,
    /// That line was ended by the user's Enter, on the same terminal.
    broken: bool,
    /// Items that were shown whole.
    shown: HashSet<ItemId>,
}

impl Screen {
    /// `typed` says that a person types the turns, `answers_calls` that there are functions.
    pub(super) fn new(json: bool, typed: bool, answers_calls: bool) -> Self {
        let typed = typed && !json && io::stdout().is_terminal();
        Self { json, typed, answers_calls, speaking: None, broken: false, shown: HashSet::new() }
    }

    pub(super) const fn is_json(&self) -> bool {
        self.json
    }

    /// The user may type.
    pub(super) fn prompt(&self) -> io::Result<()> {
        if self.typed { write_now("user: ") } else { Ok(()) }
    }

    /// The user will not type any more: the prompt's line ends.
    pub(super) fn end_prompt(&self) -> io::Result<()> {
        if self.typed { write_now("\n") } else { Ok(()) }
    }

    /// The user says something.
    pub(super) fn user(&self, said: &str) -> io::Result<()> {
        if self.json || self.typed { Ok(()) } else { write_now(&format!("user: {}\n", printable(said))) }
    }

    /// More words of a message of the assistant.
    pub(super) fn words(&mut self, item_id: &ItemId, words: &str) -> io::Result<()> {
        if self.json || self.shown.contains(item_id) {
            return Ok(());
        }
        if self.speaking.as_ref() != Some(item_id) {
            self.end_line()?;
            write_now("assistant: ")?;
            self.speaking = Some(item_id.clone());
        }
        self.broken = false;
        write_now(&printable(words))
    }

    /// An item is finished, well or not. It is shown once.
    pub(super) fn finished(&mut self, item: &ConversationItem) -> io::Result<()> {
        if !self.shown.insert(item.id().clone()) {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        if self.json {
            serde_json::to_writer(&mut out, &ItemJson::new(item))?;
            writeln!(out)?;
        } else if self.speaking.as_ref() == Some(item.id()) {
            self.end_line()?;
        } else if self.is_news(item) {
            self.end_line()?;
            write_item(&mut out, item)?;
        }
        out.flush()
    }

    /// Ends the line that is being written, if one is.
    pub(super) fn end_line(&mut self) -> io::Result<()> {
        let broken = std::mem::take(&mut self.broken);
        if self.speaking.take().is_some() && !broken { write_now("\n") } else { Ok(()) }
    }

    /// The user pressed Enter while the assistant answered.
    pub(super) const fn enter(&mut self) {
        self.broken = self.typed;
    }

    /// The message that is being written was interrupted: in prose, nothing more of it is shown.
    pub(super) fn stop_speaking(&mut self) -> io::Result<()> {
        self.shown.extend(self.speaking.clone());
        self.end_line()
    }

    /// Words are written as they stream, and the user knows what the user said.
    fn is_news(&self, item: &ConversationItem) -> bool {
        match item.item() {
            Item::Message(_) => item.role() == Some(Role::Assistant) && !item.formatted().audio.is_empty(),
            Item::FunctionCall(_) | Item::FunctionCallOutput(_) => !self.answers_calls,
            _ => true,
        }
    }
}

fn write_now(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
