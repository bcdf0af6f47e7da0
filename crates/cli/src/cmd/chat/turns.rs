//! Where the user's turns come from: `--text` and `--audio` in the order of the command line, or else the lines of
//! standard input.

use std::collections::VecDeque;
use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::speech::Speech;
use super::typed::{Interjection, Typed, TypedLines};
use crate::failure::Failure;

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

/// What the user does next.
pub(super) enum Next {
    Turn(Turn),
    /// Presses Enter and says nothing.
    Enter,
}

/// The turns, ready to be taken.
pub(super) enum TurnSource {
    Named(VecDeque<Turn>),
    Typed(TypedLines),
}

impl Turns {
    /// Reads the recordings, so that one that is missing is known before anything is said.
    pub(super) fn load(&self) -> Result<TurnSource, Failure> {
        if self.0.is_empty() {
            return Ok(TurnSource::Typed(TypedLines::read()));
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
        matches!(self, Self::Typed(lines) if lines.by_person())
    }

    /// True when the user need not be asked for the next one.
    pub(super) const fn has_next(&self) -> bool {
        matches!(self, Self::Typed(lines) if lines.has_next())
    }

    /// What comes next, `None` after the last turn. Nothing is lost when the future is dropped.
    pub(super) async fn next(&mut self) -> Option<Next> {
        match self {
            Self::Named(turns) => turns.pop_front().map(Next::Turn),
            Self::Typed(lines) => lines.next().await.map(|typed| match typed {
                Typed::Line(line) => Next::Turn(Turn::Text(line)),
                Typed::Enter => Next::Enter,
            }),
        }
    }

    /// What the user does while the assistant answers. Nothing is lost when the future is dropped.
    pub(super) async fn interjection(&mut self) -> Interjection {
        match self {
            Self::Named(_) => std::future::pending().await,
            Self::Typed(lines) => lines.interjection().await,
        }
    }
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
