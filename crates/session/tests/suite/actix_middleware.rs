//! The middleware: what a service behind it sees, what its answers carry, and many workers that share one `Auth`.

use crate::{
    client::TestHost,
    service::{Mood, USER},
    world::plain,
};
use actix_web::{
    App, HttpMessage as _, HttpRequest, HttpResponse, HttpServer,
    dev::{ServerHandle, Service as _, ServiceResponse},
    error::ErrorImATeapot,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, SET_COOKIE},
    },
    middleware::from_fn,
    test::{TestRequest, call_service, init_service, read_body},
    web::{get, scope},
};
use authmint::{
    Session,
    actix::{AuthMiddleware, AuthRejection, Checked, routes},
};
use std::{
    collections::BTreeSet,
    future::Future,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
};

fn visit(path: &str, cookies: &str) -> TestRequest {
    TestRequest::with_uri(path)
        .insert_header(("host", "app.example.com"))
        .insert_header(("cookie", cookies))
        .insert_header(("sec-fetch-dest", "empty"))
}

fn cookies<B>(answer: &ServiceResponse<B>) -> Vec<String> {
    answer.headers().get_all(SET_COOKIE).map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
}

/// Tells who asks; its answer is cacheable and has a cookie of its own.
async fn who(request: HttpRequest) -> HttpResponse {
    let checked = request.extensions().get::<Checked>().expect("the middleware is there").clone();
    let who = checked
        .into_session()
        .map_or_else(|error| error.code().to_owned(), |session| session.user_id().to_owned());
    HttpResponse::Ok()
        .insert_header((SET_COOKIE, "theme=dark"))
        .insert_header((CACHE_CONTROL, "public"))
        .body(who)
}

#[tokio::test]
async fn a_service_sees_the_session_and_its_answers_carry_fresh_cookies() {
    let host = TestHost::new();
    let app = App::new().route("/", get().to(who)).wrap(AuthMiddleware::new(host.auth()));
    let service = init_service(app).await;
    let (jwt, token) = host.sign_in();
    let first = call_service(&service, visit("/", &plain(&jwt, &token)).to_request()).await;
    assert_eq!(cookies(&first), ["theme=dark"]);
    assert_eq!(first.headers().get(CACHE_CONTROL).unwrap(), "public");
    assert_eq!(read_body(first).await, USER);
    host.pass(1_000);
    let renewed = call_service(&service, visit("/", &plain(&jwt, &token)).to_request()).await;
    assert_eq!(cookies(&renewed).len(), 3);
    assert_eq!(renewed.headers().get(CACHE_CONTROL).unwrap(), "private, no-store");
    assert!(!format!("{renewed:?}").contains("amr1"), "threat 18: secret cookies stay out of debug output");
    host.feel(Mood::Answers(503, ""));
    host.pass(1_000);
    let away = call_service(&service, visit("/", &plain(&jwt, &host.sign_in().1)).to_request()).await;
    assert_eq!(read_body(away).await, "unavailable", "the middleware itself refuses nobody");
}

#[tokio::test]
async fn threat_20_a_sign_out_in_a_handler_is_not_undone_by_the_middleware_around_it() {
    let host = TestHost::new();
    let auth = host.auth();
    let inner = auth.clone();
    let sign_out = move |request: HttpRequest| {
        let auth = inner.clone();
        async move {
            let (cookies, _) = auth.logout(&request).await;
            let mut answer = HttpResponse::Ok().finish();
            cookies.apply(answer.headers_mut());
            answer
        }
    };
    let app = App::new().route("/", get().to(sign_out)).wrap(AuthMiddleware::new(auth));
    let service = init_service(app).await;
    let (jwt, token) = host.sign_in();
    host.pass(1_000); // so that the middleware refreshes first
    let answer = call_service(&service, visit("/", &plain(&jwt, &token)).to_request()).await;
    assert_eq!(host.sent("refresh"), 1);
    let cookies = cookies(&answer);
    assert!(
        cookies.len() == 2 && cookies.iter().all(|cookie| cookie.contains("=; Max-Age=0")),
        "{cookies:?}"
    );
}

#[tokio::test]
async fn threat_45_an_extension_that_came_from_elsewhere_is_replaced() {
    let host = TestHost::new();
    let kept = Arc::new(Mutex::new(None));
    let keep = {
        let kept = Arc::clone(&kept);
        move |request: HttpRequest| {
            *kept.lock().unwrap() = request.extensions().get::<Checked>().cloned();
            async { HttpResponse::Ok().finish() }
        }
    };
    let app = App::new().route("/", get().to(keep)).wrap(AuthMiddleware::new(host.auth()));
    let service = init_service(app).await;
    let (jwt, token) = host.sign_in();
    call_service(&service, visit("/", &plain(&jwt, &token)).to_request()).await;
    let signed_in = kept.lock().unwrap().take().unwrap();
    assert!(signed_in.session().is_ok());
    let stranger = visit("/", "").to_request();
    stranger.extensions_mut().insert(signed_in);
    call_service(&service, stranger).await;
    assert_eq!(kept.lock().unwrap().take().unwrap().session().unwrap_err().code(), "not_signed_in");
}

#[tokio::test]
async fn an_error_of_a_middleware_further_in_carries_the_cookies_and_stays_the_error_that_it_was() {
    let host = TestHost::new();
    let app = App::new()
        .route("/", get().to(who))
        .wrap(from_fn(|_, _| async { Err::<ServiceResponse, _>(ErrorImATeapot("short and stout")) }))
        .wrap(AuthMiddleware::new(host.auth()));
    let service = init_service(app).await;
    let (jwt, token) = host.sign_in();
    for (age, expected) in [(0, 0), (1_000, 2)] {
        host.pass(age);
        let request = visit("/", &plain(&jwt, &token)).to_request();
        let error = service.call(request).await.map(drop).expect_err("nobody made an answer of it");
        assert_eq!(error.to_string(), "short and stout");
        let answer = error.error_response();
        assert_eq!(answer.status(), StatusCode::IM_A_TEAPOT);
        assert_eq!(answer.headers().get_all(SET_COOKIE).count(), expected);
    }
}

#[tokio::test]
async fn an_option_of_actix_web_s_own_knows_no_outage_and_a_result_tells_the_handler() {
    let host = TestHost::new();
    let app = App::new()
        .route("/option", get().to(async |session: Option<Session>| format!("{}", session.is_some())))
        .route(
            "/result",
            get().to(async |session: Result<Session, AuthRejection>| match session {
                Ok(session) => session.user_id().to_owned(),
                Err(refused) => refused.0.code().to_owned(),
            }),
        )
        .wrap(AuthMiddleware::new(host.auth()));
    let service = init_service(app).await;
    let (_, token) = host.sign_in();
    let cookies = format!("crossmint-refresh-token={}", token.reveal());
    host.feel(Mood::Answers(503, ""));
    for (path, body) in [("/option", "false"), ("/result", "unavailable")] {
        let answer = call_service(&service, visit(path, &cookies).to_request()).await;
        assert_eq!(read_body(answer).await, body);
    }
    host.feel(Mood::Well);
    host.pass(60);
    for (path, body) in [("/option", "true"), ("/result", USER)] {
        let answer = call_service(&service, visit(path, &cookies).to_request()).await;
        assert_eq!(read_body(answer).await, body);
    }
}

/// A real server with four workers, each with an app of its own, and all with clones of one `Auth`.
struct Running {
    address: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Running {
    fn start(host: &TestHost) -> Self {
        let auth = host.auth();
        let server = HttpServer::new(move || {
            let me = async |session: Session| session.user_id().to_owned();
            App::new()
                .route("/me", get().to(me))
                .service(scope("/auth").configure(routes(auth.clone())))
                .wrap(AuthMiddleware::new(auth.clone()))
        });
        let server = server.workers(4).disable_signals().bind(("127.0.0.1", 0)).unwrap();
        let address = server.addrs()[0];
        let server = server.run();
        Self { address, handle: server.handle(), serving: tokio::spawn(server) }
    }

    /// The whole answer to a request with this line, these headers and this body.
    fn call(&self, head: &str, body: &str) -> impl Future<Output = String> + use<> {
        let request = format!("{head}\r\nhost: app.example.com\r\nconnection: close\r\n\r\n{body}");
        let address = self.address;
        async move {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        }
    }

    async fn stop(self) {
        self.handle.stop(true).await;
        self.serving.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_storm_on_all_workers_of_a_real_server_is_one_refresh_and_one_answer() {
    let host = TestHost::new();
    let server = Running::start(&host);
    let (_, token) = host.sign_in();
    let request = format!("GET /me HTTP/1.1\r\ncookie: crossmint-refresh-token={}", token.reveal());
    let storm: Vec<_> = (0..40).map(|_| tokio::spawn(server.call(&request, ""))).collect();
    let mut seen = Vec::new();
    for one in storm {
        let answer = one.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(USER), "{answer}");
        let cookies = answer.lines().filter(|line| line.starts_with("set-cookie: "));
        seen.push(cookies.map(str::to_owned).collect::<BTreeSet<_>>());
    }
    assert!(seen.iter().all(|cookies| cookies.len() == 2 && *cookies == seen[0]));
    assert_eq!((host.sent("refresh"), host.sent("jwks.json")), (1, 1));
    server.stop().await;
}

#[tokio::test]
async fn over_the_wire_a_bare_post_has_no_body_and_a_chunked_one_has() {
    let server = Running::start(&TestHost::new());
    let post = "POST /auth/logout HTTP/1.1\r\nsec-fetch-site: same-origin";
    for (headers, body, status) in [
        ("", "", 200),
        ("\r\ncontent-length: 0", "", 200),
        ("\r\ncontent-length: 2", "{}", 403),
        ("\r\ntransfer-encoding: chunked", "2\r\n{}\r\n0\r\n\r\n", 403),
    ] {
        let answer = server.call(&format!("{post}{headers}"), body).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{headers}: {answer}");
    }
    server.stop().await;
}
