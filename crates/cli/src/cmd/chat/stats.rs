//! `--stats`: what the conversation has used, and how long its answers took.

use std::time::Duration;

use vivavoce::{RealtimeClient, TokenCounts, UsageTotals};

/// Two lines, for standard error.
pub(super) fn lines(client: &RealtimeClient) -> [String; 2] {
    let latencies = client.turn_times().iter().filter_map(vivavoce::TurnTimes::latency).collect();
    [usage(&client.usage()), latency(latencies)]
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

fn latency(mut latencies: Vec<Duration>) -> String {
    latencies.sort_unstable();
    let (Some(first), Some(last)) = (latencies.first(), latencies.last()) else {
        return "latency: nothing was answered".to_owned();
    };
    let median = latencies[latencies.len() / 2];
    let answers = counted(latencies.len() as u64, "answer");
    format!("latency: {median:.0?} to the first of an answer (median of {answers}, {first:.0?} to {last:.0?})")
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
    fn latency_tells_the_median_and_the_extremes() {
        assert_eq!(latency(Vec::new()), "latency: nothing was answered");
        let times = [30, 10, 20].map(Duration::from_millis).to_vec();
        assert_eq!(latency(times), "latency: 20ms to the first of an answer (median of 3 answers, 10ms to 30ms)");
    }
}
