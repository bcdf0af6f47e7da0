//! What is refused over HTTP: the vendor's error object, with its statuses.

use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::machine::ApiFault;

const INVALID_REQUEST: &str = "invalid_request_error";

/// `{"error":{"message","type","param","code"}}`.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    fault: ApiFault,
}

/// JSON that is already text.
pub(super) fn json_text(status: StatusCode, body: String) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], body).into_response()
}

impl ApiError {
    fn new(status: StatusCode, code: Option<&str>, message: impl Into<String>, param: Option<&str>) -> Self {
        let fault = ApiFault {
            kind: INVALID_REQUEST.to_owned(),
            code: code.map(str::to_owned),
            message: message.into(),
            param: param.map(str::to_owned),
        };
        Self { status, fault }
    }

    pub(super) fn missing_key() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, None, "Missing bearer or basic authentication in header", None)
    }

    /// Unlike the vendor's, it does not repeat a part of the key.
    pub(super) fn wrong_key() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, Some("invalid_api_key"), "Incorrect API key provided.", None)
    }

    pub(super) fn not_found(method: &Method, uri: &Uri) -> Self {
        // The path alone: a query may hold a key.
        let message = format!("Invalid URL ({method} {})", uri.path());
        Self::new(StatusCode::NOT_FOUND, None, message, None)
    }

    pub(super) fn wrong_method(method: &Method, uri: &Uri) -> Self {
        let hint = "(HINT: Perhaps you meant to use a different HTTP method?)";
        let message = format!("Not allowed to {method} on {}. {hint}", uri.path());
        Self::new(StatusCode::METHOD_NOT_ALLOWED, Some("method_not_supported"), message, None)
    }

    pub(super) fn no_socket_here() -> Self {
        let message = "Transcription sessions are opened at /v1/realtime?intent=transcription.";
        Self::new(StatusCode::FORBIDDEN, None, message, None)
    }

    pub(super) fn unknown_model(id: &str) -> Self {
        let message = format!("The model '{id}' does not exist");
        Self::new(StatusCode::NOT_FOUND, Some("model_not_found"), message, Some("model"))
    }

    pub(super) fn not_json() -> Self {
        let message = "We could not parse the JSON body of your request. The API expects a JSON object.";
        Self::new(StatusCode::BAD_REQUEST, None, message, None)
    }

    pub(super) fn too_large(max: usize) -> Self {
        let message = format!("The body of a request can have at most {max} bytes.");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, None, message, None)
    }

    pub(super) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, None, "The body of the request did not come in time.", None)
    }

    pub(super) fn unknown_parameter(param: &str) -> Self {
        let message = format!("Unknown parameter: '{param}'.");
        Self::new(StatusCode::BAD_REQUEST, Some("unknown_parameter"), message, Some(param))
    }

    pub(super) fn missing_parameter(param: &str) -> Self {
        let message = format!("Missing required parameter: '{param}'.");
        Self::new(StatusCode::BAD_REQUEST, Some("missing_required_parameter"), message, Some(param))
    }

    pub(super) fn invalid_type(param: &str, expected: &str) -> Self {
        let message = format!("Invalid type for '{param}': expected {expected}.");
        Self::new(StatusCode::BAD_REQUEST, Some("invalid_type"), message, Some(param))
    }

    pub(super) fn invalid_value(param: &str, value: &str, expected: &str) -> Self {
        let message = format!("Invalid value: '{value}'. Value must be '{expected}'.");
        Self::new(StatusCode::BAD_REQUEST, Some("invalid_value"), message, Some(param))
    }

    /// A number outside `min..=max`.
    pub(super) fn out_of_range(param: &str, value: &str, below: bool, bound: u64) -> Self {
        let (code, side, sign) = match below {
            true => ("integer_below_min_value", "below minimum", ">="),
            false => ("integer_above_max_value", "above maximum", "<="),
        };
        let message = format!(
            "Invalid '{param}': integer {side} value. Expected a value {sign} {bound}, but got {value} instead."
        );
        Self::new(StatusCode::BAD_REQUEST, Some(code), message, Some(param))
    }

    pub(super) fn too_many_sessions(max: usize) -> Self {
        let message = format!("At most {max} sessions can be open at a time.");
        let mut error = Self::new(StatusCode::SERVICE_UNAVAILABLE, None, message, None);
        error.fault.kind = "server_error".to_owned();
        error
    }

    pub(super) fn no_randomness() -> Self {
        let mut error = Self::new(StatusCode::INTERNAL_SERVER_ERROR, None, "No secret could be made.", None);
        error.fault.kind = "server_error".to_owned();
        error
    }
}

/// What the machine says against a session is a bad request.
impl From<ApiFault> for ApiError {
    fn from(fault: ApiFault) -> Self {
        Self { status: StatusCode::BAD_REQUEST, fault }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let ApiFault { kind, code, message, param } = self.fault;
        let body = json!({"error": {"message": message, "type": kind, "param": param, "code": code}});
        json_text(self.status, body.to_string())
    }
}
