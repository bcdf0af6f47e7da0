//! What a session has used, and how long its answers took.

use std::time::Duration;

use serde_json::Value;
use vivavoce_protocol::{RealtimeSession, ResponseParams, TurnDetection};
use vivavoce_session::{TokenCounts, UsageTotals};

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
            let mut pair = Pair::scrambled(dialect, scramble);
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
