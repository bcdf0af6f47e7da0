//! `trace`: server events of a session that never was, the same for the same arguments.
//!
//! Audio and words are the same in both dialects. Deltas are 167 to 233 ms long, transcript deltas come between
//! them, turns of the user and tool calls between responses. `type` comes first and `delta` last, as in captures
//! of the service; nothing may depend on it.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use fastrand::Rng;
use vivavoce::Dialect;
use vivavoce::audio::{AudioEncoding, SAMPLE_RATE, encode_base64};
use vivavoce::protocol::payload::{
    ArgumentsDelta, ArgumentsDone, AudioDelta, AudioDone, Committed, ItemEvent, OutputItemEvent, PartEvent, RateLimit,
    RateLimitName, RateLimitsUpdated, ResponseEvent, ResponsePart, ResponsePartType, SessionEvent, SpeechStarted,
    SpeechStopped, TextDelta, TranscriptDone, TranscriptionCompleted,
};
use vivavoce::protocol::{
    CallId, ContentPart, EventId, FunctionCallItem, FunctionCallOutputItem, Int, Item, ItemId, ItemStatus, List,
    Member, MessageItem, Num, PartType, RealtimeSession, Response, ResponseId, Role, ServerEvent, Status,
    TranscriptionUsage, TranscriptionUsageType, Usage,
};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// 30 s of speech in 5 turns, 10 minutes in one response, or an hour of 200 turns.
    #[arg(long, value_enum)]
    size: Size,
    /// The protocol the trace is written in.
    #[arg(long, value_enum)]
    dialect: Words,
    /// The folder to write `SIZE-DIALECT.jsonl` into.
    #[arg(long)]
    out: PathBuf,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Size {
    Short,
    Long,
    Session,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Words {
    Ga,
    Beta,
}

impl Size {
    const fn name(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Long => "long",
            Self::Session => "session",
        }
    }

    /// Turns, and seconds of speech in each.
    const fn turns(self) -> (usize, f64) {
        match self {
            Self::Short => (5, 6.0),
            Self::Long => (1, 600.0),
            Self::Session => (200, 10.8),
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    let dialect = match arguments.dialect {
        Words::Ga => Dialect::Ga,
        Words::Beta => Dialect::Beta,
    };
    let name = if dialect == Dialect::Ga { "ga" } else { "beta" };
    fs::create_dir_all(&arguments.out)?;
    let path = arguments.out.join(format!("{}-{name}.jsonl", arguments.size.name()));
    let mut writer = Writer {
        out: BufWriter::new(fs::File::create(&path)?),
        dialect,
        random: Rng::with_seed(2026),
        ids: 0,
        events: 0,
        deltas: 0,
        bytes: 0,
        last_item: None,
        position_ms: 0,
    };
    let (turns, seconds) = arguments.size.turns();
    writer.session()?;
    for turn in 0..turns {
        writer.user_turn(turn)?;
        // Every third turn looks something up first.
        if turns > 1 && turn % 3 == 2 {
            writer.tool_call()?;
        }
        writer.reply(seconds)?;
    }
    writer.out.flush()?;
    println!(
        "{}: {} events, {} audio deltas, {:.1} MB",
        path.display(),
        writer.events,
        writer.deltas,
        writer.bytes as f64 / 1e6
    );
    Ok(())
}

struct Writer<W> {
    out: W,
    dialect: Dialect,
    random: Rng,
    ids: u64,
    events: usize,
    deltas: usize,
    bytes: usize,
    last_item: Option<ItemId>,
    position_ms: u64,
}

type Written = std::io::Result<()>;

impl<W: Write> Writer<W> {
    fn id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        format!("{prefix}_{:021}", self.ids)
    }

    fn write(&mut self, event: ServerEvent<'_>) -> Written {
        if !event.exists_in(self.dialect) {
            return Ok(());
        }
        let id = EventId::from(self.id("event"));
        let line = event.with_event_id(id).to_json(self.dialect);
        self.events += 1;
        self.bytes += line.len() + 1;
        self.out.write_all(line.as_bytes())?;
        self.out.write_all(b"\n")
    }

    fn session(&mut self) -> Written {
        let session = RealtimeSession::update().instructions("Be brief.").voice("marin");
        self.write(ServerEvent::SessionCreated(SessionEvent::new().session(Box::new(session.into()))))
    }

    /// Announces an item where the conversation ends.
    fn item(&mut self, item: &Item, done: bool) -> Written {
        let event =
            ItemEvent::new().previous_item_id(Member::from(self.last_item.clone())).item(Box::new(item.clone()));
        if done { self.write(ServerEvent::ItemDone(event)) } else { self.write(ServerEvent::ItemAdded(event)) }
    }

    fn user_turn(&mut self, turn: usize) -> Written {
        let id = ItemId::from(self.id("item"));
        let length = 1_500 + self.random.u64(..2_000);
        let start = self.position_ms + 400;
        self.position_ms = start + length;
        self.write(ServerEvent::SpeechStarted(
            SpeechStarted::new().audio_start_ms(Int::from(start)).item_id(id.clone()),
        ))?;
        self.write(ServerEvent::SpeechStopped(
            SpeechStopped::new().audio_end_ms(Int::from(self.position_ms)).item_id(id.clone()),
        ))?;
        let previous = Member::from(self.last_item.clone());
        self.write(ServerEvent::InputAudioCommitted(Committed::new().previous_item_id(previous).item_id(id.clone())))?;
        let mut part = ContentPart::new().kind(PartType::InputAudio);
        part.transcript = Member::Null;
        let item = Item::Message(
            MessageItem::new().id(id.clone()).status(ItemStatus::Completed).role(Role::User).content([part]),
        );
        self.item(&item, false)?;
        self.item(&item, true)?;
        self.last_item = Some(id.clone());
        let usage =
            TranscriptionUsage::new().kind(TranscriptionUsageType::Duration).seconds(Num::from(length as f64 / 1e3));
        self.write(ServerEvent::InputTranscriptionCompleted(
            TranscriptionCompleted::new()
                .item_id(id)
                .content_index(Int::from(0))
                .transcript(format!("This is what I said in turn {turn}."))
                .usage(usage),
        ))
    }

    fn response(&mut self, id: &ResponseId, status: Status, output: Vec<Item>) -> Written {
        let mut response = Response::new().id(id.clone()).object("realtime.response").status(status).output(output);
        response.usage = if status == Status::InProgress { Member::Null } else { Usage::new().into() };
        let event = ResponseEvent::new().response(Box::new(response));
        if status == Status::InProgress {
            self.write(ServerEvent::ResponseCreated(event))
        } else {
            self.write(ServerEvent::ResponseDone(event))?;
            let limit = RateLimit::new()
                .name(RateLimitName::Tokens)
                .limit(Int::from(40_000))
                .remaining(Int::from(39_000))
                .reset_seconds(Num::from(1.5));
            self.write(ServerEvent::RateLimitsUpdated(RateLimitsUpdated::new().rate_limits([limit])))
        }
    }

    fn output_item(&mut self, response: &ResponseId, item: &Item, done: bool) -> Written {
        let event = OutputItemEvent::new()
            .response_id(response.clone())
            .output_index(Int::from(0))
            .item(Box::new(item.clone()));
        if done {
            self.item(item, true)?;
            self.write(ServerEvent::OutputItemDone(event))
        } else {
            self.write(ServerEvent::OutputItemAdded(event))?;
            self.item(item, false)
        }
    }

    fn tool_call(&mut self) -> Written {
        let response = ResponseId::from(self.id("resp"));
        let (item_id, call_id) = (ItemId::from(self.id("item")), CallId::from(self.id("call")));
        let call = |status, arguments: &str| {
            Item::FunctionCall(
                FunctionCallItem::new()
                    .id(item_id.clone())
                    .status(status)
                    .call_id(call_id.clone())
                    .name("get_weather")
                    .arguments(arguments),
            )
        };
        self.response(&response, Status::InProgress, Vec::new())?;
        self.output_item(&response, &call(ItemStatus::InProgress, ""), false)?;
        let arguments = r#"{"lat":52.5,"lng":13.4,"location":"Berlin"}"#;
        for at in (0..arguments.len()).step_by(6) {
            let delta = &arguments[at..arguments.len().min(at + 6)];
            self.write(ServerEvent::FunctionCallArgumentsDelta(
                ArgumentsDelta::new()
                    .response_id(response.clone())
                    .item_id(item_id.clone())
                    .output_index(Int::from(0))
                    .call_id(call_id.clone())
                    .delta(vivavoce::protocol::Text::from(delta)),
            ))?;
        }
        self.write(ServerEvent::FunctionCallArgumentsDone(
            ArgumentsDone::new()
                .response_id(response.clone())
                .item_id(item_id.clone())
                .output_index(Int::from(0))
                .call_id(call_id.clone())
                .name("get_weather")
                .arguments(arguments),
        ))?;
        let done = call(ItemStatus::Completed, arguments);
        self.output_item(&response, &done, true)?;
        self.response(&response, Status::Completed, vec![done])?;
        self.last_item = Some(item_id);

        let output_id = ItemId::from(self.id("item"));
        let output = Item::FunctionCallOutput(
            FunctionCallOutputItem::new()
                .id(output_id.clone())
                .status(ItemStatus::Completed)
                .call_id(call_id)
                .output(r#"{"temperature":21.5}"#),
        );
        self.item(&output, false)?;
        self.item(&output, true)?;
        self.last_item = Some(output_id);
        Ok(())
    }

    fn reply(&mut self, seconds: f64) -> Written {
        let response = ResponseId::from(self.id("resp"));
        let id = ItemId::from(self.id("item"));
        let message = |status, content: List<ContentPart>| {
            Item::Message(MessageItem::new().id(id.clone()).status(status).role(Role::Assistant).content(content))
        };
        self.response(&response, Status::InProgress, Vec::new())?;
        self.output_item(&response, &message(ItemStatus::InProgress, List::new()), false)?;
        let part = |transcript: &str| {
            PartEvent::new()
                .response_id(response.clone())
                .item_id(id.clone())
                .output_index(Int::from(0))
                .content_index(Int::from(0))
                .part(ResponsePart::new().kind(ResponsePartType::Audio).transcript(transcript))
        };
        self.write(ServerEvent::ContentPartAdded(part("")))?;

        let mut left = (seconds * f64::from(SAMPLE_RATE)) as usize;
        let (mut transcript, mut base64, mut count) = (String::new(), String::new(), 0);
        while left > 0 {
            // Two words for every three pieces of sound.
            if count % 3 != 2 {
                let word = ["speaking ", "slowly ", "and ", "clearly ", "about ", "nothing "][self.random.usize(..6)];
                transcript.push_str(word);
                self.write(ServerEvent::OutputAudioTranscriptDelta(
                    TextDelta::new()
                        .response_id(response.clone())
                        .item_id(id.clone())
                        .output_index(Int::from(0))
                        .content_index(Int::from(0))
                        .delta(vivavoce::protocol::Text::from(word)),
                ))?;
            }
            let samples = (4_000 + self.random.usize(..1_600)).min(left);
            left -= samples;
            base64.clear();
            let sound: Vec<i16> = (0..samples).map(|_| self.random.i16(-8_000..8_000)).collect();
            encode_base64(&sound, AudioEncoding::Pcm16, &mut base64);
            self.deltas += 1;
            count += 1;
            self.write(ServerEvent::OutputAudioDelta(
                AudioDelta::new()
                    .response_id(response.clone())
                    .item_id(id.clone())
                    .output_index(Int::from(0))
                    .content_index(Int::from(0))
                    .delta(vivavoce::protocol::Base64::from(base64.as_str())),
            ))?;
        }
        self.write(ServerEvent::OutputAudioDone(
            AudioDone::new()
                .response_id(response.clone())
                .item_id(id.clone())
                .output_index(Int::from(0))
                .content_index(Int::from(0)),
        ))?;
        self.write(ServerEvent::OutputAudioTranscriptDone(
            TranscriptDone::new()
                .response_id(response.clone())
                .item_id(id.clone())
                .output_index(Int::from(0))
                .content_index(Int::from(0))
                .transcript(transcript.as_str()),
        ))?;
        self.write(ServerEvent::ContentPartDone(part(&transcript)))?;
        let spoken = ContentPart::new().kind(PartType::OutputAudio).transcript(transcript);
        let done = message(ItemStatus::Completed, [spoken].into());
        self.output_item(&response, &done, true)?;
        self.response(&response, Status::Completed, vec![done])?;
        self.last_item = Some(id);
        Ok(())
    }
}
