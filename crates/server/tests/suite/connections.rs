//! Over real connections: what the HTTP library sees before the router does, and how a service ends.

use crate::support::{A, Service, Setup, inline};
use authmint_domain::model::project::Scope;
use authmint_server::serve;
use authmint_store::{Options, Writer};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

struct Running {
    service: Service,
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<std::io::Result<()>>,
}

async fn run(setup: Setup) -> Running {
    let service = Service::start_as(setup).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(serve(service.app.clone(), listener, async {
        let _dropped = stopped.await;
    }));
    Running { service, address, stop, ended }
}

fn threaded() -> Setup {
    Setup { store: Options { writer: Writer::Thread, ..inline() }, ..Setup::default() }
}

async fn exchange(address: std::net::SocketAddr, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn what_was_accepted_is_finished_and_what_comes_later_is_not_let_in() {
    let Running { service, address, stop, ended } = run(threaded()).await;
    let body = r#"{"email":"ada@example.com"}"#;
    let head = format!(
        "POST {A}/otps/send HTTP/1.1\r\nhost: localhost\r\nx-api-key: {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        service.client_key,
        body.len()
    );
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(head.as_bytes()).await.unwrap();
    slow.write_all(&body.as_bytes()[..5]).await.unwrap();
    // The request is in the service's hands once it answers another one that came later.
    assert!(
        exchange(address, b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await
            .contains(" 200 ")
    );
    stop.send(()).unwrap();
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    service.call("GET", "/readyz").send().await.is_problem(503, "unavailable");
    assert_eq!(service.call("GET", "/healthz").send().await.status, 200, "it lives, it only means to go");
    assert!(!ended.is_finished());
    slow.write_all(&body.as_bytes()[5..]).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("emailId"), "{answer}");
    ended.await.unwrap().unwrap();
    assert_eq!(service.inbox.mails().len(), 1);
}

#[tokio::test]
async fn development_mode_is_not_served_to_other_machines() {
    let service = Service::start().await;
    let open = TcpListener::bind("0.0.0.0:0").await.unwrap();
    let refused = serve(service.app.clone(), open, std::future::pending()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn draining_has_an_end_and_idle_connections_do_not_hold_it_up() {
    let mut setup = threaded();
    setup.configure = |config| config.limits.drain_timeout = Duration::from_millis(50);
    let Running { address, stop, ended, .. } = run(setup).await;
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut stuck = TcpStream::connect(address).await.unwrap();
    stuck
        .write_all(
            format!("POST {A}/refresh HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n").as_bytes(),
        )
        .await
        .unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    stop.send(()).unwrap();
    ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_follower_who_waits_for_the_feed_does_not_hold_up_the_end() {
    let mut setup = threaded();
    // Less than the follower would wait: it would be cut off without an answer.
    setup.configure = |config| config.limits.drain_timeout = Duration::from_secs(5);
    let Running { service, address, stop, ended } = run(setup).await;
    let key = service.add_server_key(9, &[Scope::FeedRead]).await;
    let request = format!(
        "GET /api/v1/revocations?cursor=0&wait_s=25 HTTP/1.1\r\nhost: localhost\r\nx-api-key: {key}\r\n\r\n"
    );
    let mut following = TcpStream::connect(address).await.unwrap();
    following.write_all(request.as_bytes()).await.unwrap();
    assert!(
        exchange(address, b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await
            .contains(" 200 ")
    );
    stop.send(()).unwrap();
    let mut answer = String::new();
    following.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(r#""entries":[]"#), "{answer}");
    ended.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    let mut setup = threaded();
    setup.configure = |config| config.limits.body_timeout = Duration::from_millis(20);
    let running = run(setup).await;
    let request = format!(
        "POST {A}/refresh HTTP/1.1\r\nhost: localhost\r\nx-api-key: {}\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{{",
        running.service.client_key
    );
    let answer = exchange(running.address, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("request_timeout"), "{answer}");
}

#[tokio::test]
async fn a_large_body_is_refused_in_words_although_the_client_keeps_writing() {
    let running = run(threaded()).await;
    let mut request = format!(
        "POST {A}/refresh HTTP/1.1\r\nhost: localhost\r\nx-api-key: {}\r\nconnection: close\r\ncontent-length: 500000\r\n\r\n",
        running.service.client_key
    )
    .into_bytes();
    request.resize(request.len() + 500_000, b'x');
    let answer = exchange(running.address, &request).await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("body_too_large"), "{answer}");
}

#[tokio::test]
async fn a_refusal_before_the_body_was_looked_at_keeps_the_connection() {
    let running = run(threaded()).await;
    let refused = [
        format!("POST {A}/refresh HTTP/1.1\r\nhost: localhost\r\n"),
        "POST /no/such/path HTTP/1.1\r\nhost: localhost\r\n".to_owned(),
        format!("DELETE {A}/refresh HTTP/1.1\r\nhost: localhost\r\n"),
    ];
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    for head in refused {
        let body = "x".repeat(60_000);
        let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await.unwrap();
    }
    stream.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.unwrap();
    let statuses: Vec<_> =
        answers.split("HTTP/1.1 ").skip(1).map(|answer| answer.split(' ').next().unwrap()).collect();
    assert_eq!(statuses, ["401", "404", "405", "200"], "{answers}");
}

#[tokio::test]
async fn ambiguous_framing_ends_the_connection_and_smuggles_nothing() {
    let running = run(threaded()).await;
    let smuggled = "GET /dev/inbox HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for framing in [
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "content-length: 5\r\ntransfer-encoding: chunked",
        "content-length: 5\r\ncontent-length: 6",
        "transfer-encoding: chunked, identity",
        "transfer-encoding : chunked",
        "content-length: +5",
    ] {
        let request =
            format!("POST {A}/logout HTTP/1.1\r\nhost: localhost\r\n{framing}\r\n\r\n0\r\n\r\n{smuggled}");
        let answer = exchange(running.address, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{framing}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{framing}: {answer}");
        assert!(!answer.contains("Inbox"), "{framing}");
    }
}

#[tokio::test]
async fn a_head_beyond_the_limit_is_refused_in_words() {
    let running = run(threaded()).await;
    let padding = "p".repeat(20_000);
    let request = format!(
        "GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-padding: {padding}\r\nconnection: close\r\n\r\n"
    );
    let answer = exchange(running.address, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431 ") && answer.contains("headers_too_large"), "{answer}");
    let endless = "x".repeat(200_000);
    let request = format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-padding: {endless}");
    let mut stream = TcpStream::connect(running.address).await.unwrap();
    // The service may close before all is written; either way it has said no.
    let _written = stream.write_all(request.as_bytes()).await;
    let mut answer = [0; 12];
    if stream.read_exact(&mut answer).await.is_ok() {
        assert_eq!(&answer, b"HTTP/1.1 431");
    }
}
