//! Pages: what is on them, and how they join.

use super::{ALL, SHOP, make_server_key, user_of};
use crate::support::{Answer, Service};

/// All items of a list, read in pages of two.
async fn walk(service: &Service, credential: &str, path: &str, name: &str) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    let and = if path.contains('?') { '&' } else { '?' };
    loop {
        let page = format!("{path}{and}limit=2{cursor}");
        let page: Answer = service.manage(credential, "GET", &page).send().await.success();
        assert!((1..=2).contains(&page.items(name).len()), "{}", page.text);
        all.extend(page.items(name).into_iter().map(str::to_owned));
        match page.json["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn pages_of_every_list_join_up_to_the_whole() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let key = make_server_key(&service, &operator, SHOP, &ALL).await;
    let mut ada = String::new();
    for index in 0..3 {
        // The same moment for two of them: an ID decides then.
        ada = user_of(&service.sign_in(&format!("u{index}@example.com")).await).to_owned();
        service.operator().await;
        super::make_project(&service, &operator, "staging").await;
    }
    for _ in 0..2 {
        service.pass(60);
        service.sign_in("u2@example.com").await;
    }
    for (credential, path, name) in [
        (&operator, "projects".to_owned(), "id"),
        (&operator, format!("projects/{SHOP}/api-keys"), "id"),
        (&operator, "operator-tokens".to_owned(), "id"),
        (&operator, "signing-keys".to_owned(), "kid"),
        (&operator, "events".to_owned(), "at"),
        (&key, "users".to_owned(), "id"),
        (&key, "users?search=u".to_owned(), "id"),
        (&key, format!("users/{ada}/sessions"), "id"),
        (&key, "events?kind=session_opened".to_owned(), "session_id"),
    ] {
        let whole = service.manage(credential, "GET", &path).send().await.success();
        let walked = walk(&service, credential, &path, name).await;
        assert_eq!(walked, whole.items(name), "{path}");
        assert!(walked.len() >= 2, "{path}");
    }
}

#[tokio::test]
async fn threat_46_a_cursor_is_data_of_one_list() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let key = make_server_key(&service, &operator, SHOP, &ALL).await;
    for index in 0..2 {
        service.sign_in(&format!("u{index}@example.com")).await;
    }
    let users = service.manage(&key, "GET", "users?limit=1").send().await.success();
    let users = users.field("next_cursor");
    let events = service.manage(&key, "GET", "events?limit=1").send().await.success();
    let events = events.field("next_cursor");
    for path in [
        format!("users?cursor={events}"),
        format!("users?search=u&cursor={users}"),
        format!("events?cursor={users}"),
        format!("events?kind=signed_in&cursor={events}"),
        format!("users?cursor={users}&cursor={users}"),
        format!("users?cursor={}", &users[..users.len() - 1]),
        "users?cursor='%20OR%20'1'='1".to_owned(),
        "events?cursor=1".to_owned(),
        "events?cursor=%00".to_owned(),
    ] {
        service.manage(&key, "GET", &path).send().await.is_problem(400, "parameter_invalid");
    }
    let path = format!("users?limit=1&cursor={users}");
    assert_eq!(service.manage(&key, "GET", &path).send().await.success().items("id").len(), 1, "the control");
}
