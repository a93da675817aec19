//! actix-web's heads and headers for the guard: of the types of http 0.2, where all else here is of http 1.

use crate::guard::{AnswerHeaders, RequestHead, RequestHeaders};
use ::actix_web::{
    HttpRequest, HttpResponse,
    dev::{RequestHead as ActixHead, ServiceRequest},
    http::{
        StatusCode,
        header::{COOKIE, HeaderMap, HeaderName, HeaderValue},
    },
};
use bytes::Bytes;

impl RequestHeaders for HeaderMap {
    fn first(&self, name: &str) -> Option<&[u8]> {
        self.get(name).map(HeaderValue::as_bytes)
    }

    fn cookies(&self, index: usize) -> Option<&[u8]> {
        self.get_all(COOKIE).nth(index).map(HeaderValue::as_bytes)
    }
}

impl AnswerHeaders for HeaderMap {
    fn any(&self, name: &http::HeaderName, mut is: impl FnMut(&[u8]) -> bool) -> bool {
        self.get_all(name.as_str()).any(|value| is(value.as_bytes()))
    }

    fn append(&mut self, name: http::HeaderName, value: http::HeaderValue) {
        if let Some((name, value)) = converted(&name, &value) {
            HeaderMap::append(self, name, value);
        }
    }

    fn replace(&mut self, name: http::HeaderName, value: http::HeaderValue) {
        if let Some((name, value)) = converted(&name, &value) {
            self.insert(name, value);
        }
    }
}

/// The same header in the other types. Both allow the same bytes, so there always is one.
fn converted(name: &http::HeaderName, value: &http::HeaderValue) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
    let mut same = HeaderValue::from_bytes(value.as_bytes()).ok()?;
    same.set_sensitive(value.is_sensitive());
    Some((name, same))
}

/// A whole answer of ours as one of actix-web's.
pub(super) fn response(answer: http::Response<Bytes>) -> HttpResponse {
    let (head, body) = answer.into_parts();
    let status = StatusCode::from_u16(head.status.as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::with_body(status, body).map_into_boxed_body();
    for (name, value) in &head.headers {
        AnswerHeaders::append(response.headers_mut(), name.clone(), value.clone());
    }
    response
}

impl<'a> From<&'a ActixHead> for RequestHead<'a> {
    fn from(head: &'a ActixHead) -> Self {
        Self::new(head.headers(), head.uri.authority().map(|authority| authority.as_str()))
    }
}

impl<'a> From<&'a HttpRequest> for RequestHead<'a> {
    fn from(request: &'a HttpRequest) -> Self {
        request.head().into()
    }
}

impl<'a> From<&'a ServiceRequest> for RequestHead<'a> {
    fn from(request: &'a ServiceRequest) -> Self {
        request.head().into()
    }
}
