use super::{
    Stage,
    server::{Issuer, Key, Manner},
};
use crate::support::Setup;
use serde_json::json;

#[tokio::test]
async fn a_new_key_of_the_issuer_is_found_and_unknown_ones_cost_one_look_in_thirty_seconds() {
    let stage = Stage::set().await;
    stage.exchange(&stage.token("alice")).await.success();
    assert_eq!(stage.issuer.calls(), 2, "discovery and key set");
    stage.service.pass(30);
    let next = Key::new("key-2");
    stage.issuer.publishes(vec![stage.issuer.key.jwk(), next.jwk()]);
    stage.exchange(&next.token(&stage.claims("bob"))).await.success();
    assert_eq!(stage.issuer.calls(), 4);
    for number in 0..1000 {
        let stranger = json!({ "alg": "ES256", "kid": format!("made-up-{number}") });
        let token = stage.issuer.key.sign(&stranger, &stage.claims("eve"));
        stage.exchange(&token).await.is_problem(401, "assertion_invalid");
    }
    assert_eq!(stage.issuer.calls(), 4, "the last look was a moment ago");
    stage.service.pass(30);
    let token = stage.issuer.key.sign(&json!({ "alg": "ES256", "kid": "made-up" }), &stage.claims("eve"));
    stage.exchange(&token).await.is_problem(401, "assertion_invalid");
    assert_eq!(stage.issuer.calls(), 6);
}

#[tokio::test]
async fn an_issuer_that_is_out_of_reach_signs_in_whom_its_known_keys_sign_for_a_day() {
    let stage = Stage::set_as(Setup::default(), json!({ "max_age": 600_000 })).await;
    let mut claims = stage.claims("alice");
    claims["exp"] = json!(crate::support::START.unix_seconds() + 200_000);
    let token = |jti: u32| {
        let mut claims = claims.clone();
        claims["jti"] = json!(jti);
        stage.issuer.key.token(&claims)
    };
    stage.exchange(&token(1)).await.success();
    stage.issuer.behaves(Manner::Fails);
    stage.service.pass(80_000);
    stage.exchange(&token(2)).await.success();
    stage.service.pass(7_000);
    stage.exchange(&token(3)).await.is_problem(503, "issuer_unavailable");
    stage.issuer.behaves(Manner::Well);
    stage.service.pass(30);
    stage.exchange(&token(3)).await.success();
}

#[tokio::test]
async fn threat_48_a_hostile_issuer_gets_nobody_in_and_makes_the_service_call_nobody_else() {
    let canary = Issuer::start("canary").await;
    for manner in [
        Manner::Garbage,
        Manner::Redirects(format!("{}/keys", canary.url)),
        Manner::Redirects("http://169.254.169.254/latest/meta-data".to_owned()),
        Manner::Megabyte,
        Manner::Fails,
        Manner::Renamed,
    ] {
        let stage = Stage::set().await;
        stage.issuer.behaves(manner);
        let refused = stage.exchange(&stage.token("alice")).await;
        refused.is_problem(503, "issuer_unavailable");
        assert!(!refused.text.contains("169.254"), "{}", refused.text);
        assert!(stage.issuer.calls() <= 2);
    }
    assert_eq!(canary.calls(), 0);
}

#[tokio::test]
async fn threat_48_an_issuer_that_stalls_stalls_nobody_elses_users() {
    let stage = Stage::set().await;
    let other = Issuer::start("key-1").await;
    stage.trust("other", &other.url, json!({})).await.success();
    stage.issuer.behaves(Manner::Stalls);
    let (stalled, token) = (stage.token("alice"), {
        let mut claims = stage.claims("bob");
        claims["iss"] = json!(other.url);
        other.key.token(&claims)
    });
    tokio::select! {
        biased;
        answer = stage.exchange(&stalled) => panic!("it answered first: {}", answer.text),
        answer = stage.exchange(&token) => drop(answer.success()),
    }
}

#[tokio::test]
async fn threat_48_nothing_in_a_jwt_is_an_address_to_call() {
    let (stage, canary) = (Stage::set().await, Issuer::start("canary").await);
    stage.exchange(&stage.token("warm")).await.success();
    stage.service.pass(31);
    let evil = Key::new("evil");
    let url = format!("{}/keys", canary.url);
    for header in [
        json!({ "alg": "ES256", "kid": url }),
        json!({ "alg": "ES256", "kid": "evil", "jku": url }),
        json!({ "alg": "ES256", "kid": "evil", "x5u": url }),
        json!({ "alg": "ES256", "kid": "key-1", "jwk": evil.jwk() }),
        json!({ "alg": "ES256", "jku": url, "jwk": evil.jwk() }),
        json!({ "alg": "none" }),
        json!({ "alg": "HS256", "kid": "key-1" }),
        json!({ "alg": "ES512", "kid": "key-1" }),
        json!({ "alg": "ES256", "kid": "key-1", "crit": ["b64"], "b64": false }),
        json!({ "alg": "ES256", "kid": "key-1", "typ": "logout+jwt" }),
    ] {
        let answer = stage.exchange(&evil.sign(&header, &stage.claims("eve"))).await;
        answer.is_problem(401, "assertion_invalid");
    }
    assert_eq!(canary.calls(), 0);
}

#[tokio::test]
async fn threat_09_what_is_known_of_an_issuer_is_known_under_its_address_too() {
    let stage = Stage::set().await;
    stage.exchange(&stage.token("alice")).await.success();
    let liar = Issuer::start("key-1").await;
    // The same issuer under another name, with its keys elsewhere: nothing is shared between the two.
    let terms = json!({ "jwks_uri": format!("{}/keys", liar.url), "audience": ["another-app"] });
    stage.trust("second", &stage.issuer.url, terms).await.success();
    let mut claims = stage.claims("alice");
    claims["aud"] = json!("another-app");
    stage.exchange(&stage.issuer.key.token(&claims)).await.is_problem(401, "assertion_invalid");
    stage.exchange(&liar.key.token(&claims)).await.success();
    stage.exchange(&liar.key.token(&stage.claims("alice"))).await.is_problem(401, "assertion_invalid");
}
