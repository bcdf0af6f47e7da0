//! `--stats`: what the conversation has used, and how long its answers took.

use std::time::Duration;

use vivavoce::{Cost, Prices, RealtimeClient, TokenCounts, TurnTimes, UsageTotals};

/// Three lines, for standard error.
pub(super) fn lines(client: &RealtimeClient) -> [String; 3] {
    // The client has these prices, too.
    let prices = Prices::default();
    [cost(client.cost(), &prices.date), usage(&client.usage()), latency(&client.turn_times())]
}

fn cost(Cost { usd, unpriced, .. }: Cost, date: &str) -> String {
    let known = match usd {
        0.0 if unpriced > 0 => "not known".to_owned(),
        0.0 => return "cost: nothing".to_owned(),
        usd if usd < 0.000_05 => "less than $0.0001".to_owned(),
        usd => format!("about ${usd:.4}"),
    };
    let left_out = match unpriced {
        0 => String::new(),
        unpriced => format!(", {} without a price", counted(unpriced, "response")),
    };
    format!("cost: {known} (prices of {date}{left_out})")
}

fn usage(totals: &UsageTotals) -> String {
    let UsageTotals { input, cached, output, .. } = totals;
    let mut line = format!(
        "usage: {}, {} tokens in{} of which {} cached, {} out{}",
        counted(totals.responses, "response"),
        input.total(),
        kinds(input),
        cached.total(),
        output.total(),
        kinds(output),
    );
    if totals.transcriptions > 0 {
        line.push_str(&format!(", {}", counted(totals.transcriptions, "transcription")));
        if totals.transcribed_seconds > 0.0 {
            line.push_str(&format!(" of {:.1} s", totals.transcribed_seconds));
        }
        let tokens = totals.transcribed.total() + totals.written;
        if tokens > 0 {
            line.push_str(&format!(" for {tokens} tokens"));
        }
    }
    line
}

/// ` (12 text, 30 audio)`; nothing where there is nothing.
fn kinds(tokens: &TokenCounts) -> String {
    let kinds = [(tokens.text, "text"), (tokens.audio, "audio"), (tokens.image, "image"), (tokens.other, "other")];
    let told: Vec<_> = kinds.iter().filter(|(count, _)| *count > 0).map(|(n, kind)| format!("{n} {kind}")).collect();
    if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn latency(turns: &[TurnTimes]) -> String {
    // Nothing is played here: a sound could be heard when it comes.
    let heard = |turn: &TurnTimes| turn.first_audio?.checked_sub(turn.asked?);
    let first = sorted(turns.iter().filter_map(TurnTimes::latency));
    let (Some(shortest), Some(longest)) = (first.first(), first.last()) else {
        return "latency: nothing was answered".to_owned();
    };
    let (median, answers) = (first[first.len() / 2], counted(first.len() as u64, "answer"));
    let mut line = format!(
        "latency: {median:.0?} to the first of an answer (median of {answers}, {shortest:.0?} to {longest:.0?})"
    );
    let heard = sorted(turns.iter().filter_map(heard));
    if let Some(median) = heard.get(heard.len() / 2) {
        line.push_str(&format!(", {median:.0?} to its first sound"));
    }
    line
}

fn sorted(times: impl Iterator<Item = Duration>) -> Vec<Duration> {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_tells_kinds_only_where_there_are_some() {
        let totals = UsageTotals {
            responses: 2,
            input: TokenCounts { text: 12, audio: 30, ..TokenCounts::default() },
            cached: TokenCounts { text: 5, ..TokenCounts::default() },
            transcriptions: 1,
            transcribed_seconds: 3.0,
            ..UsageTotals::default()
        };
        let line =
            "usage: 2 responses, 42 tokens in (12 text, 30 audio) of which 5 cached, 0 out, 1 transcription of 3.0 s";
        assert_eq!(usage(&totals), line);
    }

    #[test]
    fn cost_tells_the_date_of_the_prices_and_what_has_none() {
        let told = |usd, unpriced| {
            let mut spent = Cost::default();
            (spent.usd, spent.unpriced) = (usd, unpriced);
            cost(spent, "2025-09")
        };
        assert_eq!(told(0.001_23, 0), "cost: about $0.0012 (prices of 2025-09)");
        assert_eq!(told(1.5, 1), "cost: about $1.5000 (prices of 2025-09, 1 response without a price)");
        assert_eq!(told(0.000_01, 0), "cost: less than $0.0001 (prices of 2025-09)");
        assert_eq!(told(0.0, 2), "cost: not known (prices of 2025-09, 2 responses without a price)");
        assert_eq!(told(0.0, 0), "cost: nothing");
    }

    /// An answer that was asked for at 1 s, with its first output and its first sound so many milliseconds later.
    fn turn(output: u64, sound: Option<u64>) -> TurnTimes {
        let at = |ms| Duration::from_millis(1_000 + ms);
        TurnTimes {
            response_id: "resp".into(),
            asked: Some(at(0)),
            created: at(1),
            first_output: Some(at(output)),
            first_audio: sound.map(at),
            first_played: None,
            done: None,
        }
    }

    #[test]
    fn latency_tells_the_median_the_extremes_and_the_first_sound() {
        assert_eq!(latency(&[]), "latency: nothing was answered");
        let line = "latency: 20ms to the first of an answer (median of 3 answers, 10ms to 30ms)";
        assert_eq!(latency(&[turn(30, None), turn(10, None), turn(20, None)]), line);
        let spoken = latency(&[turn(30, Some(40)), turn(10, Some(15)), turn(20, Some(25))]);
        assert_eq!(spoken, format!("{line}, 25ms to its first sound"));
    }
}
