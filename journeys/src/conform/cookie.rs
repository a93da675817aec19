//! Cookies.

use super::{
    Answer,
    fields::{Fields, INVALID},
};
use authmint_protocol::cookie::{
    self, AuthCookie, CookieNames, CookieOptions, CookiePair, CookiePolicy, Expiry, Scope, is_loopback_host,
};
use serde::Deserialize as _;
use serde_json::json;

/// The pair that a request's cookies hold: the scoped one before the plain one.
pub(super) fn parse_cookie_header(fields: &Fields<'_>) -> Answer {
    let header = match fields.optional_text("header")? {
        Some(header) => header.as_bytes().to_vec(),
        None => fields.hex("header_hex")?,
    };
    let scoped = match fields.optional_text("project_id")? {
        Some(project) => Some(("scoped", CookieNames::scoped(project.parse().map_err(|_| INVALID)?))),
        None => None,
    };
    let candidates = scoped.into_iter().chain([("plain", CookieNames::plain(""))]);
    let found = candidates
        .map(|(pair, names)| (pair, CookiePair::read([&header[..]], &names)))
        .find(|(_, pair)| !pair.is_empty());
    let pair = found.as_ref().map(|(_, pair)| *pair).unwrap_or_default();
    Ok(json!({ "jwt": pair.jwt, "refresh": pair.refresh_token, "pair": found.map(|(name, _)| name) }))
}

/// A `Set-Cookie` value as the SDK would write it.
pub(super) fn write_set_cookie(fields: &Fields<'_>) -> Answer {
    let (name, value, host) = (fields.text("name")?, fields.text("value")?, fields.text("host")?);
    let options = match fields.optional("options") {
        Some(options) => CookieOptions::deserialize(options).map_err(|_| "cookie_options_invalid")?,
        None => CookieOptions::default(),
    };
    let policy = CookiePolicy::new(options).map_err(|_| "cookie_options_invalid")?;
    let (kind, scope) = role(name, policy.names());
    let attributes = policy.attributes(kind, scope, is_loopback_host(host));
    cookie::set_cookie(name, value, &attributes, Expiry::Session)
        .map(|text| json!(text))
        .map_err(|_| "cookie_invalid")
}

/// Which of our cookies a name stands for; any other name is treated as the more careful of the plain two.
fn role(name: &str, plain: &CookieNames) -> (AuthCookie, Scope) {
    let is_scoped = |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'));
    if is_scoped(cookie::JWT) {
        (AuthCookie::Jwt, Scope::Scoped)
    } else if is_scoped(cookie::REFRESH_TOKEN) {
        (AuthCookie::RefreshToken, Scope::Scoped)
    } else if name == plain.jwt || name == cookie::JWT {
        (AuthCookie::Jwt, Scope::Plain)
    } else {
        (AuthCookie::RefreshToken, Scope::Plain)
    }
}

#[cfg(test)]
mod tests {
    use crate::conform::tests::ask_one;
    use serde_json::{Value, json};

    #[test]
    fn the_scoped_pair_comes_first_and_a_value_keeps_its_equal_signs() {
        let project = "dfb06708-a46f-4615-bd34-f614ae284e7b";
        let header = format!("crossmint-jwt=a=b; crossmint-jwt-{project}=c; crossmint-refresh-token=r");
        let parse = |extra: Value| {
            let mut question = json!({ "id": 1, "fn": "parse_cookie_header", "header": header });
            question.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            ask_one(&question).unwrap()
        };
        assert_eq!(parse(json!({})), json!({ "jwt": "a=b", "refresh": "r", "pair": "plain" }));
        let scoped = json!({ "jwt": "c", "refresh": null, "pair": "scoped" });
        assert_eq!(parse(json!({ "project_id": project })), scoped);
        let hex = json!({ "id": 1, "fn": "parse_cookie_header", "header_hex": "613d62" });
        assert_eq!(ask_one(&hex).unwrap(), json!({ "jwt": null, "refresh": null, "pair": null }));
    }

    #[test]
    fn a_cookie_is_written_by_its_role_and_options() {
        let write = |name: &str, options: Value| {
            ask_one(
                &json!({ "id": 1, "fn": "write_set_cookie", "name": name, "value": "v", "options": options, "host": "app.example" }),
            )
        };
        let refresh = write("crossmint-refresh-token", json!({})).unwrap();
        for attribute in ["crossmint-refresh-token=v", "; Path=/", "; HttpOnly", "; Secure", "; SameSite=Lax"]
        {
            assert!(refresh.as_str().unwrap().contains(attribute), "{refresh}");
        }
        assert!(!write("crossmint-jwt", json!({})).unwrap().as_str().unwrap().contains("HttpOnly"));
        let insecure = json!({ "sameSite": "None", "secure": false });
        assert_eq!(write("crossmint-jwt", insecure), Err("cookie_options_invalid".into()));
        assert_eq!(write("a b", json!({})), Err("cookie_invalid".into()));
    }
}
