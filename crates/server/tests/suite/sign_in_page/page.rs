//! What the page shows, says, and lets run.

use super::{ADA, Browser, CALLBACK, asked, service, told};
use crate::{
    ledger,
    support::{SHOP, Service, Setup, query},
};
use authmint_domain::model::{
    policy::Policy,
    project::{Callers, Scope},
};
use serde_json::json;

#[tokio::test]
async fn every_fault_of_a_person_is_told_with_what_to_do_and_counts() {
    let service = service().await;
    let mut browser = Browser::new(&service);
    browser.open(&asked(&service.client_key, &[])).await.success();
    let page = browser.submit("email", &[("email", "no address")]).await.success();
    assert!(page.text.contains("typing error") && page.text.contains("<title>Error: "), "{}", page.text);
    let first = browser.submit("email", &[("email", " ADA@example.com ")]).await.success();
    assert!(first.text.contains("data-wait=\"30\""), "{}", first.text);
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
    assert!(burnt.text.contains("data-wait=\"30\""), "a wrong code shortens no wait");
    service.pass(60);
    let second = browser.submit("resend", &[]).await.success();
    assert!(second.text.contains("data-wait=\"60\""), "each code doubles the wait: {}", second.text);
    let spaced = service.code_for(ADA).chars().map(|c| format!("{c} ")).collect::<String>();
    told(&browser.submit("code", &[("code", &spaced)]).await);
}

#[tokio::test]
async fn a_step_can_be_loaded_again_and_come_back_to_and_nobody_but_the_service_writes_one() {
    let service = service().await;
    let mut browser = Browser::new(&service);
    browser.open(&asked(&service.client_key, &[])).await.success();
    let sent = browser.form("email", &[("email", ADA)]).send().await;
    let step = sent.header("location").unwrap().to_owned();
    assert!(!step.contains("ada") && step.len() < 2048, "{step}");
    browser.follow(sent).await.success();
    for _ in 0..2 {
        let again = browser.load(&step).await.success();
        assert!(again.text.contains(ADA) && again.text.contains("one-time-code"), "{}", again.text);
    }
    assert_eq!(service.inbox.mails().len(), 1, "loading it again sends nothing");
    let (before, at) = step.rsplit_once("at=").unwrap();
    for forged in ["", "AAAA", &at[..at.len() - 2], &at.replace(&at[20..24], "AAAA")] {
        let page = browser.load(&format!("{before}at={forged}")).await.success();
        assert!(page.text.contains("name=\"email\"") && !page.text.contains(ADA), "{forged}");
    }
    browser.load(&step).await.success();
    service.pass(1);
    told(&browser.submit("code", &[("code", &service.code_for(ADA))]).await);
    let back = browser.load(&step).await.success();
    assert!(back.text.contains("value=\"continue\""), "who is signed in is not asked for the code again");
    let other = Browser::new(&service).load(&step).await.success();
    assert!(!other.text.contains("value=\"continue\""));
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
async fn pages_run_nothing_of_anybody_and_stand_in_no_frame() {
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
async fn threat_38_a_forged_host_reaches_no_mail_no_redirect_and_no_page() {
    let service = service().await;
    let mut browser = Browser::new(&service);
    browser.open(&asked(&service.client_key, &[])).await.success();
    let named = browser.form("email", &[("email", ADA)]).header("host", "evil.example").send().await;
    assert!(named.status >= 400 && !named.text.contains("evil"), "{} {}", named.status, named.text);
    assert_eq!(service.inbox.mails().len(), 0);
    let mut call = browser.form("email", &[("email", ADA)]);
    for (name, value) in [("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example;proto=http")]
    {
        call = call.header(name, value);
    }
    let answer = call.send().await;
    let location = answer.header("location").unwrap_or_default().to_owned();
    assert!(!location.contains("evil"), "{location}");
    let page = browser.follow(answer).await;
    assert!(!page.text.contains("evil"), "{}", page.text);
    let mails = service.inbox.mails();
    assert_eq!(mails.len(), 1);
    for text in [&mails[0].text, &mails[0].html, &mails[0].subject] {
        assert!(!text.contains("evil") && !text.contains("http"), "{text}");
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
