//! The commands, one a file.

mod chat;
mod check;
mod replay;
mod serve;

use crate::failure::Failure;

#[derive(clap::Subcommand)]
pub(crate) enum Command {
    Chat(chat::Chat),
    Serve(serve::Serve),
    Replay(replay::Replay),
    Check(check::Check),
}

impl Command {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self {
            Self::Chat(command) => command.run(),
            Self::Serve(command) => command.run(),
            Self::Replay(command) => command.run(),
            Self::Check(command) => command.run(),
        }
    }
}
