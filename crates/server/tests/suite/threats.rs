//! Attacks that have succeeded elsewhere, by their numbers in SECURITY.md.

use crate::support::{A, Service, Setup, USER, query};
use authmint_domain::port::Store as _;
use serde_json::json;

#[tokio::test]
async fn threat_16_a_second_person_in_the_same_browser_inherits_nothing() {
    let service = Service::start().await;
    let ada = service.sign_in("ada@example.com").await;
    // The browser still holds Ada's tokens when Ben signs in; they come along and count for nothing.
    let bearer = format!("Bearer {}", ada["jwt"].as_str().unwrap());
    let secret = service.one_time_secret("ben@example.com").await;
    let call = service
        .post("refresh", &json!({ "refresh": secret, "user": ada["user"], "userId": ada["user"]["id"] }));
    let ben = call.header("authorization", &bearer).send().await;
    assert_eq!(ben.json["user"]["email"], "ben@example.com");
    assert_ne!(ben.json["user"]["id"], ada["user"]["id"]);
    assert_ne!(ben.json["refresh"]["secret"], ada["refresh"]["secret"]);
    let session = |material: &serde_json::Value| {
        let token = authmint_protocol::secret::RefreshToken::new(
            material["refresh"]["secret"].as_str().unwrap().into(),
        );
        authmint_protocol::refresh_token::unverified_session_id(&token).unwrap()
    };
    assert_ne!(session(&ben.json), session(&ada));
}

#[tokio::test]
async fn threat_38_no_header_of_a_caller_builds_a_link_or_an_issuer() {
    let service = Service::start_as(Setup { production: true, ..Setup::default() }).await;
    let lie = |path: &str, method: &str| {
        let call = service.call(method, path).header("host", "evil.example");
        let call = call.header("x-forwarded-host", "evil.example").header("x-forwarded-proto", "http");
        call.header("forwarded", "host=evil.example;proto=http")
    };
    let sent = lie(&format!("{A}/otps/send"), "POST").body(r#"{"email":"ada@example.com"}"#).send().await;
    assert_eq!(sent.status, 200);
    let mail = &service.inbox.mails()[0];
    for text in [&mail.text, &mail.html, &mail.subject] {
        assert!(!text.contains("evil.example") && !text.contains("http"), "{text}");
    }
    let found = lie("/.well-known/openid-configuration", "GET").send().await;
    assert!(!found.text.contains("evil.example"));
    assert_eq!(found.field("issuer"), "https://auth.shop.example");
}

#[tokio::test]
async fn threat_40_a_code_is_burnt_by_five_wrong_tries_on_the_path_that_checks_it() {
    let service = Service::start().await;
    let state = service.send_code("ada@example.com").await;
    let right = service.code_for("ada@example.com");
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..4 {
        service.enter_code("ada@example.com", &state, wrong).send().await.is_problem(401, "code_invalid");
    }
    let fifth = service.enter_code("ada@example.com", &state, wrong).send().await;
    assert_eq!(fifth.status, 401);
    service.enter_code("ada@example.com", &state, &right).send().await.is_problem(401, "code_burnt");
    // Sending is limited apart from trying, by client and by address.
    let again = service.post("otps/send", &json!({ "email": "ada@example.com" })).send().await;
    again.is_problem(429, "resend_too_soon");
    let mut limited = 0;
    for index in 0..40 {
        let sent =
            service.post("otps/send", &json!({ "email": format!("u{index}@example.com") })).send().await;
        if sent.status != 200 {
            sent.is_problem(429, "rate_limited");
            assert!(sent.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
            limited += 1;
        }
    }
    assert!(limited > 0, "one client cannot mail without end");
}

#[tokio::test]
async fn threat_40_what_is_no_code_is_refused_like_a_wrong_one() {
    let service = Service::start().await;
    let state = service.send_code("ada@example.com").await;
    for token in ["12345", "1234567", "12345a", " 12345", "１２３４５６", "-12345", "1e5000", "null"] {
        service.enter_code("ada@example.com", &state, token).send().await.is_problem(401, "code_invalid");
    }
    let code = service.code_for("ada@example.com");
    service.enter_code("eve@example.com", &state, &code).send().await.is_problem(401, "code_invalid");
    assert_eq!(service.enter_code("ada@example.com", &state, &code).send().await.status, 200);
}

#[tokio::test]
async fn threat_41_a_household_counts_as_one_and_a_header_moves_nobody() {
    let service = Service::start().await;
    let state = service.send_code("ada@example.com").await;
    let right = service.code_for("ada@example.com");
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let tries = [
        "[2001:db8::1]:1",
        "[2001:db8::2]:2",
        "[2001:db8::ffff:1]:3",
        "[2001:db8:0:0:1::]:4",
        "[2001:db8::5]:5",
    ];
    for (index, address) in tries.iter().enumerate() {
        let call = service.enter_code("ada@example.com", &state, wrong).from(address);
        // Anyone writes what they like into these; none of them is believed.
        let call =
            call.header("x-forwarded-for", &format!("203.0.113.{index}")).header("x-real-ip", "203.0.113.9");
        assert_eq!(call.send().await.status, 401);
    }
    let same = service.enter_code("ada@example.com", &state, &right).from("[2001:db8::77]:9").send().await;
    same.is_problem(401, "code_burnt");
}

#[tokio::test]
async fn threat_41_mapped_addresses_are_the_addresses_that_they_map() {
    let service = Service::start().await;
    let state = service.send_code("ada@example.com").await;
    let right = service.code_for("ada@example.com");
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for address in
        ["192.0.2.1:1", "[::ffff:192.0.2.1]:2", "192.0.2.1:3", "[::ffff:c000:201]:4", "192.0.2.1:5"]
    {
        let call = service.enter_code("ada@example.com", &state, wrong).from(address);
        assert_eq!(call.send().await.status, 401);
    }
    let refused =
        service.enter_code("ada@example.com", &state, &right).from("[::ffff:192.0.2.1]:6").send().await;
    refused.is_problem(401, "code_burnt");
}

#[tokio::test]
async fn threat_42_a_user_id_in_body_or_query_never_stands_in_for_a_session() {
    let service = Service::start().await;
    let (ada, ben) = (service.sign_in("ada@example.com").await, service.sign_in("ben@example.com").await);
    let id = ben["user"]["id"].as_str().unwrap();
    let path = format!("{USER}?userId={id}&id={id}&sub={id}");
    let bearer = format!("Bearer {}", ada["jwt"].as_str().unwrap());
    let body = json!({ "userId": id }).to_string();
    let answer = service.call("GET", &path).header("authorization", &bearer).body(body.clone()).send().await;
    assert_eq!(answer.json["id"], ada["user"]["id"]);
    service.call("GET", &path).body(body).send().await.is_problem(401, "jwt_invalid");
}

#[tokio::test]
async fn threat_43_an_id_in_a_path_is_an_id_or_nothing() {
    let service = Service::start().await;
    let id = service.sign_in("ada@example.com").await["user"]["id"].as_str().unwrap().to_owned();
    for odd in [
        "..%2F..%2Fhealthz".to_owned(),
        "../../../../healthz".to_owned(),
        format!("{id}/.."),
        format!("{id}%00"),
        format!("{id}%20"),
        format!("%7B{id}%7D"),
        id.replace('-', ""),
        "email:ada@example.com".to_owned(),
        "'%20OR%201=1".to_owned(),
        "%FF".to_owned(),
        "a".repeat(5000),
    ] {
        let call = service.call("GET", &format!("{USER}/{odd}")).header("x-api-key", &service.server_key);
        call.send().await.is_problem(404, "user_unknown");
    }
}

#[tokio::test]
async fn threat_44_a_refusal_is_never_a_session() {
    let service = Service::start().await;
    for answer in [
        service.refresh("no-token-of-ours").await,
        service.refresh("").await,
        service.enter_code("ada@example.com", "no-such-state", "123456").send().await,
        service.call("GET", USER).send().await,
    ] {
        assert_eq!(answer.status, 401);
        for field in ["jwt", "refresh", "user", "oneTimeSecret", "id"] {
            assert!(answer.json.get(field).is_none(), "{field} in {}", answer.text);
        }
    }
}

#[tokio::test]
async fn threat_46_what_callers_send_is_data_in_every_place_where_it_lands() {
    let service = Service::start().await;
    for evil in ["' OR '1'='1", "\"; DROP TABLE session; --", "%' ESCAPE '\\"] {
        service.refresh(evil).await.is_problem(401, "refresh_malformed");
        let query = query(&[
            ("signinAuthenticationMethod", "email"),
            ("email", "ada@example.com"),
            ("state", evil),
            ("token", evil),
        ]);
        service
            .call("POST", &format!("{A}/authenticate?{query}"))
            .send()
            .await
            .is_problem(401, "code_invalid");
        let agent =
            service.post("logout", &json!({ "refresh": evil })).header("user-agent", evil).send().await;
        assert_eq!(agent.status, 200);
    }
    assert_eq!(service.sign_in("o'brien@example.com").await["user"]["email"], "o'brien@example.com");
}

#[tokio::test]
async fn threat_47_another_key_ring_accepts_nothing_that_this_one_made() {
    let (ours, theirs) =
        (Service::start().await, Service::start_as(Setup { ring: [8; 32], ..Setup::default() }).await);
    let material = ours.sign_in("ada@example.com").await;
    let token = material["refresh"]["secret"].as_str().unwrap();
    theirs.refresh(token).await.is_problem(401, "refresh_malformed");
    let bearer = format!("Bearer {}", material["jwt"].as_str().unwrap());
    theirs.call("GET", USER).header("authorization", &bearer).send().await.is_problem(401, "jwt_invalid");
    // Every public value of the token is known to the attacker; without the key there is no MAC.
    let mut forged = token.as_bytes().to_vec();
    for index in (20..forged.len()).step_by(9) {
        let before = forged[index];
        forged[index] = if before == b'A' { b'B' } else { b'A' };
        let text = String::from_utf8(forged.clone()).unwrap();
        ours.refresh(&text).await.is_problem(401, "refresh_malformed");
        forged[index] = before;
    }
    assert_eq!(ours.refresh(token).await.status, 200);
}

#[tokio::test]
async fn no_answer_tells_whether_a_user_exists() {
    let service = Service::start().await;
    service.sign_in("known@example.com").await;
    service.pass(3600);
    let ask = async |email: &str| service.post("otps/send", &json!({ "email": email })).send().await;
    let (known, unknown) = (ask("known@example.com").await, ask("unknown@example.com").await);
    assert_eq!((known.status, known.text.len()), (unknown.status, unknown.text.len()));
    let names =
        |answer: &crate::support::Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&known), names(&unknown));
    let wrong = async |email: &str| service.enter_code(email, "x", "000000").send().await.text;
    assert_eq!(wrong("known@example.com").await, wrong("nobody@example.com").await);
}

#[tokio::test]
async fn a_revoked_key_is_refused_within_two_seconds() {
    let service = Service::start().await;
    let store = &service.app.context().store;
    assert_eq!(service.post("logout", &json!({})).send().await.status, 200);
    let hash = authmint_domain::model::key_ring::sha256(service.client_key.as_bytes());
    let (mut record, _) = store.api_key(hash).await.unwrap().unwrap();
    record.revoked_at = Some(crate::support::START);
    store.put_api_key(record).await.unwrap();
    service.pass(1);
    let kept = service.post("logout", &json!({})).send().await;
    assert_eq!(kept.status, 200, "a refresh costs the store one call: keys are kept for a moment");
    service.pass(1);
    service.post("logout", &json!({})).send().await.is_problem(401, "api_key_unknown");
}
