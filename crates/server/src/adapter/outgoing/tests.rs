//! Calls to real servers on this machine; names stand for whatever a test says.

use super::*;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A server that answers every connection with `answer`, and counts them.
async fn server(answer: Vec<u8>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind((HOME, 0)).await.unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let answer = answer.clone();
            tokio::spawn(async move {
                let _request = stream.read(&mut [0; 4096]).await;
                let _gone = stream.write_all(&answer).await;
                // It never says that this was all: who waits for the end waits for its own deadline.
                std::future::pending::<()>().await;
            });
        }
    });
    (address, count)
}

fn answer(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn json(body: &str) -> Vec<u8> {
    answer("200 OK\r\ncontent-type: application/json; charset=utf-8", body)
}

/// Every name stands for these addresses.
fn named(addresses: &'static [IpAddr]) -> Lookup {
    Lookup::by(|_| Box::pin(async { io::Result::Ok(addresses.to_vec()) }))
}

fn development() -> ServiceOutgoing {
    ServiceOutgoing::new(Reach { loopback: true, allowed_hosts: Vec::new() }, Lookup::system())
}

async fn get(outgoing: &ServiceOutgoing, url: &str) -> Result<Vec<u8>, OutgoingError> {
    outgoing.get_json(&outgoing.url(url)?).await
}

#[tokio::test]
async fn a_document_is_fetched_and_names_this_program_as_the_caller() {
    let (address, calls) = server(json("{}")).await;
    assert_eq!(get(&development(), &format!("http://{address}/keys")).await, Ok(b"{}".to_vec()));
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn threat_48_a_name_that_stands_for_a_private_address_is_never_connected_to() {
    let (canary, calls) = server(json("{}")).await;
    const MIXED: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(1, 1, 1, 1)), HOME];
    const METADATA: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254))];
    for addresses in [&[HOME] as &[_], MIXED, METADATA] {
        for loopback in [false, true] {
            let outgoing = ServiceOutgoing::new(Reach { loopback, ..Reach::default() }, named(addresses));
            let url = format!("https://keys.example:{}/", canary.port());
            let refused = get(&outgoing, &url).await.unwrap_err();
            assert!(matches!(refused, OutgoingError::NotReachable { .. }), "{refused}");
        }
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn threat_48_a_redirect_is_an_answer_and_not_a_way() {
    let (canary, calls) = server(json("{}")).await;
    let (address, _) = server(answer(&format!("302 Found\r\nlocation: http://{canary}/"), "")).await;
    let refused = get(&development(), &format!("http://{address}/")).await.unwrap_err();
    assert!(matches!(refused, OutgoingError::Status { status: 302, .. }), "{refused}");
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn threat_48_an_endless_answer_is_cut_announced_or_not() {
    let (announced, _) = server(json(&"x".repeat(LARGEST_ANSWER + 1))).await;
    let mut chunks =
        b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..=LARGEST_ANSWER / 4096 {
        chunks.extend_from_slice(format!("1000\r\n{}\r\n", " ".repeat(4096)).as_bytes());
    }
    let (streamed, _) = server(chunks).await;
    for address in [announced, streamed] {
        let refused = get(&development(), &format!("http://{address}/")).await.unwrap_err();
        assert!(matches!(refused, OutgoingError::TooLarge { .. }), "{refused}");
    }
    let (fitting, _) = server(json(&"x".repeat(LARGEST_ANSWER))).await;
    assert!(get(&development(), &format!("http://{fitting}/")).await.is_ok());
}

#[tokio::test]
async fn threat_48_a_server_that_stalls_is_given_up() {
    let reach = Reach { loopback: true, allowed_hosts: Vec::new() };
    let hasty = ServiceOutgoing::within(Duration::from_millis(100), reach, Lookup::system());
    let (silent, _) = server(Vec::new()).await;
    let (halfway, _) =
        server(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{".to_vec())
            .await;
    for address in [silent, halfway] {
        let refused = get(&hasty, &format!("http://{address}/")).await.unwrap_err();
        assert!(matches!(refused, OutgoingError::Late { .. }), "{refused}");
    }
}

#[tokio::test]
async fn what_is_no_json_by_its_own_word_is_not_read() {
    for (kind, read) in [
        ("application/json", true),
        ("application/jwk-set+json", true),
        ("Application/JSON;charset=utf-8", true),
        ("text/html", false),
        ("text/json", false),
        ("application/jsonp", false),
    ] {
        let (address, _) = server(answer(&format!("200 OK\r\ncontent-type: {kind}"), "{}")).await;
        let got = get(&development(), &format!("http://{address}/")).await;
        assert_eq!(got.is_ok(), read, "{kind}: {got:?}");
    }
    let (address, _) = server(answer("200 OK", "{}")).await;
    assert!(get(&development(), &format!("http://{address}/")).await.is_err());
}
