//! Responses: cancelled, refused, beside the conversation.

use vivavoce_protocol::{AudioFormat, AudioOutput, Modality, ResponseAudio, ResponseParams, Status};
use vivavoce_session::{Event, SessionMachine};

use super::Pair;
use super::pair::BOTH;

fn done(pair: &Pair) -> Vec<Status> {
    let done = pair.events.iter().filter_map(|event| match event {
        Event::ResponseDone(response) => response.status.get()?.known(),
        _ => None,
    });
    done.collect()
}

#[test]
fn a_running_response_is_cancelled() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.client.send_user_message("Tell me everything").unwrap();
        pair.pass();
        pair.play(6);
        pair.pass();
        pair.ask(SessionMachine::cancel_response);
        let item = pair.client.conversation().item(pair.last().as_str()).unwrap();
        assert_eq!(item.status().as_str(), "incomplete");
        assert!(!item.formatted().audio.is_empty());
        assert_eq!(done(&pair), [Status::Cancelled]);
        pair.forget();
        pair.ask(SessionMachine::cancel_response);
        assert!(pair.sent.is_empty(), "nothing is running any more");
        pair.agree();
    }
}

#[test]
fn a_response_beside_the_conversation() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        pair.ask(|client| client.send_user_message("Hello"));
        let order = pair.order();
        pair.forget();
        let aside = ResponseParams::out_of_band().output_modalities(Modality::Text).instructions("Say exactly: Aside.");
        pair.client.create_response(Some(aside)).unwrap();
        // It runs beside one of the conversation.
        pair.client.create_response(None).unwrap();
        pair.settle();
        assert!(pair.errors().is_empty());
        assert_eq!(pair.order().len(), order.len() + 1);
        let beside = pair.find("response.output_item.added")["item"]["id"].as_str().unwrap();
        assert_eq!(pair.client.conversation().item(beside).unwrap().text(), "Aside.");
        assert!(!order.iter().any(|id| id.as_str() == beside));
        assert_eq!(done(&pair), [Status::Completed; 2]);
        pair.agree();
    }
}

#[test]
fn a_response_in_a_format_of_its_own() {
    for dialect in BOTH {
        let mut pair = Pair::new(dialect);
        let output = AudioOutput::new().format(AudioFormat::pcmu());
        let params = ResponseParams::out_of_band().audio(ResponseAudio::new().output(output));
        pair.ask(|client| client.create_response(Some(params)));
        let id = pair.find("response.output_item.added")["item"]["id"].as_str().unwrap();
        let item = pair.client.conversation().item(id).unwrap();
        let characters = item.transcript().chars().count();
        assert_eq!(item.formatted().audio.len(), characters * 60 * 8, "8 kHz, 60 ms a character");
        assert_eq!(item.audio_encoding(), vivavoce_audio::AudioEncoding::G711Ulaw);
        pair.agree();
    }
}
