//! The reader and the writer against public vectors; `vectors/cookies/SOURCE.md` says which part applies and why.

use super::{Attributes, CookieOptions, CookiePolicy, Expiry, SameSite, find, pairs, set_cookie};
use crate::time::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const HTTP_STATE: &str = include_str!("../../../../vectors/cookies/http-state-parser.json");
const JSHTTP: &str = include_str!("../../../../vectors/cookies/jshttp-recorded-cases.json");
const TOP_SITES: &str = include_str!("../../../../vectors/cookies/jshttp-top-cookie.json");

fn jshttp(function: &str) -> Vec<Value> {
    let cases: Vec<Value> = serde_json::from_str(JSHTTP).unwrap();
    cases.into_iter().filter(|case| case["fn"] == function).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("the vector holds a string here")
}

#[test]
fn http_state_what_a_browser_sends_is_read_back() {
    let cases: Vec<Value> = serde_json::from_str(HTTP_STATE).unwrap();
    let mut checked = 0;
    for case in &cases {
        let sent: Vec<_> = case["sent"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (text(&pair["name"]), text(&pair["value"])))
            .collect();
        let header =
            sent.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let read: Vec<_> = pairs(header.as_bytes()).collect();
        let expected: Vec<_> = sent.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
        assert_eq!(read, expected, "{}", case["test"]);
        checked += usize::from(!sent.is_empty());
        for (name, _) in &sent {
            let first = sent.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_bytes());
            assert_eq!(find(header.as_bytes(), name), first, "{}", case["test"]);
        }
    }
    assert_eq!((cases.len(), checked), (222, 135));
}

#[test]
fn jshttp_cookie_headers_are_read_alike() {
    let mut checked = 0;
    for case in jshttp("parseCookie") {
        let Some(header) = case["args"][0].as_str() else {
            continue;
        }; // a round trip of its own writer
        if case["args"].get(1).is_some() || header.contains("%20") {
            continue; // a percent decoder or a callback is at work
        }
        let mut read = BTreeMap::new();
        for (name, value) in pairs(header.as_bytes()) {
            read.entry(String::from_utf8(name.to_vec()).unwrap())
                .or_insert_with(|| String::from_utf8(value.to_vec()).unwrap());
        }
        let expected: BTreeMap<String, String> =
            serde_json::from_value(case["expect"]["equals"].clone()).unwrap();
        assert_eq!(read, expected, "{header}");
        checked += 1;
    }
    assert_eq!(checked, 23);
}

#[test]
fn jshttp_headers_of_busy_sites_lose_nothing() {
    let sites: BTreeMap<String, String> = serde_json::from_str(TOP_SITES).unwrap();
    for (site, header) in sites {
        let joined = pairs(header.as_bytes())
            .map(|(name, value)| {
                format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
            })
            .collect::<Vec<_>>()
            .join("; ");
        assert_eq!(joined, header, "{site}");
    }
}

/// What our writer makes of a case of jshttp's, its option names being ours or their meaning being found here.
fn written(case: &Value) -> Result<String, String> {
    let input = &case["args"][0];
    let domain = input["domain"].as_str().map(str::to_owned);
    let path = input["path"].as_str().map(str::to_owned);
    let same_site = match &input["sameSite"] {
        Value::Null => SameSite::Lax,
        Value::Bool(_) => SameSite::Strict,
        value => text(value).parse().map_err(|error| format!("{error}"))?,
    };
    let options = CookieOptions { domain: domain.clone(), path: path.clone(), ..CookieOptions::default() };
    CookiePolicy::new(options).map_err(|error| error.to_string())?;
    let flag = |name: &str| input[name].as_bool().unwrap_or(false);
    let attributes = Attributes {
        domain: domain.as_deref(),
        path: path.as_deref().unwrap_or("/"),
        http_only: flag("httpOnly"),
        secure: flag("secure"),
        same_site,
        partitioned: flag("partitioned"),
    };
    let expiry = match (&input["maxAge"], &input["expires"]) {
        (Value::Number(seconds), _) => Expiry::At {
            expires: Timestamp::from_unix_seconds(seconds.as_i64().ok_or("whole seconds")?),
            now: Timestamp::EPOCH,
        },
        (_, Value::String(_)) => {
            Expiry::At { expires: Timestamp::from_unix_seconds(977_653_859), now: Timestamp::EPOCH }
        }
        _ => Expiry::Session,
    };
    set_cookie(text(&input["name"]), input["value"].as_str().unwrap_or_default(), &attributes, expiry)
        .map_err(|error| error.to_string())
}

fn attributes(cookie: &str) -> BTreeSet<&str> {
    cookie.split("; ").collect()
}

#[test]
fn jshttp_set_cookie_values_are_written_alike() {
    let (mut alike, mut refused) = (0, 0);
    for case in jshttp("stringifySetCookie") {
        let Some(expected) = case["expect"]["equals"].as_str() else {
            continue;
        };
        match written(&case) {
            Ok(ours) => {
                if expected.contains("Priority=") || expected.split(';').next() != ours.split(';').next() {
                    continue; // not written by us, or encoded by a callback
                }
                let (theirs, ours) = (attributes(expected), attributes(&ours));
                assert!(theirs.is_subset(&ours), "{expected}: {ours:?}");
                for extra in ours.difference(&theirs) {
                    let ours_alone = ["Path=/", "SameSite=Lax"].contains(extra);
                    let twice = extra.starts_with("Expires=") || extra.starts_with("Max-Age=");
                    assert!(ours_alone || twice, "{extra} in {ours:?}");
                }
                alike += 1;
            }
            // Stricter than jshttp: names and values outside RFC 6265, relative paths.
            Err(why) => {
                assert!(!why.is_empty());
                refused += 1;
            }
        }
    }
    assert_eq!((alike, refused), (44, 19));
}

#[test]
fn jshttp_refusals_are_refusals_here() {
    let mut refused = 0;
    for case in jshttp("stringifySetCookie") {
        if case["expect"]["throws"].is_null() || !case["args"][0]["priority"].is_null() {
            continue;
        }
        let input = &case["args"][0];
        let not_a_time = !input["maxAge"].is_null() && !input["maxAge"].is_i64();
        // These two are refused by our types before anything runs: an expiry is a `Timestamp`.
        if not_a_time || input.get("expires").is_some_and(Value::is_null) {
            continue;
        }
        assert!(written(&case).is_err(), "{case}");
        refused += 1;
    }
    assert_eq!(refused, 23);
}
