//! Traces as a collector gets them: over HTTP, decoded from the bytes that came (OTLP 1.x, `trace.proto`).

use crate::served::{Place, Served};
use serde_json::json;
use std::{
    collections::HashMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::mpsc::{Receiver, channel},
};

/// A field of a message: its number, and its value.
enum Field<'m> {
    Number(u64),
    Bytes(&'m [u8]),
}

/// Reads a message of Protocol Buffers to its end.
fn fields(mut message: &[u8]) -> Vec<(u64, Field<'_>)> {
    fn varint(message: &mut &[u8]) -> u64 {
        let (mut number, mut shift) = (0, 0);
        loop {
            let (byte, rest) = message.split_first().expect("a whole number");
            *message = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return number;
            }
            shift += 7;
        }
    }
    let mut all = Vec::new();
    while !message.is_empty() {
        let tag = varint(&mut message);
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut message)),
            wire @ (1 | 5) => {
                let (bytes, rest) = message.split_at(if wire == 1 { 8 } else { 4 });
                message = rest;
                Field::Bytes(bytes)
            }
            2 => {
                let len = usize::try_from(varint(&mut message)).unwrap();
                let (bytes, rest) = message.split_at(len);
                message = rest;
                Field::Bytes(bytes)
            }
            wire => panic!("no message has wire type {wire}"),
        };
        all.push((tag >> 3, field));
    }
    all
}

/// The messages and texts of a field.
fn inner(message: &[u8], number: u64) -> Vec<&[u8]> {
    let all = fields(message).into_iter().filter(|(found, _)| *found == number);
    all.filter_map(|(_, field)| if let Field::Bytes(bytes) = field { Some(bytes) } else { None }).collect()
}

fn number(message: &[u8], number: u64) -> u64 {
    let found = fields(message).into_iter().find(|(found, _)| *found == number);
    if let Some((_, Field::Number(value))) = found { value } else { 0 }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A span as it came.
#[derive(Debug)]
struct Span {
    trace: String,
    parent: String,
    name: String,
    kind: u64,
    attributes: HashMap<String, String>,
    failed: bool,
}

/// `KeyValue` messages, their `AnyValue` being a text or a number here.
fn attributes(all: Vec<&[u8]>) -> HashMap<String, String> {
    let value = |value: &[u8]| match fields(value).first() {
        Some((1, Field::Bytes(bytes))) => text(bytes),
        Some((_, Field::Number(number))) => number.to_string(),
        _ => String::new(),
    };
    all.into_iter().map(|one| (text(inner(one, 1)[0]), value(inner(one, 2)[0]))).collect()
}

fn spans(request: &[u8]) -> Vec<Span> {
    let mut all = Vec::new();
    for resource_spans in inner(request, 1) {
        let resource = attributes(inner(inner(resource_spans, 1)[0], 1));
        assert_eq!(resource["service.name"], "authmint");
        assert_eq!(resource["service.version"], env!("CARGO_PKG_VERSION"));
        for span in inner(resource_spans, 2).into_iter().flat_map(|scope| inner(scope, 2)) {
            all.push(Span {
                trace: hex(inner(span, 1)[0]),
                parent: inner(span, 4).first().map(|id| hex(id)).unwrap_or_default(),
                name: text(inner(span, 5)[0]),
                kind: number(span, 6),
                attributes: attributes(inner(span, 9)),
                failed: inner(span, 15).first().is_some_and(|status| number(status, 3) == 2),
            });
        }
    }
    all
}

/// Takes what a program exports, and hands on each request's bytes.
fn collector() -> (SocketAddr, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (taken, requests) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, taken) = (stream.unwrap(), taken.clone());
            std::thread::spawn(move || {
                while let Some(body) = take(&stream) {
                    let _gone = taken.send(body);
                }
            });
        }
    });
    (address, requests)
}

fn take(mut stream: &TcpStream) -> Option<Vec<u8>> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let start = head.len();
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
        let line = head[start..].trim().to_ascii_lowercase();
        if let Some(text) = line.strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
    assert!(head.to_ascii_lowercase().contains("content-type: application/x-protobuf"), "{head}");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").ok()?;
    Some(body)
}

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A refresh that is refused, as a proxy passes it on: its request ID.
async fn refresh(served: &Served, key: &str, token: &str) -> String {
    let url = format!(
        "http://{}/api/2024-09-26/session/sdk/auth/refresh?secret=hunter2",
        served.first_line()["address"].as_str().unwrap()
    );
    let request = reqwest::Client::new().post(url).header("x-api-key", key);
    let request = request.header("traceparent", format!("00-{TRACE}-{PARENT}-01"));
    let answer = request.body(json!({ "refresh": token }).to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 401);
    answer.headers()["x-request-id"].to_str().unwrap().to_owned()
}

/// What a service exports of one refresh and one probe, and what identifies the refresh.
async fn exported(trust: &str) -> (Vec<Span>, String) {
    let place = Place::new();
    place.configure("smtp://127.0.0.1:1");
    let (address, requests) = collector();
    place.add(&format!("otlp_endpoint = \"http://{address}\"\nlog = \"error\"\n{trust}"));
    let served = Served::start(&place);
    let key = place.client_key();
    let id = refresh(&served, &key, "a-secret-token").await;
    assert_eq!(served.get("/no/such/hunter2").await.0, 404);
    assert_eq!(served.terminate().code(), Some(0), "it flushes before it ends");
    let bodies: Vec<Vec<u8>> = requests.try_iter().collect();
    for secret in [key.as_bytes(), b"a-secret-token", b"hunter2"] {
        let leaks = |body: &Vec<u8>| body.windows(secret.len()).any(|window| window == secret);
        assert!(!bodies.iter().any(leaks), "{}", String::from_utf8_lossy(secret));
    }
    (bodies.iter().flat_map(|body| spans(body)).collect(), id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_a_span_of_the_proxys_trace_with_route_status_code_and_id() {
    let (spans, id) = exported("trust_proxy = [\"127.0.0.1\"]\n").await;
    let [refresh, probe] = &spans[..] else { panic!("one span a request: {spans:#?}") };
    assert_eq!((refresh.trace.as_str(), refresh.parent.as_str()), (TRACE, PARENT));
    assert_eq!((refresh.name.as_str(), refresh.kind), ("POST /api/2024-09-26/session/sdk/auth/refresh", 2));
    for (name, value) in [
        ("http.request.method", "POST"),
        ("http.route", "/api/2024-09-26/session/sdk/auth/refresh"),
        ("http.response.status_code", "401"),
        ("error.type", "refresh_malformed"),
        ("http.request.header.x-request-id", &id),
    ] {
        assert_eq!(refresh.attributes.get(name).map(String::as_str), Some(value), "{name} in {refresh:#?}");
    }
    assert!(refresh.attributes.contains_key("authmint.project.id") && !refresh.failed);
    assert_eq!((probe.name.as_str(), probe.parent.as_str()), ("GET -", ""));
    assert_eq!(probe.attributes["error.type"], "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_41_nobody_but_a_trusted_proxy_says_whose_trace_it_is() {
    let (spans, _id) = exported("").await;
    let [refresh, _probe] = &spans[..] else { panic!("one span a request: {spans:#?}") };
    assert_ne!(refresh.trace, TRACE);
    assert_eq!(refresh.parent, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_costs_the_service_a_warning_and_nothing_else() {
    let place = Place::new();
    place.configure("smtp://127.0.0.1:1");
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    place.add(&format!("otlp_endpoint = \"http://{nobody}\"\n"));
    let served = Served::start(&place);
    for _ in 0..10 {
        assert_eq!(served.get("/healthz").await.0, 200);
    }
    let log = served.terminate_and_read_log();
    assert_eq!(log.matches("takes no traces").count(), 1, "{log}");
}
