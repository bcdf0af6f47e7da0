//! An item of the conversation with everything that has come for it.

use std::borrow::Cow;

use vivavoce_audio::{AudioBuffer, AudioChunk, AudioEncoding, AudioError, DeltaDecoder};
use vivavoce_protocol::payload::ResponsePart;
use vivavoce_protocol::{ContentPart, Item, ItemId, ItemStatus, List, Member, Open, PartType, ResponseId, Role};

use super::heard::heard_of;
use super::streaming::Settled;

/// An item of the conversation.
///
/// What the service says about it is in [`item`](Self::item), parts and status brought up to date as they
/// stream; what adds up from deltas has methods of its own.
#[derive(Clone, Debug)]
pub struct ConversationItem {
    id: ItemId,
    item: Item,
    parts: Vec<Part>,
    status: Open<ItemStatus>,
    pub(super) response_id: Option<ResponseId>,
    pub(super) place: Place,
    pub(super) completed: bool,
    /// An event of the conversation has announced it, not only one of its response.
    pub(super) listed: bool,
    /// Its speech was stopped before its end.
    interrupted: bool,
    /// Final arguments came: deltas behind them are late.
    arguments_are_final: bool,
    /// The encoding of the audio deltas to come.
    encoding: AudioEncoding,
}

/// Where an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Something came for it, but it was not announced yet.
    Unannounced,
    /// In the list of items.
    Conversation,
    /// In a response beside the conversation.
    OutOfBand,
}

/// What has come for one content part.
#[derive(Clone, Debug, Default)]
struct Part {
    text: String,
    transcript: String,
    /// True once a transcript came, be it empty.
    transcribed: bool,
    audio: AudioBuffer,
    /// Samples received, kept or not.
    received: u64,
    /// Samples the service made, with those that came too late to be received.
    generated: u64,
    /// Samples that were heard of it, once its speech was stopped.
    heard: Option<u64>,
    decoder: DeltaDecoder,
    /// A final text came: deltas behind it are late, and in it already.
    text_is_final: bool,
    /// The same for the transcript.
    transcript_is_final: bool,
    cut: Option<Cut>,
}

/// The service has cut the part: what comes late is dropped.
#[derive(Clone, Debug)]
struct Cut {
    /// Where, in samples.
    end: u64,
    /// The transcript the part had.
    transcript: String,
}

impl Part {
    /// The transcript of everything that was generated.
    fn generated_transcript(&self) -> &String {
        self.cut.as_ref().map_or(&self.transcript, |cut| &cut.transcript)
    }

    /// The part of it that was heard, to the last whole word.
    fn heard_transcript(&self) -> Cow<'_, str> {
        match (self.heard, self.generated) {
            (None, _) => Cow::Borrowed(self.generated_transcript()),
            (Some(_), 0) => Cow::Borrowed(""),
            (Some(heard), generated) => {
                Cow::Owned(heard_of(self.generated_transcript(), heard as f64 / generated as f64))
            }
        }
    }
}

/// An item as the reference client shows it under `formatted`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Formatted {
    /// The audio of all parts; shared, not copied.
    pub audio: AudioBuffer,
    /// The text of all parts.
    pub text: String,
    /// The transcript of all parts; one space when it came and is empty.
    pub transcript: String,
    /// The function call, for an item that is one.
    pub tool: Option<FormattedTool>,
    /// The output, for a function call's output.
    pub output: Option<String>,
}

/// A function call as the reference client shows it under `formatted.tool`; its `type` is always `function`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FormattedTool {
    /// The function.
    pub name: String,
    /// Ties the call to its output.
    pub call_id: String,
    /// The arguments so far, a JSON text.
    pub arguments: String,
}

impl ConversationItem {
    /// An item something came for before it was announced.
    pub(super) const fn unannounced(id: ItemId, item: Item, encoding: AudioEncoding) -> Self {
        Self {
            id,
            item,
            parts: Vec::new(),
            status: Open::Known(ItemStatus::InProgress),
            response_id: None,
            place: Place::Unannounced,
            completed: false,
            listed: false,
            interrupted: false,
            arguments_are_final: false,
            encoding,
        }
    }

    /// Takes over what an announcement of the item says: `conversation.item.added`, `.created` and
    /// `response.output_item.added`. What came before it stays.
    pub(super) fn announce(&mut self, mut item: Item, encoding: AudioEncoding) {
        self.status = self.initial_status(&item);
        self.keep_parts(&mut item);
        // Audio that comes with an item (a retrieved one) goes where audio belongs.
        if let Item::Message(message) = &mut item
            && let Some(content) = message.content.get_mut()
        {
            for (index, part) in content.iter_mut().enumerate() {
                self.adopt(index, part, encoding);
            }
        }
        if let (Item::FunctionCall(old), Item::FunctionCall(new)) = (&self.item, &mut item) {
            if new.arguments.get().is_none_or(String::is_empty) {
                new.arguments.clone_from(&old.arguments);
            }
            // Whose call it is was said once.
            if new.name.get().is_none() {
                new.name.clone_from(&old.name);
            }
            if new.call_id.get().is_none() {
                new.call_id.clone_from(&old.call_id);
            }
        }
        self.item = item;
        // What has come stays in the rate it came in.
        if self.parts.iter().all(|part| part.received == 0) {
            self.encoding = encoding;
        }
    }

    /// Parts that have begun stay, also where an announcement comes late or shows an item without them.
    fn keep_parts(&self, item: &mut Item) {
        if let (Item::Message(old), Item::Message(new)) = (&self.item, item)
            && let Some(old) = old.content.get()
            && old.len() > new.content.get().map_or(0, |content| content.len())
        {
            let content = new.content.get_or_default();
            let known = content.len();
            old.iter().skip(known).for_each(|part| content.push(part.clone()));
        }
    }

    /// A message of the user and the output of a function are complete at once; the others say it themselves.
    fn initial_status(&self, item: &Item) -> Open<ItemStatus> {
        match item {
            Item::Message(message) if message.role.get().is_some_and(|role| *role == Role::User) => {
                ItemStatus::Completed.into()
            }
            Item::FunctionCallOutput(_) => ItemStatus::Completed.into(),
            item => item.status().unwrap_or(ItemStatus::InProgress).into(),
        }
    }

    /// Takes over what a final form of the item says: `conversation.item.done`, `response.output_item.done`,
    /// `conversation.item.retrieved`.
    pub(super) fn finish(&mut self, item: Item, encoding: AudioEncoding) {
        let status = match &item {
            Item::Message(message) => message.status.get(),
            Item::FunctionCall(call) => call.status.get(),
            _ => None,
        };
        let status = status.cloned().unwrap_or_else(|| item.status().unwrap_or(ItemStatus::Completed).into());
        self.announce(item, encoding);
        if status != ItemStatus::InProgress {
            self.arguments_are_final = true;
            if let Item::Message(message) = &self.item {
                for (part, content) in self.parts.iter_mut().zip(message.content.get().into_iter().flat_map(List::iter))
                {
                    part.text_is_final |= content.text.get().is_some();
                    part.transcript_is_final |= content.transcript.get().is_some() && content.is(PartType::OutputAudio);
                }
            }
        }
        self.status = status;
    }

    fn adopt(&mut self, index: usize, content: &mut ContentPart, encoding: AudioEncoding) {
        let audio = content.audio.take().into_value();
        let part = self.part_or_new(index);
        if part.cut.is_some() {
            content.transcript = String::new().into();
            return;
        }
        match &content.text {
            Member::Value(text) => part.text.clone_from(text),
            _ if !part.text.is_empty() => content.text = part.text.as_str().into(),
            _ => {}
        }
        match &content.transcript {
            Member::Value(transcript) => {
                part.transcript.clone_from(transcript);
                part.transcribed = true;
            }
            // An item with a transcript of its own says null: the transcript came before it.
            _ if part.transcribed => content.transcript = part.transcript.as_str().into(),
            _ => {}
        }
        if let Some(audio) = audio
            && part.received == 0
            && let Ok(samples) = DeltaDecoder::new(encoding).decode(&audio)
        {
            part.received = samples.len() as u64;
            part.generated = part.received;
            part.audio.push(samples);
        }
    }

    /// The parts with speech, by their index.
    pub(crate) fn spoken_parts(&self) -> impl Iterator<Item = usize> + '_ {
        let content = match &self.item {
            Item::Message(message) => message.content.get(),
            _ => None,
        };
        let parts = content.into_iter().flat_map(List::iter).enumerate();
        parts.filter(|(_, part)| part.is(PartType::OutputAudio)).map(|(index, _)| index)
    }

    /// The sound that is kept of what the model said, piece by piece.
    pub(super) fn generated_audio(&self) -> impl Iterator<Item = (usize, AudioChunk)> + '_ {
        let parts = self.parts.iter().enumerate().filter(|_| self.role() != Some(Role::User));
        parts.flat_map(|(index, part)| part.audio.chunks().map(move |chunk| (index, chunk.clone())))
    }

    /// Forgets that sound; how much it was is remembered.
    pub(super) fn forget_generated_audio(&mut self) {
        if self.role() != Some(Role::User) {
            self.parts.iter_mut().for_each(|part| part.audio.clear());
        }
    }

    fn part(&self, index: usize) -> Option<&Part> {
        self.parts.get(index)
    }

    fn part_or_new(&mut self, index: usize) -> &mut Part {
        // Parts are few; an absurd index of a hostile peer must not make room for as many.
        let index = index.min(MAX_PARTS - 1);
        if self.parts.len() <= index {
            let decoder = DeltaDecoder::new(self.encoding);
            self.parts.resize_with(index + 1, || Part { decoder: decoder.clone(), ..Part::default() });
        }
        &mut self.parts[index]
    }

    /// The part in the item itself, made when a delta comes before `response.content_part.added`.
    fn content_mut(&mut self, index: usize, kind: PartType) -> Option<&mut ContentPart> {
        let Item::Message(message) = &mut self.item else { return None };
        let content = message.content.get_or_default();
        while content.len() <= index && content.len() < MAX_PARTS {
            content.push(ContentPart::new().kind(kind));
        }
        content.get_mut(index)
    }

    /// `response.content_part.added`.
    pub(super) fn open_part(&mut self, index: usize, kind: PartType, part: &ResponsePart) {
        self.part_or_new(index);
        if let Some(content) = self.content_mut(index, kind) {
            // It says what it will have: text, or a transcript, empty yet.
            for (member, said) in [(&mut content.text, &part.text), (&mut content.transcript, &part.transcript)] {
                if member.is_absent() && said.get().is_some_and(String::is_empty) {
                    member.clone_from(said);
                }
            }
        }
    }

    /// Appends text. False when the text is late: the part was cut, or its final text came.
    pub(super) fn push_text(&mut self, index: usize, delta: &str) -> bool {
        let part = self.part_or_new(index);
        if part.cut.is_some() || part.text_is_final {
            return false;
        }
        part.text.push_str(delta);
        if let Some(content) = self.content_mut(index, PartType::OutputText) {
            append(&mut content.text, delta);
        }
        true
    }

    /// Appends to a transcript. False when the text is late: the part was cut, or its final transcript came.
    pub(super) fn push_transcript(&mut self, index: usize, delta: &str, kind: PartType) -> bool {
        let part = self.part_or_new(index);
        if part.transcript_is_final {
            return false;
        }
        if let Some(cut) = &mut part.cut {
            cut.transcript.push_str(delta);
            return false;
        }
        part.transcript.push_str(delta);
        part.transcribed = true;
        if let Some(content) = self.content_mut(index, kind) {
            append(&mut content.transcript, delta);
        }
        true
    }

    /// Sets what a `.done` event says the text is.
    pub(super) fn settle_text(&mut self, index: usize, text: &str) -> Settled {
        let part = self.part_or_new(index);
        if part.cut.is_some() {
            return Settled::Same;
        }
        let settled = Settled::of(&part.text, text);
        text.clone_into(&mut part.text);
        part.text_is_final = true;
        if let Some(content) = self.content_mut(index, PartType::OutputText) {
            content.text = text.into();
        }
        settled
    }

    /// Sets what a `.done` or `.completed` event says the transcript is.
    pub(super) fn settle_transcript(&mut self, index: usize, transcript: &str, kind: PartType) -> Settled {
        let part = self.part_or_new(index);
        if let Some(cut) = &mut part.cut {
            transcript.clone_into(&mut cut.transcript);
            return Settled::Same;
        }
        let settled = Settled::of(&part.transcript, transcript);
        transcript.clone_into(&mut part.transcript);
        (part.transcribed, part.transcript_is_final) = (true, true);
        if let Some(content) = self.content_mut(index, kind) {
            content.transcript = transcript.into();
        }
        settled
    }

    /// Decodes audio. `None` when the part was cut and the audio is behind the cut.
    pub(super) fn decode_audio(&mut self, index: usize, base64: &str) -> Result<Option<AudioChunk>, AudioError> {
        let part = self.part_or_new(index);
        let mut samples = part.decoder.decode(base64)?;
        part.generated += samples.len() as u64;
        if let Some(cut) = &part.cut {
            let room = usize::try_from(cut.end.saturating_sub(part.received)).unwrap_or(usize::MAX);
            if room == 0 {
                return Ok(None);
            }
            samples = samples.slice(0..room.min(samples.len()));
        }
        part.received += samples.len() as u64;
        self.content_mut(index, PartType::OutputAudio);
        Ok(Some(samples))
    }

    /// Audio that comes too late to be received: it is counted, and dropped.
    pub(super) fn count_late_audio(&mut self, index: usize, base64: &str) {
        let part = self.part_or_new(index);
        part.generated += part.decoder.decode(base64).map_or(0, |samples| samples.len() as u64);
    }

    pub(super) fn keep_audio(&mut self, index: usize, samples: AudioChunk) {
        self.part_or_new(index).audio.push(samples);
    }

    /// The audio the user said for a part of this item.
    pub(super) fn set_audio(&mut self, index: usize, audio: AudioBuffer) {
        let part = self.part_or_new(index);
        part.received = audio.len() as u64;
        part.generated = part.received;
        part.audio = audio;
    }

    /// Forgets samples from the beginning of a part.
    pub(super) fn forget_audio(&mut self, index: usize, samples: usize) {
        if let Some(part) = self.parts.get_mut(index) {
            part.audio.drop_front(samples);
        }
    }

    /// Speech of a part stops; so many samples of it were heard.
    pub(crate) fn interrupt(&mut self, index: usize, heard: u64) {
        self.interrupted = true;
        self.part_or_new(index).heard.get_or_insert(heard);
    }

    /// `conversation.item.truncated`: audio past `ms` and the transcript of the part are gone.
    pub(super) fn truncate(&mut self, index: usize, ms: u64) {
        let end = self.encoding.ms_to_samples(ms);
        self.interrupt(index, end);
        let part = self.part_or_new(index);
        part.audio.truncate(usize::try_from(end).unwrap_or(usize::MAX).max(part.audio.start()));
        part.received = part.received.min(end);
        let transcript = std::mem::take(&mut part.transcript);
        match &mut part.cut {
            Some(cut) => cut.end = cut.end.min(end),
            None => part.cut = Some(Cut { end, transcript }),
        }
        if let Item::Message(message) = &mut self.item
            && let Some(content) = message.content.get_mut().and_then(|content| content.get_mut(index))
        {
            content.transcript = String::new().into();
        }
    }

    /// Appends to the arguments of a function call or an MCP call. False when the item is neither, or they are final.
    pub(super) fn push_arguments(&mut self, delta: &str) -> bool {
        if self.arguments_are_final {
            return false;
        }
        match &mut self.item {
            Item::FunctionCall(call) => append(&mut call.arguments, delta),
            Item::McpCall(call) => append(&mut call.arguments, delta),
            _ => return false,
        }
        true
    }

    /// Sets what the `.done` event says the arguments are.
    pub(super) fn settle_arguments(&mut self, arguments: &str) -> Settled {
        let member = match &mut self.item {
            Item::FunctionCall(call) => &mut call.arguments,
            Item::McpCall(call) => &mut call.arguments,
            _ => return Settled::Same,
        };
        let settled = Settled::of(member.get().map_or("", String::as_str), arguments);
        *member = arguments.into();
        self.arguments_are_final = true;
        settled
    }

    /// The item's id.
    pub const fn id(&self) -> &ItemId {
        &self.id
    }

    /// The item in the words of the protocol, without audio bytes.
    pub const fn item(&self) -> &Item {
        &self.item
    }

    /// The item's state: as the service said it last, with user messages complete from the start.
    pub const fn status(&self) -> &Open<ItemStatus> {
        &self.status
    }

    /// Who says it, for a message.
    pub fn role(&self) -> Option<Role> {
        match &self.item {
            Item::Message(message) => message.role.get()?.known(),
            _ => None,
        }
    }

    /// The response that made it, for a generated item.
    pub const fn response_id(&self) -> Option<&ResponseId> {
        self.response_id.as_ref()
    }

    /// The text of all parts.
    pub fn text(&self) -> Cow<'_, str> {
        self.joined(|part| &part.text)
    }

    /// The transcript of all parts that have not been cut.
    pub fn transcript(&self) -> Cow<'_, str> {
        self.joined(|part| &part.transcript)
    }

    /// The transcript of all parts as it was generated, whatever was heard or cut of it.
    pub fn generated_transcript(&self) -> Cow<'_, str> {
        self.joined(|part| part.generated_transcript())
    }

    /// What was heard of a message that was interrupted: the share of its transcript that was played of its audio, to
    /// the last whole word. The whole transcript otherwise.
    pub fn heard_transcript(&self) -> Cow<'_, str> {
        match self.parts.as_slice() {
            [part] => part.heard_transcript(),
            parts => parts.iter().map(|part| part.heard_transcript()).collect::<String>().into(),
        }
    }

    /// True when its speech was stopped before its end: by [`interrupt`](crate::SessionMachine::interrupt), by speech of
    /// the user, or by a truncation.
    pub const fn is_interrupted(&self) -> bool {
        self.interrupted
    }

    /// Samples that were heard of a content part, once its speech was stopped; `None` while it was not.
    pub fn heard_samples(&self, content_index: usize) -> Option<u64> {
        self.part(content_index)?.heard
    }

    /// True when a part was cut (`conversation.item.truncated`).
    pub fn is_truncated(&self) -> bool {
        self.parts.iter().any(|part| part.cut.is_some())
    }

    /// The audio kept of a content part, at the rate of the session's format (24 kHz unless G.711).
    pub fn audio(&self, content_index: usize) -> Option<&AudioBuffer> {
        self.part(content_index).map(|part| &part.audio)
    }

    /// Samples the service made for a content part, also those that came too late or were cut.
    pub fn generated_samples(&self, content_index: usize) -> u64 {
        self.part(content_index).map_or(0, |part| part.generated)
    }

    /// Samples received for a content part, kept or not; what was cut is not counted.
    pub fn received_samples(&self, content_index: usize) -> u64 {
        self.part(content_index).map_or(0, |part| part.received)
    }

    /// The encoding of the item's audio, which says its rate.
    pub const fn audio_encoding(&self) -> AudioEncoding {
        self.encoding
    }

    /// The item as the reference client shows it. Joins texts and lists audio: for showing, not for each delta.
    pub fn formatted(&self) -> Formatted {
        let transcribed = self.parts.iter().any(|part| part.transcribed && part.cut.is_none());
        let transcript = match self.transcript().into_owned() {
            empty if empty.is_empty() && transcribed && self.role() == Some(Role::User) => " ".to_owned(),
            transcript => transcript,
        };
        Formatted {
            audio: self.parts.iter().flat_map(|part| part.audio.chunks().cloned()).collect(),
            text: self.text().into_owned(),
            transcript,
            tool: self.formatted_tool(),
            output: match &self.item {
                Item::FunctionCallOutput(output) => output.output.get().cloned(),
                _ => None,
            },
        }
    }

    fn formatted_tool(&self) -> Option<FormattedTool> {
        let Item::FunctionCall(call) = &self.item else { return None };
        Some(FormattedTool {
            name: call.name.get().cloned().unwrap_or_default(),
            call_id: call.call_id.get().map(ToString::to_string).unwrap_or_default(),
            arguments: call.arguments.get().cloned().unwrap_or_default(),
        })
    }

    fn joined<'s>(&'s self, text: impl Fn(&'s Part) -> &'s String) -> Cow<'s, str> {
        match self.parts.as_slice() {
            [] => Cow::Borrowed(""),
            [part] => Cow::Borrowed(text(part)),
            parts => Cow::Owned(parts.iter().map(|part| text(part).as_str()).collect()),
        }
    }
}

/// More parts than any message has.
const MAX_PARTS: usize = 64;

fn append(member: &mut Member<String>, delta: &str) {
    member.get_or_default().push_str(delta);
}
