//! The REST beside the socket.

mod support;

use std::net::SocketAddr;

use serde_json::{Value, json};
use support::{Answer, connect, first, http, next, turned_away};
use vivavoce_server::LocalServer;

async fn post(addr: SocketAddr, path: &str, body: &Value) -> Answer {
    http(addr, "POST", path, &["Content-Type: application/json"], &body.to_string()).await
}

#[expect(clippy::disallowed_methods, reason = "secrets expire by the clock, and this is outside of the machine")]
fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

const SECRETS: &str = "/v1/realtime/client_secrets";

#[tokio::test]
async fn a_minted_secret_opens_sessions_without_a_model_in_the_url() {
    let server = LocalServer::builder().require_key("sk-one").start().await.unwrap();
    let session = json!({"type": "realtime", "model": "gpt-realtime-2", "instructions": "Be brief."});
    let body = json!({"expires_after": {"anchor": "created_at", "seconds": 10}, "session": session}).to_string();
    let before = now();
    let minted = http(server.addr(), "POST", SECRETS, &["Authorization: Bearer sk-one"], &body).await;
    assert_eq!(minted.status, 200, "{}", minted.body);
    let minted = minted.json();
    let secret = minted["value"].as_str().unwrap();
    assert!(secret.starts_with("ek_"));
    assert!((before + 10..=now() + 10).contains(&minted["expires_at"].as_u64().unwrap()));
    assert_eq!(minted["session"]["expires_at"], 0);
    assert_eq!(minted["session"]["model"], "gpt-realtime-2");

    let bearer = format!("Bearer {secret}");
    let subprotocol = format!("realtime, openai-insecure-api-key.{secret}");
    // One secret opens several sessions.
    for header in [("authorization", bearer.as_str()), ("sec-websocket-protocol", subprotocol.as_str())] {
        for url in [server.url(), format!("{}?model=another", server.url())] {
            let created = first(&url, &[header]).await;
            assert_eq!(created["session"]["model"], "gpt-realtime-2");
            assert_ne!(created["session"]["expires_at"], 0);
        }
    }
    // It is no key: it does not renew itself.
    let renewed = http(server.addr(), "POST", SECRETS, &[&format!("Authorization: {bearer}")], "").await;
    assert_eq!((renewed.status, &renewed.json()["error"]["code"]), (401, &json!("invalid_api_key")));
    // It is for the sessions it was minted for.
    let url = format!("{}/translations?model=m", server.url());
    assert_eq!(turned_away(&url, &[("authorization", &bearer)]).await.1, 3000);
}

#[tokio::test]
async fn a_secret_for_transcription_opens_one() {
    let server = LocalServer::start().await.unwrap();
    let minted = post(server.addr(), SECRETS, &json!({"session": {"type": "transcription"}})).await.json();
    let bearer = format!("Bearer {}", minted["value"].as_str().unwrap());
    for url in [server.url(), format!("{}?intent=transcription", server.url())] {
        assert_eq!(first(&url, &[("authorization", &bearer)]).await["session"]["type"], "transcription");
    }
}

#[tokio::test]
async fn a_secret_for_translations_is_minted_beside_them() {
    let server = LocalServer::start().await.unwrap();
    let path = "/v1/realtime/translations/client_secrets";
    let minted = post(server.addr(), path, &json!({"session": {"model": "gpt-realtime-translate"}})).await.json();
    let bearer = format!("Bearer {}", minted["value"].as_str().unwrap());
    let url = format!("{}/translations", server.url());
    assert_eq!(first(&url, &[("authorization", &bearer)]).await["type"], "session.created");
    assert_eq!(turned_away(&server.url(), &[("authorization", &bearer)]).await.1, 3000);
}

#[tokio::test]
async fn a_beta_session_carries_its_secret_for_a_minute() {
    let server = LocalServer::start().await.unwrap();
    for (path, body) in [
        ("/v1/realtime/sessions", json!({"model": "gpt-4o-realtime-preview"})),
        ("/v1/realtime/transcription_sessions", json!({})),
    ] {
        let before = now();
        let session = post(server.addr(), path, &body).await.json();
        let secret = &session["client_secret"];
        assert!((before + 60..=now() + 60).contains(&secret["expires_at"].as_u64().unwrap()));
        assert!(session["id"].as_str().unwrap().starts_with("sess_"));
        let bearer = format!("Bearer {}", secret["value"].as_str().unwrap());
        let headers = [("authorization", bearer.as_str()), ("openai-beta", "realtime=v1")];
        let (mut socket, _) = connect(&server.url(), &headers).await.unwrap();
        assert!(next(&mut socket).await["type"].as_str().unwrap().ends_with("session.created"));
    }
}

#[tokio::test]
async fn a_request_without_a_body_mints_with_defaults() {
    let server = LocalServer::start().await.unwrap();
    let before = now();
    let minted = http(server.addr(), "POST", SECRETS, &[], "").await.json();
    assert!((before + 600..=now() + 600).contains(&minted["expires_at"].as_u64().unwrap()));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_named() {
    let server = LocalServer::start().await.unwrap();
    for (body, code, param) in [
        (json!({"expires_after": {"seconds": 9}}), "integer_below_min_value", "expires_after.seconds"),
        (json!({"expires_after": {"seconds": 7201}}), "integer_above_max_value", "expires_after.seconds"),
        (json!({"expires_after": {"seconds": "10"}}), "invalid_type", "expires_after.seconds"),
        (json!({"expires_after": {"seconds": 10.5}}), "invalid_type", "expires_after.seconds"),
        (json!({"expires_after": {"anchor": "now"}}), "invalid_value", "expires_after.anchor"),
        (json!({"expires_after": {"minutes": 1}}), "unknown_parameter", "expires_after.minutes"),
        (json!({"expires_after": 10}), "invalid_type", "expires_after"),
        (json!({"model": "gpt-realtime"}), "unknown_parameter", "model"),
    ] {
        let answer = post(server.addr(), SECRETS, &body).await;
        let error = &answer.json()["error"];
        assert_eq!((answer.status, &error["code"], &error["param"]), (400, &json!(code), &json!(param)), "{body}");
        assert!(error["message"].is_string() && error["type"] == "invalid_request_error");
    }
    for body in ["{", "[]", "7", "{\"session\":}"] {
        assert_eq!(http(server.addr(), "POST", SECRETS, &[], body).await.status, 400, "{body}");
    }
    let large = format!("{{\"session\":\"{}\"}}", "x".repeat(1 << 20));
    assert_eq!(http(server.addr(), "POST", SECRETS, &[], &large).await.status, 413);
}

#[tokio::test]
async fn keys_are_wanted_over_http_too() {
    let server = LocalServer::builder().require_key("sk-one").start().await.unwrap();
    for (method, path) in [("POST", SECRETS), ("GET", "/v1/models"), ("POST", "/v1/realtime/sessions")] {
        let without = http(server.addr(), method, path, &[], "").await;
        assert_eq!((without.status, &without.json()["error"]["code"]), (401, &Value::Null), "{path}");
        let wrong = http(server.addr(), method, path, &["Authorization: Bearer sk-secret"], "").await;
        assert_eq!((wrong.status, &wrong.json()["error"]["code"]), (401, &json!("invalid_api_key")), "{path}");
        assert!(!wrong.body.contains("sk-secret"));
        assert_eq!(http(server.addr(), method, path, &["api-key: sk-one"], "").await.status, 200, "{path}");
    }
    assert_eq!(http(server.addr(), "GET", "/healthz", &[], "").await.status, 200, "health is no secret");
}

#[tokio::test]
async fn models_are_listed_by_name() {
    let server = LocalServer::start().await.unwrap();
    let list = http(server.addr(), "GET", "/v1/models", &[], "").await.json();
    assert_eq!(list["object"], "list");
    let model = &list["data"][0];
    assert_eq!(
        (&model["id"], &model["object"], &model["owned_by"]),
        (&json!("gpt-realtime"), &json!("model"), &json!("vivavoce"))
    );
    assert!(model["created"].is_u64());
    assert_eq!(http(server.addr(), "GET", "/v1/models/gpt-realtime", &[], "").await.json(), *model);
    let unknown = http(server.addr(), "GET", "/v1/models/eliza", &[], "").await;
    assert_eq!((unknown.status, &unknown.json()["error"]["code"]), (404, &json!("model_not_found")));
}

#[tokio::test]
async fn wrong_paths_and_methods_are_told_in_the_vendors_shape() {
    let server = LocalServer::start().await.unwrap();
    let nowhere = http(server.addr(), "GET", "/v1/nowhere?api-key=sk-secret", &[], "").await;
    assert_eq!((nowhere.status, &nowhere.json()["error"]["message"]), (404, &json!("Invalid URL (GET /v1/nowhere)")));
    for (method, path) in [
        ("GET", SECRETS),
        ("DELETE", "/v1/models"),
        ("GET", "/v1/realtime/transcription_sessions"),
        ("POST", "/v1/realtime"),
    ] {
        let answer = http(server.addr(), method, path, &[], "").await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (405, &json!("method_not_supported")), "{path}");
    }
}

#[tokio::test]
async fn pages_of_any_origin_may_use_it() {
    let server = LocalServer::start().await.unwrap();
    let preflight = [
        "Origin: http://localhost:5173",
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: authorization,content-type",
    ];
    let answer = http(server.addr(), "OPTIONS", SECRETS, &preflight, "").await;
    assert_eq!(answer.status, 200);
    for header in ["-origin: *", "-methods: post", "-headers: authorization,content-type"] {
        let header = format!("access-control-allow{header}");
        assert!(answer.headers.contains(&header), "{header} in {}", answer.headers);
    }
    // Refusals too: a page wants to read them.
    for (path, status) in [("/v1/realtime/nowhere", 404), ("/v1/models", 200)] {
        let answer = http(server.addr(), "GET", path, &["Origin: http://localhost:5173"], "").await;
        assert_eq!(answer.status, status);
        assert!(answer.headers.contains("access-control-allow-origin: *"), "{}", answer.headers);
    }
}
