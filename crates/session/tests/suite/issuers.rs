//! Issuers of others: their JWTs are verified offline, by keys of their own, and nothing of ours goes to them.

use crate::{
    service::{ISSUER, Service},
    world::{START, World, background, error, page, plain, request, session},
};
use authmint::{
    AuthOptions, ConfigError, IssuerTerms,
    guard::{Answer, Call, Guard, Outcome, Progress, Step, TryFailed},
    protocol::{
        issuer::{Rules, preset::PRESETS},
        time::Timestamp,
        token::native,
    },
};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use std::{collections::HashMap, time::Duration};

/// A guard, and what stands at which address.
struct Net {
    guard: Guard,
    now: Timestamp,
    pages: HashMap<String, String>,
    asked: Vec<Request<Bytes>>,
    checks: usize,
}

fn samples() -> Vec<Value> {
    serde_json::from_str(include_str!("../../../../vectors/issuers/samples.json")).unwrap()
}

fn sample(preset: &str) -> Value {
    samples().into_iter().find(|sample| sample["terms"]["preset"] == preset).unwrap()
}

fn terms(sample: &Value) -> IssuerTerms {
    let fields = sample["terms"].as_object().unwrap();
    let text = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut terms = IssuerTerms::preset(text("preset").unwrap());
    terms.issuer = text("issuer");
    terms.audience.extend(text("audience"));
    for (name, value) in
        fields.iter().filter(|(name, _)| !["preset", "issuer", "audience"].contains(&name.as_str()))
    {
        terms = terms.field(name, value.as_str().unwrap());
    }
    terms
}

impl Net {
    fn with(change: impl FnOnce(AuthOptions) -> AuthOptions) -> Self {
        let options = AuthOptions::new(Service::server_key()).base_url(ISSUER);
        let guard = Guard::new(&change(options), [3; 32]).unwrap();
        Self { guard, now: START, pages: HashMap::new(), asked: Vec::new(), checks: 0 }
    }

    /// An app that trusts the issuers of these samples, whose keys are where the presets say.
    fn trusting(samples: &[Value]) -> Self {
        let mut net = Self::with(|options| samples.iter().map(terms).fold(options, AuthOptions::trust));
        for sample in samples {
            net.publish(Rules::of(&terms(sample)).unwrap().keys().url(), &sample["jwks"]);
        }
        net
    }

    fn publish(&mut self, url: &str, page: &Value) {
        self.pages.insert(url.to_owned(), page.to_string());
    }

    fn get(&mut self, request: &Request<()>) -> Outcome {
        let mut step = self.guard.begin(request, self.now);
        loop {
            step = match step {
                Step::Done(outcome) => return outcome,
                Step::Send(call, waiting) => {
                    let answer = self.drive(call);
                    waiting.receive(&self.guard, answer, self.now)
                }
                Step::Check(waiting) => {
                    self.checks += 1;
                    let holds = native::check(waiting.check());
                    waiting.receive(&self.guard, holds, self.now)
                }
            }
        }
    }

    fn drive(&mut self, mut call: Call) -> Answer {
        loop {
            self.now = self.now.after(call.pause());
            let request = call.request(&self.guard);
            let page = self.pages.get(&request.uri().to_string());
            let reply = match page {
                Some(page) => Response::new(Bytes::from(page.clone())),
                None => Response::builder().status(503).body(Bytes::new()).unwrap(),
            };
            self.asked.push(request);
            match call.receive(&self.guard, Ok::<_, TryFailed>(reply), self.now) {
                Progress::Settled(answer) => return answer,
                Progress::Again(again) => call = again,
            }
        }
    }
}

fn bearing(jwt: &str) -> Request<()> {
    request("", &[("authorization", &format!("Bearer {jwt}"))])
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[test]
fn a_jwt_of_each_preset_signs_its_user_in_and_is_never_refreshed() {
    let samples = samples();
    assert_eq!(samples.len(), PRESETS.len());
    let mut net = Net::trusting(&samples);
    for sample in &samples {
        let outcome = net.get(&bearing(text(&sample["valid"])));
        let session = session(&outcome);
        assert_eq!(session.user_id(), text(&sample["user"]));
        assert_eq!(session.issuer(), Rules::of(&terms(sample)).ok().as_ref().map(Rules::issuer));
        assert!(session.is_foreign() && session.refresh_token().is_none() && session.session_id().is_none());
        assert!(outcome.cookies.is_empty());
    }
    assert_eq!((net.asked.len(), net.checks), (10, 10), "one key set and one signature each");
    for request in &net.asked {
        assert_eq!(request.method(), "GET");
        assert!(
            request.headers().keys().all(|name| name == "accept"),
            "another issuer is told nothing of us"
        );
    }
    for sample in &samples {
        assert!(net.get(&bearing(text(&sample["valid"]))).session.is_ok());
    }
    assert_eq!((net.asked.len(), net.checks), (10, 10), "seen before: found again");
    net.now = net.now.after(Duration::from_secs(7200));
    for sample in &samples {
        assert_eq!(error(&net.get(&bearing(text(&sample["valid"])))).code(), "jwt_expired");
    }
}

#[test]
fn nothing_spoiled_is_a_session_and_no_address_in_it_is_asked() {
    for sample in samples() {
        let mut net = Net::trusting(std::slice::from_ref(&sample));
        let url = Rules::of(&terms(&sample)).unwrap().keys().url().to_owned();
        for case in sample["spoiled"].as_array().unwrap() {
            let outcome = net.get(&bearing(text(&case["token"])));
            let refused = error(&outcome);
            // A JWT that names nobody whom the app trusts is none of its business.
            let expected = match text(&case["error"]) {
                "issuer_mismatch" => "not_signed_in",
                code => code,
            };
            // Of what names no issuer, or cannot be read, nobody can say whose it is.
            let unread =
                ["jwt_malformed", "alg_not_allowed", "claim_missing", "claim_invalid", "signature_invalid"];
            let unnamed = refused.code() == "not_signed_in" && unread.contains(&expected);
            assert!(unnamed || refused.code() == expected, "{}: {refused:?}", case["what"]);
            assert!(!refused.is_retryable() && outcome.cookies.is_empty());
        }
        assert!(net.asked.iter().all(|request| request.uri().to_string() == url), "no other address");
        assert!(net.get(&bearing(text(&sample["valid"]))).session.is_ok(), "and the sound one still passes");
    }
}

#[test]
fn threat_8_two_issuers_name_their_keys_alike_and_share_none() {
    let (one, other) = (sample("auth0"), sample("kinde"));
    let mut net = Net::trusting(&[one.clone(), other.clone()]);
    // The other's keys stand where this one's should: each is asked for its own all the same.
    let by_stranger = one["spoiled"]
        .as_array()
        .unwrap()
        .iter()
        .find(|case| text(&case["what"]) == "signed by a stranger under the same kid");
    assert!(net.get(&bearing(text(&other["valid"]))).session.is_ok());
    assert_eq!(error(&net.get(&bearing(text(&by_stranger.unwrap()["token"])))).code(), "signature_invalid");
    net.publish(Rules::of(&terms(&one)).unwrap().keys().url(), &other["jwks"]);
    let mut crossed = Net::trusting(&[one.clone(), other]);
    crossed.pages = net.pages;
    assert_eq!(error(&crossed.get(&bearing(text(&one["valid"])))).code(), "signature_invalid");
}

#[test]
fn a_thousand_jwts_with_invented_kids_fetch_once_in_thirty_seconds() {
    let sample = sample("privy");
    let mut net = Net::trusting(std::slice::from_ref(&sample));
    net.get(&bearing(text(&sample["valid"])));
    assert_eq!(net.asked.len(), 1);
    let unknown =
        sample["spoiled"].as_array().unwrap().iter().find(|case| text(&case["what"]) == "kid unknown");
    let jwt = text(&unknown.unwrap()["token"]).to_owned();
    for _ in 0..1000 {
        assert_eq!(error(&net.get(&bearing(&jwt))).code(), "key_unknown");
    }
    assert_eq!(net.asked.len(), 1);
    net.now = net.now.after(Duration::from_secs(30));
    for _ in 0..1000 {
        net.get(&bearing(&jwt));
    }
    assert_eq!(net.asked.len(), 2);
}

#[test]
fn an_issuer_without_a_key_set_url_is_discovered_first_and_again_when_its_keys_have_moved() {
    let sample = sample("auth0");
    let issuer = "https://shop.eu.auth0.com/";
    let trusted = IssuerTerms::new(issuer, "https://api.shop.example");
    let mut net = Net::with(|options| options.trust(trusted));
    let (document, first) = (format!("{issuer}.well-known/openid-configuration"), "https://keys.example/1");
    net.publish(&document, &json!({ "issuer": "https://shop.eu.auth0.com", "jwks_uri": first }));
    net.publish(first, &sample["jwks"]);
    let refused = net.get(&bearing(text(&sample["valid"])));
    assert!(error(&refused).is_retryable(), "a document that speaks for another is none");
    assert!(net.asked.iter().all(|request| request.uri().to_string() == document));

    net.now = net.now.after(Duration::from_secs(2));
    net.asked.clear();
    net.publish(&document, &json!({ "issuer": issuer, "jwks_uri": first }));
    assert!(net.get(&bearing(text(&sample["valid"]))).session.is_ok());
    let asked = |net: &Net| net.asked.iter().map(|request| request.uri().to_string()).collect::<Vec<_>>();
    assert_eq!(asked(&net), [document.clone(), first.to_owned()]);

    // The place answers no more: the keys serve on, and the next renewal asks the document again.
    net.pages.remove(first);
    net.now = net.now.after(Duration::from_secs(301));
    let renewal = net.guard.upkeep(net.now).expect("the keys have aged");
    assert!(matches!(net.drive(renewal), Answer::Failed(_)));
    assert!(net.get(&bearing(text(&sample["valid"]))).session.is_ok());
    net.publish(first, &sample["jwks"]);
    net.asked.clear();
    net.now = net.now.after(Duration::from_secs(11));
    let renewal = net.guard.upkeep(net.now).expect("it is tried again");
    assert!(matches!(net.drive(renewal), Answer::Keys));
    assert_eq!(asked(&net), [document.clone(), first.to_owned()]);

    net.asked.clear();
    net.pages.remove(first);
    net.publish(&document, &json!({ "issuer": issuer, "jwks_uri": "https://keys.example/2" }));
    net.publish("https://keys.example/2", &sample["jwks"]);
    net.publish(first, &json!({ "moved": true }));
    net.now = net.now.after(Duration::from_secs(301));
    let renewal = net.guard.upkeep(net.now).expect("the keys have aged");
    assert!(matches!(net.drive(renewal), Answer::Keys));
    assert_eq!(asked(&net), [first.to_owned(), document, "https://keys.example/2".to_owned()]);
}

#[test]
fn an_issuer_that_is_away_costs_no_session_and_keeps_no_other_waiting() {
    let (one, other) = (sample("clerk"), sample("supabase"));
    let mut net = Net::trusting(&[one.clone(), other.clone()]);
    let keys = Rules::of(&terms(&one)).unwrap().keys().url().to_owned();
    let page = net.pages.remove(&keys).unwrap();
    assert!(error(&net.get(&bearing(text(&one["valid"])))).is_retryable());
    assert!(net.get(&bearing(text(&other["valid"]))).session.is_ok());
    net.now = START;
    net.pages.insert(keys.clone(), page);
    net.now = net.now.after(Duration::from_secs(10));
    assert!(net.get(&bearing(text(&one["valid"]))).session.is_ok());
    net.pages.remove(&keys);
    net.now = net.now.after(Duration::from_secs(40));
    assert!(net.get(&bearing(text(&one["valid"]))).session.is_ok(), "by the keys that it had published");
}

#[test]
fn who_sends_a_jwt_means_it_and_a_cookie_of_ours_goes_before_a_cookie_of_theirs() {
    let sample = sample("firebase");
    let (theirs, issuer) = (text(&sample["valid"]).to_owned(), terms(&sample));
    let mut world = World::with(|options| options.trust(issuer).issuer_cookie("their-token"));
    let (jwt, token) = world.sign_in();
    let ours = plain(&jwt, &token);
    // The world's service answers every call: what it publishes is not the issuer's.
    assert!(
        error(&world.get(&request(&ours, &[("authorization", &format!("Bearer {theirs}"))]))).is_retryable()
    );
    let both = world.get(&page(&format!("their-token={theirs}; {ours}")));
    assert!(!session(&both).is_foreign());
    let of_another =
        world.get(&request(&ours, &[("authorization", "Bearer opaque"), ("sec-fetch-dest", "empty")]));
    assert!(!session(&of_another).is_foreign(), "a token of nobody we know is no concern of ours");

    let mut net = Net::with(|options| options.trust(terms(&sample)).issuer_cookie("their-token"));
    net.publish(Rules::of(&terms(&sample)).unwrap().keys().url(), &sample["jwks"]);
    let alone = net.get(&page(&format!("a=b; their-token=\"{theirs}\"")));
    assert!(session(&alone).is_foreign() && alone.cookies.is_empty());
    let elsewhere = net.get(&background(&format!("token={theirs}")));
    assert_eq!(error(&elsewhere).code(), "not_signed_in");
    // What vouched for a foreign user is no session JWT of ours, under whatever name it comes.
    let posing = net.get(&background(&format!("crossmint-jwt={theirs}")));
    assert!(posing.session.is_err());
}

#[test]
fn what_cannot_be_trusted_is_told_when_the_app_starts() {
    let code = |terms: Vec<IssuerTerms>| {
        let options = AuthOptions::new(Service::server_key()).base_url(ISSUER);
        let options = terms.into_iter().fold(options, AuthOptions::trust);
        match Guard::new(&options, [3; 32]) {
            Err(ConfigError::IssuerInvalid(why)) => why,
            Err(other) => panic!("{other}"),
            Ok(_) => String::new(),
        }
    };
    let sound = terms(&sample("auth0"));
    assert_eq!(code(vec![sound.clone()]), "");
    assert!(code(vec![sound.clone(), sound]).contains("trusted already"));
    assert!(code(vec![IssuerTerms::new(ISSUER, "a")]).contains("trusted already"));
    let told = code(vec![IssuerTerms::preset("auth0")]);
    assert!(told.contains("domain is missing") && told.contains("audience is missing"), "{told}");
}
