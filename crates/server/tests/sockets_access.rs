//! Who gets a session, and which, over real sockets.

mod support;

use serde_json::Value;
use support::{connect, first, next, refused, turned_away};
use vivavoce_server::LocalServer;
use vivavoce_server::machine::TurnedAway;

const WRONG: (&str, u16, &str) = ("invalid_api_key", 3000, "invalid_request_error.invalid_api_key");

fn told(told: &(String, u16, String)) -> (&str, u16, &str) {
    (&told.0, told.1, &told.2)
}

async fn locked() -> (LocalServer, String) {
    let server = LocalServer::builder().require_key("sk-one").require_key("sk-two").start().await.unwrap();
    let url = format!("{}?model=gpt-realtime", server.url());
    (server, url)
}

#[tokio::test]
async fn a_required_key_is_good_in_every_carrier() {
    let (_server, url) = locked().await;
    for headers in [
        [("authorization", "Bearer sk-one")],
        [("authorization", "bearer sk-two")],
        [("sec-websocket-protocol", "realtime, openai-insecure-api-key.sk-two")],
        [("api-key", "sk-one")],
        [("x-api-key", "sk-one")],
    ] {
        assert_eq!(first(&url, &headers).await["type"], "session.created", "{headers:?}");
    }
}

#[tokio::test]
async fn a_wrong_key_is_refused_in_band_and_not_repeated() {
    let (_server, url) = locked().await;
    for key in ["sk-on", "sk-one1", "ek_unknown"] {
        let headers = [("authorization", format!("Bearer {key}"))];
        let headers = [(headers[0].0, headers[0].1.as_str())];
        let (mut socket, _) = connect(&url, &headers).await.unwrap();
        assert!(!next(&mut socket).await.to_string().contains(key));
        assert_eq!(told(&turned_away(&url, &headers).await), WRONG);
    }
}

#[tokio::test]
async fn no_key_where_one_is_required_is_refused_over_http() {
    let (server, url) = locked().await;
    for headers in [&[][..], &[("authorization", "Basic c2stb25l")], &[("sec-websocket-protocol", "realtime")]] {
        let (status, body) = refused(&url, headers).await;
        let error: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &error["error"]["type"]), (401, &"invalid_request_error".into()));
        assert!(error["error"]["code"].is_null() && error["error"]["param"].is_null(), "{body}");
    }
    // A query is no place for a key but Azure's.
    assert_eq!(refused(&format!("{}?model=m&api-key=sk-one", server.url()), &[]).await.0, 401);
}

#[tokio::test]
async fn exactly_one_subprotocol_is_selected() {
    let server = LocalServer::start().await.unwrap();
    let url = format!("{}?model=m", server.url());
    let offer = "openai-insecure-api-key.sk-1, realtime, openai-organization.o";
    let (_, response) = connect(&url, &[("sec-websocket-protocol", offer)]).await.unwrap();
    let selected: Vec<_> = response.headers().get_all("sec-websocket-protocol").into_iter().collect();
    assert_eq!(selected, ["realtime"]);
    let (_, response) = connect(&url, &[]).await.unwrap();
    assert!(response.headers().get("sec-websocket-protocol").is_none());
}

#[tokio::test]
async fn the_url_says_what_kind_of_session_it_is() {
    let server = LocalServer::start().await.unwrap();
    let url = server.url();
    assert_eq!(first(&format!("{url}?model=m"), &[]).await["session"]["type"], "realtime");
    assert_eq!(first(&format!("{url}?intent=transcription"), &[]).await["session"]["type"], "transcription");
    let both = turned_away(&format!("{url}?intent=transcription&model=gpt-realtime"), &[]).await;
    assert_eq!(told(&both), ("invalid_model", 4000, "invalid_request_error.invalid_model"));
    for without_model in [url.clone(), format!("{url}?model="), format!("{url}/translations")] {
        let told_away = turned_away(&without_model, &[]).await;
        assert_eq!(told(&told_away), ("missing_model", 4000, "invalid_request_error.missing_model"), "{without_model}");
    }
    let translation = first(&format!("{url}/translations?model=gpt-realtime-translate"), &[]).await;
    assert_eq!(translation["type"], "session.created");
}

#[tokio::test]
async fn what_has_no_socket_says_so_over_http() {
    let server = LocalServer::start().await.unwrap();
    let url = server.url();
    assert_eq!(refused(&format!("{url}?call_id=rtc_1"), &[]).await, (404, String::new()));
    assert_eq!(refused(&format!("{url}/transcription_sessions"), &[]).await.0, 403);
    assert_eq!(refused(&format!("{url}/calls"), &[]).await.0, 404);
}

#[tokio::test]
async fn a_server_without_beta_turns_beta_away() {
    let server = LocalServer::builder().ga_only(true).start().await.unwrap();
    let url = format!("{}?model=m", server.url());
    let beta = turned_away(&url, &[("openai-beta", "realtime=v1")]).await;
    assert_eq!(told(&beta), ("beta_api_shape_disabled", 4000, "invalid_request_error.beta_api_shape_disabled"));
    assert_eq!(first(&url, &[]).await["type"], "session.created");
}

#[tokio::test]
async fn a_server_that_turns_away_does_so_to_everybody() {
    for (why, code, close) in [
        (TurnedAway::WrongKey, "invalid_api_key", 3000),
        (TurnedAway::NoQuota, "insufficient_quota", 1013),
        (TurnedAway::BetaDisabled, "beta_api_shape_disabled", 4000),
    ] {
        let server = LocalServer::builder().turn_away(why).start().await.unwrap();
        let (told, closed, _) = turned_away(&format!("{}?model=m", server.url()), &[]).await;
        assert_eq!((told.as_str(), closed), (code, close));
    }
}

#[tokio::test]
async fn azure_has_paths_and_a_key_of_its_own() {
    let server = LocalServer::builder().azure(true).require_key("sk-one").start().await.unwrap();
    let host = server.url().replace("/v1/realtime", "/openai");
    let key = [("api-key", "sk-one")];
    let preview = format!("{host}/realtime?api-version=2024-10-01-preview&deployment=mine");
    let created = first(&preview, &key).await;
    assert!(created["session"]["modalities"].is_array(), "it is beta: {created}");
    assert_eq!(created["session"]["model"], "mine");
    let transcription =
        first(&format!("{host}/realtime?api-version=2025-04-01-preview&intent=transcription"), &key).await;
    assert_eq!(transcription["type"], "transcription_session.created");
    let ga = format!("{host}/v1/realtime?model=mine");
    assert_eq!(first(&ga, &key).await["session"]["type"], "realtime");
    assert_eq!(first(&format!("{ga}&api-key=sk-one"), &[]).await["session"]["type"], "realtime");
    for (query, missing) in [("deployment=mine", "api-version"), ("api-version=2024-10-01-preview", "deployment")] {
        let (status, body) = refused(&format!("{host}/realtime?{query}"), &key).await;
        let error: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &error["error"]["param"]), (400, &missing.into()));
    }
    let plain = LocalServer::start().await.unwrap();
    let host = plain.url().replace("/v1/realtime", "/openai");
    assert_eq!(refused(&format!("{host}/v1/realtime?model=mine"), &[]).await.0, 404);
}

#[tokio::test]
async fn other_machines_are_not_served_without_a_key() {
    let everywhere = ([0, 0, 0, 0], 0);
    let error = LocalServer::builder().bind(everywhere).start().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
    assert!(error.to_string().contains("no key is required"), "{error}");
    LocalServer::builder().bind(everywhere).require_key("sk-one").start().await.unwrap();
}

#[test]
fn a_builder_does_not_print_its_keys() {
    assert!(!format!("{:?}", LocalServer::builder().require_key("sk-one")).contains("sk-one"));
}
