use super::{AUDIENCE, Stage, server::Manner};
use crate::support::{Service, Setup};
use authmint_domain::model::project::Scope;
use serde_json::{Value, json};

#[tokio::test]
async fn issuers_are_added_listed_shown_and_removed_with_a_line_each_in_the_audit_trail() {
    let stage = Stage::set().await;
    let (service, manager) = (&stage.service, &stage.manager);
    let listed = service.manage(manager, "GET", "issuers").send().await.success();
    let id = listed.items("id")[0].to_owned();
    let shown = service.manage(manager, "GET", &format!("issuers/{id}")).send().await.success();
    assert_eq!(shown.json["terms"]["issuer"], stage.issuer.url);
    assert_eq!(shown.json["terms"]["audience"], json!([AUDIENCE]));
    stage.trust("corp", "https://other.example", json!({})).await.is_problem(409, "conflict");
    service.manage(manager, "DELETE", &format!("issuers/{id}")).send().await.success();
    service
        .manage(manager, "DELETE", &format!("issuers/{id}"))
        .send()
        .await
        .is_problem(404, "issuer_unknown");
    service.manage(manager, "GET", "issuers/x").send().await.is_problem(404, "issuer_unknown");
    assert_eq!(stage.events().await, ["issuer_removed", "issuer_added"]);
}

#[tokio::test]
async fn every_fault_of_what_is_asked_for_is_named_at_once() {
    let stage = Stage::set().await;
    let asked =
        json!({ "audience": [], "algorithms": ["HS256"], "leeway": 301, "max_age": 0, "user_id_claim": "" });
    let refused = stage.trust("No Name", "not a url", asked).await;
    for word in ["name", "audience", "algorithms", "leeway", "max_age", "user_id_claim", "jwks_uri"] {
        assert!(refused.field("message").contains(word), "{word}: {}", refused.text);
    }
    refused.is_problem(400, "settings_invalid");
    let both = json!({ "any_audience": true });
    stage.trust("both", "https://other.example", both).await.is_problem(400, "settings_invalid");
    let unknown = json!({ "reuse": "always" });
    stage.trust("reuse", "https://other.example", unknown).await.is_problem(400, "settings_invalid");
}

#[tokio::test]
async fn threat_48_an_issuer_in_a_private_network_is_refused_when_it_is_added() {
    let service = Service::start_as(Setup { production: true, ..Setup::default() }).await;
    let manager = service.add_server_key(9, &[Scope::ProjectWrite]).await;
    for (issuer, jwks_uri) in [
        ("http://login.example", None),
        ("http://127.0.0.1:8080", None),
        ("https://127.0.0.1", None),
        ("https://10.0.0.1", None),
        ("https://[::1]", None),
        ("https://login.example", Some("https://169.254.169.254/keys")),
        ("https://login.example", Some("http://login.example/keys")),
        ("urn:corp", Some("file:///etc/passwd")),
    ] {
        let asked = json!({ "name": "x", "issuer": issuer, "jwks_uri": jwks_uri, "audience": ["a"] });
        let answer = service.manage(&manager, "POST", "issuers").body(asked.to_string()).send().await;
        answer.is_problem(400, "settings_invalid");
    }
    let asked = json!({ "name": "x", "issuer": "https://login.example", "audience": ["a"] });
    service.manage(&manager, "POST", "issuers").body(asked.to_string()).send().await.success();
}

#[tokio::test]
async fn an_issuer_is_managed_within_the_scope_project_write_and_by_operators() {
    let stage = Stage::set().await;
    let (service, body) =
        (&stage.service, json!({ "name": "n", "issuer": "https://i.example", "audience": ["a"] }));
    let add = |credential: String, query: &str| {
        service.manage(&credential, "POST", &format!("issuers{query}")).body(body.to_string())
    };
    add(service.client_key.clone(), "").send().await.is_problem(403, "server_key_required");
    add(service.server_key.clone(), "").send().await.is_problem(403, "scope_missing");
    let operator = service.operator().await;
    add(operator.clone(), "").send().await.is_problem(400, "parameter_invalid");
    add(operator, "?project_id=01010101-0101-0101-0101-010101010101").send().await.success();
}

fn rule<'r>(report: &'r Value, name: &str) -> &'r Value {
    report["rules"].as_array().unwrap().iter().find(|row| row["rule"] == name).unwrap()
}

#[tokio::test]
async fn a_jwt_is_held_against_every_rule_and_nothing_of_it_is_used_up_or_shown() {
    let stage = Stage::set().await;
    let test = async |token: &str| {
        let body = json!({ "token": token }).to_string();
        let answer =
            stage.service.manage(&stage.manager, "POST", "issuers/test").body(body).send().await.success();
        assert!(!answer.text.contains(token), "a report never holds the JWT");
        answer.json
    };
    let token = stage.token("alice");
    let sound = test(&token).await;
    assert_eq!((&sound["accepted"], &sound["name"]), (&json!(true), &json!("corp")));
    let order: Vec<_> =
        sound["rules"].as_array().unwrap().iter().map(|row| row["rule"].as_str().unwrap()).collect();
    let rules = ["shape", "algorithm", "key", "signature", "issuer", "audience", "times", "claim", "replay"];
    assert_eq!(order, rules);
    stage.exchange(&token).await.success();
    let used = test(&token).await;
    assert_eq!((&used["accepted"], &rule(&used, "replay")["passed"]), (&json!(false), &json!(false)));

    let mut claims = stage.claims("bob");
    claims["aud"] = json!("another-app");
    claims["exp"] = json!(1);
    claims["sub"] = json!(7);
    let spoiled = test(&stage.issuer.key.token(&claims)).await;
    for broken in ["audience", "times", "claim"] {
        let row = rule(&spoiled, broken);
        assert_eq!(row["passed"], false, "{broken}");
        assert!(row["change"].as_str().unwrap().contains(' '), "says what to change: {row}");
    }
    for kept in ["shape", "algorithm", "key", "signature", "issuer", "replay"] {
        assert_eq!(rule(&spoiled, kept)["passed"], true, "{kept}");
    }
}

#[tokio::test]
async fn a_test_says_that_the_keys_cannot_be_had_and_all_the_rest() {
    let stage = Stage::set().await;
    stage.issuer.behaves(Manner::Garbage);
    let listed = stage.service.manage(&stage.manager, "GET", "issuers").send().await.success();
    let path = format!("issuers/{}/test", listed.items("id")[0]);
    let body = json!({ "token": stage.token("alice") }).to_string();
    let report = stage.service.manage(&stage.manager, "POST", &path).body(body).send().await.success().json;
    assert_eq!(rule(&report, "key")["passed"], false);
    assert_eq!(rule(&report, "signature")["passed"], Value::Null);
    assert_eq!(rule(&report, "audience")["passed"], true);
    let body = json!({ "token": "no.jwt" }).to_string();
    let report = stage.service.manage(&stage.manager, "POST", &path).body(body).send().await.success().json;
    assert_eq!(rule(&report, "shape")["passed"], false);
    assert_eq!(report["accepted"], false);
    let mut claims = stage.claims("alice");
    claims["iss"] = json!("https://stranger.example");
    for (token, broken) in [("no.jwt".to_owned(), "shape"), (stage.issuer.key.token(&claims), "issuer")] {
        let body = json!({ "token": token }).to_string();
        let answer =
            stage.service.manage(&stage.manager, "POST", "issuers/test").body(body).send().await.success();
        assert_eq!(
            (&answer.json["issuer_id"], &rule(&answer.json, broken)["passed"]),
            (&Value::Null, &json!(false))
        );
    }
}
