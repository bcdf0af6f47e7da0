//! The client events of each kind of connection, in the order the service lists them (protocol.md 2.2, 3.1).

use super::session::{
    BETA as BETA_SESSION, BETA_TRANSCRIPTION as BETA_TRANSCRIPTION_SESSION, REALTIME_KINDS, TEXT, TRANSCRIPTION_KINDS,
    TRANSLATION as TRANSLATION_SESSION, of_kind,
};
use super::{Field, Shape, Variant, Without, item, optional, refused, required, response, variant};
use crate::machine::refusal;

const COMMON: &[Field] = &[optional("type", Shape::Any), optional("event_id", Shape::Text(512))];

const BARE: Shape = Shape::Object(&[COMMON]);
const APPEND: Shape = Shape::Object(&[COMMON, &[required("audio", Shape::LongText)]]);
const ITEM_ID: Shape = Shape::Object(&[COMMON, &[required("item_id", TEXT)]]);
const TRUNCATE: Variant = variant(
    "conversation.item.truncate",
    Shape::Object(&[
        COMMON,
        &[
            required("item_id", TEXT),
            required("content_index", Shape::Integer(0, i32::MAX as i64)),
            required("audio_end_ms", Shape::Integer(0, i32::MAX as i64)),
        ],
    ]),
);
const CANCEL: Variant = variant("response.cancel", Shape::Object(&[COMMON, &[optional("response_id", TEXT)]]));

const APPEND_EVENT: Variant = variant("input_audio_buffer.append", APPEND);
const COMMIT: Variant = variant("input_audio_buffer.commit", BARE);
const CLEAR: Variant = variant("input_audio_buffer.clear", BARE);
const DELETE: Variant = variant("conversation.item.delete", ITEM_ID);
const RETRIEVE: Variant = variant("conversation.item.retrieve", ITEM_ID);

const TRANSLATION_APPEND: &str = "session.input_audio_buffer.append";
const TRANSLATION_CLOSE: &str = "session.close";

const GA_CREATE_ITEM: Shape = Shape::Object(&[COMMON, CREATE_ITEM, &[required("item", item::GA)]]);
const BETA_CREATE_ITEM: Shape = Shape::Object(&[COMMON, CREATE_ITEM, &[required("item", item::BETA)]]);
const CREATE_ITEM: &[Field] = &[optional("previous_item_id", TEXT)];

/// What GA sessions with items have: they differ in whose `session` it is, and in whether responses can be asked for.
macro_rules! ga {
    ($kinds:expr, $create_response:expr) => {
        events(&[
            variant("session.update", Shape::Object(&[COMMON, &[required("session", of_kind($kinds))]])),
            refused(TRANSLATION_CLOSE, || refusal::translation_only(TRANSLATION_CLOSE)),
            APPEND_EVENT,
            refused(TRANSLATION_APPEND, || refusal::translation_only(TRANSLATION_APPEND)),
            COMMIT,
            CLEAR,
            variant("conversation.item.create", GA_CREATE_ITEM),
            TRUNCATE,
            DELETE,
            RETRIEVE,
            $create_response,
            CANCEL,
        ])
    };
}

/// The same in beta, where a transcription session has an event of its own name as well.
macro_rules! beta {
    ($session:expr, $update_transcription:expr, $create_response:expr) => {
        events(&[
            variant("session.update", Shape::Object(&[COMMON, &[required("session", $session)]])),
            $update_transcription,
            APPEND_EVENT,
            COMMIT,
            CLEAR,
            variant("conversation.item.create", BETA_CREATE_ITEM),
            TRUNCATE,
            DELETE,
            RETRIEVE,
            $create_response,
            CANCEL,
        ])
    };
}

const NO_RESPONSES: Variant = refused("response.create", refusal::no_responses_here);

pub(super) static GA: Shape =
    ga!(REALTIME_KINDS, variant("response.create", Shape::Object(&[COMMON, &[optional("response", response::GA)]])));

pub(super) static TRANSCRIPTION: Shape = ga!(TRANSCRIPTION_KINDS, NO_RESPONSES);

pub(super) static BETA: Shape = beta!(
    BETA_SESSION,
    refused("transcription_session.update", || refusal::session_kind(false)),
    variant("response.create", Shape::Object(&[COMMON, &[optional("response", response::BETA)]]))
);

pub(super) static BETA_TRANSCRIPTION: Shape = beta!(
    BETA_TRANSCRIPTION_SESSION,
    variant(
        "transcription_session.update",
        Shape::Object(&[COMMON, &[required("session", BETA_TRANSCRIPTION_SESSION)]])
    ),
    NO_RESPONSES
);

/// A translation session.
pub(super) static TRANSLATION: Shape = events(&[
    variant("session.update", Shape::Object(&[COMMON, &[required("session", TRANSLATION_SESSION)]])),
    variant(TRANSLATION_APPEND, APPEND),
    variant(TRANSLATION_CLOSE, BARE),
]);

const fn events(variants: &'static [Variant]) -> Shape {
    Shape::Tagged { by: "type", without: Without::NoEvent, variants }
}
