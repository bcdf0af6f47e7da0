//! How connections begin and end, as far as a browser tells.

use futures_util::StreamExt;
use vivavoce::protocol::payload::ResponseCreate;
use vivavoce::{ClientEvent, Endpoint, Error, RealtimeApi, RealtimeClient, ServerEvent, TransportError};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{KEY, URL, builder, connected, disconnected, soon};

#[wasm_bindgen_test]
async fn dropping_the_last_handle_closes_the_connection() {
    let (client, mut events) = connected(builder()).await;
    drop(client);
    let close = disconnected(&mut events).await;
    // The code is that of the server's answer: it has closed, too.
    assert_eq!((close.code, close.by_us), (Some(1000), true));
    assert!(soon(events.next()).await.is_none());
}

#[wasm_bindgen_test]
async fn a_client_connects_again() {
    let (client, mut events) = connected(builder()).await;
    for _ in 0..3 {
        assert!(matches!(client.connect().await, Err(Error::AlreadyConnected)));
        soon(client.disconnect()).await;
        assert_eq!(disconnected(&mut events).await.code, Some(1000));
        assert!(!client.is_connected());
        client.connect().await.unwrap();
        client.wait_for_session_created().await.unwrap();
    }
}

#[wasm_bindgen_test]
async fn an_attempt_that_is_given_up_leaves_the_client_free() {
    let client = builder().build().unwrap();
    let (attempt, ()) = soon(futures_util::future::join(client.connect(), client.disconnect())).await;
    assert!(matches!(attempt, Err(Error::Closed(close)) if close.by_us));
    client.connect().await.unwrap();
}

#[wasm_bindgen_test]
async fn a_server_that_refuses_the_key_says_so_with_its_close_code() {
    let client = builder().api_key("ek_of_nobody").build().unwrap();
    let mut events = client.events();
    client.connect().await.unwrap();
    assert!(matches!(client.wait_for_session_created().await, Err(Error::Closed(_))));
    let close = disconnected(&mut events).await;
    assert_eq!((close.code, close.by_us), (Some(3000), false));
    assert_eq!(close.reason, "invalid_request_error.invalid_api_key");
}

#[wasm_bindgen_test]
async fn where_there_is_no_session_the_error_says_that_a_browser_knows_no_more() {
    // A port of nobody's; not one of those that browsers refuse to call.
    let nobody = "ws://127.0.0.1:2/v1/realtime".to_owned();
    for url in [nobody, URL.replace("/v1/realtime", "/nothing/here")] {
        let client = builder().url(url).build().unwrap();
        let error = soon(client.connect()).await.unwrap_err();
        assert!(matches!(&error, Error::Connect { source: TransportError::Unexplained, .. }), "{error:?}");
        assert!(error.is_retryable() && error.to_string().contains("browser") && !error.to_string().contains(KEY));
    }
}

#[wasm_bindgen_test]
fn a_key_is_not_given_to_everyone() {
    let build = |key: &str| RealtimeClient::builder().api_key(key).build();
    for key in [KEY, "sk-proj-of-the-vendor", ""] {
        let error = build(key).unwrap_err();
        assert!(matches!(error, Error::KeyInBrowser), "{error:?}");
        assert!(error.to_string().contains("dangerously_allow_api_key_in_browser"));
    }
    build("ek_ephemeral").unwrap();
    // What cannot be a subprotocol.
    assert!(matches!(build("ek_a, b").unwrap_err(), Error::InvalidKey));
}

#[wasm_bindgen_test]
async fn what_is_no_url_is_refused() {
    for url in ["http://localhost", "ws://", "ws://localhost:99999", "ws://[::1"] {
        let error = builder().url(url).build().unwrap_err();
        assert!(matches!(error, Error::InvalidUrl { .. }), "{url}");
    }
}

#[wasm_bindgen_test]
async fn the_thin_layer_speaks_events() {
    let endpoint = Endpoint::new().url(URL).api_key(KEY).dangerously_allow_api_key_in_browser(true);
    let mut api = RealtimeApi::connect(endpoint).await.unwrap();
    api.send(&ClientEvent::ResponseCreate(ResponseCreate::new())).await.unwrap();
    loop {
        let frame = soon(api.next()).await.unwrap().expect("the server goes on");
        if matches!(api.decode(&frame).unwrap(), ServerEvent::ResponseDone(_)) {
            break;
        }
    }
    api.close().await.unwrap();
}
