//! Whatever the client does, and however slow the wire: when everything has been said, both hold the same.

use std::time::Duration;

use fastrand::Rng;
use vivavoce_protocol::{
    ContentPart, Dialect, EventId, Item, ItemId, Modality, RealtimeSession, ResponseParams, Role, TurnDetection,
};

use vivavoce_session::{Acknowledgement, Outcome};

use super::Pair;
use super::held::base64;
use super::pair::{BOTH, silence, speech};

const STEPS: usize = 150;

#[test]
fn whatever_the_client_does_both_hold_the_same() {
    for dialect in BOTH {
        for seed in 0..8 {
            play(dialect, seed);
        }
    }
}

fn play(dialect: Dialect, seed: u64) {
    let mut random = Rng::with_seed(seed);
    let mut pair = Pair::new(dialect);
    pair.name = format!("{dialect:?}, seed {seed}");
    // Short answers: what matters is when they come and end.
    pair.ask(|client| client.update_session(RealtimeSession::new().instructions("Say exactly: One, two, three.")));
    let speech = speech();
    let mut commands = Vec::new();
    for _ in 0..STEPS {
        match random.u8(..10) {
            0..=3 => commands.extend(command(&mut pair, &mut random, &speech)),
            4..=5 => drop(pair.pass_to_server()),
            6..=7 => drop(pair.pass_to_client()),
            8 => drop(pair.play(random.usize(1..4))),
            _ if random.u8(..4) == 0 => pair.settle(),
            _ if random.u8(..24) == 0 => pair.reconnect(),
            _ => pair.wait(Duration::from_millis(random.u64(..4_000))),
        }
    }
    pair.settle();
    pair.wait(Duration::from_secs(10));
    check_outcomes(&pair, &commands);
    pair.agree();
}

/// Each command was told once what became of it, and never what is not true.
fn check_outcomes(pair: &Pair, commands: &[EventId]) {
    for command in commands {
        let told = pair.outcomes.iter().filter(|(id, _)| id == command).map(|(_, outcome)| outcome);
        let told: Vec<_> = told.collect();
        let [outcome] = told.as_slice() else { panic!("{}: {command} was told {told:?}", pair.name) };
        match outcome {
            // Its answer was longer on the wire than anybody waits.
            Outcome::Unanswered => continue,
            // What was to be cancelled ended by itself: the cancel is done, and is refused.
            Outcome::Done(Acknowledgement::ResponseDone(_)) => continue,
            _ => {}
        }
        // One that collided was asked for again.
        let refused = pair.received.iter().any(|event| {
            event["error"]["event_id"] == command.as_str()
                && event["error"]["code"] != "conversation_already_has_active_response"
        });
        assert_eq!(matches!(outcome, Outcome::Refused(_)), refused, "{}: {command} {outcome:?}", pair.name);
    }
}

/// One thing a client may do, sensible or not. What the service refuses is none of this test's business.
fn command(pair: &mut Pair, random: &mut Rng, speech: &[i16]) -> Option<EventId> {
    let known = pair.order();
    let item = match known.as_slice() {
        [] => ItemId::from("nobody"),
        // Most happens to the newest.
        known if random.bool() => known[known.len() - 1].clone(),
        known => known[random.usize(..known.len())].clone(),
    };
    let client = &mut pair.client;
    let done = match random.u8(..24) {
        0 => client.send_user_message("Hello").map(Some),
        1 => client
            .create_item(Item::message(Role::System, [ContentPart::input_text("x")]), place(item, random))
            .map(Some),
        2 => {
            let sound = ContentPart::input_audio(base64(&speech[..4_800], vivavoce_audio::AudioEncoding::Pcm16));
            client.create_item(Item::message(Role::User, [sound]), place(item, random)).map(Some)
        }
        3 => client.delete_item(&item).map(Some),
        4 => client.retrieve_item(&item).map(Some),
        5 | 6 => client.truncate_item(&item, random.usize(..2), random.u64(..900)).map(Some),
        7 => client.cancel_response(),
        // Most items cannot be cut; then nothing is sent.
        8 | 9 => client.cancel_response_at(&item, random.u64(..30_000)).map_or(Ok(None), |_| Ok(None)),
        10 | 11 => {
            let from = random.usize(..speech.len() / 2);
            client.append_input_audio(&speech[from..]).map(|()| None)
        }
        12 | 13 => client.append_input_audio(&silence(random.usize(..700))).map(|()| None),
        14 => client.commit_input_audio().map(Some),
        15 => client.clear_input_audio().map(Some),
        16 => client.respond(Some(ResponseParams::out_of_band())).map(Some),
        17 => client.update_session(RealtimeSession::new().turn_detection(detection(random))),
        18 => {
            let modality = if random.bool() { Modality::Text } else { Modality::Audio };
            client.update_session(RealtimeSession::new().output_modalities(modality).transcription(Some("whisper-1")))
        }
        19 | 20 => {
            client.interrupt();
            Ok(None)
        }
        21 => {
            client.report_played(&item, 0, random.u64(..60_000));
            Ok(None)
        }
        22 => client.respond(None).map(Some),
        _ => client.create_response(None).map(Some),
    };
    done.expect("the session is connected and little is on its way")
}

fn place(item: ItemId, random: &mut Rng) -> Option<ItemId> {
    [None, Some("root".into()), Some(item), Some("nobody".into())][random.usize(..4)].clone()
}

fn detection(random: &mut Rng) -> Option<TurnDetection> {
    let idle = TurnDetection::server_vad().idle_timeout_ms(vivavoce_protocol::Int::from(5_000));
    [None, Some(TurnDetection::server_vad()), Some(idle)][random.usize(..3)].clone()
}
