//! Whose forms the page takes, and whom it recognises.

use super::{ADA, Browser, CALLBACK, VERIFIER, asked, service, told, trade};
use authmint_domain::model::project::Scope;

#[tokio::test]
async fn a_form_that_no_page_of_this_browser_made_sends_no_mail_and_lets_nobody_in() {
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
        let answer = browser.follow(answer).await;
        assert!(answer.text.contains("role=\"alert\"") && service.inbox.mails().is_empty(), "{forged}");
    }
    browser.fields = honest.clone();
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        browser.fields = honest.clone();
        let answer = browser.form("email", &[("email", ADA)]).header(name, value).send().await;
        let answer = browser.follow(answer).await;
        assert!(answer.text.contains("role=\"alert\"") && service.inbox.mails().is_empty(), "{value}");
    }
    let sent = browser.form("email", &[("email", ADA)]).header("origin", "https://auth.shop.example");
    let sent = sent.header("sec-fetch-site", "same-origin").send().await;
    browser.follow(sent).await.success();
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

    let again = async |browser: &mut Browser<'_>| {
        service.pass(60);
        told(&browser.sign_in(&asked(&service.client_key, &[("prompt", Some("login"))])).await);
        assert!(recognised(browser).await);
        service.pass(1);
    };
    again(&mut browser).await;
    service.manage(&manager, "DELETE", &format!("users/{user}/sessions")).send().await.success();
    assert!(!recognised(&mut browser).await, "and where no session was alive: the code was never traded");

    again(&mut browser).await;
    service.manage(&manager, "POST", &format!("users/{user}/disable")).send().await.success();
    assert!(!recognised(&mut browser).await);
    service.manage(&manager, "POST", &format!("users/{user}/enable")).send().await.success();
    assert!(!recognised(&mut browser).await, "what was proven before is proven no more");

    again(&mut browser).await;
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
