//! What terms make which rules; the rules themselves are held against the samples of `vectors/issuers` in `journeys`.

use super::{IssuerTerms, KeyPlace, Rules, preset::PRESETS};

fn faults(terms: &IssuerTerms) -> Vec<String> {
    Rules::of(terms).err().unwrap_or_default().into_iter().map(|fault| fault.setting).collect()
}

#[test]
fn every_preset_says_what_it_needs_and_where_it_was_read() {
    for preset in PRESETS {
        let missing = faults(&IssuerTerms::preset(preset.name));
        for field in preset.fields {
            assert!(missing.iter().any(|setting| setting == field.name), "{}: {}", preset.name, field.name);
        }
        assert_eq!(
            preset.audience.is_empty(),
            missing.iter().any(|setting| setting == "audience"),
            "{}",
            preset.name
        );
        assert!(preset.source.starts_with("https://") && !preset.algorithms.is_empty());
    }
}

#[test]
fn a_field_can_break_out_of_no_url() {
    let auth0 = |domain: &str| faults(&IssuerTerms::preset("auth0").field("domain", domain).audience("a"));
    assert_eq!(auth0("shop.eu.auth0.com"), [""; 0]);
    for broken in [
        "",
        "shop",
        "https://shop.auth0.com",
        "shop.auth0.com/",
        "shop.auth0.com:1",
        "a@shop.auth0.com",
        "Shop.auth0.com",
        "shop..com",
        "-a.com",
        "shop.auth0.com#",
        "shop.auth0.com?x",
        "{domain}.com",
        " shop.auth0.com",
        "a\\b.com",
    ] {
        assert_eq!(auth0(broken), ["domain"], "{broken}");
    }
    let privy = |id: &str| faults(&IssuerTerms::preset("privy").field("app_id", id));
    assert_eq!(privy("clpispdty00ycl80fpueukbhl"), [""; 0]);
    for broken in ["", "a/b", "..", "a.b", "a%2fb", "{app_id}", "ä", &"a".repeat(129)] {
        assert_eq!(privy(broken), ["app_id"], "{broken}");
    }
    let stytch = |id: &str| faults(&IssuerTerms::preset("stytch").field("project_id", id));
    assert_eq!((stytch("project-live-1"), stytch("project-1")), (vec![], vec!["project_id".to_owned()]));
}

#[test]
fn what_is_given_takes_the_place_of_what_the_preset_says() {
    let terms = IssuerTerms::preset("dynamic").field("environment_id", "e1").audience("https://shop.example");
    let rules = Rules::of(&terms).unwrap();
    assert_eq!(rules.issuer(), "app.dynamic.xyz/e1");
    assert_eq!(rules.keys().url(), "https://app.dynamic.xyz/api/v0/sdk/e1/.well-known/jwks");
    let own = IssuerTerms { issuer: Some("app.dynamicauth.com/e1".into()), ..terms.clone() };
    assert_eq!(Rules::of(&own).unwrap().issuer(), "app.dynamicauth.com/e1");
    let claim = terms.user_id_claim("environment_id").jwks_uri("https://keys.example/k");
    let rules = Rules::of(&claim).unwrap();
    assert_eq!((rules.user_id_claim(), rules.keys().url()), ("environment_id", "https://keys.example/k"));
}

#[test]
fn an_issuer_by_hand_is_discovered_or_says_where_its_keys_are() {
    let rules = Rules::of(&IssuerTerms::new("https://id.example/t/", "app")).unwrap();
    let discovery = "https://id.example/t/.well-known/openid-configuration".to_owned();
    assert_eq!(rules.keys(), &KeyPlace::Discovery(discovery));
    assert_eq!(faults(&IssuerTerms::new("privy.io", "app")), ["jwks_uri"]);
    assert_eq!(
        faults(&IssuerTerms::new("https://id.example", "app").jwks_uri("http://id.example/k")),
        ["jwks_uri"]
    );
}

#[test]
fn every_fault_is_told_at_once() {
    let terms = IssuerTerms {
        preset: Some("auth0".into()),
        audience: vec![String::new()],
        any_audience: true,
        user_id_claim: Some(String::new()),
        algorithms: vec!["HS256".into()],
        leeway: Some(301),
        max_age: Some(0),
        jwks_uri: Some("ftp://x".into()),
        ..IssuerTerms::default()
    }
    .field("dmain", "x");
    assert_eq!(
        faults(&terms),
        [
            "dmain",
            "domain",
            "jwks_uri",
            "audience",
            "any_audience",
            "user_id_claim",
            "algorithms",
            "leeway",
            "max_age"
        ]
    );
    assert_eq!(faults(&IssuerTerms::preset("auth1")), ["preset", "issuer", "jwks_uri", "audience"]);
    assert_eq!(faults(&IssuerTerms::new("https://x.example", "a").field("domain", "x.example")), ["domain"]);
}

#[test]
fn threat_11_no_audience_is_a_fault_unless_it_was_switched_off_by_name() {
    let without = IssuerTerms { audience: vec![], ..IssuerTerms::new("https://id.example", "") };
    assert_eq!(faults(&without), ["audience"]);
    let off = IssuerTerms { any_audience: true, ..without };
    assert!(Rules::of(&off).unwrap().audience().is_none());
}
