//! Where the user's turns come from: `--text` and `--audio` in the order of the command line, or else the lines of
//! standard input.

use std::collections::VecDeque;
use std::io::{self, BufRead, IsTerminal};
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use tokio::sync::mpsc;

use super::speech::Speech;
use crate::failure::Failure;

/// Lines read ahead of the conversation.
const READ_AHEAD: usize = 16;

/// The turns of the command line.
pub(super) struct Turns(Vec<Named>);

#[derive(Clone)]
enum Named {
    Text(String),
    Audio(PathBuf),
}

/// One turn of the user.
pub(super) enum Turn {
    Text(String),
    Speech(Speech),
}

/// The turns, ready to be taken.
pub(super) enum TurnSource {
    Named(VecDeque<Turn>),
    /// Lines of standard input, and whether a person types them.
    Lines(mpsc::Receiver<String>, bool),
}

impl Turns {
    /// Reads the recordings, so that one that is missing is known before anything is said.
    pub(super) fn load(&self) -> Result<TurnSource, Failure> {
        if self.0.is_empty() {
            return Ok(TurnSource::Lines(read_lines(), io::stdin().is_terminal()));
        }
        let turns = self.0.iter().map(|turn| match turn {
            Named::Text(text) => Ok(Turn::Text(text.clone())),
            Named::Audio(path) => Speech::read(path).map(Turn::Speech),
        });
        turns.collect::<Result<_, _>>().map(TurnSource::Named)
    }
}

impl TurnSource {
    /// True when a person types the turns.
    pub(super) const fn are_typed(&self) -> bool {
        matches!(self, Self::Lines(_, true))
    }

    /// The next turn, `None` after the last one. Nothing is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> Option<Turn> {
        match self {
            Self::Named(turns) => turns.pop_front(),
            Self::Lines(lines, _) => lines.recv().await.map(Turn::Text),
        }
    }
}

/// Reads standard input on a thread of its own, which may hang there for ever: it does not keep the process.
fn read_lines() -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel(READ_AHEAD);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        while matches!(input.read_until(b'\n', &mut line), Ok(read) if read > 0) {
            let text = String::from_utf8_lossy(&line).trim().to_owned();
            line.clear();
            if !text.is_empty() && send.blocking_send(text).is_err() {
                return;
            }
        }
    });
    receive
}

/// By hand, since derived arguments forget which of two options came first.
impl clap::Args for Turns {
    fn augment_args(command: Command) -> Command {
        let text = Arg::new("text")
            .long("text")
            .value_name("TEXT")
            .action(ArgAction::Append)
            .value_parser(NonEmptyStringValueParser::new())
            .help("Say this; may be repeated and mixed with --audio");
        let audio = Arg::new("audio")
            .long("audio")
            .value_name("FILE")
            .action(ArgAction::Append)
            .value_parser(value_parser!(PathBuf))
            .help("Say what this WAV file says; may be repeated and mixed with --text");
        command.arg(text).arg(audio)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Turns {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let texts = matches.get_many("text").into_iter().flatten().cloned().map(Named::Text);
        let files = matches.get_many("audio").into_iter().flatten().cloned().map(Named::Audio);
        let places = |name| matches.indices_of(name).into_iter().flatten();
        let mut turns: Vec<_> = places("text").zip(texts).chain(places("audio").zip(files)).collect();
        turns.sort_by_key(|(place, _)| *place);
        Ok(Self(turns.into_iter().map(|(_, turn)| turn).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
