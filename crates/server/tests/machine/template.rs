//! Sessions that a REST call describes before they are opened (protocol.md 9).

use serde_json::value::RawValue;
use serde_json::{Value, json};
use vivavoce_protocol::Dialect;
use vivavoce_server::machine::{ApiFault, MachineConfig, SessionKind, SessionTemplate, TemplateKind};

use crate::play::{Play, find};

fn read(kind: TemplateKind, session: &Value) -> Result<SessionTemplate, ApiFault> {
    let text = session.to_string();
    let raw: &RawValue = serde_json::from_str(&text).unwrap();
    SessionTemplate::read(kind, Some(raw))
}

fn wire(template: &SessionTemplate) -> Value {
    serde_json::from_str(&template.wire("sess_1", 0)).expect("it is JSON")
}

#[test]
fn a_template_shows_the_whole_session() {
    let asked = json!({"type": "realtime", "model": "gpt-realtime-mini", "audio": {"output": {"voice": "marin"}}});
    let template = read(TemplateKind::ClientSecret, &asked).unwrap();
    assert_eq!((template.kind(), template.model()), (SessionKind::Realtime, Some("gpt-realtime-mini")));
    let session = wire(&template);
    assert_eq!((&session["id"], &session["expires_at"]), (&json!("sess_1"), &json!(0)));
    assert_eq!(session["audio"]["output"]["voice"], "marin");
    assert_eq!(session["audio"]["input"]["turn_detection"]["type"], "server_vad");

    let all_defaults = SessionTemplate::read(TemplateKind::ClientSecret, None).unwrap();
    assert_eq!(all_defaults.model(), Some("gpt-realtime"));
    let asked = json!({"type": "transcription", "audio": {"input": {"transcription": {"model": "whisper-1"}}}});
    let template = read(TemplateKind::ClientSecret, &asked).unwrap();
    assert_eq!((template.kind(), template.model()), (SessionKind::Transcription, None));
    assert_eq!(wire(&template)["audio"]["input"]["transcription"]["model"], "whisper-1");
    let asked = json!({"model": "gpt-realtime-translate", "audio": {"output": {"language": "fr"}}});
    let template = read(TemplateKind::TranslationClientSecret, &asked).unwrap();
    assert_eq!(template.kind(), SessionKind::Translation);
    let session = wire(&template);
    assert_eq!((&session["audio"]["output"]["language"], &session["expires_at"]), (&json!("fr"), &json!(0)));
    let template =
        read(TemplateKind::BetaSession, &json!({"model": "gpt-4o-realtime-preview", "voice": "ash"})).unwrap();
    assert_eq!(template.dialect(), Dialect::Beta);
    assert_eq!((&wire(&template)["voice"], &wire(&template)["modalities"]), (&json!("ash"), &json!(["audio", "text"])));
    let template =
        read(TemplateKind::BetaTranscriptionSession, &json!({"input_audio_transcription": {"model": "whisper-1"}}))
            .unwrap();
    assert_eq!(template.kind(), SessionKind::Transcription);
    assert_eq!(wire(&template)["input_audio_transcription"]["model"], "whisper-1");
}

#[test]
fn what_is_wrong_is_named_as_an_update_would() {
    for (kind, session, code, param) in [
        (TemplateKind::ClientSecret, json!({}), "missing_required_parameter", "session.type"),
        (TemplateKind::ClientSecret, json!([]), "invalid_type", "session"),
        (TemplateKind::ClientSecret, json!({"type": "realtime", "voice": "ash"}), "unknown_parameter", "session.voice"),
        (
            TemplateKind::ClientSecret,
            json!({"type": "transcription", "model": "whisper-1"}),
            "unknown_parameter",
            "session.model",
        ),
        (TemplateKind::TranslationClientSecret, json!({}), "missing_required_parameter", "session.model"),
        (TemplateKind::BetaSession, json!({"audio": {}}), "unknown_parameter", "audio"),
        (TemplateKind::BetaSession, json!({"voice": "nobody"}), "invalid_value", "voice"),
        (TemplateKind::BetaTranscriptionSession, json!({"voice": "ash"}), "unknown_parameter", "voice"),
    ] {
        let fault = read(kind, &session).unwrap_err();
        assert_eq!((fault.code.as_deref(), fault.param.as_deref()), (Some(code), Some(param)), "{session}");
    }
    let fault = read(TemplateKind::ClientSecret, &json!({"type": "realtime", "model": "whisper-1"})).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("invalid_model"));
    let fault = read(TemplateKind::TranslationClientSecret, &json!({"model": "gpt-realtime"})).unwrap_err();
    assert_eq!(fault.code.as_deref(), Some("invalid_model"));
}

#[test]
fn a_session_opened_with_a_template_begins_with_it_and_can_be_changed() {
    let asked = json!({"type": "realtime", "model": "gpt-realtime-mini", "instructions": "Be brief.",
        "tools": [{"type": "function", "name": "f"}]});
    let template = read(TemplateKind::ClientSecret, &asked).unwrap();
    let config = MachineConfig { template: Some(template), model: None, opened_at: 7, ..MachineConfig::realtime("") };
    let mut play = Play::open(config.clone());
    let session = find(&play.drain(), "session.created")["session"].clone();
    assert_eq!((&session["model"], &session["instructions"]), (&json!("gpt-realtime-mini"), &json!("Be brief.")));
    assert_eq!((&session["tools"][0]["name"], &session["expires_at"]), (&json!("f"), &json!(3_607)));
    let events = play.update(json!({"instructions": "Be long."}), json!({}));
    assert_eq!(find(&events, "session.updated")["session"]["instructions"], "Be long.");

    let mut play = Play::open(MachineConfig { model: Some("gpt-realtime".to_owned()), ..config });
    assert_eq!(find(&play.drain(), "session.created")["session"]["model"], "gpt-realtime", "the URL comes first");
}
