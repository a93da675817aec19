//! JSONTestSuite, for the JSON of header and claims.
//!
//! The rule: a file named `n_` is refused, both as the whole claims and as the value of one claim. A file named `y_` is
//! accepted as the value of one claim, and as the whole claims too if it is an object; the two in which a name is
//! repeated are refused, which is stricter than JSON. A file named `i_` may go either way, but never panics.

use super::*;
use base64::engine::general_purpose::STANDARD;

fn file(packed: &Value) -> Vec<u8> {
    let decode = |value: &Value| STANDARD.decode(text(value)).unwrap();
    match packed.get("unit") {
        None => decode(packed),
        Some(unit) => {
            let times = usize::try_from(packed["times"].as_u64().unwrap()).unwrap();
            [decode(unit).repeat(times), decode(&packed["tail"])].concat()
        }
    }
}

fn reads(bytes: &[u8]) -> bool {
    super::super::json::parse_object(bytes).is_some()
}

#[test]
fn every_file_is_answered_by_the_rule() {
    let (mut refused, mut accepted, mut objects, mut repeated) = (0, 0, 0, 0);
    for (path, packed) in vectors("json/JSONTestSuite.json").as_object().unwrap() {
        let (bytes, name) = (file(packed), path.rsplit_once('/').unwrap().1);
        let whole = reads(&bytes);
        let embedded = reads(&[br#"{"claim":"#, &bytes[..], b"}"].concat());
        if name.starts_with("n_") {
            assert_eq!((whole, embedded), (false, false), "{name}");
            refused += 1;
        } else if name.contains("duplicated_key") {
            assert_eq!((whole, embedded), (false, false), "{name}");
            repeated += 1;
        } else if name.starts_with("y_") {
            assert!(embedded, "{name}");
            let object = bytes.trim_ascii_start().starts_with(b"{");
            assert_eq!(whole, object, "{name}");
            accepted += 1;
            objects += usize::from(object);
        }
    }
    assert_eq!((refused, accepted, objects, repeated), (188, 93, 10, 2));
}

#[test]
fn a_header_or_claims_of_refused_json_are_a_refused_token() {
    let signer = signer();
    let mut refused = 0;
    for (path, packed) in vectors("json/JSONTestSuite.json").as_object().unwrap() {
        let bytes = file(packed);
        // Longer ones are refused for their length.
        if !path.contains("/n_") || bytes.len() > 8000 {
            continue;
        }
        let with = |json: &[u8]| [br#"{"alg":"ES256","kid":"a","x":"#, json, b"}"].concat();
        let input = format!("{}.{}", BASE64URL.encode(with(&bytes)), BASE64URL.encode(claims().to_string()));
        let token = format!("{input}.{}", BASE64URL.encode([1; 64]));
        assert_eq!(signer.verify(&token).unwrap_err().code(), "jwt_malformed", "{path} in the header");
        let mut body = claims().to_string().into_bytes();
        body.pop();
        let token = signer
            .sign_bytes(r#"{"alg":"ES256","kid":"a"}"#, &[&body[..], br#","x":"#, &bytes, b"}"].concat());
        assert_eq!(signer.verify(&token).unwrap_err().code(), "jwt_malformed", "{path} in the claims");
        refused += 1;
    }
    assert_eq!(refused, 186);
}
