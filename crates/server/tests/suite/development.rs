//! What development mode alone offers, and to whom.

use crate::support::{Service, Setup, USER};
use serde_json::json;

#[tokio::test]
async fn the_inbox_shows_each_mail_as_page_and_as_data_newest_first() {
    let service = Service::start().await;
    service.send_code("ada@example.com").await;
    service.send_code("ben@example.com").await;
    let list = service.call("GET", "/dev/inbox.json").send().await;
    let mails = list.json.as_array().unwrap();
    assert_eq!(mails.len(), 2);
    assert_eq!(
        (mails[0]["to"].as_str(), mails[0]["at"].as_str()),
        (Some("ben@example.com"), Some("2026-09-21T14:13:20Z"))
    );
    let code = mails[0]["code"].as_str().unwrap();
    assert!(code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()));
    for part in ["text", "html"] {
        assert!(mails[0][part].as_str().unwrap().contains(code), "{part}");
    }
    let page = service.call("GET", "/dev/inbox").send().await;
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert!(page.text.find("ben@example.com").unwrap() < page.text.find("ada@example.com").unwrap());
    assert!(page.text.contains(code) && !page.text.contains("<script>"), "no inline script");
    let mail = service.call("GET", &format!("/dev/inbox/{}", mails[0]["id"].as_str().unwrap())).send().await;
    assert!(mail.text.contains(code));
    assert!(mail.header("content-security-policy").unwrap().contains("sandbox"));
    service.call("GET", "/dev/inbox/99").send().await.is_problem(404, "not_found");
    for asset in ["/dev/inbox.js", "/dev/inbox.css"] {
        assert_eq!(service.call("GET", asset).send().await.status, 200, "{asset}");
    }
}

#[tokio::test]
async fn the_clock_moves_forward_by_whole_seconds_and_by_nothing_else() {
    let service = Service::start().await;
    let jwt = service.sign_in("ada@example.com").await["jwt"].as_str().unwrap().to_owned();
    let advance = |body: &'static str| service.call("POST", "/dev/clock").body(body);
    for bad in [
        "",
        "{}",
        r#"{"advance_s":-1}"#,
        r#"{"advance_s":1.5}"#,
        r#"{"advance_s":"1"}"#,
        r#"{"advance_s":1e30}"#,
        r#"{"advance_s":1,"x":1}"#,
    ] {
        advance(bad).send().await.is_problem(400, "body_invalid");
    }
    let form = advance(r#"{"advance_s":1}"#).header("content-type", "text/plain").send().await;
    form.is_problem(400, "body_invalid");
    let moved = advance(r#"{"advance_s":1000}"#).send().await;
    assert_eq!((moved.status, &moved.json["unix_s"]), (200, &json!(1_790_001_000)));
    let late = service.call("GET", USER).header("authorization", &format!("Bearer {jwt}")).send().await;
    late.is_problem(401, "jwt_invalid");
}

#[tokio::test]
async fn a_name_that_is_not_this_machine_is_refused_in_development() {
    let service = Service::start().await;
    for host in ["evil.example", "localhost.evil.example:8420", "10.0.0.1", "auth.shop.example"] {
        for path in ["/dev/inbox.json", "/dev/inbox", "/healthz", USER] {
            service.call("GET", path).header("host", host).send().await.is_problem(403, "origin_not_allowed");
        }
    }
    for host in ["localhost:8420", "127.0.0.1:8420", "[::1]:8420", "app.localhost"] {
        assert_eq!(
            service.call("GET", "/dev/inbox.json").header("host", host).send().await.status,
            200,
            "{host}"
        );
    }
    service
        .call("GET", "/healthz")
        .header("host", "localhost")
        .append("host", "localhost")
        .send()
        .await
        .is_problem(400, "parameter_invalid");
}

#[tokio::test]
async fn production_has_no_development_routes() {
    let service = Service::start_as(Setup { production: true, ..Setup::default() }).await;
    for path in ["/dev/inbox", "/dev/inbox.json", "/dev/inbox.js", "/dev/clock", "/dev"] {
        service.call("GET", path).send().await.is_problem(404, "not_found");
        service.call("POST", path).body("{\"advance_s\":1}").send().await.is_problem(404, "not_found");
    }
    assert_eq!(service.call("GET", "/healthz").header("host", "auth.shop.example").send().await.status, 200);
}
