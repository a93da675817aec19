//! JWTs of issuers of others.

use super::{
    Answer,
    fields::{Fields, INVALID, MISSING},
    token,
};
use authmint_protocol::{
    issuer::{IssuerTerms, Rules},
    time::Timestamp,
    token::native,
};
use serde_json::{Value, json};

/// Fields of the question that are none of a preset.
const OWN: [&str; 12] = [
    "id",
    "fn",
    "token",
    "jwks",
    "now",
    "preset",
    "issuer",
    "jwks_uri",
    "audience",
    "user_id_claim",
    "algorithms",
    "leeway",
];

/// The user whom a JWT of another issuer names.
pub(super) fn issuer_jwt_verify(fields: &Fields<'_>) -> Answer {
    let keys = token::key_set(fields)?;
    let rules = Rules::of(&terms(fields)?).map_err(|_| "terms_invalid")?;
    let now = fields.optional("now").ok_or(MISSING)?.as_i64().ok_or(INVALID)?;
    let token = fields.value("token")?.as_str().unwrap_or_default();
    native::verify_foreign(token, &keys, &rules, Timestamp::from_unix_seconds(now))
        .map(|verified| json!({ "user_id": verified.subject, "claims": verified.claims }))
        .map_err(|error| error.code())
}

fn terms(fields: &Fields<'_>) -> Result<IssuerTerms, &'static str> {
    let text = |name: &str| match fields.optional(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(INVALID),
    };
    let list = |name: &str| match fields.optional(name) {
        Some(Value::String(one)) => Ok::<_, &str>(vec![one.clone()]),
        _ => Ok(fields.texts(name)?.unwrap_or_default().into_iter().map(str::to_owned).collect()),
    };
    let mut terms = IssuerTerms {
        preset: text("preset")?,
        issuer: text("issuer")?,
        // Nothing is fetched here, so an issuer by hand need not say where its keys are.
        jwks_uri: text("jwks_uri")?,
        audience: list("audience")?,
        user_id_claim: text("user_id_claim")?,
        algorithms: list("algorithms")?,
        leeway: fields.seconds("leeway")?,
        ..IssuerTerms::default()
    };
    if terms.preset.is_none() && terms.jwks_uri.is_none() {
        terms.jwks_uri = Some("https://localhost/".to_owned());
    }
    for (name, value) in fields.0.iter().filter(|(name, _)| !OWN.contains(&name.as_str())) {
        terms.fields.insert(name.clone(), value.as_str().ok_or(INVALID)?.to_owned());
    }
    Ok(terms)
}

#[cfg(test)]
mod tests {
    use crate::conform::tests::ask_one;
    use serde_json::{Value, json};

    fn samples() -> Vec<Value> {
        serde_json::from_str(include_str!("../../../vectors/issuers/samples.json")).unwrap()
    }

    fn question(sample: &Value, token: &Value) -> Value {
        let mut question = sample["terms"].clone();
        for (name, value) in [
            ("id", &json!(1)),
            ("fn", &json!("issuer_jwt_verify")),
            ("token", token),
            ("jwks", &sample["jwks"]),
            ("now", &sample["now"]),
        ] {
            question[name] = value.clone();
        }
        question
    }

    #[test]
    fn every_preset_takes_what_its_issuer_documents_and_nothing_spoiled() {
        let samples = samples();
        let mut names: Vec<_> =
            samples.iter().map(|sample| sample["terms"]["preset"].as_str().unwrap()).collect();
        names.sort_unstable();
        let mut known = authmint_protocol::issuer::preset::PRESETS.map(|preset| preset.name);
        known.sort_unstable();
        assert_eq!(names, known, "a sample for each preset");
        for sample in &samples {
            let preset = &sample["terms"]["preset"];
            let verified = ask_one(&question(sample, &sample["valid"])).unwrap();
            assert_eq!(verified["user_id"], sample["user"], "{preset}");
            let spoiled = sample["spoiled"].as_array().unwrap();
            assert!(spoiled.len() > 40, "{preset}");
            for case in spoiled {
                let refused = ask_one(&question(sample, &case["token"])).unwrap_err();
                assert_eq!(json!(refused), case["error"], "{preset}: {}", case["what"]);
            }
        }
    }

    #[test]
    fn threat_8_a_token_of_one_issuer_never_passes_for_another() {
        let samples = samples();
        for one in &samples {
            for other in samples.iter().filter(|other| other["terms"] != one["terms"]) {
                // Even under the other's own keys: the names of their keys are equal.
                assert!(ask_one(&question(one, &other["valid"])).is_err());
                let mut under_its_keys = question(one, &other["valid"]);
                under_its_keys["jwks"] = other["jwks"].clone();
                assert!(ask_one(&under_its_keys).is_err(), "{} for {}", other["terms"], one["terms"]);
            }
        }
    }

    #[test]
    fn an_issuer_by_hand_names_the_user_by_the_claim_that_it_was_told() {
        let sample = &samples()[0];
        let by_hand = json!({
            "id": 1, "fn": "issuer_jwt_verify", "token": sample["valid"], "jwks": sample["jwks"], "now": sample["now"],
            "issuer": "https://shop.eu.auth0.com/", "audience": "https://api.shop.example",
        });
        let ask = |changes: Value| {
            let mut question = by_hand.clone();
            for (name, value) in changes.as_object().unwrap() {
                question[name] = value.clone();
            }
            ask_one(&question).map(|value| value["user_id"].clone())
        };
        assert_eq!(ask(json!({})).unwrap(), sample["user"]);
        assert_eq!(ask(json!({ "user_id_claim": "azp" })).unwrap(), "my_client_id");
        assert_eq!(ask(json!({ "user_id_claim": "aud" })).unwrap_err(), "claim_invalid");
        assert_eq!(ask(json!({ "user_id_claim": "uid" })).unwrap_err(), "claim_missing");
        assert_eq!(ask(json!({ "algorithms": ["ES256"] })).unwrap_err(), "alg_not_allowed");
        assert_eq!(ask(json!({ "audience": ["x", "https://api.shop.example"] })).unwrap(), sample["user"]);
        let late = sample["now"].as_i64().unwrap() + 3602;
        assert_eq!(ask(json!({ "now": late })).unwrap(), sample["user"], "within the leeway");
        assert_eq!(ask(json!({ "now": late, "leeway": 0 })).unwrap_err(), "jwt_expired");
        for broken in
            [json!({ "audience": [] }), json!({ "preset": "auth1" }), json!({ "domain": "x.example" })]
        {
            assert_eq!(ask(broken).unwrap_err(), "terms_invalid");
        }
    }
}
