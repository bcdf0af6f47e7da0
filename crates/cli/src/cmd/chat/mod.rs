//! `chat`: a conversation by typing or by recordings, with the local server, the vendor, or any other server.
//!
//! No sound is played or recorded here: speech comes from files and goes to one.

mod answer_file;
mod command_tool;
mod events_file;
mod heard;
mod interrupts;
mod patience;
mod say;
mod screen;
mod setup;
mod speech;
mod stats;
mod talk;
mod telling;
mod tool_file;
mod turns;
mod typed;
mod waiting;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use crate::failure::Failure;
use crate::terminal::tell;
use answer_file::AnswerFile;
use events_file::EventsFile;
use interrupts::Interrupts;
use screen::Screen;
use talk::Talk;
use turns::Turns;

/// How long a close may take before we leave without it.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long tasks may take to end: commands are killed by then, and a look-up of a host that hangs does not keep us.
const LAST_TASKS: Duration = Duration::from_millis(500);

/// Talk by typing, one turn a line, or by the turns named as options; Enter interrupts the assistant
#[derive(Args)]
pub(crate) struct Chat {
    #[command(flatten)]
    turns: Turns,
    /// Write the assistant's speech of all turns to this WAV file (24 kHz, mono)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Talk to the vendor, with the key in OPENAI_API_KEY or in a .env file
    #[arg(long)]
    openai: bool,
    /// Talk to another server, such as ws://127.0.0.1:8080/v1/realtime
    #[arg(long, value_name = "URL", conflicts_with = "openai")]
    url: Option<String>,
    /// Speak the beta protocol, as older servers want it
    #[arg(long, conflicts_with = "openai")]
    beta: bool,
    /// The model [default: gpt-realtime]
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    model: Option<String>,
    /// The assistant's voice [default: verse]
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    voice: Option<String>,
    /// What the assistant is told before the conversation
    #[arg(long, value_name = "TEXT")]
    instructions: Option<String>,
    /// Whether the assistant speaks or writes
    #[arg(long, default_value = "audio")]
    modality: Answers,
    /// Who finds the end of a spoken turn: this side (none), or the service, by silence or by meaning
    #[arg(long, default_value = "none")]
    vad: Vad,
    /// Let the assistant call commands: a JSON array of {"name", "description", "parameters", "command": ["program", "argument"], "timeout": seconds}, where a command gets the arguments of a call on standard input and writes the result
    #[arg(long, value_name = "FILE")]
    tool_file: Option<PathBuf>,
    /// Write every event of both directions to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    events: Option<PathBuf>,
    /// Print each finished item as a line of JSON in place of prose
    #[arg(long)]
    json: bool,
    /// Say at the end, on standard error, what was used, what it costs, and how long the answers took
    #[arg(long)]
    stats: bool,
    /// How many seconds the service may be silent while it owes an answer
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    timeout: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Answers {
    Text,
    Audio,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Vad {
    None,
    Server,
    Semantic,
}

impl Chat {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if self.out.is_some() && self.modality == Answers::Text {
            let reason = "--out needs an assistant that speaks: leave out --modality text";
            return Err(Failure::Usage(reason.to_owned()));
        }
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| Failure::failed(format!("cannot start the runtime: {error}")))?;
        let result = runtime.block_on(self.converse());
        runtime.shutdown_timeout(LAST_TASKS);
        result
    }

    /// The whole conversation, from files that must be there to files that are written.
    async fn converse(&self) -> Result<(), Failure> {
        let turns = self.turns.load()?;
        let tools = self.tool_file.as_deref().map(tool_file::load).transpose()?.unwrap_or_default();
        let answers = self.out.as_deref().map(AnswerFile::create).transpose()?;
        let interrupts = Interrupts::listen();

        let screen = Screen::new(self.json, turns.are_typed(), !tools.is_empty());
        let (client, server) = setup::client(self, tools).await?;
        if let Some(server) = &server {
            tell(format_args!("talking to the local server inside this process ({})", server.url()));
        }
        let events = self.events.as_deref().map(|path| EventsFile::record(path, &client)).transpose()?;

        let limit = Duration::from_secs(self.timeout);
        let mut talk = Talk::new(&client, interrupts, screen, limit, self.vad);
        let result = talk.run(turns).await;

        // Closing forgets the conversation, and what was said before a failure is worth keeping.
        let spoken = answers.map(|file| file.write(&client.conversation()));
        let _ = tokio::time::timeout(GOODBYE, client.disconnect()).await;
        if self.stats {
            for line in stats::lines(&client) {
                tell(line);
            }
        }
        drop(talk);
        drop(client);
        let recorded = match events {
            Some(events) => events.finish().await,
            None => Ok(()),
        };
        result.and(spoken.transpose().map(|_| ())).and(recorded)
    }
}
