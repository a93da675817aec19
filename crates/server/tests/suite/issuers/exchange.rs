use super::{AUDIENCE, EXCHANGE, Stage, request, server::Issuer};
use crate::support::{START, Setup, query};
use authmint_domain::model::{
    policy::Policy,
    project::{Callers, Scope},
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};
use std::time::Duration;

fn claims_of(jwt: &Value) -> Value {
    let payload = jwt.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&BASE64URL.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn a_jwt_of_a_trusted_issuer_becomes_a_session_that_refreshes_and_signs_out_like_any_other() {
    let stage = Stage::set().await;
    let first = stage.exchange(&stage.token("alice")).await.success().json;
    let claims = claims_of(&first["jwt"]);
    assert_eq!((&claims["sub"], &claims["amr"]), (&first["user"]["id"], &json!(["fed"])));
    assert_eq!(claims["auth_time"], START.unix_seconds());

    stage.service.pass(300);
    let token = first["refresh"]["secret"].as_str().unwrap();
    let second = stage.service.refresh(token).await.success().json;
    assert_eq!(second["user"], first["user"]);
    assert_ne!(second["refresh"]["secret"], first["refresh"]["secret"]);
    stage.service.post("logout", &json!({ "refresh": second["refresh"]["secret"] })).send().await.success();
    let after = stage.service.refresh(second["refresh"]["secret"].as_str().unwrap()).await;
    after.is_problem(401, "session_revoked");
    let events = stage.events().await;
    assert_eq!(events, ["signed_out", "session_opened", "signed_in", "user_created", "issuer_added"]);
}

#[tokio::test]
async fn a_jwt_is_taken_once_and_again_within_grace_while_its_session_is_unused() {
    let stage = Stage::set().await;
    let token = stage.token("alice");
    let first = stage.exchange(&token).await.success().json;
    stage.service.pass(10);
    let again = stage.exchange(&token).await.success().json;
    assert_eq!(again["refresh"], first["refresh"], "the same first token, byte for byte");
    stage.service.pass(1);
    stage.exchange(&token).await.is_problem(409, "assertion_used");
    assert_eq!(stage.events().await[0], "assertion_reused");
    let alive = stage.service.refresh(first["refresh"]["secret"].as_str().unwrap()).await;
    assert_eq!(alive.status, 200, "who came later changed nothing");
}

#[tokio::test]
async fn a_jwt_is_used_once_its_session_has_moved_on_even_within_grace() {
    let policy = Policy { settle: Duration::ZERO, ..Policy::default() };
    let stage = Stage::set_as(Setup { policy, ..Setup::default() }, json!({})).await;
    let token = stage.token("alice");
    let first = stage.exchange(&token).await.success().json;
    stage.service.pass(1);
    stage.service.refresh(first["refresh"]["secret"].as_str().unwrap()).await.success();
    stage.exchange(&token).await.is_problem(409, "assertion_used");
}

#[tokio::test]
async fn threat_31_fifty_trades_of_one_jwt_at_once_make_one_session() {
    for terms in [json!({}), json!({ "reuse": "until_exp" })] {
        let stage =
            Stage::set_as(Setup { store: authmint_store::Options::default(), ..Setup::default() }, terms)
                .await;
        let token = stage.token("alice");
        let trades = (0..50).map(|_| stage.exchange(&token));
        let mut secrets: Vec<String> = Vec::new();
        for answer in futures(trades).await {
            secrets.push(answer.success().json["refresh"]["secret"].as_str().unwrap().to_owned());
        }
        secrets.dedup();
        assert_eq!(secrets.len(), 1);
        let opened = stage.events().await.into_iter().filter(|kind| kind == "session_opened").count();
        assert_eq!(opened, 1);
    }
}

/// All of them under way at once.
async fn futures<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<_> = all.map(|one| (Box::pin(one), None)).collect();
    std::future::poll_fn(move |cx| {
        let mut open = false;
        for (one, done) in &mut waiting {
            if done.is_none() {
                match one.as_mut().poll(cx) {
                    std::task::Poll::Ready(output) => *done = Some(output),
                    std::task::Poll::Pending => open = true,
                }
            }
        }
        if open {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(waiting.drain(..).map(|(_, done)| done.unwrap()).collect())
    })
    .await
}

#[tokio::test]
async fn threat_31_a_jwt_whose_signature_was_turned_around_is_the_same_jwt() {
    // n − s is as good as s, whoever computes it (SEC 1, section 4.1.4); n is the order of P-256.
    const N: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa,
        0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    let stage = Stage::set().await;
    let token = stage.token("alice");
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = BASE64URL.decode(signature).unwrap();
    let mut borrow = 0_i16;
    for at in (0..32).rev() {
        let digit = i16::from(N[at]) - i16::from(bytes[32 + at]) - borrow;
        borrow = i16::from(digit < 0);
        bytes[32 + at] = u8::try_from(digit.rem_euclid(256)).unwrap();
    }
    let turned = format!("{message}.{}", BASE64URL.encode(&bytes));
    assert_ne!(turned, token);
    stage.exchange(&token).await.success();
    stage.service.pass(11);
    stage.exchange(&turned).await.is_problem(409, "assertion_used");
}

#[tokio::test]
async fn a_jwt_that_may_be_reused_opens_a_session_each_time_until_it_expires() {
    let stage = Stage::set_as(Setup::default(), json!({ "reuse": "until_exp" })).await;
    let token = stage.token("alice");
    let first = stage.exchange(&token).await.success().json;
    stage.service.pass(11);
    let second = stage.exchange(&token).await.success().json;
    assert_eq!(first["user"], second["user"]);
    assert_ne!(claims_of(&first["jwt"])["sid"], claims_of(&second["jwt"])["sid"]);
    stage.service.pass(600);
    stage.exchange(&token).await.is_problem(401, "assertion_invalid");
}

#[tokio::test]
async fn threat_36_an_address_in_a_jwt_finds_nobody() {
    let stage = Stage::set().await;
    let local = stage.service.sign_in("ada@example.com").await;
    let mut claims = stage.claims("alice");
    claims["email"] = json!("ada@example.com");
    claims["email_verified"] = json!(true);
    let foreign = stage.exchange(&stage.issuer.key.token(&claims)).await.success().json;
    assert_ne!(foreign["user"]["id"], local["user"]["id"]);
    assert_eq!(foreign["user"].get("email"), None);
}

#[tokio::test]
async fn a_user_is_found_again_by_issuer_and_claim_and_never_across_issuers() {
    let stage = Stage::set().await;
    let first = stage.exchange(&stage.token("alice")).await.success().json;
    let mut later = stage.claims("alice");
    later["jti"] = json!("another");
    let again = stage.exchange(&stage.issuer.key.token(&later)).await.success().json;
    assert_eq!(first["user"], again["user"]);
    let other = Issuer::start("key-1").await;
    stage.trust("other", &other.url, json!({})).await.success();
    let mut claims = stage.claims("alice");
    claims["iss"] = json!(other.url);
    let elsewhere = stage.exchange(&other.key.token(&claims)).await.success().json;
    assert_ne!(first["user"]["id"], elsewhere["user"]["id"]);
}

#[tokio::test]
async fn threat_08_a_jwt_of_one_issuer_never_passes_for_another_that_names_its_key_alike() {
    let stage = Stage::set().await;
    let other = Issuer::start("key-1").await;
    stage.trust("other", &other.url, json!({})).await.success();
    stage.exchange(&stage.token("warm")).await.success();
    let forged = other.key.token(&stage.claims("alice"));
    stage.exchange(&forged).await.is_problem(401, "assertion_invalid");
    let mut request = request(&forged);
    for name in ["corp", "other"] {
        request["issuer"] = json!(name);
        let answer = stage.service.call("POST", EXCHANGE).body(request.to_string()).send().await;
        answer.is_problem(401, "assertion_invalid");
    }
}

#[tokio::test]
async fn threat_28_an_issuer_that_the_caller_chooses_is_one_that_the_project_trusts() {
    let stage = Stage::set().await;
    let stranger = Issuer::start("key-1").await;
    let mut claims = stage.claims("alice");
    claims["iss"] = json!(stranger.url);
    let token = stranger.key.token(&claims);
    stage.exchange(&token).await.is_problem(401, "issuer_not_trusted");
    for name in [stranger.url.as_str(), "stranger", "CORP", "../corp"] {
        let mut asked = request(&token);
        asked["issuer"] = json!(name);
        let answer = stage.service.call("POST", EXCHANGE).body(asked.to_string()).send().await;
        answer.is_problem(401, "issuer_not_trusted");
    }
    let mut named = request(&stage.token("alice"));
    named["issuer"] = json!("corp");
    stage.service.call("POST", EXCHANGE).body(named.to_string()).send().await.success();
    assert_eq!(stranger.calls(), 0);
}

#[tokio::test]
async fn threat_30_a_tenant_is_matched_to_the_letter_and_not_by_a_pattern() {
    let stage = Stage::set().await;
    for near in ["/", "/other", "?x", ".evil.example"] {
        let mut claims = stage.claims("alice");
        claims["iss"] = json!(format!("{}{near}", stage.issuer.url));
        let answer = stage.exchange(&stage.issuer.key.token(&claims)).await;
        answer.is_problem(401, "issuer_not_trusted");
    }
}

#[tokio::test]
async fn threat_11_a_jwt_without_the_audience_is_refused_and_so_is_each_spoiled_claim() {
    let stage = Stage::set().await;
    let now = START.unix_seconds();
    for (claim, value) in [
        ("aud", Value::Null),
        ("aud", json!([])),
        ("aud", json!(["another-app"])),
        ("aud", json!([AUDIENCE, 1])),
        ("exp", Value::Null),
        ("exp", json!(now - 6)),
        ("exp", json!("9999999999")),
        ("nbf", json!(now + 60)),
        ("iat", json!(now + 60)),
        ("iat", json!(now - 90_000)),
        ("iat", Value::Null),
        ("sub", Value::Null),
        ("sub", json!("")),
        ("sub", json!(7)),
        ("sub", json!(["alice"])),
        ("sub", json!("x".repeat(256))),
        ("events", json!({})),
    ] {
        let mut claims = stage.claims("alice");
        match value.is_null() {
            true => drop(claims.as_object_mut().unwrap().remove(claim)),
            false => claims[claim] = value.clone(),
        }
        let answer = stage.exchange(&stage.issuer.key.token(&claims)).await;
        assert_eq!(answer.field("code"), "assertion_invalid", "{claim} {value}: {}", answer.text);
    }
    assert_eq!(stage.issuer.calls(), 0, "none of them was worth a look at the keys");
    stage.exchange(&stage.token("alice")).await.success();
}

#[tokio::test]
async fn threat_22_a_disabled_user_is_refused_and_an_issuer_that_was_removed_signs_nobody_in() {
    let stage = Stage::set().await;
    let user =
        stage.exchange(&stage.token("alice")).await.success().json["user"]["id"].as_str().unwrap().to_owned();
    let keeper = stage.service.add_server_key(10, &[Scope::UsersWrite]).await;
    stage.service.manage(&keeper, "POST", &format!("users/{user}/disable")).send().await.success();
    let mut claims = stage.claims("alice");
    claims["jti"] = json!("2");
    stage.exchange(&stage.issuer.key.token(&claims)).await.is_problem(403, "user_disabled");
    let listed = stage.service.manage(&stage.manager, "GET", "issuers").send().await.success();
    let id = listed.items("id")[0].to_owned();
    stage.service.manage(&stage.manager, "DELETE", &format!("issuers/{id}")).send().await.success();
    stage.exchange(&stage.token("bob")).await.is_problem(401, "issuer_not_trusted");
    stage.trust("corp", &stage.issuer.url, json!({})).await.success();
    stage.service.pass(11);
    stage.exchange(&stage.token("alice")).await.is_problem(409, "assertion_used");
}

#[tokio::test]
async fn a_key_that_may_not_create_users_signs_in_those_who_are_there() {
    let stage = Stage::set().await;
    let key = stage.service.add_client_key(11, Callers::Any, &[]).await;
    let asked = |token: String| {
        stage.service.call("POST", EXCHANGE).header("x-api-key", &key).body(request(&token).to_string())
    };
    asked(stage.token("alice")).send().await.is_problem(403, "scope_missing");
    stage.exchange(&stage.token("alice")).await.success();
    let mut claims = stage.claims("alice");
    claims["jti"] = json!("2");
    asked(stage.issuer.key.token(&claims)).send().await.success();
}

#[tokio::test]
async fn the_call_takes_json_or_a_form_with_the_names_of_rfc_8693() {
    let stage = Stage::set().await;
    let token = stage.token("alice");
    let form = query(&[
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token", &token),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ("issuer", ""),
    ]);
    let post = |body: String| {
        let call = stage.service.call("POST", EXCHANGE).body(body);
        call.header("content-type", "application/x-www-form-urlencoded")
    };
    post(format!("{form}&grant_type=x")).send().await.is_problem(400, "body_invalid");
    post(form.replace("token-exchange", "refresh_token")).send().await.is_problem(400, "parameter_invalid");
    post(form.replace("id_token", "saml2")).send().await.is_problem(400, "parameter_invalid");
    post(form).send().await.success();
    stage.service.call("POST", EXCHANGE).body("{}").send().await.is_problem(400, "body_invalid");
}

#[tokio::test]
async fn a_page_may_call_it_with_its_key_and_no_other_page() {
    let stage = Stage::set().await;
    let preflight =
        stage.service.call("OPTIONS", EXCHANGE).header("origin", crate::support::SHOP).send().await;
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-origin")),
        (204, Some(crate::support::SHOP))
    );
    let body = request(&stage.token("alice")).to_string();
    let call =
        |origin: &str| stage.service.call("POST", EXCHANGE).body(body.clone()).header("origin", origin);
    call("https://evil.example").send().await.is_problem(403, "origin_not_allowed");
    call(crate::support::SHOP).send().await.success();
}

#[tokio::test]
async fn a_client_that_trades_without_end_is_slowed_down_and_others_are_not() {
    let stage = Stage::set().await;
    let trade = async |number: u32, from: &str| {
        let body = request(&stage.token(&format!("user-{number}"))).to_string();
        stage.service.call("POST", EXCHANGE).body(body).from(from).send().await
    };
    for number in 0..60 {
        trade(number, "192.0.2.1:1").await.success();
    }
    let refused = trade(60, "192.0.2.1:1").await;
    assert_eq!(refused.header("retry-after"), Some("1"));
    refused.is_problem(429, "rate_limited");
    trade(61, "192.0.2.200:1").await.success();
    stage.service.pass(1);
    trade(60, "192.0.2.1:1").await.success();
}

#[tokio::test]
async fn threat_20_what_a_project_ended_is_not_opened_again_by_a_jwt_of_before() {
    let stage = Stage::set().await;
    let (before, path) = (stage.token("alice"), "projects/01010101-0101-0101-0101-010101010101/not-before");
    stage.service.pass(60);
    stage.service.manage(&stage.manager, "POST", path).send().await.success();
    stage.service.pass(2);
    stage.exchange(&before).await.is_problem(401, "assertion_invalid");
    let mut claims = stage.claims("alice");
    claims["iat"] = json!(START.unix_seconds() + 61);
    stage.exchange(&stage.issuer.key.token(&claims)).await.success();
}
