//! What an operator's Prometheus reads, and on which address.

use crate::support::{A, SHOP, Service, Setup, USER};
use authmint_domain::model::{policy::Policy, project::Scope};
use authmint_server::serve_metrics;
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// One GET over a connection of its own.
async fn get(service: &Service, path: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = tokio::spawn(serve_metrics(service.app.clone(), listener, async {
        let _stopped = stopped.await;
    }));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    drop(stop);
    serving.await.unwrap();
    answer
}

/// The page's numbers by name and labels, every line held against the format.
async fn scrape(service: &Service) -> BTreeMap<String, f64> {
    let answer = get(service, "/metrics").await;
    let (head, page) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(
        head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{head}"
    );
    let (mut samples, mut family, mut seen) = (BTreeMap::new(), (String::new(), String::new()), Vec::new());
    for line in page.strip_suffix("# EOF\n").unwrap().lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, text) = help.split_once(' ').unwrap();
            assert!(text.ends_with('.') && !seen.contains(&name.to_owned()), "{line}");
            family.0 = name.to_owned();
            seen.push(name.to_owned());
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert_eq!(name, family.0, "help and type stand together");
            assert!(!name.ends_with("_total") && !name.ends_with("_info"), "{line}");
            family.1 = kind.to_owned();
        } else {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let name = series.split('{').next().unwrap();
            let rest = name.strip_prefix(family.0.as_str()).unwrap_or_else(|| panic!("{line} in {family:?}"));
            let suffixes = match family.1.as_str() {
                "histogram" => &["_bucket", "_sum", "_count"][..],
                "counter" => &["_total"],
                "info" => &["_info"],
                _ => &[""],
            };
            assert!(suffixes.contains(&rest), "{line}");
            assert!(samples.insert(series.to_owned(), value.parse().unwrap()).is_none(), "{line} twice");
        }
    }
    samples
}

fn requests(path: &str, status: u16, code: &str) -> String {
    format!(
        "authmint_http_requests_total{{method=\"POST\",route=\"{A}/{path}\",status=\"{status}\",code=\"{code}\"}}"
    )
}

#[tokio::test]
async fn a_sign_in_its_refreshes_a_theft_and_a_limit_are_counted_once_each() {
    let policy = Policy { settle: Duration::from_secs(60), ..Policy::default() };
    let service = Service::start_as(Setup { policy, ..Setup::default() }).await;
    let first = service.sign_in("ada@example.com").await;
    let first = first["refresh"]["secret"].as_str().unwrap();
    service
        .post("otps/send", &json!({ "email": "ada@example.com" }))
        .send()
        .await
        .is_problem(429, "resend_too_soon");
    service.enter_code("ada@example.com", "x", "000000").send().await.is_problem(401, "code_invalid");
    assert_eq!(service.refresh(first).await.status, 200, "young");
    let mut token = first.to_owned();
    for _ in 0..2 {
        service.pass(600);
        token = service.refresh(&token).await.json["refresh"]["secret"].as_str().unwrap().to_owned();
    }
    service.refresh(first).await.is_problem(401, "session_revoked");
    service.refresh(&token).await.is_problem(401, "session_revoked");
    service.post("refresh", &json!({ "refresh": "x" })).send().await.is_problem(401, "refresh_malformed");

    let counted = scrape(&service).await;
    for (series, count) in [
        (requests("otps/send", 200, ""), 1.0),
        (requests("otps/send", 429, "resend_too_soon"), 1.0),
        (requests("refresh", 200, ""), 4.0),
        (requests("refresh", 401, "session_revoked"), 2.0),
        (requests("refresh", 401, "refresh_malformed"), 1.0),
        (
            format!("authmint_http_request_duration_seconds_count{{method=\"POST\",route=\"{A}/refresh\"}}"),
            7.0,
        ),
        (
            format!(
                "authmint_http_request_duration_seconds_bucket{{le=\"+Inf\",method=\"POST\",route=\"{A}/refresh\"}}"
            ),
            7.0,
        ),
        (
            format!(
                "authmint_http_request_duration_seconds_bucket{{le=\"0.001\",method=\"POST\",route=\"{A}/refresh\"}}"
            ),
            7.0,
        ),
        (format!("authmint_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1.0),
        ("authmint_sessions_opened_total".into(), 1.0),
        ("authmint_refreshes_total{row=\"young\"}".into(), 1.0),
        ("authmint_refreshes_total{row=\"rotate\"}".into(), 2.0),
        ("authmint_refreshes_total{row=\"late\"}".into(), 0.0),
        ("authmint_thefts_total".into(), 1.0),
        ("authmint_sign_ins_total{method=\"email\",outcome=\"succeeded\"}".into(), 1.0),
        ("authmint_sign_ins_total{method=\"email\",outcome=\"code_invalid\"}".into(), 1.0),
        ("authmint_limited_total{limit=\"resend\"}".into(), 1.0),
        ("authmint_mails_total{outcome=\"handed_over\"}".into(), 1.0),
        ("authmint_mails_total{outcome=\"refused\"}".into(), 0.0),
        ("authmint_http_requests_in_flight".into(), 0.0),
        ("authmint_store_up".into(), 1.0),
        ("authmint_store_write_groups_undone_total".into(), 0.0),
        ("authmint_signing_keys{algorithm=\"ES256\",state=\"active\"}".into(), 1.0),
    ] {
        assert_eq!(counted.get(&series), Some(&count), "{series} of {counted:#?}");
    }
    let [groups, writes] = ["authmint_store_write_groups_total", "authmint_store_writes_total"];
    assert!(counted[groups] > 10.0 && counted[writes] >= counted[groups], "{counted:#?}");
    let since = "authmint_signing_key_since_timestamp_seconds{algorithm=\"ES256\",state=\"active\"}";
    for (series, value) in [(since, 1_790_000_000.0), ("process_start_time_seconds", 1_790_000_000.0)] {
        assert_eq!(counted[series], value);
    }
}

#[tokio::test]
async fn metrics_have_an_address_of_their_own_and_the_public_one_knows_nothing_of_them() {
    let service = Service::start_as(Setup { production: true, ..Setup::default() }).await;
    for path in ["/metrics", "/api/v1/metrics"] {
        service.call("GET", path).send().await.is_problem(404, "not_found");
    }
    for path in ["/", "/healthz", "/.well-known/jwks.json"] {
        let answer = get(&service, path).await;
        assert!(answer.starts_with("HTTP/1.1 404 ") && answer.contains("not_found"), "{answer}");
    }
}

#[tokio::test]
async fn whatever_callers_invent_the_page_grows_by_no_line_and_holds_nothing_of_theirs() {
    let service = Service::start().await;
    let material = service.sign_in("ada@example.com").await;
    let id = material["user"]["id"].as_str().unwrap();
    let tell = async |number: usize| {
        let invented = format!("invented{number}");
        service.call("GET", &format!("/{invented}")).send().await.is_problem(404, "not_found");
        service
            .call(if number > 0 { "BREWED" } else { "BREW" }, "/")
            .send()
            .await
            .is_problem(404, "not_found");
        service
            .call("GET", &format!("{USER}/{invented}"))
            .send()
            .await
            .is_problem(403, "server_key_required");
        service.refresh(&invented).await.is_problem(401, "refresh_malformed");
        let call = service.call("OPTIONS", &format!("{A}/refresh")).header("origin", SHOP);
        assert_eq!(call.header("user-agent", &invented).send().await.status, 204);
    };
    tell(0).await;
    let lines = scrape(&service).await.len();
    for number in 1..50 {
        tell(number).await;
    }
    let counted = scrape(&service).await;
    assert_eq!(counted.len(), lines);
    let text = format!("{counted:?}");
    for kept in ["invented", "BREW", "ada@", id, &service.client_key, "shop.example", "01010101"] {
        assert!(!text.contains(kept), "{kept} in {text}");
    }
    assert_eq!(
        counted[r#"authmint_http_requests_total{method="GET",route="none",status="404",code="not_found"}"#],
        50.0
    );
}

#[tokio::test]
async fn a_follower_that_waits_and_what_it_was_told_are_counted() {
    let service = Service::start().await;
    let key = service.add_server_key(9, &[Scope::FeedRead]).await;
    let token = service.sign_in("ada@example.com").await["refresh"]["secret"].as_str().unwrap().to_owned();
    let follow = |query: &str| {
        service.call("GET", &format!("/api/v1/revocations{query}")).header("x-api-key", &key).send()
    };
    let cursor = follow("").await.field("cursor").to_owned();
    let waiting = follow(&format!("?cursor={cursor}&wait_s=20"));
    tokio::pin!(waiting);
    let polled = tokio::select! {
        biased;
        answer = &mut waiting => panic!("nothing is to be told yet: {}", answer.text),
        counted = scrape(&service) => counted,
    };
    assert_eq!(polled["authmint_feed_followers"], 1.0);
    service.post("logout", &json!({ "refresh": token })).send().await;
    assert_eq!(waiting.await.status, 200);
    let counted = scrape(&service).await;
    assert_eq!((counted["authmint_feed_followers"], counted["authmint_feed_entries_total"]), (0.0, 1.0));
}

#[tokio::test]
async fn a_mail_that_nobody_takes_is_counted_as_refused() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let smtp = format!("smtp://{nobody}").parse().unwrap();
    let service = Service::start_as(Setup { production: true, smtp: Some(smtp), ..Setup::default() }).await;
    let sent = service.post("otps/send", &json!({ "email": "ada@example.com" })).send().await;
    sent.is_problem(503, "mail_unavailable");
    let counted = scrape(&service).await;
    assert_eq!(counted["authmint_mails_total{outcome=\"refused\"}"], 1.0);
    assert_eq!(counted[&requests("otps/send", 503, "mail_unavailable")], 1.0);
}
