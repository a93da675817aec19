//! Answers in JSON.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// Room for a refresh answer without growing.
const USUAL_LEN: usize = 1024;

/// A success in JSON.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        json_bytes(StatusCode::OK, &self.0)
    }
}

/// What was made, in JSON.
pub(crate) struct Created<T>(pub(crate) T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        json_bytes(StatusCode::CREATED, &self.0)
    }
}

/// Writes a message as the body of an answer.
pub(crate) fn json_bytes(status: StatusCode, message: &impl Serialize) -> Response {
    let mut body = Vec::with_capacity(USUAL_LEN);
    serde_json::to_writer(&mut body, message).expect("messages hold texts and numbers, which JSON can carry");
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
