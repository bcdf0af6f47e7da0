//! What is where.

use axum::Router;
use axum::routing::{get, post};
use tower_http::cors::{AllowHeaders, AllowMethods, Any, CorsLayer};

use super::api_error::ApiError;
use super::{Server, rest, sockets};

pub(super) fn router(server: Server) -> Router {
    let mut router = Router::new()
        .route("/healthz", get(async || "ok"))
        .route("/v1/realtime", get(sockets::sessions))
        .route("/v1/realtime/translations", get(sockets::translations))
        .route("/v1/realtime/client_secrets", post(rest::client_secrets))
        .route("/v1/realtime/translations/client_secrets", post(rest::translation_client_secrets))
        .route("/v1/realtime/sessions", post(rest::beta_sessions))
        .route("/v1/realtime/transcription_sessions", get(sockets::closed_door).post(rest::beta_transcription_sessions))
        .route("/v1/models", get(rest::models))
        .route("/v1/models/{id}", get(rest::model));
    if server.azure {
        router = router
            .route("/openai/realtime", get(sockets::azure_preview))
            .route("/openai/v1/realtime", get(sockets::sessions))
            .route("/openai/v1/realtime/client_secrets", post(rest::client_secrets));
    }
    // Pages under development come from anywhere, and say who they are by a header alone.
    let pages = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .allow_private_network(true);
    router
        .fallback(async |method, uri| ApiError::not_found(&method, &uri))
        .method_not_allowed_fallback(async |method, uri| ApiError::wrong_method(&method, &uri))
        .layer(pages)
        .with_state(server)
}
