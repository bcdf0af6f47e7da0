//! What a session has cost, what it may still use, and how long its answers took.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use vivavoce_protocol::payload::RateLimit;
use vivavoce_protocol::{
    CachedTokens, InputTokens, Int, ItemId, List, Member, OutputTokens, ResponseId, TranscriptionUsage, Usage,
};

use crate::Cost;

/// Turns whose times are kept, and transcriptions that are known to be counted.
const KEPT: usize = 256;

/// Tokens by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenCounts {
    /// Text.
    pub text: u64,
    /// Audio.
    pub audio: u64,
    /// Images.
    pub image: u64,
    /// Of a kind the service did not tell.
    pub other: u64,
}

impl TokenCounts {
    /// All of them.
    pub const fn total(&self) -> u64 {
        self.text.saturating_add(self.audio).saturating_add(self.image).saturating_add(self.other)
    }

    /// `text`, `audio` and `image`, and what `total` has beyond them.
    fn of(total: &Member<Int>, kinds: [&Member<Int>; 3]) -> Self {
        let number = |member: &Member<Int>| member.get().map_or(0, |number| number.unsigned());
        let [text, audio, image] = kinds.map(number);
        let told = text.saturating_add(audio).saturating_add(image);
        Self { text, audio, image, other: number(total).saturating_sub(told) }
    }

    const fn add(&mut self, more: Self) {
        self.text = self.text.saturating_add(more.text);
        self.audio = self.audio.saturating_add(more.audio);
        self.image = self.image.saturating_add(more.image);
        self.other = self.other.saturating_add(more.other);
    }
}

/// What the responses and transcriptions of a session have used, as the service told it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UsageTotals {
    /// Responses that told their usage (`response.done`).
    pub responses: u64,
    /// What the model read for them.
    pub input: TokenCounts,
    /// The part of it that came from the cache; counted in `input` as well.
    pub cached: TokenCounts,
    /// What the model made.
    pub output: TokenCounts,
    /// Transcriptions of the user's speech that told their usage, billed apart.
    pub transcriptions: u64,
    /// What the transcription model heard, where it is billed by tokens.
    pub transcribed: TokenCounts,
    /// What it wrote, in tokens.
    pub written: u64,
    /// Seconds of audio, where it is billed by time.
    pub transcribed_seconds: f64,
}

/// When the parts of one answer came, counted from the start that [`SessionMachine::handle_time`] counts from.
///
/// [`SessionMachine::handle_time`]: crate::SessionMachine::handle_time
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnTimes {
    /// The response that answers.
    pub response_id: ResponseId,
    /// The end of what it answers: `input_audio_buffer.speech_stopped` came, or `response.create` was sent. `None` when
    /// the service began by itself.
    pub asked: Option<Duration>,
    /// `response.created` came.
    pub created: Duration,
    /// The first audio, transcript or text came.
    pub first_output: Option<Duration>,
    /// The first audio came.
    pub first_audio: Option<Duration>,
    /// The first audio was played, as reported or estimated.
    pub first_played: Option<Duration>,
    /// `response.done` came.
    pub done: Option<Duration>,
}

impl TurnTimes {
    /// From the end of what is answered to the first of the answer: what a user waits.
    pub fn latency(&self) -> Option<Duration> {
        self.first_output?.checked_sub(self.asked?)
    }

    const fn is_awaited(&self) -> bool {
        self.first_audio.is_none() && self.done.is_none()
    }
}

/// The books of a session. See [`SessionMachine::accounting`](crate::SessionMachine::accounting).
#[derive(Debug, Default)]
pub struct Accounting {
    totals: UsageTotals,
    limits: Option<Arc<List<RateLimit>>>,
    turns: VecDeque<TurnTimes>,
    /// The end of what no response has answered yet.
    asked: Option<Duration>,
    /// Turns of which nothing has come yet: deltas are looked at only while there are some.
    awaited: usize,
    /// Items whose transcription is counted: the service may repeat itself.
    transcribed: VecDeque<ItemId>,
    cost: Cost,
    budget: Option<f64>,
    /// It was told that the budget is spent.
    told: bool,
}

impl Accounting {
    /// What has been used so far.
    pub const fn usage(&self) -> &UsageTotals {
        &self.totals
    }

    /// What the account may still use (`rate_limits.updated`), once the service said so.
    pub const fn rate_limits(&self) -> Option<&Arc<List<RateLimit>>> {
        self.limits.as_ref()
    }

    /// The times of the last answers, at most 256, the latest at the end.
    pub fn turns(&self) -> impl DoubleEndedIterator<Item = &TurnTimes> + ExactSizeIterator {
        self.turns.iter()
    }

    /// What that has cost, by the session's table of prices.
    pub const fn cost(&self) -> Cost {
        self.cost
    }

    /// The budget in US dollars, if there is one.
    pub const fn budget(&self) -> Option<f64> {
        self.budget
    }

    /// True when the session has cost as much as its budget: no more responses are asked for.
    pub fn is_budget_spent(&self) -> bool {
        self.budget.is_some_and(|budget| self.cost.usd >= budget)
    }

    // --- What is written into them ---------------------------------------------------------------------------

    pub(crate) fn set_limits(&mut self, limits: Arc<List<RateLimit>>) {
        self.limits = Some(limits);
    }

    /// The user has said all, or somebody asks for a response.
    pub(crate) const fn asked(&mut self, now: Duration) {
        self.asked = Some(now);
    }

    pub(crate) fn created(&mut self, id: &ResponseId, now: Duration) {
        if self.turns.iter().any(|turn| turn.response_id == *id) {
            return;
        }
        if self.turns.len() == KEPT
            && let Some(oldest) = self.turns.pop_front()
            && oldest.is_awaited()
        {
            self.awaited = self.awaited.saturating_sub(1);
        }
        let asked = self.asked.take();
        self.turns.push_back(TurnTimes {
            response_id: id.clone(),
            asked,
            created: now,
            first_output: None,
            first_audio: None,
            first_played: None,
            done: None,
        });
        self.awaited += 1;
    }

    /// Whether anybody waits for the first of an answer.
    pub(crate) const fn awaits_output(&self) -> bool {
        self.awaited > 0
    }

    pub(crate) fn output(&mut self, id: Option<&ResponseId>, audio: bool, now: Duration) {
        let turn = self.turns.iter_mut().rev().find(|turn| Some(&turn.response_id) == id);
        if let Some(turn) = turn
            && turn.is_awaited()
        {
            turn.first_output.get_or_insert(now);
            if audio {
                turn.first_audio = Some(now);
                self.awaited -= 1;
            }
        }
    }

    /// The first sound of a response was played. Answers the turn when this is the last of it.
    pub(crate) fn played(&mut self, id: &ResponseId, at: Duration) -> Option<TurnTimes> {
        let turn = self.turns.iter_mut().rev().find(|turn| turn.response_id == *id)?;
        if turn.first_played.is_some() {
            return None;
        }
        turn.first_played = Some(at);
        turn.done.is_some().then(|| turn.clone())
    }

    /// Answers the turn, the first time.
    pub(crate) fn done(&mut self, id: &ResponseId, now: Duration) -> Option<TurnTimes> {
        let turn = self.turns.iter_mut().rev().find(|turn| turn.response_id == *id)?;
        if turn.is_awaited() {
            self.awaited -= 1;
        }
        if turn.done.is_some() {
            return None;
        }
        turn.done = Some(now);
        Some(turn.clone())
    }

    /// What a response has used, and cost, if that is known.
    pub(crate) fn used(&mut self, usage: &Usage, cost: Option<f64>) {
        let (input, cached, output) = count_response(usage);
        let totals = &mut self.totals;
        totals.responses += 1;
        totals.input.add(input);
        totals.cached.add(cached);
        totals.output.add(output);
        self.charge(cost);
    }

    fn charge(&mut self, cost: Option<f64>) {
        match cost {
            Some(usd) => self.cost.usd += usd,
            None => self.cost.unpriced += 1,
        }
    }

    pub(crate) const fn set_budget(&mut self, budget: Option<f64>) {
        self.budget = budget;
        self.told = false;
    }

    /// What was spent of which budget, once when all of it was.
    pub(crate) fn overspent(&mut self) -> Option<(f64, f64)> {
        let budget = self.budget.filter(|_| !self.told && self.is_budget_spent())?;
        self.told = true;
        Some((self.cost.usd, budget))
    }

    /// False when it was counted before.
    pub(crate) fn transcribed(&mut self, item: &ItemId, usage: &TranscriptionUsage, cost: Option<f64>) -> bool {
        if self.transcribed.contains(item) {
            return false;
        }
        if self.transcribed.len() == KEPT {
            self.transcribed.pop_front();
        }
        self.transcribed.push_back(item.clone());
        let (heard, written, seconds) = count_transcription(usage);
        let totals = &mut self.totals;
        totals.transcriptions += 1;
        totals.transcribed.add(heard);
        totals.written = totals.written.saturating_add(written);
        totals.transcribed_seconds += seconds;
        self.charge(cost);
        true
    }
}

/// What a response has used: input, the cached part of it, output.
pub(crate) fn count_response(usage: &Usage) -> (TokenCounts, TokenCounts, TokenCounts) {
    let none = (InputTokens::new(), CachedTokens::new(), OutputTokens::new());
    let input = usage.input_token_details.get().unwrap_or(&none.0);
    let cached = input.cached_tokens_details.get().unwrap_or(&none.1);
    let output = usage.output_token_details.get().unwrap_or(&none.2);
    (
        TokenCounts::of(&usage.input_tokens, [&input.text_tokens, &input.audio_tokens, &input.image_tokens]),
        TokenCounts::of(&input.cached_tokens, [&cached.text_tokens, &cached.audio_tokens, &cached.image_tokens]),
        TokenCounts::of(&usage.output_tokens, [&output.text_tokens, &output.audio_tokens, &Member::Absent]),
    )
}

/// What a transcription has used: tokens heard, tokens written, seconds heard.
pub(crate) fn count_transcription(usage: &TranscriptionUsage) -> (TokenCounts, u64, f64) {
    let absent = Member::Absent;
    let details = usage.input_token_details.get();
    let (text, audio) = details.map_or((&absent, &absent), |heard| (&heard.text_tokens, &heard.audio_tokens));
    (
        TokenCounts::of(&usage.input_tokens, [text, audio, &absent]),
        usage.output_tokens.get().map_or(0, |tokens| tokens.unsigned()),
        usage.seconds.get().map_or(0.0, |seconds| seconds.get().max(0.0)),
    )
}
