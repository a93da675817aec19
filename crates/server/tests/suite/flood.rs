//! The flood guard: one source does not take the whole process, and nobody is signed out by it.

use crate::support::{A, Answer, SHOP, Service, Setup};
use authmint_server::AppConfig;
use serde_json::json;

/// Five requests a second for each client, so fifty at once, behind proxies of `10.0.0.0/8`.
fn few(config: &mut AppConfig) {
    config.trusted_proxies = authmint_server::TrustedProxies::new(vec!["10.0.0.0/8".parse().unwrap()]);
    config.limits.calls_per_client = 5;
}

async fn guarded() -> Service {
    Service::start_as(Setup { configure: few, ..Setup::default() }).await
}

async fn key_set(service: &Service, from: &str) -> Answer {
    service.call("GET", "/.well-known/jwks.json").from(from).send().await
}

/// How many requests are answered before one is refused.
async fn answered(service: &Service, from: &str) -> usize {
    let mut count = 0;
    while key_set(service, from).await.status == 200 {
        count += 1;
        assert!(count < 1000, "nobody is refused");
    }
    count
}

#[tokio::test]
async fn threat_41_a_household_or_a_mapped_address_is_one_client_and_its_neighbour_another() {
    let service = guarded().await;
    assert_eq!(answered(&service, "[2001:db8::1]:1").await, 50);
    for same in ["[2001:db8::2]:2", "[2001:db8:0:0:ffff::]:3"] {
        key_set(&service, same).await.is_problem(429, "rate_limited");
    }
    assert_eq!(answered(&service, "[2001:db8:0:1::1]:1").await, 50, "the next /64");
    assert_eq!(answered(&service, "192.0.2.1:1").await, 50);
    for same in ["[::ffff:192.0.2.1]:2", "[::ffff:c000:201]:3"] {
        key_set(&service, same).await.is_problem(429, "rate_limited");
    }
    service.pass(2);
    assert_eq!(answered(&service, "192.0.2.1:9").await, 10, "two seconds' worth");
}

#[tokio::test]
async fn threat_41_a_header_frees_nobody_and_a_named_proxy_tells_its_clients_apart() {
    let service = guarded().await;
    answered(&service, "192.0.2.1:1").await;
    for forged in ["203.0.113.1", "10.0.0.1", "127.0.0.1"] {
        let call = service.call("GET", "/.well-known/jwks.json").from("192.0.2.1:1");
        call.header("x-forwarded-for", forged).send().await.is_problem(429, "rate_limited");
    }
    let through = async |forwarded: &str| {
        let call = service.call("GET", "/.well-known/jwks.json").from("10.0.0.1:1");
        call.header("x-forwarded-for", forwarded).send().await.status
    };
    assert_eq!(through("192.0.2.1").await, 429, "the same client, by way of the proxy");
    for _ in 0..50 {
        assert_eq!(through("203.0.113.9").await, 200);
    }
    assert_eq!(through("203.0.113.9").await, 429);
    assert_eq!(through("198.51.100.1, 203.0.113.9").await, 429, "what it wrote itself counts for nothing");
    assert_eq!(through("203.0.113.10").await, 200, "others behind the same proxy are not held up");
    for _ in 0..200 {
        assert_eq!(key_set(&service, "10.0.0.1:1").await.status, 200, "a proxy's own checks");
    }
}

#[tokio::test]
async fn whoever_floods_is_told_in_json_that_pages_may_read_when_to_come_back() {
    let service = guarded().await;
    answered(&service, "192.0.2.1:1").await;
    let post = || {
        let call = service.post("otps/send", &json!({ "email": "ada@example.com" })).from("192.0.2.1:1");
        call.header("origin", SHOP)
    };
    let refused = post().send().await;
    refused.is_problem(429, "rate_limited");
    assert_eq!(refused.header("access-control-allow-origin"), Some(SHOP));
    assert_eq!(refused.header("access-control-expose-headers"), Some("Retry-After"));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(refused.header("x-request-id").is_some());
    assert!(service.inbox.mails().is_empty());
    // Asking whether one may ask costs nothing, and a page could not read the refusal of that.
    let preflight = service.call("OPTIONS", &format!("{A}/otps/send")).from("192.0.2.1:1");
    assert_eq!(preflight.header("origin", SHOP).send().await.status, 204);
    for probe in ["/healthz", "/readyz"] {
        assert_eq!(service.call("GET", probe).from("192.0.2.1:1").send().await.status, 200);
    }
    service.pass(1);
    assert_eq!(post().send().await.status, 200, "as it was told");
}

#[tokio::test]
async fn no_limit_signs_anyone_out_an_office_that_floods_goes_on_refreshing() {
    let service = guarded().await;
    let office = "192.0.2.1:1";
    let first = service.sign_in("ada@example.com").await["refresh"]["secret"].as_str().unwrap().to_owned();
    let other = service.sign_in("ben@example.com").await["refresh"]["secret"].as_str().unwrap().to_owned();
    answered(&service, office).await;
    // Forty clients whose JWTs are so short that each refreshes every second, for half a minute.
    let mut token = first;
    for _ in 0..30 {
        service.pass(1);
        answered(&service, office).await;
        for _ in 0..40 {
            let refreshed = service.post("refresh", &json!({ "refresh": token })).from(office).send().await;
            assert_eq!(refreshed.status, 200, "{}", refreshed.text);
            token = refreshed.json["refresh"]["secret"].as_str().unwrap().to_owned();
        }
    }
    let ended = service.post("logout", &json!({ "refresh": other })).from(office).send().await;
    assert_eq!(ended.status, 200, "nor does one keep anybody signed in");
}

#[tokio::test]
async fn even_refreshes_have_an_end_so_that_one_source_does_not_take_everything() {
    let few = |config: &mut AppConfig| {
        few(config);
        config.limits.refreshes_per_client = 10;
    };
    let service = Service::start_as(Setup { configure: few, ..Setup::default() }).await;
    for _ in 0..100 {
        let forged = service.post("refresh", &json!({ "refresh": "x" })).from("192.0.2.1:1").send().await;
        forged.is_problem(401, "refresh_malformed");
    }
    let refused = service.post("refresh", &json!({ "refresh": "x" })).from("192.0.2.1:1").send().await;
    refused.is_problem(429, "rate_limited");
    let other = service.post("refresh", &json!({ "refresh": "x" })).from("192.0.2.2:1").send().await;
    other.is_problem(401, "refresh_malformed");
    assert_eq!(key_set(&service, "192.0.2.1:1").await.status, 200, "the two are counted apart");
}

#[tokio::test]
async fn where_clients_cannot_be_told_apart_or_limits_are_off_nobody_is_refused() {
    let configures: [fn(&mut AppConfig); 3] = [
        // TLS ends at a proxy that nobody named: its address is everybody's.
        |config| config.limits.calls_per_client = 1,
        |config| {
            few(config);
            config.limited = false;
        },
        |config| {
            few(config);
            config.limits.calls_per_client = 0;
        },
    ];
    for configure in configures {
        let service = Service::start_as(Setup { configure, ..Setup::default() }).await;
        for _ in 0..200 {
            assert_eq!(key_set(&service, "192.0.2.1:1").await.status, 200);
        }
    }
    let plain = |config: &mut AppConfig| config.limits.calls_per_client = 5;
    let service = Service::start_as(Setup {
        public_url: "http://localhost:8420",
        configure: plain,
        ..Setup::default()
    })
    .await;
    assert_eq!(answered(&service, "127.0.0.1:1").await, 50, "without a proxy each speaks for itself");
}
