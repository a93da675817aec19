//! Who may call what: every call against every kind of credential.

use super::{ALL, SHOP, make_project, make_server_key};
use crate::support::{SHOP as ORIGIN, Service};

/// An ID that nothing has: whoever gets as far as being told so was let in, and changes nothing.
const NOTHING: &str = "08080808-0808-0808-0808-080808080808";

/// Calls that a server key may make with a scope.
const SCOPED: [(&str, &str, &str); 14] = [
    ("GET", "users", "users.read"),
    ("GET", "users/NOTHING", "users.read"),
    ("DELETE", "users/NOTHING", "users.write"),
    ("POST", "users/NOTHING/disable", "users.write"),
    ("POST", "users/NOTHING/enable", "users.write"),
    ("GET", "users/NOTHING/sessions", "sessions.read"),
    ("DELETE", "users/NOTHING/sessions", "sessions.revoke"),
    ("GET", "sessions/NOTHING", "sessions.read"),
    ("DELETE", "sessions/NOTHING", "sessions.revoke"),
    ("GET", "events", "events.read"),
    ("GET", "projects/SHOP", "project.write"),
    ("PATCH", "projects/SHOP", "project.write"),
    ("POST", "projects/SHOP/not-before", "project.write"),
    ("GET", "revocations", "feed.read"),
];

/// Calls that only an operator makes.
const OPERATORS: [(&str, &str); 12] = [
    ("GET", "projects"),
    ("POST", "projects"),
    ("GET", "projects/SHOP/api-keys"),
    ("POST", "projects/SHOP/api-keys"),
    ("POST", "api-keys/adopt"),
    ("DELETE", "api-keys/NOTHING"),
    ("GET", "operator-tokens"),
    ("POST", "operator-tokens"),
    ("DELETE", "operator-tokens/NOTHING"),
    ("GET", "signing-keys"),
    ("POST", "signing-keys/rotate"),
    ("DELETE", "signing-keys/NOTHING"),
];

fn path(path: &str) -> String {
    path.replace("NOTHING", NOTHING).replace("SHOP", SHOP)
}

/// Whether a call got past everyone who asks for credentials.
async fn reaches(service: &Service, credential: &str, method: &str, path: &str) -> bool {
    let answer = service.manage(credential, method, path).body("{}").send().await;
    let refused = matches!(answer.status, 401 | 403) || answer.field("code") == "parameter_invalid";
    let known = [
        "",
        "user_unknown",
        "session_unknown",
        "api_key_not_found",
        "operator_token_not_found",
        "signing_key_not_found",
        "body_invalid",
        "conflict",
    ];
    assert!(refused || known.contains(&answer.field("code")), "{method} {path}: {}", answer.text);
    !refused
}

#[tokio::test]
async fn a_server_key_reaches_what_its_scopes_name_and_nothing_else() {
    let service = Service::start().await;
    let operator = service.operator().await;
    for (method, call, scope) in SCOPED {
        let call = path(call);
        let only = make_server_key(&service, &operator, SHOP, &[scope]).await;
        let but: Vec<_> = ALL.into_iter().filter(|other| *other != scope).collect();
        let but = make_server_key(&service, &operator, SHOP, &but).await;
        assert!(reaches(&service, &only, method, &call).await, "{method} {call} with {scope}");
        service.manage(&but, method, &call).send().await.is_problem(403, "scope_missing");
        let client = service.manage(&service.client_key, method, &call);
        client.send().await.is_problem(403, "server_key_required");
        let client = service.manage(&service.client_key, method, &call).header("origin", ORIGIN);
        client.send().await.is_problem(403, "server_key_required");
    }
}

#[tokio::test]
async fn no_key_reaches_what_is_an_operators() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let all = make_server_key(&service, &operator, SHOP, &ALL).await;
    for (method, call) in OPERATORS {
        let call = path(call);
        for key in [all.as_str(), &service.client_key, "sk_production_x", ""] {
            let refused = service.manage(key, method, &call).body("{}").send().await;
            refused.is_problem(401, "operator_token_missing");
            assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        }
        assert!(reaches(&service, &operator, method, &call).await, "{method} {call}");
    }
}

#[tokio::test]
async fn an_operator_reaches_everything_of_the_project_that_they_name() {
    let service = Service::start().await;
    let operator = service.operator().await;
    for (method, call, _) in SCOPED.into_iter().filter(|(_, call, _)| *call != "revocations") {
        let call = path(call);
        let named = format!("{call}?project_id={SHOP}");
        assert!(reaches(&service, &operator, method, &named).await, "{method} {named}");
        let needless = call.starts_with("projects/") || call == "events";
        assert_eq!(reaches(&service, &operator, method, &call).await, needless, "{method} {call}");
    }
    for query in
        ["project_id=shop", "project_id=", "project_id=%00", &format!("project_id={SHOP}&project_id={SHOP}")]
    {
        let call = service.manage(&operator, "GET", &format!("users?{query}")).send().await;
        call.is_problem(400, "parameter_invalid");
    }
    let nowhere = service.manage(&operator, "GET", &format!("users?project_id={NOTHING}")).send().await;
    nowhere.is_problem(404, "project_unknown");
}

#[tokio::test]
async fn nobody_reaches_anything_and_is_told_what_to_send() {
    let service = Service::start().await;
    let jwt = service.sign_in("ada@example.com").await["jwt"].as_str().unwrap().to_owned();
    let forged = format!("Bearer amo1_{}", "A".repeat(43));
    for (method, call, _) in SCOPED.into_iter().filter(|(_, call, _)| *call != "revocations") {
        let call = path(call);
        let refused = service.manage("", method, &call).send().await;
        refused.is_problem(401, "api_key_missing");
        assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
        for (bearer, code) in [
            (forged.as_str(), "operator_token_invalid"),
            (&format!("Bearer {jwt}"), "operator_token_invalid"),
            (&format!("Bearer {}", service.server_key), "operator_token_invalid"),
            ("Bearer ", "operator_token_invalid"),
            ("Basic YTpi", "operator_token_missing"),
        ] {
            let refused = service.manage("", method, &call).header("authorization", bearer).send().await;
            refused.is_problem(401, code);
            assert!(refused.header("www-authenticate").unwrap().starts_with("Bearer"));
        }
    }
    service.manage("", "GET", "revocations").send().await.is_problem(401, "api_key_missing");
}

#[tokio::test]
async fn a_call_acts_by_one_authority() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let all = make_server_key(&service, &operator, SHOP, &ALL).await;
    let calls = SCOPED.map(|(method, call, _)| (method, call));
    for (method, call) in calls.into_iter().chain(OPERATORS).filter(|(_, call)| *call != "revocations") {
        let both = service.manage(&all, method, &path(call));
        let both = both.header("authorization", &format!("Bearer {operator}")).send().await;
        both.is_problem(400, "parameter_invalid");
        let twice = service.manage(&all, method, &path(call)).append("x-api-key", &all).send().await;
        twice.is_problem(400, "parameter_invalid");
        let bearer = format!("Bearer {operator}");
        let twice = service.manage(&operator, method, &path(call)).append("authorization", &bearer);
        twice.send().await.is_problem(400, "parameter_invalid");
    }
}

#[tokio::test]
async fn no_page_of_another_origin_reads_anything() {
    let service = Service::start().await;
    let operator = service.operator().await;
    for (method, call) in OPERATORS {
        let asked = service.manage("", "OPTIONS", &path(call)).header("origin", ORIGIN);
        let asked = asked.header("access-control-request-method", method);
        let asked = asked.header("access-control-request-headers", "authorization").send().await;
        assert_eq!(asked.status, 405, "{call}: {}", asked.text);
        let read = service.manage(&operator, "GET", &path(call)).header("origin", ORIGIN).send().await;
        for answer in [asked, read] {
            assert!(!answer.headers.keys().any(|name| name.as_str().starts_with("access-control")), "{call}");
            assert_eq!(answer.header("cache-control"), Some("no-store"));
        }
    }
}

#[tokio::test]
async fn a_key_of_another_project_finds_nothing_of_this_one() {
    let service = Service::start().await;
    let operator = service.operator().await;
    let ada = service.sign_in("ada@example.com").await;
    let (user, session) = (super::user_of(&ada), super::session_of(&ada));
    let staging = make_project(&service, &operator, "staging").await;
    let key = make_server_key(&service, &operator, &staging, &ALL).await;
    for (method, call, code) in [
        ("GET", format!("users/{user}"), "user_unknown"),
        ("DELETE", format!("users/{user}"), "user_unknown"),
        ("POST", format!("users/{user}/disable"), "user_unknown"),
        ("POST", format!("users/{user}/enable"), "user_unknown"),
        ("GET", format!("users/{user}/sessions"), "user_unknown"),
        ("DELETE", format!("users/{user}/sessions"), "user_unknown"),
        ("GET", format!("sessions/{session}"), "session_unknown"),
        ("DELETE", format!("sessions/{session}"), "session_unknown"),
    ] {
        service.manage(&key, method, &call).send().await.is_problem(404, code);
        let named = service.manage(&key, method, &format!("{call}?project_id={SHOP}")).send().await;
        named.is_problem(401, "project_mismatch");
        // An operator who names the wrong project finds nothing either.
        let call = format!("{call}?project_id={staging}");
        service.manage(&operator, method, &call).send().await.is_problem(404, code);
    }
    for list in ["users".to_owned(), format!("users?search={user}"), "users?search=ada".to_owned()] {
        assert_eq!(service.manage(&key, "GET", &list).send().await.success().items("id"), [""; 0], "{list}");
    }
    let events = service.manage(&key, "GET", &format!("events?user_id={user}")).send().await.success();
    assert_eq!(events.items("kind"), [""; 0]);
    let feed = service.manage(&key, "GET", "revocations").send().await.success();
    assert_eq!(feed.json["entries"].as_array().unwrap().len(), 0);
    assert_eq!(service.refresh(super::token_of(&ada)).await.status, 200, "nothing was done");
}
