//! Signing keys come and go while browsers stay signed in.

use crate::world::{Browser, World};
use authmint_domain::{
    flow::signing_keys::{Keeper, KeysError},
    model::{policy::Policy, signing_key::SCHEDULE},
    port::{Clock as _, Signer as _},
};
use authmint_protocol::token::algorithm::Algorithm;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use serde_json::Value;
use std::{collections::HashSet, time::Duration};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);
const JWT: &str = "crossmint-jwt";
const REFRESH: &str = "crossmint-refresh-token";

/// A field of the header of the JWT that a browser holds.
fn header(browser: &Browser, field: &str) -> String {
    let (header, _) = browser.cookie(JWT).expect("a JWT").split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&BASE64URL.decode(header).unwrap()).unwrap();
    header[field].as_str().unwrap().to_owned()
}

/// The same browser without its refresh token: what it shows for as long as its JWT alone is believed.
fn by_jwt_alone(browser: &Browser) -> Browser {
    let mut copy = browser.clone();
    copy.drop_cookie(REFRESH);
    copy
}

async fn revoke(world: &World, kid: &str) -> Result<(), KeysError> {
    let cx = world.service().context();
    Keeper::of(cx).revoke(kid, cx.clock.now()).await
}

fn published(world: &World) -> Vec<String> {
    let set = world.service().context().signer.key_set();
    set.keys().iter().filter_map(|key| key.kid().map(str::to_owned)).collect()
}

#[tokio::test]
async fn browsers_stay_signed_in_across_rotations_and_jwts_of_before_are_believed_to_their_end() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    let mut kids = HashSet::new();
    for _ in 0..2 {
        let before = header(&browser, "kid");
        while header(&browser, "kid") == before {
            world.wait_and_keep(12 * Duration::from_secs(3600)).await;
            let old = by_jwt_alone(&browser);
            assert_eq!(browser.load().await.status, 200);
            kids.insert(header(&browser, "kid"));
            assert!(kids.len() <= 3, "too many rotations");
            assert_eq!(old.depart().answered().await.status, 401, "half a day is longer than its life");
        }
        assert!(published(&world).contains(&before), "the retired key is published on");
    }
    assert_eq!(kids.len(), 3);
}

#[tokio::test]
async fn a_jwt_signed_a_moment_before_a_rotation_is_believed_after_it() {
    let world = World::new().await;
    world.wait_and_keep(SCHEDULE.rotate_every - MINUTE).await;
    let last = world.sign_in("ada@example.com").await;
    let mut old = by_jwt_alone(&last);
    assert_eq!(old.load().await.status, 200);
    world.wait_and_keep(MINUTE).await;
    let mut new = world.sign_in("grace@example.com").await;
    assert_ne!(header(&new, "kid"), header(&last, "kid"));
    for _ in 0..12 {
        assert_eq!((old.load().await.status, new.load().await.status), (200, 200));
        world.wait_and_keep(MINUTE).await;
    }
    let mut elsewhere = old.clone().routed_to(world.another_app_server());
    assert_eq!(
        elsewhere.load().await.status,
        200,
        "a process that knows only the key set of now believes it"
    );
}

#[tokio::test]
async fn jwts_of_a_revoked_key_are_refused_once_the_key_set_is_read_again_and_nobody_is_signed_out() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    let stolen = header(&browser, "kid");
    let mut forger = by_jwt_alone(&browser);
    assert_eq!(forger.load().await.status, 200);

    revoke(&world, &stolen).await.unwrap();
    world.wait_and_keep(Duration::ZERO).await;
    assert!(!published(&world).contains(&stolen), "out of the set at once");
    let mut elsewhere = forger.clone().routed_to(world.another_app_server());
    assert_eq!(elsewhere.load().await.status, 401, "a process that reads the key set now");

    world.wait(Duration::from_secs(301));
    forger.load().await;
    tokio::task::yield_now().await;
    assert_eq!(forger.load().await.status, 401, "one that had read it before, five minutes later");
    assert_eq!(browser.load().await.status, 200);
    assert_ne!(header(&browser, "kid"), stolen);
    assert!(matches!(revoke(&world, &stolen).await, Err(KeysError::State(_))));
    assert!(matches!(revoke(&world, "nonsense").await, Err(KeysError::Unknown { .. })));
}

#[tokio::test]
async fn jwts_of_a_revoked_key_are_refused_within_two_seconds_by_every_server_that_follows() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    let stolen = header(&browser, "kid");
    let mut forgers =
        [world.app(), world.another_app_server()].map(|app| by_jwt_alone(&browser).routed_to(app));
    for forger in &mut forgers {
        assert_eq!(forger.load().await.status, 200);
    }
    world.two_seconds().await;
    revoke(&world, &stolen).await.unwrap();
    world.two_seconds().await;
    for forger in &mut forgers {
        let refused = forger.load().await;
        assert_eq!(refused.status, 401, "{}", refused.body);
    }
    assert_eq!(browser.load().await.status, 200, "whoever has a refresh token goes on");
    assert_ne!(header(&browser, "kid"), stolen);
}

#[tokio::test]
async fn when_every_key_is_revoked_new_ones_are_made() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    for kid in published(&world) {
        revoke(&world, &kid).await.unwrap();
    }
    world.wait_and_keep(16 * MINUTE).await;
    assert_eq!(browser.load().await.status, 200);
    assert!(published(&world).contains(&header(&browser, "kid")));
}

#[tokio::test]
async fn an_operator_rotates_early_but_not_before_the_next_key_is_known_everywhere() {
    let world = World::new().await;
    let mut browser = world.sign_in("ada@example.com").await;
    let first = header(&browser, "kid");
    let cx = world.service().context();
    let early = Keeper::of(cx).rotate(cx.clock.now()).await;
    assert!(matches!(early, Err(KeysError::TooEarly { .. })), "{early:?}");
    world.wait_and_keep(16 * MINUTE).await;
    Keeper::of(cx).rotate(cx.clock.now()).await.unwrap();
    world.wait_and_keep(Duration::ZERO).await;
    assert_eq!(browser.load().await.status, 200);
    assert_ne!(header(&browser, "kid"), first);
    let again = Keeper::of(cx).rotate(cx.clock.now()).await;
    assert!(matches!(again, Err(KeysError::TooEarly { .. })), "{again:?}");
}

#[tokio::test]
async fn a_project_chooses_its_algorithm() {
    for algorithm in Algorithm::ALL {
        let policy = Policy { signing_algorithm: algorithm, ..Policy::default() };
        let world = World::with(policy, 0).await;
        let mut browser = world.sign_in("ada@example.com").await;
        for _ in 0..2 {
            assert_eq!(browser.load().await.status, 200);
            assert_eq!(header(&browser, "alg"), algorithm.as_str());
            world.wait_and_keep(10 * DAY).await;
        }
    }
}
