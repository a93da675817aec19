//! The layer: what a service behind it sees, and what its answers carry.

use crate::{
    client::TestHost,
    service::{Mood, USER},
    world::{background, page, plain},
};
use authmint::tower::{AuthLayer, Checked};
use http::{HeaderValue, Request, Response, header};
use std::convert::Infallible;
use tower::{Layer, Service, ServiceExt, service_fn};

/// Tells who asks; its answer is cacheable and has a cookie of its own.
async fn app(request: Request<()>) -> Result<Response<String>, Infallible> {
    let checked = request.extensions().get::<Checked>().expect("the layer is there").clone();
    let who = checked
        .into_session()
        .map_or_else(|error| error.code().to_owned(), |session| session.user_id().to_owned());
    let mut response = Response::new(who);
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_static("theme=dark"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public"));
    Ok(response)
}

#[tokio::test]
async fn a_service_sees_the_session_and_its_answers_carry_fresh_cookies() {
    let host = TestHost::new();
    let mut service = AuthLayer::new(host.auth()).layer(service_fn(app));
    let (jwt, token) = host.sign_in();
    let first = service.ready().await.unwrap().call(background(&plain(&jwt, &token))).await.unwrap();
    assert_eq!(
        (first.body().as_str(), &first.headers()[header::CACHE_CONTROL]),
        (USER, &HeaderValue::from_static("public"))
    );
    host.pass(1_000);
    let renewed = service.ready().await.unwrap().call(background(&plain(&jwt, &token))).await.unwrap();
    assert_eq!(renewed.headers().get_all(header::SET_COOKIE).iter().count(), 3);
    assert_eq!(renewed.headers()[header::CACHE_CONTROL], "private, no-store");
}

#[tokio::test]
async fn nobody_is_refused_by_the_layer_itself() {
    let host = TestHost::new();
    let service = AuthLayer::new(host.auth()).layer(service_fn(app));
    assert_eq!(service.clone().oneshot(page("")).await.unwrap().body(), "not_signed_in");
    host.feel(Mood::Unreachable);
    host.feel(Mood::Answers(503, ""));
    let (jwt, token) = host.sign_in();
    assert_eq!(service.oneshot(page(&plain(&jwt, &token))).await.unwrap().body(), "unavailable");
}

#[tokio::test]
async fn threat_20_a_sign_out_in_a_handler_is_not_undone_by_the_layer_around_it() {
    let host = TestHost::new();
    let auth = host.auth();
    let inner = auth.clone();
    let sign_out = service_fn(move |request: Request<()>| {
        let auth = inner.clone();
        async move {
            let (cookies, _) = auth.logout(&request).await;
            let mut response = Response::new(String::new());
            cookies.apply(response.headers_mut());
            Ok::<_, Infallible>(response)
        }
    });
    let (jwt, token) = host.sign_in();
    host.pass(1_000); // so that the layer refreshes first
    let answer = AuthLayer::new(auth).layer(sign_out).oneshot(page(&plain(&jwt, &token))).await.unwrap();
    assert_eq!(host.sent("refresh"), 1);
    let cookies: Vec<_> = answer.headers().get_all(header::SET_COOKIE).iter().collect();
    assert!(
        cookies.len() == 2 && cookies.iter().all(|cookie| cookie.to_str().unwrap().contains("=; Max-Age=0"))
    );
}

#[tokio::test]
async fn threat_45_an_extension_that_came_from_elsewhere_is_replaced() {
    let host = TestHost::new();
    let (jwt, token) = host.sign_in();
    let keep = service_fn(async |request: Request<()>| {
        Ok::<_, Infallible>(Response::new(request.extensions().get::<Checked>().cloned()))
    });
    let service = AuthLayer::new(host.auth()).layer(keep);
    let signed_in =
        service.clone().oneshot(background(&plain(&jwt, &token))).await.unwrap().into_body().unwrap();
    let mut stranger = background("");
    stranger.extensions_mut().insert(signed_in);
    let checked = service.oneshot(stranger).await.unwrap().into_body().unwrap();
    assert_eq!(checked.session().unwrap_err().code(), "not_signed_in");
}
