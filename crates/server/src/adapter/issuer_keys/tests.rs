use super::*;
use authmint_protocol::jwk::PublicKey;

const NOW: Timestamp = Timestamp::from_unix_seconds(1_790_000_000);

fn ago(seconds: u64) -> Timestamp {
    NOW.before(Duration::from_secs(seconds))
}

/// What is done when keys were fetched and looked for so many seconds ago.
fn step(fetched: Option<u64>, looked: Option<(u64, bool)>, kid: &str) -> &'static str {
    // The base point of the curve, encoded (RFC 8032, section 5.1): a sound key of nobody's.
    let mut point = [0x66; 32];
    point[0] = 0x58;
    let key = PublicKey::ed25519(point).unwrap().with_kid("known");
    let failed = |failed: bool| failed.then(|| OutgoingError::Late { host: "x".to_owned() }.into());
    let state = State {
        keys: fetched.map(|seconds| (KeySet::new(vec![key.clone()]), ago(seconds))),
        looked: looked.map(|(seconds, failure)| (ago(seconds), failed(failure))),
    };
    match state.step(Some(kid), NOW) {
        Step::Take(_) => "take",
        Step::TakeAndLook(_) => "take and look",
        Step::Look => "look",
        Step::Fail(_) => "fail",
    }
}

#[test]
fn keys_are_taken_looked_for_and_given_up_by_their_age() {
    for (fetched, looked, kid, wanted) in [
        (None, None, "known", "look"),
        (None, Some((4, true)), "known", "fail"),
        (None, Some((5, true)), "known", "look"),
        (Some(0), Some((0, false)), "known", "take"),
        (Some(299), Some((299, false)), "known", "take"),
        (Some(300), Some((300, false)), "known", "take and look"),
        (Some(300), Some((29, true)), "known", "take"),
        (Some(3600), Some((30, true)), "known", "look"),
        (Some(86_399), Some((29, true)), "known", "take"),
        (Some(86_400), Some((4, true)), "known", "fail"),
        (Some(0), Some((0, false)), "unknown", "take"),
        (Some(29), Some((29, false)), "unknown", "take"),
        (Some(30), Some((30, false)), "unknown", "look"),
    ] {
        assert_eq!(step(fetched, looked, kid), wanted, "{fetched:?} {looked:?} {kid}");
    }
}
