//! What `Debug` must not print: audio, images, keys.

use vivavoce_protocol::{ClientEvent, Dialect, Secret, ServerEvent};

const PAYLOAD: &str = "UExBWUxPQURQTEFZTE9BRFBMQVlMT0FEUExBWUxPQUQ=";

#[track_caller]
fn check(shown: &str, hint: &str) {
    assert!(!shown.contains(&PAYLOAD[..8]), "{shown}");
    assert!(shown.contains(hint), "{shown}");
}

#[track_caller]
fn check_server(frame: &str, hint: &str) {
    let frame = frame.replace("PAYLOAD", PAYLOAD);
    for dialect in [Dialect::Ga, Dialect::Beta, Dialect::Translation] {
        let event = ServerEvent::decode(&frame, dialect).unwrap();
        check(&format!("{event:?} {event:#?}"), hint);
        let owned = event.into_owned();
        check(&format!("{owned:?}"), hint);
    }
}

#[track_caller]
fn check_client(frame: &str, hint: &str) {
    let frame = frame.replace("PAYLOAD", PAYLOAD);
    for dialect in [Dialect::Ga, Dialect::Beta, Dialect::Translation] {
        check(&format!("{:?}", ClientEvent::decode(&frame, dialect).unwrap()), hint);
    }
}

#[test]
fn audio_shows_its_length_and_not_its_bytes() {
    let length = "<44 bytes of base64>";
    check_server(r#"{"type":"response.output_audio.delta","delta":"PAYLOAD"}"#, length);
    check_server(r#"{"type":"response.audio.delta","delta":"PAYLOAD"}"#, length);
    check_server(r#"{"type":"session.output_audio.delta","delta":"PAYLOAD"}"#, length);
    check_client(r#"{"type":"input_audio_buffer.append","audio":"PAYLOAD"}"#, length);
    check_client(r#"{"type":"session.input_audio_buffer.append","audio":"PAYLOAD"}"#, length);
}

#[test]
fn audio_and_images_in_items_show_their_length() {
    let item = r#"{"type":"message","role":"user","content":[
        {"type":"input_audio","audio":"PAYLOAD"},{"type":"input_image","image_url":"PAYLOAD"}]}"#;
    check_client(&format!(r#"{{"type":"conversation.item.create","item":{item}}}"#), "<44 bytes>");
    check_server(&format!(r#"{{"type":"conversation.item.retrieved","item":{item}}}"#), "<44 bytes>");
    check_server(r#"{"type":"response.content_part.done","part":{"type":"audio","audio":"PAYLOAD"}}"#, "<44 bytes>");
}

#[test]
fn keys_cannot_be_printed() {
    check(&format!("{:?}", Secret::new(PAYLOAD)), "<secret>");
    let tool = r#"{"type":"mcp","server_label":"l","authorization":"PAYLOAD","headers":{"X-Key":"PAYLOAD"}}"#;
    check_client(&format!(r#"{{"type":"response.create","response":{{"tools":[{tool}]}}}}"#), "<secret>");
    for session in [
        r#"{"type":"realtime","client_secret":{"value":"PAYLOAD","expires_at":1}}"#,
        r#"{"type":"transcription","client_secret":{"value":"PAYLOAD","expires_at":1}}"#,
        r#"{"voice":"ash","client_secret":{"value":"PAYLOAD","expires_at":1}}"#,
    ] {
        for name in ["session.created", "transcription_session.created"] {
            let frame = format!(r#"{{"type":"{name}","session":{session}}}"#).replace("PAYLOAD", PAYLOAD);
            for dialect in [Dialect::Ga, Dialect::Beta] {
                let event = ServerEvent::decode(&frame, dialect).unwrap();
                check(&format!("{event:?}"), "<secret>");
            }
        }
    }
}

#[test]
fn a_large_value_that_cannot_be_read_shows_its_length() {
    let frame = format!(r#"{{"type":"response.output_audio.delta","delta":["{}"]}}"#, PAYLOAD.repeat(10));
    let event = ServerEvent::decode(&frame, Dialect::Ga).unwrap();
    check(&format!("{event:?}"), "bytes of JSON>");
}
