//! Operator tokens, and the signing keys that only operators touch.

use crate::support::{Service, Setup};
use serde_json::{Value, json};

#[tokio::test]
async fn a_token_is_shown_once_serves_and_is_refused_within_two_seconds_of_its_end() {
    let service = Service::start().await;
    let first = service.operator().await;
    let asked = json!({ "name": "deploy", "lives_for": 3600 }).to_string();
    let made = service.manage(&first, "POST", "operator-tokens").body(asked).send().await;
    assert_eq!((made.status, made.header("cache-control")), (201, Some("no-store")), "{}", made.text);
    let token = made.field("token").to_owned();
    let listed = service.manage(&token, "GET", "operator-tokens").send().await.success();
    assert_eq!(listed.items("name"), ["tests", "deploy"]);
    assert!(!listed.text.contains("amo1_"), "{}", listed.text);

    let path = format!("operator-tokens/{}", made.field("id"));
    assert!(!service.manage(&first, "DELETE", &path).send().await.success().field("revoked_at").is_empty());
    service.pass(2);
    let refused = service.manage(&token, "GET", "projects").send().await;
    refused.is_problem(401, "operator_token_invalid");
    assert_eq!(refused.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    let unknown = "operator-tokens/08080808-0808-0808-0808-080808080808";
    service.manage(&first, "DELETE", unknown).send().await.is_problem(404, "operator_token_not_found");
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_over_whatever_is_remembered_of_it() {
    let service = Service::start_as(Setup {
        configure: |config| config.key_cache_ttl = std::time::Duration::from_secs(3600),
        ..Setup::default()
    })
    .await;
    let first = service.operator().await;
    let asked = json!({ "name": "short", "lives_for": 60 }).to_string();
    let made = service.manage(&first, "POST", "operator-tokens").body(asked).send().await.success();
    let token = made.field("token");
    service.pass(59);
    service.manage(token, "GET", "projects").send().await.success();
    service.pass(1);
    service.manage(token, "GET", "projects").send().await.is_problem(401, "operator_token_invalid");
    for asked in [r#"{"name":"x","lives_for":59}"#, r#"{"name":""}"#] {
        let call = service.manage(&first, "POST", "operator-tokens").body(asked).send().await;
        call.is_problem(400, "settings_invalid");
    }
}

#[tokio::test]
async fn signing_keys_are_listed_rotated_and_revoked_and_the_service_works_by_it_at_once() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let kid = |material: &Value| {
        let jwt = material["jwt"].as_str().unwrap();
        authmint_protocol::token::unverified::UnverifiedJwt::parse(jwt)
            .ok()
            .unwrap()
            .kid()
            .unwrap()
            .to_owned()
    };
    let before = service.sign_in("ada@example.com").await;
    let listed = service.manage(&operator, "GET", "signing-keys").send().await.success();
    assert!(
        listed.items("state").contains(&"active") && listed.items("kid").contains(&kid(&before).as_str())
    );
    assert!(!listed.text.contains("sealed") && !listed.text.contains("\"d\""), "{}", listed.text);

    let early = service.manage(&operator, "POST", "signing-keys/rotate").send().await;
    early.is_problem(409, "conflict");
    service.pass(16 * 60);
    let rotated = service.manage(&operator, "POST", "signing-keys/rotate").send().await.success();
    assert!(rotated.items("state").contains(&"retired"), "{}", rotated.text);
    let after = service.sign_in("ben@example.com").await;
    assert_ne!(kid(&after), kid(&before), "the next key signs at once");

    let published = async || service.call("GET", "/.well-known/jwks.json").send().await.text;
    assert!(published().await.contains(&kid(&after)));
    let path = format!("signing-keys/{}", kid(&after));
    let revoked = service.manage(&operator, "DELETE", &path).send().await.success();
    assert_eq!((revoked.field("kid"), revoked.field("state")), (kid(&after).as_str(), "revoked"));
    assert!(!published().await.contains(&kid(&after)), "it leaves the key set at once");
    super::profile(&service, &after).await.is_problem(401, "jwt_invalid");
    service.manage(&operator, "DELETE", &path).send().await.is_problem(409, "conflict");
    let trail = service.manage(&operator, "GET", "events?kind=signing_key_revoked").send().await.success();
    assert!(trail.items("actor")[0].starts_with("operator_token:"), "{}", trail.text);
    for unknown in ["no-such-key", "..%2Fusers", "%00"] {
        let path = format!("signing-keys/{unknown}");
        service.manage(&operator, "DELETE", &path).send().await.is_problem(404, "signing_key_not_found");
    }
}

#[tokio::test]
async fn an_algorithm_that_a_project_asks_for_signs_at_once() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let asked = json!({ "settings": { "signing_algorithm": "EdDSA" } }).to_string();
    let path = format!("projects/{}", super::SHOP);
    service.manage(&operator, "PATCH", &path).body(asked).send().await.success();
    assert!(service.call("GET", "/.well-known/jwks.json").send().await.text.contains("Ed25519"));
    service.pass(2);
    let jwt = service.sign_in("ada@example.com").await["jwt"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {jwt}");
    let own = service.call("GET", crate::support::USER).header("authorization", &bearer).send().await;
    assert_eq!(own.status, 200, "{}", own.text);
}
