//! Every event is typed: nothing in a sample is unknown, and all of it is written back.

use std::collections::BTreeSet;

use vivavoce_protocol::{ClientEvent, Dialect, Direction, ServerEvent};

use crate::check::keeps;
use crate::samples::{CORPORA, Corpus};

/// Beta names of server events that GA calls otherwise.
pub(crate) const BETA_NAMES: [(&str, &str); 7] = [
    ("conversation.item.added", "conversation.item.created"),
    ("response.output_text.delta", "response.text.delta"),
    ("response.output_text.done", "response.text.done"),
    ("response.output_audio.delta", "response.audio.delta"),
    ("response.output_audio.done", "response.audio.done"),
    ("response.output_audio_transcript.delta", "response.audio_transcript.delta"),
    ("response.output_audio_transcript.done", "response.audio_transcript.done"),
];

/// Events beta has no counterpart of.
const GA_ONLY: [&str; 3] =
    ["conversation.item.done", "input_audio_buffer.timeout_triggered", "input_audio_buffer.dtmf_event_received"];

const TRANSLATION_ONLY: [&str; 6] = [
    "session.input_transcript.delta",
    "session.output_transcript.delta",
    "session.output_audio.delta",
    "session.closed",
    "session.input_audio_buffer.append",
    "session.close",
];

#[test]
fn every_sample_is_fully_typed_and_written_back_as_it_came() {
    for corpus in &CORPORA {
        for frame in corpus.frames() {
            let seen = keeps(frame, corpus.dialect, corpus.direction);
            assert_eq!(seen.spots, [], "in {frame}");
        }
    }
}

#[test]
fn a_typed_event_is_written_in_the_order_it_is_declared_and_stays_the_same_text() {
    for corpus in &CORPORA {
        for frame in corpus.frames() {
            let once = keeps(frame, corpus.dialect, corpus.direction).json;
            assert_eq!(keeps(&once, corpus.dialect, corpus.direction).json, once);
        }
    }
}

#[track_caller]
fn check_names<'n>(corpora: &[&Corpus], expected: impl Iterator<Item = &'n str>) {
    let have: BTreeSet<String> = corpora.iter().flat_map(|corpus| corpus.names()).collect();
    let missing: Vec<&str> = expected.filter(|name| !have.contains(*name)).collect();
    assert!(missing.is_empty(), "no sample of {missing:?}");
}

#[test]
fn every_event_has_a_sample() {
    for (direction, names) in [(Direction::Server, ServerEvent::NAMES), (Direction::Client, ClientEvent::NAMES)] {
        let ga = Corpus::of(Dialect::Ga, direction);
        let translation = Corpus::of(Dialect::Translation, direction);
        check_names(&[ga, translation], names.iter().copied());
        check_names(&[translation], names.iter().copied().filter(|name| TRANSLATION_ONLY.contains(name)));
    }
}

#[test]
fn every_beta_event_has_a_sample_under_its_beta_name() {
    let in_beta = |name: &&'static str| !GA_ONLY.contains(name) && !TRANSLATION_ONLY.contains(name);
    let server = ServerEvent::NAMES.iter().copied().filter(in_beta);
    let server = server.map(|ga| BETA_NAMES.iter().find(|(name, _)| *name == ga).map_or(ga, |(_, beta)| beta));
    let transcription = ["transcription_session.created", "transcription_session.updated"];
    check_names(&[Corpus::of(Dialect::Beta, Direction::Server)], server.chain(transcription));

    let client = ClientEvent::NAMES.iter().copied().filter(in_beta);
    check_names(&[Corpus::of(Dialect::Beta, Direction::Client)], client.chain(["transcription_session.update"]));
}
