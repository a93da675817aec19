//! What a sign-in by redirect is held against.

use super::{
    Answer,
    fields::{Fields, INVALID},
};
use authmint_protocol::{pkce, redirect};
use serde_json::json;

/// Whether a redirect may go there.
pub(super) fn redirect_allowed(fields: &Fields<'_>) -> Answer {
    let list = fields.list("allowlist")?.iter().map(|uri| uri.as_str().map(str::to_owned).ok_or(INVALID));
    let list = list.collect::<Result<Vec<_>, _>>()?;
    redirect::check(&list, fields.text("candidate")?).map(|()| json!(true)).map_err(|refused| refused.code())
}

/// Whether a verifier answers a challenge.
pub(super) fn pkce_verify(fields: &Fields<'_>) -> Answer {
    let [challenge, method, verifier] =
        [fields.text("challenge")?, fields.text("method")?, fields.text("verifier")?];
    pkce::verify(challenge, method, verifier).map(|()| json!(true)).map_err(|refused| refused.code())
}

#[cfg(test)]
mod tests {
    use crate::conform::tests::ask_one;
    use serde_json::{Value, json};

    #[test]
    fn the_published_redirect_uris_are_refused_but_for_the_registered_ones() {
        let vectors: Value =
            serde_json::from_str(include_str!("../../../vectors/redirect/redirect-uri.json")).unwrap();
        let allowlist = &vectors["allowlist"];
        for case in vectors["cases"].as_array().unwrap() {
            let candidate = &case["candidate"];
            let question =
                json!({ "id": 1, "fn": "redirect_allowed", "allowlist": allowlist, "candidate": candidate });
            let expected = if case["expect"] == "allow" {
                Ok(json!(true))
            } else {
                Err("redirect_not_allowed".to_owned())
            };
            assert_eq!(ask_one(&question), expected, "{candidate}");
        }
    }

    #[test]
    fn a_verifier_answers_its_challenge_by_s256_alone() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        let ask = |method: &str, verifier: &str| {
            ask_one(
                &json!({ "id": 1, "fn": "pkce_verify", "challenge": challenge, "method": method, "verifier": verifier }),
            )
        };
        assert_eq!(ask("S256", verifier), Ok(json!(true)));
        assert_eq!(ask("plain", challenge), Err("pkce_method_not_allowed".into()));
        assert_eq!(ask("S256", challenge), Err("pkce_mismatch".into()));
        assert_eq!(ask("S256", "short"), Err("pkce_verifier_malformed".into()));
    }
}
