//! The corpus: one or more frames for every event, as each dialect writes it.

use serde_json::Value;
use vivavoce_protocol::{Dialect, Direction};

/// The frames of one dialect and direction.
pub(crate) struct Corpus {
    pub(crate) dialect: Dialect,
    pub(crate) direction: Direction,
    lines: &'static str,
}

pub(crate) const CORPORA: [Corpus; 6] = [
    corpus(Dialect::Ga, Direction::Server, include_str!("../samples/ga-server.jsonl")),
    corpus(Dialect::Ga, Direction::Client, include_str!("../samples/ga-client.jsonl")),
    corpus(Dialect::Beta, Direction::Server, include_str!("../samples/beta-server.jsonl")),
    corpus(Dialect::Beta, Direction::Client, include_str!("../samples/beta-client.jsonl")),
    corpus(Dialect::Translation, Direction::Server, include_str!("../samples/translation-server.jsonl")),
    corpus(Dialect::Translation, Direction::Client, include_str!("../samples/translation-client.jsonl")),
];

const fn corpus(dialect: Dialect, direction: Direction, lines: &'static str) -> Corpus {
    Corpus { dialect, direction, lines }
}

impl Corpus {
    pub(crate) fn of(dialect: Dialect, direction: Direction) -> &'static Self {
        let found = CORPORA.iter().find(|corpus| (corpus.dialect, corpus.direction) == (dialect, direction));
        found.expect("there is a corpus for every dialect and direction")
    }

    pub(crate) fn frames(&self) -> impl Iterator<Item = &'static str> {
        self.lines.lines()
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = Value> {
        self.frames().map(|frame| serde_json::from_str(frame).expect("samples are JSON"))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.values().map(|value| value["type"].as_str().expect("samples have a type").to_owned()).collect()
    }
}
