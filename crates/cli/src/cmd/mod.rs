//! The commands, one a file.

mod chat;
mod check;
mod replay;

use crate::failure::Failure;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Chat(chat::Chat),
    Replay(replay::Replay),
    Check(check::Check),
}

impl Command {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Chat(command) => command.run(),
            Self::Replay(command) => command.run(),
            Self::Check(command) => command.run(),
        }
    }
}
