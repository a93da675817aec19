//! The sign-in page as a browser without JavaScript walks through it: forms, cookies, redirects.

use crate::{
    ledger,
    support::{Answer, SHOP, Service, Setup, query},
};
use authmint_domain::model::{
    policy::Policy,
    project::{Callers, Scope},
};
use serde_json::json;
use std::collections::BTreeMap;

const CALLBACK: &str = "https://shop.example/auth/callback";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const ADA: &str = "ada@example.com";

async fn service() -> Service {
    let policy = Policy { redirect_uris: vec![CALLBACK.into()], ..Policy::default() };
    Service::start_as(Setup { policy, ..Setup::default() }).await
}

/// A browser that keeps cookies and fills in forms.
struct Browser<'s> {
    service: &'s Service,
    cookies: BTreeMap<String, String>,
    /// The hidden fields of the page that it shows.
    fields: Vec<(String, String)>,
}

impl<'s> Browser<'s> {
    fn new(service: &'s Service) -> Self {
        Self { service, cookies: BTreeMap::new(), fields: Vec::new() }
    }

    async fn open(&mut self, parameters: &[(&str, &str)]) -> Answer {
        let answer =
            self.service.call("GET", &format!("/sign-in?{}", query(parameters))).without("x-api-key");
        let answer = answer.header("cookie", &self.jar()).send().await;
        self.took(&answer);
        answer
    }

    async fn submit(&mut self, step: &str, entered: &[(&str, &str)]) -> Answer {
        let answer = self.form(step, entered).send().await;
        self.took(&answer);
        answer
    }

    fn form(&self, step: &str, entered: &[(&str, &str)]) -> crate::support::Call<'s> {
        let hidden = self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let entered_names: Vec<_> = entered.iter().map(|(name, _)| *name).collect();
        let hidden = hidden.filter(|(name, _)| !entered_names.contains(name));
        let pairs: Vec<_> = hidden.chain(entered.iter().copied()).chain([("step", step)]).collect();
        let call = self.service.call("POST", "/sign-in").without("x-api-key").body(query(&pairs));
        call.header("content-type", "application/x-www-form-urlencoded").header("cookie", &self.jar())
    }

    fn jar(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn took(&mut self, answer: &Answer) {
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
    async fn sign_in(&mut self, parameters: &[(&str, &str)]) -> Answer {
        self.open(parameters).await.success();
        self.submit("email", &[("email", ADA)]).await.success();
        let code = self.service.code_for(ADA);
        self.submit("code", &[("code", &code)]).await
    }
}

fn asked<'a>(client: &'a str, changes: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
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
fn told(answer: &Answer) -> BTreeMap<String, String> {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let location = answer.header("location").unwrap();
    let (uri, query) = location.split_once('?').unwrap();
    assert_eq!(uri, CALLBACK);
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

async fn trade(service: &Service, key: &str, code: &str, verifier: &str, uri: &str) -> Answer {
    let body = json!({ "code": code, "code_verifier": verifier, "redirect_uri": uri });
    let call = service.call("POST", "/api/v1/sessions").header("x-api-key", key);
    call.body(body.to_string()).send().await
}

#[tokio::test]
async fn a_person_signs_in_by_redirect_and_the_app_gets_a_session() {
    let service = service().await;
    let mut browser = Browser::new(&service);
    let back = told(&browser.sign_in(&asked(&service.client_key, &[])).await);
    assert_eq!((&*back["state"], &*back["iss"]), ("s&t=a", "https://auth.shop.example"));
    ledger::secret(&back["code"]);
    let material = trade(&service, &service.server_key, &back["code"], VERIFIER, CALLBACK).await.success();
    assert_eq!(material.json["user"]["email"], ADA);
    assert_eq!(service.refresh(material.json["refresh"]["secret"].as_str().unwrap()).await.status, 200);
}

#[tokio::test]
async fn threat_31_a_code_is_traded_once_and_in_parallel_for_one_session() {
    let service = service().await;
    let back = told(&Browser::new(&service).sign_in(&asked(&service.client_key, &[])).await);
    let code = &back["code"];
    let first = trade(&service, &service.client_key, code, VERIFIER, CALLBACK).await.success();
    let again = trade(&service, &service.client_key, code, VERIFIER, CALLBACK).await.success();
    assert_eq!(
        first.json["refresh"]["secret"], again.json["refresh"]["secret"],
        "a lost answer may be asked for again"
    );
    service.pass(11);
    trade(&service, &service.client_key, code, VERIFIER, CALLBACK)
        .await
        .is_problem(401, "one_time_secret_used");
}

#[tokio::test]
async fn threat_32_a_code_without_its_verifier_or_for_another_uri_is_refused_and_not_used_up() {
    let service = service().await;
    let back = told(&Browser::new(&service).sign_in(&asked(&service.client_key, &[])).await);
    let code = &back["code"];
    for (verifier, uri) in [
        ("", CALLBACK),
        ("a".repeat(43).as_str(), CALLBACK),
        (CHALLENGE, CALLBACK),
        (VERIFIER, "https://shop.example/auth/callback/"),
        (VERIFIER, "https://evil.example/"),
        (VERIFIER, ""),
    ] {
        trade(&service, &service.server_key, code, verifier, uri)
            .await
            .is_problem(401, "one_time_secret_invalid");
    }
    for broken in [&code[1..], &code.replace("amc1", "ams1"), ""] {
        trade(&service, &service.server_key, broken, VERIFIER, CALLBACK)
            .await
            .is_problem(401, "one_time_secret_invalid");
    }
    trade(&service, &service.server_key, code, VERIFIER, CALLBACK).await.success();
    service.pass(31);
    let late = told(&Browser::new(&service).sign_in(&asked(&service.client_key, &[])).await);
    service.pass(121);
    trade(&service, &service.server_key, &late["code"], VERIFIER, CALLBACK)
        .await
        .is_problem(401, "one_time_secret_expired");
}

#[tokio::test]
async fn threat_25_a_code_is_no_one_time_secret_and_a_one_time_secret_no_code() {
    let service = service().await;
    let back = told(&Browser::new(&service).sign_in(&asked(&service.client_key, &[])).await);
    service.refresh(&back["code"]).await.is_problem(401, "refresh_malformed");
    service.pass(40);
    let secret = service.one_time_secret("bob@example.com").await;
    trade(&service, &service.server_key, &secret, VERIFIER, CALLBACK)
        .await
        .is_problem(401, "one_time_secret_invalid");
}

#[tokio::test]
async fn threat_33_nobody_is_sent_to_what_is_not_registered() {
    let service = service().await;
    for uri in [
        "https://evil.example/",
        "https://shop.example/auth/callback/",
        "https://shop.example/auth/callback?x",
        "https://shop.example@evil.example/auth/callback",
        "//shop.example/auth/callback",
        "javascript:alert(1)",
    ] {
        let refused =
            Browser::new(&service).open(&asked(&service.client_key, &[("redirect_uri", Some(uri))])).await;
        assert_eq!((refused.status, refused.header("location")), (400, None), "{uri}");
        assert!(refused.text.contains("not registered"), "{}", refused.text);
    }
    for changes in
        [vec![("redirect_uri", None)], vec![("client", None)], vec![("client", Some("ck_production_x"))]]
    {
        let refused = Browser::new(&service).open(&asked(&service.client_key, &changes)).await;
        assert_eq!((refused.status, refused.header("location")), (400, None));
    }
    let by_server_key = Browser::new(&service).open(&asked(&service.server_key, &[])).await;
    assert_eq!((by_server_key.status, by_server_key.header("location")), (400, None));
    let twice = format!("/sign-in?{}&state=b", query(&asked(&service.client_key, &[])));
    assert_eq!(service.call("GET", &twice).send().await.status, 400, "a parameter comes once");
}

#[tokio::test]
async fn threat_26_state_and_challenge_are_required_and_the_app_hears_what_is_wrong() {
    let service = service().await;
    for changes in [
        vec![("state", None)],
        vec![("code_challenge", None)],
        vec![("code_challenge", Some("short"))],
        vec![("code_challenge_method", Some("plain"))],
        vec![("response_type", Some("token"))],
    ] {
        let answer = Browser::new(&service).open(&asked(&service.client_key, &changes)).await;
        let back = told(&answer);
        assert_eq!(
            (&*back["error"], &*back["iss"]),
            ("invalid_request", "https://auth.shop.example"),
            "{changes:?}"
        );
        assert!(!back.contains_key("code"));
    }
}

#[tokio::test]
async fn threat_38_a_form_that_no_page_of_this_browser_made_sends_no_mail_and_lets_nobody_in() {
    let service = service().await;
    let mut browser = Browser::new(&service);
    browser.open(&asked(&service.client_key, &[])).await.success();
    let honest = browser.fields.clone();
    let mut other = Browser::new(&service);
    other.open(&asked(&service.client_key, &[])).await.success();
    let token =
        |browser: &Browser<'_>| browser.fields.iter().find(|(name, _)| name == "form").unwrap().1.clone();
    let (own, foreign) = (token(&browser), token(&other));
    assert_ne!(own, foreign);
    for forged in ["", "1.", "x", &foreign, &own[1..]] {
        browser.fields = honest.clone();
        let answer = browser.form("email", &[("email", ADA), ("form", forged)]).send().await;
        assert!(answer.text.contains("role=\"alert\"") && service.inbox.mails().is_empty(), "{forged}");
    }
    browser.fields = honest.clone();
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        let answer = browser.form("email", &[("email", ADA)]).header(name, value).send().await;
        assert!(answer.text.contains("role=\"alert\"") && service.inbox.mails().is_empty(), "{value}");
    }
    let sent = browser.form("email", &[("email", ADA)]).header("origin", "https://auth.shop.example");
    sent.header("sec-fetch-site", "same-origin").send().await.success();
    assert_eq!(service.inbox.mails().len(), 1);
}

#[tokio::test]
async fn whom_the_page_recognises_continues_with_one_click_and_may_be_asked_to_sign_in_anew() {
    let service = service().await;
    let mut browser = Browser::new(&service);
    told(&browser.sign_in(&asked(&service.client_key, &[])).await);
    let page = browser.open(&asked(&service.client_key, &[])).await.success();
    assert!(page.text.contains(ADA) && page.text.contains("value=\"continue\""), "{}", page.text);
    let back = told(&browser.submit("continue", &[]).await);
    trade(&service, &service.server_key, &back["code"], VERIFIER, CALLBACK).await.success();

    let anew = browser.open(&asked(&service.client_key, &[("prompt", Some("login"))])).await.success();
    assert!(anew.text.contains("value=\"email\"") && !anew.text.contains("value=\"continue\""));
    browser.open(&asked(&service.client_key, &[])).await.success();
    browser.submit("other", &[]).await.success();
    let forgotten = browser.open(&asked(&service.client_key, &[])).await.success();
    assert!(!forgotten.text.contains(ADA));
}

#[tokio::test]
async fn threat_22_the_page_recognises_nobody_whose_sessions_somebody_ended_or_whose_time_is_over() {
    let service = service().await;
    let mut browser = Browser::new(&service);
    let back = told(&browser.sign_in(&asked(&service.client_key, &[])).await);
    let material = trade(&service, &service.server_key, &back["code"], VERIFIER, CALLBACK).await.success();
    let user = material.json["user"]["id"].as_str().unwrap().to_owned();
    let recognised = async |browser: &mut Browser<'_>| {
        let page = browser.open(&asked(&service.client_key, &[])).await.success();
        page.text.contains("value=\"continue\"")
    };
    assert!(recognised(&mut browser).await);
    let manager = service.add_server_key(9, &[Scope::SessionsRevoke, Scope::UsersWrite]).await;
    service.pass(1);
    service.manage(&manager, "DELETE", &format!("users/{user}/sessions")).send().await.success();
    assert!(!recognised(&mut browser).await, "an operator ended what the user had");

    service.pass(60);
    told(&browser.sign_in(&asked(&service.client_key, &[("prompt", Some("login"))])).await);
    assert!(recognised(&mut browser).await);
    service.manage(&manager, "POST", &format!("users/{user}/disable")).send().await.success();
    assert!(!recognised(&mut browser).await);
    service.manage(&manager, "POST", &format!("users/{user}/enable")).send().await.success();
    assert!(recognised(&mut browser).await);
    service.pass(12 * 3600);
    assert!(!recognised(&mut browser).await, "twelve hours, whatever happens");
}

#[tokio::test]
async fn threat_17_a_sign_in_leaves_nothing_of_what_the_browser_held_before() {
    let service = service().await;
    let mut browser = Browser::new(&service);
    browser.open(&asked(&service.client_key, &[])).await.success();
    let before = browser.cookies.clone();
    told(&browser.sign_in(&asked(&service.client_key, &[])).await);
    assert_ne!(before["__Host-authmint-form"], browser.cookies["__Host-authmint-form"]);
    assert!(!before.contains_key("__Host-authmint") && browser.cookies.contains_key("__Host-authmint"));
}

#[tokio::test]
async fn every_fault_of_a_person_is_told_with_what_to_do_and_counts() {
    let service = service().await;
    let mut browser = Browser::new(&service);
    browser.open(&asked(&service.client_key, &[])).await.success();
    let page = browser.submit("email", &[("email", "no address")]).await.success();
    assert!(page.text.contains("typing error") && page.text.contains("<title>Error: "), "{}", page.text);
    browser.submit("email", &[("email", " ADA@example.com ")]).await.success();
    let page = browser.submit("resend", &[]).await.success();
    assert!(
        page.text.contains("on its way already") && page.text.contains("data-wait=\"30\""),
        "{}",
        page.text
    );
    let right = service.code_for(ADA);
    let wrong = if right == "000000" { "111111" } else { "000000" };
    for _ in 0..5 {
        let page = browser.submit("code", &[("code", wrong)]).await.success();
        assert!(page.text.contains("role=\"alert\""));
    }
    let burnt = browser.submit("code", &[("code", &right)]).await.success();
    assert!(burnt.text.contains("too many wrong tries"), "{}", burnt.text);
    service.pass(60);
    browser.submit("resend", &[]).await.success();
    let spaced = service.code_for(ADA).chars().map(|c| format!("{c} ")).collect::<String>();
    told(&browser.submit("code", &[("code", &spaced)]).await);
}

#[tokio::test]
async fn a_new_address_is_turned_away_where_the_key_may_create_nobody() {
    let service = service().await;
    let shop = Callers::Origins(vec![SHOP.into()]);
    let key = service.add_client_key(7, shop, &[]).await;
    let answer = Browser::new(&service).sign_in(&asked(&key, &[])).await.success();
    assert!(answer.text.contains("no account with this address"), "{}", answer.text);
}

#[tokio::test]
async fn a_popup_posts_to_the_page_that_is_registered_and_to_no_other() {
    let service = service().await;
    let popup = |origin: &'static str| {
        vec![("client", service.client_key.as_str()), ("mode", "popup"), ("origin", origin)]
    };
    for origin in ["https://evil.example", "null", "*", "https://shop.example.evil.example", ""] {
        let refused = Browser::new(&service).open(&popup(origin)).await;
        assert_eq!((refused.status, refused.text.contains("data-body")), (400, false), "{origin}");
    }
    let anyone = service.add_client_key(8, Callers::Any, &[Scope::UsersCreate]).await;
    let open = [("client", anyone.as_str()), ("mode", "popup"), ("origin", "https://evil.example")];
    assert_eq!(
        Browser::new(&service).open(&open).await.status,
        400,
        "a key for anybody is no reason to post to anybody"
    );

    let page = Browser::new(&service).sign_in(&popup(SHOP)).await.success();
    assert!(page.text.contains(&format!("data-origin=\"{SHOP}\"")), "{}", page.text);
    let body =
        page.text.split("data-body=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#34;", "\"");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["event"], "authMaterialFromPopupCallback");
    let secret = body["data"]["oneTimeSecret"].as_str().unwrap();
    ledger::secret(secret);
    assert_eq!(service.refresh(secret).await.json["user"]["email"], ADA);
    assert!(page.header("cross-origin-opener-policy").is_none());
}

#[tokio::test]
async fn threat_47_pages_run_nothing_of_anybody_and_stand_in_no_frame() {
    let policy = Policy { redirect_uris: vec![CALLBACK.into()], ..Policy::default() };
    let service = Service::start_as(Setup { policy, ..Setup::default() }).await;
    let operator = service.operator().await;
    let name = "<script>alert(1)</script>\"'&";
    let project = "projects/01010101-0101-0101-0101-010101010101";
    let renamed = service.manage(&operator, "PATCH", project).body(json!({ "name": name }).to_string());
    renamed.send().await.success();
    service.pass(3);
    let mut browser = Browser::new(&service);
    let hint = "\"><script>alert(2)</script>@x.example";
    let page = browser.open(&asked(&service.client_key, &[("login_hint", Some(hint))])).await.success();
    let sent = browser.submit("email", &[("email", "\"<b>x</b>\"@example.com")]).await;
    for answer in [&page, &sent] {
        assert!(!answer.text.contains("<script>alert") && !answer.text.contains("<b>x"), "{}", answer.text);
        let policy = answer.header("content-security-policy").unwrap();
        for part in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("referrer-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), Some(value));
        }
        assert!(!answer.text.contains(" style=") && !answer.text.contains("onclick"));
    }
    for accent in ["red;}body{display:none", "12345", "zzzzzz"] {
        let css = service.call("GET", &format!("/sign-in.css?{}", query(&[("accent", accent)]))).send().await;
        assert!(css.text.contains("--accent: #3b5bdb;"), "{accent}");
    }
}

#[tokio::test]
async fn the_page_speaks_the_language_that_is_asked_for() {
    let service = service().await;
    let spanish = asked(&service.client_key, &[("ui_locales", Some("fr es"))]);
    let mut browser = Browser::new(&service);
    let page = browser.open(&spanish).await.success();
    assert!(page.text.contains("lang=\"es\"") && page.text.contains("Enviar código"), "{}", page.text);
    let next = browser.submit("email", &[("email", ADA)]).await.success();
    assert!(next.text.contains("Revisa tu correo"), "the wish stays from page to page");
    let call = service.call("GET", &format!("/sign-in?{}", query(&asked(&service.client_key, &[]))));
    assert!(call.header("accept-language", "es-ES,en;q=0.5").send().await.text.contains("lang=\"es\""));
}

#[tokio::test]
async fn the_page_with_its_parts_is_small_and_one_round_of_requests() {
    let service = service().await;
    let page = Browser::new(&service).open(&asked(&service.client_key, &[])).await.success();
    let mut bytes = page.text.len();
    let parts: Vec<_> = ["href=\"", "src=\""].iter().flat_map(|mark| page.text.split(mark).skip(1)).collect();
    assert_eq!(parts.len(), 2, "a style and a script");
    for part in parts {
        let path = part.split('"').next().unwrap().replace("&#38;", "&");
        let answer = service.call("GET", &path).send().await.success();
        assert!(
            !answer.text.contains("url(") && !answer.text.contains("import "),
            "it asks for nothing more"
        );
        bytes += answer.text.len();
    }
    assert!(bytes <= 60 * 1024, "{bytes} bytes");
}
