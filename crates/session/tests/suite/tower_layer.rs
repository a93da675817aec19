//! The layer: what a service behind it sees, and what its answers carry.

use crate::{
    client::TestHost,
    service::{CODE, ISSUER, Mood, USER},
    world::{background, page, plain},
};
use authmint::tower::{AuthLayer, Checked, RoutesLayer};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use std::{collections::HashMap, convert::Infallible};
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

#[tokio::test]
async fn the_routes_of_a_sign_in_stand_before_a_service_without_a_router() {
    let host = TestHost::new();
    let app = |_: Request<()>| async { Ok::<_, Infallible>(Response::new(Bytes::from_static(b"the app"))) };
    let service = RoutesLayer::new(host.auth(), "/auth/").layer(service_fn(app));
    let ask = async |method: &str, path: &str, headers: &[(&'static str, &str)]| {
        let mut request = background("");
        *request.method_mut() = method.parse().unwrap();
        *request.uri_mut() = path.parse().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        service.clone().oneshot(request).await.unwrap()
    };
    for (method, path) in
        [("GET", "/"), ("GET", "/auth/refresh"), ("POST", "/auth/sign-in"), ("GET", "/authsign-in")]
    {
        assert_eq!(ask(method, path, &[]).await.body(), "the app", "{method} {path}");
    }
    let there = ask("GET", "/auth/sign-in?return_to=/me", &[]).await;
    let url = there.headers()[header::LOCATION].to_str().unwrap().to_owned();
    let query: HashMap<_, _> =
        form_urlencoded::parse(url.split_once('?').unwrap().1.as_bytes()).into_owned().collect();
    host.expect_sign_in(&query["code_challenge"], &query["redirect_uri"]);
    let flow = there.headers()[header::SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let iss = ISSUER.replace(':', "%3A").replace('/', "%2F");
    let back = format!("/auth/callback?code={CODE}&state={}&iss={iss}", query["state"]);
    let arrived = ask("GET", &back, &[("cookie", &flow)]).await;
    assert_eq!(
        (arrived.status().as_u16(), &arrived.headers()[header::LOCATION]),
        (303, &HeaderValue::from_static("/me"))
    );

    let own = ("sec-fetch-site", "same-origin");
    assert_eq!(ask("POST", "/auth/sign-out", &[("sec-fetch-site", "cross-site")]).await.status(), 403);
    let form = ("content-type", "application/x-www-form-urlencoded");
    assert_eq!(ask("POST", "/auth/sign-out", &[own, form, ("content-length", "3")]).await.status(), 303);
    let json = ("content-type", "application/json");
    assert_eq!(ask("POST", "/auth/refresh", &[own, json, ("content-length", "2")]).await.status(), 400);
    assert_eq!(ask("POST", "/auth/refresh", &[own]).await.status(), 401);
}
