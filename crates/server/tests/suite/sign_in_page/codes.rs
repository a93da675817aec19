//! Codes: to whom they go, and for what they are traded.

use super::{ADA, Browser, CALLBACK, CHALLENGE, VERIFIER, asked, service, told, trade};
use crate::{ledger, support::query};

#[tokio::test]
async fn a_person_signs_in_by_redirect_and_the_app_gets_a_session() {
    let service = service().await;
    let mut browser = Browser::new(&service);
    let back = told(&browser.sign_in(&asked(&service.client_key, &[])).await);
    assert_eq!((&*back["state"], &*back["iss"]), ("s&t=a", "https://auth.shop.example"));
    ledger::secret(&back["code"]);
    let material = trade(&service, &service.server_key, &back["code"], VERIFIER, CALLBACK).await.success();
    assert_eq!(material.json["user"]["email"], ADA);
    assert_eq!(service.refresh(material.json["refresh"]["secret"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn threat_31_a_code_is_traded_once_and_in_parallel_for_one_session() {
    let service = service().await;
    let back = told(&Browser::new(&service).sign_in(&asked(&service.client_key, &[])).await);
    let code = &back["code"];
    let first = trade(&service, &service.client_key, code, VERIFIER, CALLBACK).await.success();
    let again = trade(&service, &service.client_key, code, VERIFIER, CALLBACK).await.success();
    assert_eq!(
        first.json["refresh"]["secret"], again.json["refresh"]["secret"],
        "a lost answer may be asked for again"
    );
    service.pass(11);
    trade(&service, &service.client_key, code, VERIFIER, CALLBACK)
        .await
        .is_problem(401, "one_time_secret_used");
}

#[tokio::test]
async fn threat_32_a_code_without_its_verifier_or_for_another_uri_is_refused_and_not_used_up() {
    let service = service().await;
    let back = told(&Browser::new(&service).sign_in(&asked(&service.client_key, &[])).await);
    let code = &back["code"];
    for (verifier, uri) in [
        ("", CALLBACK),
        ("a".repeat(43).as_str(), CALLBACK),
        (CHALLENGE, CALLBACK),
        (VERIFIER, "https://shop.example/auth/callback/"),
        (VERIFIER, "https://evil.example/"),
        (VERIFIER, ""),
    ] {
        trade(&service, &service.server_key, code, verifier, uri)
            .await
            .is_problem(401, "one_time_secret_invalid");
    }
    for broken in [&code[1..], &code.replace("amc1", "ams1"), ""] {
        trade(&service, &service.server_key, broken, VERIFIER, CALLBACK)
            .await
            .is_problem(401, "one_time_secret_invalid");
    }
    trade(&service, &service.server_key, code, VERIFIER, CALLBACK).await.success();
    service.pass(31);
    let late = told(&Browser::new(&service).sign_in(&asked(&service.client_key, &[])).await);
    service.pass(121);
    trade(&service, &service.server_key, &late["code"], VERIFIER, CALLBACK)
        .await
        .is_problem(401, "one_time_secret_expired");
}

#[tokio::test]
async fn threat_25_a_code_is_no_one_time_secret_and_a_one_time_secret_no_code() {
    let service = service().await;
    let back = told(&Browser::new(&service).sign_in(&asked(&service.client_key, &[])).await);
    service.refresh(&back["code"]).await.is_problem(401, "refresh_malformed");
    service.pass(40);
    let secret = service.one_time_secret("bob@example.com").await;
    trade(&service, &service.server_key, &secret, VERIFIER, CALLBACK)
        .await
        .is_problem(401, "one_time_secret_invalid");
}

#[tokio::test]
async fn threat_33_nobody_is_sent_to_what_is_not_registered() {
    let service = service().await;
    for uri in [
        "https://evil.example/",
        "https://shop.example/auth/callback/",
        "https://shop.example/auth/callback?x",
        "https://shop.example@evil.example/auth/callback",
        "//shop.example/auth/callback",
        "javascript:alert(1)",
    ] {
        let refused =
            Browser::new(&service).open(&asked(&service.client_key, &[("redirect_uri", Some(uri))])).await;
        assert_eq!((refused.status, refused.header("location")), (400, None), "{uri}");
        assert!(refused.text.contains("not registered"), "{}", refused.text);
    }
    for changes in
        [vec![("redirect_uri", None)], vec![("client", None)], vec![("client", Some("ck_production_x"))]]
    {
        let refused = Browser::new(&service).open(&asked(&service.client_key, &changes)).await;
        assert_eq!((refused.status, refused.header("location")), (400, None));
    }
    let by_server_key = Browser::new(&service).open(&asked(&service.server_key, &[])).await;
    assert_eq!((by_server_key.status, by_server_key.header("location")), (400, None));
    let twice = format!("/sign-in?{}&state=b", query(&asked(&service.client_key, &[])));
    assert_eq!(service.call("GET", &twice).send().await.status, 400, "a parameter comes once");
}

#[tokio::test]
async fn threat_26_state_and_challenge_are_required_and_the_app_hears_what_is_wrong() {
    let service = service().await;
    for changes in [
        vec![("state", None)],
        vec![("code_challenge", None)],
        vec![("code_challenge", Some("short"))],
        vec![("code_challenge_method", Some("plain"))],
        vec![("response_type", Some("token"))],
    ] {
        let answer = Browser::new(&service).open(&asked(&service.client_key, &changes)).await;
        let back = told(&answer);
        assert_eq!(
            (&*back["error"], &*back["iss"]),
            ("invalid_request", "https://auth.shop.example"),
            "{changes:?}"
        );
        assert!(!back.contains_key("code"));
    }
}
