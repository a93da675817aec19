//! The sign-in page as a browser without JavaScript walks through it: forms, cookies, redirects.

mod codes;
mod page;
mod recognised;

use crate::{
    ledger,
    support::{Answer, Service, Setup, query},
};
use authmint_domain::model::policy::Policy;
use serde_json::json;
use std::collections::BTreeMap;

pub(super) const CALLBACK: &str = "https://shop.example/auth/callback";
/// RFC 7636, appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(super) const ADA: &str = "ada@example.com";

pub(super) async fn service() -> Service {
    let policy = Policy { redirect_uris: vec![CALLBACK.into()], ..Policy::default() };
    Service::start_as(Setup { policy, ..Setup::default() }).await
}

/// A browser that keeps cookies and fills in forms.
pub(super) struct Browser<'s> {
    pub(super) service: &'s Service,
    pub(super) cookies: BTreeMap<String, String>,
    /// The hidden fields of the page that it shows.
    pub(super) fields: Vec<(String, String)>,
}

impl<'s> Browser<'s> {
    pub(super) fn new(service: &'s Service) -> Self {
        Self { service, cookies: BTreeMap::new(), fields: Vec::new() }
    }

    pub(super) async fn open(&mut self, parameters: &[(&str, &str)]) -> Answer {
        self.load(&format!("/sign-in?{}", query(parameters))).await
    }

    pub(super) async fn load(&mut self, path: &str) -> Answer {
        let call = self.service.call("GET", path).without("x-api-key").header("cookie", &self.jar());
        let answer = call.send().await;
        self.took(&answer);
        answer
    }

    /// Sends a form, and follows where the answer sends the browser while that is on the page.
    pub(super) async fn submit(&mut self, step: &str, entered: &[(&str, &str)]) -> Answer {
        let answer = self.form(step, entered).send().await;
        self.follow(answer).await
    }

    pub(super) async fn follow(&mut self, answer: Answer) -> Answer {
        self.took(&answer);
        match answer.header("location").filter(|location| location.starts_with("/sign-in?")) {
            Some(own) => {
                assert_eq!(answer.status, 303, "{own}");
                let own = own.to_owned();
                self.load(&own).await
            }
            None => answer,
        }
    }

    pub(super) fn form(&self, step: &str, entered: &[(&str, &str)]) -> crate::support::Call<'s> {
        let hidden = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let entered_names: Vec<_> = entered.iter().map(|(name, _)| *name).collect();
        let hidden = hidden.filter(|(name, _)| !entered_names.contains(name));
        let pairs: Vec<_> = hidden.chain(entered.iter().copied()).chain([("step", step)]).collect();
        let call = self.service.call("POST", "/sign-in").without("x-api-key").body(query(&pairs));
        call.header("content-type", "application/x-www-form-urlencoded").header("cookie", &self.jar())
    }

    pub(super) fn jar(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    pub(super) fn took(&mut self, answer: &Answer) {
        for value in answer.headers.get_all("set-cookie") {
            let text = value.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            for attribute in ["Path=/", "HttpOnly", "SameSite=Lax", "Secure"] {
                assert!(text.contains(attribute), "{text}");
            }
            assert!(name.starts_with("__Host-") && !text.contains("Domain"), "{text}");
            ledger::secret(value);
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        self.fields = answer
            .text
            .split("<input type=\"hidden\" name=\"")
            .skip(1)
            .map(|part| {
                let (name, rest) = part.split_once("\" value=\"").unwrap();
                (name.to_owned(), rest.split('"').next().unwrap().replace("&#38;", "&"))
            })
            .collect();
    }

    /// From the address to the end.
    pub(super) async fn sign_in(&mut self, parameters: &[(&str, &str)]) -> Answer {
        self.open(parameters).await.success();
        self.submit("email", &[("email", ADA)]).await.success();
        let code = self.service.code_for(ADA);
        self.submit("code", &[("code", &code)]).await
    }
}

pub(super) fn asked<'a>(client: &'a str, changes: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    let usual = [
        ("client", client),
        ("redirect_uri", CALLBACK),
        ("state", "s&t=a"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let changed = |name: &str| changes.iter().find(|(changed, _)| *changed == name);
    let kept = usual.into_iter().filter_map(|(name, value)| match changed(name) {
        Some((_, value)) => value.map(|value| (name, value)),
        None => Some((name, value)),
    });
    let added = changes.iter().filter(|(name, _)| usual.iter().all(|(usual, _)| usual != name));
    kept.chain(added.filter_map(|(name, value)| value.map(|value| (*name, value)))).collect()
}

/// The parameters of the redirect that an answer is.
pub(super) fn told(answer: &Answer) -> BTreeMap<String, String> {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let location = answer.header("location").unwrap();
    let (uri, query) = location.split_once('?').unwrap();
    assert_eq!(uri, CALLBACK);
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

pub(super) async fn trade(service: &Service, key: &str, code: &str, verifier: &str, uri: &str) -> Answer {
    let body = json!({ "code": code, "code_verifier": verifier, "redirect_uri": uri });
    let call = service.call("POST", "/api/v1/sessions").header("x-api-key", key);
    call.body(body.to_string()).send().await
}
