use super::*;
use std::{collections::HashMap, time::Duration};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
const START: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);

/// Keys as a service keeps them over time; points of a curve are enough, since nobody signs here.
#[derive(Default)]
struct Service {
    keys: Vec<SigningKey>,
    made: u32,
}

impl Service {
    fn fresh(&mut self, algorithm: Algorithm, now: Timestamp) -> SigningKey {
        self.made += 1;
        let public = match algorithm {
            Algorithm::Rs256 => {
                let mut modulus = vec![0xb7; 256];
                modulus[200..204].copy_from_slice(&self.made.to_be_bytes());
                PublicKey::rs256(modulus, vec![1, 0, 1]).unwrap()
            }
            _ => {
                // The base point of Ed25519 (RFC 8032, section 5.1): the name alone tells keys apart here.
                let mut point = [0x66; 32];
                point[0] = 0x58;
                PublicKey::ed25519(point).unwrap()
            }
        };
        let kid = format!("k{}", self.made);
        let public = Arc::new(public.with_kid(kid.clone()));
        SigningKey { kid, public, created_at: now, state: KeyState::Next { sealed: vec![1] } }
    }

    /// Does what is due, as the flow does; answers when the next is.
    fn keep(&mut self, wanted: &[Algorithm], schedule: &Schedule, now: Timestamp) -> Timestamp {
        let mut fresh = Vec::new();
        loop {
            let planned = plan(&self.keys, wanted, &fresh, schedule, now);
            if planned.missing.is_empty() {
                planned.steps.into_iter().for_each(|step| self.take(step));
                return planned.due;
            }
            for algorithm in planned.missing {
                let key = self.fresh(algorithm, now);
                fresh.push(key);
            }
        }
    }

    fn take(&mut self, step: KeyStep) {
        match step {
            KeyStep::Add(key) => self.keys.push(key),
            KeyStep::Move { from, to } => {
                let key = self.keys.iter_mut().find(|key| key.kid == to.kid).unwrap();
                assert_eq!(key.state.as_str(), from);
                *key = to;
            }
            KeyStep::Forget { kid } => self.keys.retain(|key| key.kid != kid),
        }
    }

    fn named(&self, state: &str) -> Vec<&str> {
        self.keys.iter().filter(|key| key.state.as_str() == state).map(|key| key.kid.as_str()).collect()
    }
}

const EDDSA: [Algorithm; 1] = [Algorithm::EdDsa];

#[test]
fn a_first_start_has_a_key_to_sign_with_and_the_next_one_published() {
    let mut service = Service::default();
    service.keep(&EDDSA, &SCHEDULE, START);
    assert_eq!((service.named("active").len(), service.named("next").len()), (1, 1));
    assert!(plan(&service.keys, &EDDSA, &[], &SCHEDULE, START).steps.is_empty(), "and that is all");
}

/// Looks at the keys at irregular moments over a year, and always when something falls due.
#[test]
fn over_a_year_every_key_is_published_before_and_after_its_use_for_long_enough() {
    let mut service = Service::default();
    let (mut first_seen, mut first_used, mut last_used) =
        (HashMap::new(), HashMap::new(), HashMap::<String, Timestamp>::new());
    let (mut now, mut random) = (START, 1_u64);
    while now < START.after(365 * DAY) {
        let due = service.keep(&EDDSA, &SCHEDULE, now);
        let [active] = service.named("active")[..] else { panic!("{:?}", service.keys) };
        for key in service.keys.iter().filter(|key| key.is_published()) {
            first_seen.entry(key.kid.clone()).or_insert(now);
        }
        first_used.entry(active.to_owned()).or_insert(now);
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let pause = Duration::from_secs(random >> 46);
        let until = due.min(now.after(pause));
        last_used.insert(active.to_owned(), until);
        for (kid, used) in &last_used {
            let alive = now < used.after(crate::model::policy::LONGEST_JWT_TTL);
            assert!(!alive || service.keys.iter().any(|key| key.kid == *kid), "{kid} is gone too early");
        }
        assert!(service.keys.len() <= 3, "{:?}", service.keys);
        now = until.max(now.after(Duration::from_secs(1)));
    }
    assert!((12..=13).contains(&first_used.len()), "{} rotations", first_used.len());
    for (kid, used) in first_used.iter().filter(|(_, used)| **used > START) {
        assert!(used.since(first_seen[kid]) >= 15 * MINUTE, "{kid} was not known before its use");
    }
}

#[test]
fn an_operator_may_rotate_oftener_or_rarer_but_never_before_the_last_key_is_out_of_the_set() {
    let shortest = SCHEDULE.publish_ahead + SCHEDULE.publish_after;
    assert_eq!(Schedule::rotating_every(shortest - Duration::from_millis(1)), None);
    for rotate_every in [shortest, DAY, 90 * DAY] {
        let schedule = Schedule::rotating_every(rotate_every).unwrap();
        let (mut service, mut now, mut active) = (Service::default(), START, Vec::new());
        while active.len() < 5 {
            now = service.keep(&EDDSA, &schedule, now).min(now.after(DAY));
            assert!(service.keys.len() <= 3, "{:?}", service.keys);
            let [signs] = service.named("active")[..] else { panic!("{:?}", service.keys) };
            if active.last().is_none_or(|(kid, _)| kid != signs) {
                let KeyState::Active { since, .. } =
                    service.keys.iter().find(|key| key.kid == signs).unwrap().state
                else {
                    panic!("it signs")
                };
                active.push((signs.to_owned(), since));
            }
        }
        for pair in active.windows(2) {
            assert_eq!(pair[1].1.since(pair[0].1), rotate_every);
        }
    }
}

#[test]
fn a_service_that_slept_through_a_rotation_still_publishes_before_use() {
    let mut service = Service::default();
    service.keep(&EDDSA, &SCHEDULE, START);
    service.keys.retain(|key| key.state.as_str() == "active");
    let late = START.after(100 * DAY);
    service.keep(&EDDSA, &SCHEDULE, late);
    assert_eq!(service.named("active"), ["k1"]);
    let due = service.keep(&EDDSA, &SCHEDULE, late.after(MINUTE));
    assert_eq!(due, late.after(15 * MINUTE));
    service.keep(&EDDSA, &SCHEDULE, due);
    assert_eq!((service.named("active"), service.named("retired")), (vec!["k3"], vec!["k1"]));
}

#[test]
fn a_revoked_key_is_replaced_at_once_and_has_no_private_half() {
    let mut service = Service::default();
    service.keep(&EDDSA, &SCHEDULE, START);
    let revoked = service.keys[0].clone().revoke(START).unwrap();
    service.keys[0] = revoked;
    service.keep(&EDDSA, &SCHEDULE, START);
    assert_eq!((service.named("active"), service.named("revoked")), (vec!["k2"], vec!["k1"]));
    assert_eq!(service.named("next").len(), 1);
    assert!(!service.keys[0].is_published());
    let ring = KeyRing::single(1, &[7; 32]);
    assert!(service.keys[0].open(&ring).is_none());
    service.keep(&EDDSA, &SCHEDULE, START.after(60 * DAY));
    assert_eq!(service.named("revoked"), ["k1"], "and it is remembered as such");
}

#[test]
fn an_algorithm_gets_its_keys_when_asked_for_and_loses_them_when_they_come_of_age() {
    let mut service = Service::default();
    let both = [Algorithm::EdDsa, Algorithm::Rs256];
    service.keep(&both, &SCHEDULE, START);
    assert_eq!((service.named("active").len(), service.named("next").len()), (2, 2));
    service.keep(&EDDSA, &SCHEDULE, START.after(29 * DAY));
    assert_eq!(service.named("active").len(), 2, "a project may change its mind");
    let end = START.after(30 * DAY);
    service.keep(&EDDSA, &SCHEDULE, end);
    let rsa = |service: &Service| {
        let keys = service.keys.iter().filter(|key| key.algorithm() == Algorithm::Rs256);
        keys.map(|key| key.state.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(rsa(&service), ["retired"]);
    service.keep(&EDDSA, &SCHEDULE, end.after(SCHEDULE.publish_after));
    assert!(rsa(&service).is_empty());
}

#[test]
fn a_state_is_left_in_one_direction_only() {
    let mut service = Service::default();
    let next = service.fresh(Algorithm::EdDsa, START);
    assert!(next.clone().retire(START).is_err(), "what never signed is not retired");
    let active = next.activate(START).unwrap();
    assert!(active.clone().activate(START).is_err());
    let retired = active.clone().retire(START).unwrap();
    assert!(retired.clone().activate(START).is_err(), "a private half does not come back");
    for key in [active, retired] {
        let revoked = key.revoke(START).unwrap();
        assert!(revoked.clone().activate(START).is_err());
        assert!(revoked.clone().retire(START).is_err());
        assert_eq!(revoked.revoke(START).unwrap_err().state, "revoked");
    }
}
