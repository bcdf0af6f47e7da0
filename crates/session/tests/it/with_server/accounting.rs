//! What a session has used, and how long its answers took.

use std::time::Duration;

use serde_json::Value;
use vivavoce_protocol::{RealtimeSession, ResponseParams, TurnDetection};
use vivavoce_session::{CommandError, Event, ModelPrices, Prices, SessionOptions, TokenCounts, UsageTotals};

use super::Pair;
use super::pair::{BOTH, silence, speech};
use super::scrambled::Scramble;

/// The sum of what the service told, each response and transcription once.
fn told(pair: &Pair) -> UsageTotals {
    let mut totals = UsageTotals::default();
    let mut seen = Vec::new();
    for event in &pair.received {
        let number = |pointer: &str| event.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
        let counts = |pointer: &str| TokenCounts {
            text: number(&format!("{pointer}/text_tokens")),
            audio: number(&format!("{pointer}/audio_tokens")),
            image: number(&format!("{pointer}/image_tokens")),
            other: 0,
        };
        let add = |sum: &mut TokenCounts, more: TokenCounts| {
            *sum = TokenCounts {
                text: sum.text + more.text,
                audio: sum.audio + more.audio,
                image: sum.image + more.image,
                other: 0,
            };
        };
        let kind = event["type"].as_str().unwrap_or_default();
        let id = event.pointer("/response/id").unwrap_or(&event["item_id"]).to_string();
        let counted = kind == "response.done" || kind.ends_with("input_audio_transcription.completed");
        if !counted || seen.contains(&id) {
            continue;
        }
        seen.push(id);
        if kind == "response.done" {
            totals.responses += 1;
            add(&mut totals.input, counts("/response/usage/input_token_details"));
            add(&mut totals.cached, counts("/response/usage/input_token_details/cached_tokens_details"));
            add(&mut totals.output, counts("/response/usage/output_token_details"));
        } else {
            totals.transcriptions += 1;
            totals.transcribed_seconds += event["usage"]["seconds"].as_f64().unwrap_or_default();
        }
    }
    totals
}

#[test]
fn usage_adds_up_over_responses_and_transcriptions_whatever_comes_twice() {
    for dialect in BOTH {
        for scramble in [Scramble::Nothing, Scramble::Repeated] {
            let mut pair = Pair::scrambled(dialect, scramble.clone());
            let session = RealtimeSession::new().transcription(Some("whisper-1"));
            pair.ask(|client| client.update_session(session.turn_detection(Some(TurnDetection::server_vad()))));
            for _ in 0..2 {
                pair.stream(&[speech(), silence(900)].concat());
                pair.settle();
            }
            pair.ask(|client| client.create_response(Some(ResponseParams::out_of_band())));
            let usage = *pair.client.accounting().usage();
            assert_eq!(usage, told(&pair));
            assert_eq!((usage.responses, usage.transcriptions), (3, 2));
            assert!(
                usage.cached.total() > 0 && usage.output.audio > 0 && usage.transcribed_seconds >= 2.0,
                "{usage:?}"
            );
            assert!(pair.client.accounting().rate_limits().is_some());
            pair.agree();
        }
    }
}

#[test]
fn an_answer_is_timed_from_what_it_answers() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.wait(Duration::from_secs(1));
        pair.client.send_user_message("Hello").unwrap();
        pair.wait(Duration::from_millis(50));
        pair.pass();
        pair.wait(Duration::from_millis(200));
        pair.play(1);
        pair.pass();
        pair.wait(Duration::from_millis(500));
        pair.settle();
        let turns: Vec<_> = pair.client.accounting().turns().cloned().collect();
        let [turn] = turns.as_slice() else { panic!("{turns:?}") };
        let ms = |time: Option<Duration>| time.map(|time| time.as_millis());
        assert_eq!(
            (ms(turn.asked), turn.created.as_millis(), ms(turn.first_output), ms(turn.done)),
            (Some(1_000), 1_050, Some(1_250), Some(1_750))
        );
        assert_eq!(turn.latency(), Some(Duration::from_millis(250)));
        pair.agree();
    }
}

#[test]
fn a_spoken_turn_is_timed_from_the_end_of_speech() {
    let mut pair = Pair::new(BOTH[0]);
    pair.ask(|client| client.update_session(RealtimeSession::new().turn_detection(Some(TurnDetection::server_vad()))));
    pair.stream(&[speech(), silence(900)].concat());
    pair.settle();
    let turn = pair.client.accounting().turns().next_back().expect("it was answered").clone();
    assert!(turn.asked.is_some() && turn.latency().is_some(), "{turn:?}");
}

fn told_times(pair: &Pair) -> Vec<vivavoce_session::TurnTimes> {
    let told = pair.events.iter().filter_map(|event| match event {
        Event::TurnTimes(times) => Some((**times).clone()),
        _ => None,
    });
    told.collect()
}

#[test]
fn the_first_sound_that_is_heard_belongs_to_the_times_of_an_answer() {
    for reported in [false, true] {
        let mut pair = Pair::new(BOTH[0]);
        pair.client.send_user_message("Hello").unwrap();
        pair.pass();
        pair.wait(Duration::from_millis(100));
        pair.play(2);
        pair.pass();
        if reported {
            // Nothing was played before.
            let answer = pair.last();
            pair.client.report_played(&answer, 0, 0);
            pair.wait(Duration::from_millis(150));
            pair.client.report_played(&answer, 0, 480);
        }
        pair.settle();
        let times = told_times(&pair).pop().expect("it is told when it is done");
        let played = if reported { 250 } else { 100 };
        assert_eq!(times.first_audio, Some(Duration::from_millis(100)));
        if !reported {
            assert_eq!(times.first_played, Some(Duration::from_millis(played)));
        }
        assert!(times.done.is_some());
    }
}

#[test]
fn a_session_costs_what_its_table_says_and_stops_at_its_budget() {
    let mut prices = Prices::new("today");
    prices.models.push(ModelPrices::new("gpt-realtime", [1e6, 0.0, 0.0], [0.0; 3], [0.0; 2]));
    let mut pair = Pair::with(SessionOptions { prices, ..SessionOptions::default() });
    pair.ask(|client| client.send_user_message("Hello"));
    let fresh = pair.client.accounting().usage().input.text - pair.client.accounting().usage().cached.text;
    assert_eq!(pair.client.accounting().cost().usd, fresh as f64, "a dollar a token");
    assert_eq!(pair.client.accounting().cost().unpriced, 0);

    pair.forget();
    pair.client.set_budget(Some(0.5));
    pair.settle();
    let spent = |event: &&Event| matches!(event, Event::BudgetSpent { budget: 0.5, .. });
    assert_eq!(pair.events.iter().filter(spent).count(), 1);
    assert_eq!(pair.client.send_user_message("More"), Err(CommandError::BudgetSpent));
    assert_eq!(pair.client.create_response(Some(ResponseParams::out_of_band())), Err(CommandError::BudgetSpent));
    // What the service begins by itself is cancelled.
    let session = RealtimeSession::new().turn_detection(Some(TurnDetection::server_vad()));
    pair.ask(|client| client.update_session(session));
    pair.stream(&[speech(), silence(900)].concat());
    pair.settle();
    assert_eq!(pair.find("response.done")["response"]["status"], "cancelled");
    pair.client.set_budget(None);
    pair.ask(|client| client.send_user_message("More"));
}

#[test]
fn a_model_without_a_price_is_not_in_the_cost() {
    let mut pair = Pair::with(SessionOptions { prices: Prices::new("never"), ..SessionOptions::default() });
    pair.ask(|client| client.send_user_message("Hello"));
    let cost = pair.client.accounting().cost();
    assert_eq!((cost.usd, cost.unpriced), (0.0, 1));
}
