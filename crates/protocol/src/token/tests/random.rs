//! Whatever bytes come, an answer comes back.

use super::*;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gets_an_answer(text in "\\PC*", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let keys = KeySet::default();
        prop_assert!(super::super::begin(&text, &keys, &Algorithm::ALL).is_err());
        let parts = format!("{}.{}.{}", BASE64URL.encode(&bytes), text, BASE64URL.encode(&bytes));
        prop_assert!(super::super::begin(&parts, &keys, &Algorithm::ALL).is_err());
        let _ = KeySet::parse(&bytes);
        let _ = crate::api_key::ApiKey::parse(&text);
        let _ = crate::api_key::ApiKey::parse(&format!("ck_staging_{text}"));
    }

    #[test]
    fn any_change_of_a_token_is_refused(at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let signer = Signer::new("a", "b");
        let mut token = signer.sign(&claims()).into_bytes();
        let at = at.index(token.len());
        prop_assume!(token[at] != with && with.is_ascii());
        token[at] = with;
        prop_assert!(signer.verify(std::str::from_utf8(&token).unwrap()).is_err());
    }

    #[test]
    fn any_numbers_as_a_key_get_an_answer(x in any::<[u8; 32]>(), y in any::<[u8; 32]>(), n in proptest::collection::vec(any::<u8>(), 0..300)) {
        let b64 = |bytes: &[u8]| BASE64URL.encode(bytes);
        let _ = PublicKey::from_jwk(&json!({ "kty": "RSA", "n": b64(&n), "e": b64(&x[..3]) }));
        let _ = PublicKey::from_jwk(&json!({ "kty": "OKP", "crv": "Ed25519", "x": b64(&x) }));
        let point = PublicKey::from_jwk(&json!({ "kty": "EC", "crv": "P-256", "x": b64(&x), "y": b64(&y) }));
        prop_assert!(point.is_err(), "a random pair is a point once in 2^256");
    }
}
