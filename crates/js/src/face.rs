//! What an application sees of the wire, and what it may write.

use std::borrow::Cow;

use serde_json::value::RawValue;
use vivavoce_protocol::{
    ClientEvent, ContentPart, DecodeError, Dialect, Item, Member, Members, Response, ResponseParams, ServerEvent,
    Session,
};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsError, JsValue};

use crate::told::json;

/// The dialect on the wire, and the shape of events, items and configurations towards the application.
#[wasm_bindgen]
#[derive(Clone, Copy, Debug)]
pub struct Face {
    pub(crate) wire: Dialect,
    /// The application sees what the reference client showed, whatever the wire is; otherwise the wire as it is.
    reference: bool,
}

#[wasm_bindgen]
impl Face {
    /// `beta`: the wire speaks beta, otherwise GA. `reference`: the application sees what the reference client showed.
    #[wasm_bindgen(constructor)]
    pub fn new(beta: bool, reference: bool) -> Self {
        Self { wire: if beta { Dialect::Beta } else { Dialect::Ga }, reference }
    }

    /// What a frame of the service is to the application; see `Face::shown`.
    pub fn received(&self, frame: &str) -> JsValue {
        match self.decode(frame) {
            Ok(event) => self.shown(&event),
            Err(_) => JsValue::UNDEFINED,
        }
    }

    /// A frame of the application in the words of the wire.
    pub fn to_wire(&self, frame: &str) -> Result<String, JsError> {
        Ok(self.read_client(frame)?.to_json(self.wire))
    }

    /// A frame of this side as the application sees it; `undefined`: as it is.
    pub fn sent(&self, frame: &str) -> Option<String> {
        let translated = self.reference && self.wire != Dialect::Beta;
        translated
            .then(|| ClientEvent::decode(frame, self.wire).ok())
            .flatten()
            .map(|event| event.to_json(Dialect::Beta))
    }
}

impl Face {
    /// The dialect of what the application reads and writes.
    pub(crate) const fn shape(&self) -> Dialect {
        if self.reference { Dialect::Beta } else { self.wire }
    }

    /// A service may mix the dialects; the reference client's application is shown none but its own.
    pub(crate) fn decode<'f>(&self, frame: &'f str) -> Result<ServerEvent<'f>, DecodeError> {
        ServerEvent::decode(frame, if self.reference { Dialect::Ga } else { self.wire })
    }

    /// `undefined`: as it came. `null`: not at all. A text that begins with a brace: this instead. Any other text: under
    /// this name.
    pub(crate) fn shown(&self, event: &ServerEvent<'_>) -> JsValue {
        if !self.reference {
            return JsValue::UNDEFINED;
        }
        if !event.exists_in(Dialect::Beta) {
            return JsValue::NULL;
        }
        let name = event.name_in(Dialect::Beta);
        let renamed = name != event.wire_name(Dialect::Ga);
        match self.wire {
            Dialect::Beta if !renamed => JsValue::UNDEFINED,
            _ if has_a_shape(event) => event.to_json(Dialect::Beta).into(),
            _ if renamed => name.into(),
            _ => JsValue::UNDEFINED,
        }
    }

    /// An event of the application.
    pub(crate) fn read_client(&self, frame: &str) -> Result<ClientEvent<'static>, JsError> {
        let mut event = ClientEvent::decode(frame, self.shape()).map_err(|error| JsError::new(&error.to_string()))?;
        if let ClientEvent::SessionUpdate(update) = &mut event
            && let Some(session) = update.session.get_mut()
        {
            if self.reference
                && let Session::Realtime(_) = **session
                && let Some(merged) = in_either_words(frame)
            {
                **session = merged;
            }
            switch_off(session);
        }
        Ok(event.into_owned())
    }

    /// A configuration, or a change of one.
    pub(crate) fn read_session(&self, json: &str) -> Result<Session, JsError> {
        let update = self.read_client(&["{\"type\":\"session.update\",\"session\":", json, "}"].concat())?;
        match update {
            ClientEvent::SessionUpdate(update) => update.session.into_value().map(|session| *session),
            _ => None,
        }
        .ok_or_else(|| JsError::new("the session must be an object"))
    }

    /// Parameters of a `response.create`.
    pub(crate) fn read_response(&self, json: &str) -> Result<ResponseParams, JsError> {
        match self.read_client(&["{\"type\":\"response.create\",\"response\":", json, "}"].concat())? {
            ClientEvent::ResponseCreate(create) => create.response.into_value().map(|params| *params),
            _ => None,
        }
        .ok_or_else(|| JsError::new("the parameters of a response must be an object"))
    }

    /// An item to be created.
    pub(crate) fn read_item(&self, json: &str) -> Result<Item, JsError> {
        match self.read_client(&["{\"type\":\"conversation.item.create\",\"item\":", json, "}"].concat())? {
            ClientEvent::ItemCreate(create) => create.item.into_value().map(|item| *item),
            _ => None,
        }
        .ok_or_else(|| JsError::new("the item must be an object"))
    }

    /// The content of a message.
    pub(crate) fn read_content(&self, json: &str) -> Result<Vec<ContentPart>, JsError> {
        let item = self.read_item(&["{\"type\":\"message\",\"role\":\"user\",\"content\":", json, "}"].concat())?;
        match item {
            Item::Message(message) => message.content.into_value().map(|content| content.iter().cloned().collect()),
            _ => None,
        }
        .ok_or_else(|| JsError::new("the content must be an array"))
    }

    pub(crate) fn session(&self, session: &Session) -> String {
        session.to_json(self.shape())
    }

    pub(crate) fn item(&self, item: &Item) -> String {
        item.to_json(self.shape())
    }

    pub(crate) fn response(&self, response: &Response) -> String {
        response.to_json(self.shape())
    }
}

/// Whether the dialects write more than the name of the event differently.
const fn has_a_shape(event: &ServerEvent<'_>) -> bool {
    matches!(
        event,
        ServerEvent::SessionCreated(_)
            | ServerEvent::SessionUpdated(_)
            | ServerEvent::ItemAdded(_)
            | ServerEvent::ItemCreated(_)
            | ServerEvent::ItemRetrieved(_)
            | ServerEvent::OutputItemAdded(_)
            | ServerEvent::OutputItemDone(_)
            | ServerEvent::ResponseCreated(_)
            | ServerEvent::ResponseDone(_)
    )
}

/// What the current protocol has elsewhere than the reference client had it.
const MOVED: [&str; 3] = ["audio", "output_modalities", "max_output_tokens"];

/// An application on its way to the current protocol may say something, or all, in its words. Where it says both, the
/// reference's count. `None`: it says nothing so.
fn in_either_words(frame: &str) -> Option<Session> {
    let session: Members<'_> = serde_json::from_str::<Members<'_>>(frame).ok()?.get("session").and_then(Members::of)?;
    let (current, reference): (Vec<_>, Vec<_>) = session.into_iter().partition(|(name, _)| MOVED.contains(&&**name));
    if current.is_empty() {
        return None;
    }
    let read = |members: Vec<(Cow<'_, str>, &RawValue)>, dialect| {
        let members = members.iter().map(|(name, value)| [&json(name), ":", value.get()].concat());
        let members = members.collect::<Vec<_>>().join(",");
        let frame = ["{\"type\":\"session.update\",\"session\":{", &members, "}}"].concat();
        let ClientEvent::SessionUpdate(update) = ClientEvent::decode(&frame, dialect).ok()? else { return None };
        match *update.session.into_value()? {
            Session::Realtime(session) => Some(session),
            _ => None,
        }
    };
    let mut session = read(current, Dialect::Ga)?;
    session.apply(read(reference, Dialect::Beta)?);
    Some(Session::Realtime(session))
}

/// The reference client's documentation switches turn detection off by `{type: 'none'}`, which no service takes any more.
fn switch_off(session: &mut Session) {
    let input = match session {
        Session::Realtime(session) => session.audio.get_mut().and_then(|audio| audio.input.get_mut()),
        Session::Transcription(session) => session.audio.get_mut().and_then(|audio| audio.input.get_mut()),
        Session::Translation(_) => None,
    };
    if let Some(input) = input
        && input
            .turn_detection
            .get()
            .and_then(|detection| detection.kind.get())
            .is_some_and(|kind| kind.as_str() == "none")
    {
        input.turn_detection = Member::Null;
    }
}
