//! Users, sessions, operators and the audit trail, managed at the command line beside a running service.

use crate::served::{Place, Served};
use serde_json::{Value, json};

/// A place with a running service, one project, and a client key of it.
fn running() -> (Place, std::sync::mpsc::Receiver<String>, Served, String, String) {
    let place = Place::new();
    let mails = place.configure_with_mail();
    let served = Served::start(&place);
    let project =
        place.run(&["project", "--json", "create", "--name", "Shop", "--environment", "production"]);
    let id = project["id"].as_str().unwrap().to_owned();
    let key = place.run(&["key", "--json", "create", "--project", &id, "--usage", "client", "--anyone"]);
    let key = key["key"].as_str().unwrap().to_owned();
    (place, mails, served, id, key)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_22_a_user_disabled_at_the_command_line_is_out_of_the_running_service() {
    let (place, mails, served, project, key) = running();
    let token = served.sign_in(&key, "ada@example.com", &mails).await;
    let other = served.sign_in(&key, "bob@example.com", &mails).await;
    let of_project = ["--project", &project];
    let users = place.run(&[&["user", "--json", "list", "--search", "ADA@"][..], &of_project].concat());
    let ada = &users[0];
    assert_eq!((users.as_array().unwrap().len(), text(&ada["email"])), (1, "ada@example.com"));
    let ada = text(&ada["id"]);

    let sessions = place.run(&[&["session", "--json", "list", "--user", ada][..], &of_project].concat());
    assert_eq!((&sessions[0]["ended_at"], &sessions[0]["opened_from"]), (&Value::Null, &json!("127.0.0.1")));
    let disabled = place.run(&[&["user", "--json", "disable", ada][..], &of_project].concat());
    assert!(disabled["disabled_at"].is_string());
    let (status, body) = served.call(&key, "refresh", &json!({ "refresh": token })).await;
    assert_eq!((status, text(&body["code"])), (401, "session_revoked"));
    assert_eq!(served.call(&key, "refresh", &json!({ "refresh": other })).await.0, 200);
    let shown =
        place.run(&[&["session", "--json", "show", text(&sessions[0]["id"])][..], &of_project].concat());
    assert_eq!(text(&shown["end_reason"]), "disabled");

    place.run(&[&["user", "enable", ada][..], &of_project].concat());
    let detail = place.run(&[&["user", "--json", "show", ada][..], &of_project].concat());
    assert_eq!(
        (&detail["disabled_at"], text(&detail["identities"][0]["subject"])),
        (&Value::Null, "ada@example.com")
    );
    place.run(&[&["user", "delete", ada][..], &of_project].concat());
    let left = place.run(&[&["user", "--json", "list"][..], &of_project].concat());
    assert_eq!((left.as_array().unwrap().len(), text(&left[0]["email"])), (1, "bob@example.com"));
    let gone = place.command("user").args(["show", ada, "--project", &project]).output().unwrap();
    assert!(!gone.status.success() && String::from_utf8_lossy(&gone.stderr).contains("no such user"));
}

#[test]
fn the_mail_of_a_project_can_be_looked_at_in_every_language() {
    let place = Place::new();
    place.configure_with_mail();
    let created = ["project", "--json", "create", "--name", "Tea & Co", "--environment", "production"];
    let project = place.run(&[&created[..], &["--accent-color", "#0b7285"]].concat());
    let id = text(&project["id"]);
    let mail = place.run(&["project", "--json", "mail", id, "--language", "es-MX"]);
    assert_eq!(text(&mail["subject"]), "Tu código para iniciar sesión en Tea & Co");
    assert!(text(&mail["text"]).contains("123456"));
    let html = place.command("project").args(["mail", id, "--html"]).output().unwrap();
    let html = String::from_utf8(html.stdout).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.contains("#0b7285"), "{html}");
    assert!(html.contains("Tea &#38; Co") && html.contains("123456"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_one_by_one_all_of_a_user_and_all_of_a_project() {
    let (place, mails, served, project, key) = running();
    let of_project = ["--project", &project];
    let refreshed = async |token: &str| served.call(&key, "refresh", &json!({ "refresh": token })).await.0;
    let ada = served.sign_in(&key, "ada@example.com", &mails).await;
    let users = place.run(&[&["user", "--json", "list"][..], &of_project].concat());
    let sessions =
        [&["session", "--json", "list", "--user", text(&users[0]["id"])][..], &of_project].concat();
    let session = place.run(&sessions);
    let ended =
        place.run(&[&["session", "--json", "end", text(&session[0]["id"])][..], &of_project].concat());
    assert_eq!((text(&ended["end_reason"]), refreshed(&ada).await), ("operator", 401));

    let bob = served.sign_in(&key, "bob@example.com", &mails).await;
    let found = place.run(&[&["user", "--json", "list", "--search", "bob"][..], &of_project].concat());
    place.run(&[&["user", "sign-out", text(&found[0]["id"])][..], &of_project].concat());
    assert_eq!(refreshed(&bob).await, 401);

    let cid = served.sign_in(&key, "cid@example.com", &mails).await;
    assert_eq!(refreshed(&cid).await, 200);
    let changed = place.run(&["project", "--json", "not-before", &project]);
    assert!(changed["not_before"].is_string());
    assert_eq!(refreshed(&cid).await, 401);
    let later = served.sign_in(&key, "dot@example.com", &mails).await;
    assert_eq!(refreshed(&later).await, 200, "who signs in after it is none of its business");
    let ahead = ["not-before", &project, "--at", "2999-01-01T00:00:00Z"];
    assert!(!place.command("project").args(ahead).output().unwrap().status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_says_who_did_what_from_where_and_nothing_secret() {
    let (place, mails, served, project, key) = running();
    let token = served.sign_in(&key, "ada@example.com", &mails).await;
    place.run(&["project", "set", &project, "--custom-claims", r#"{"tier":"gold"}"#]);
    let made = place.run(&["operator", "--json", "token", "create", "--name", "console", "--days", "1"]);
    assert!(text(&made["token"]).starts_with("amo1_"), "shown this once");
    let listed = place.run(&["operator", "--json", "token", "list"]);
    assert!(listed[0].get("token").is_none() && listed[0]["expires_at"].is_string());
    let revoked = place.run(&["operator", "--json", "token", "revoke", text(&made["id"])]);
    assert!(revoked["revoked_at"].is_string());

    let exported = place.command("events").arg("export").output().unwrap();
    let exported = String::from_utf8(exported.stdout).unwrap();
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<_> = lines.iter().map(|line| (text(&line["kind"]), text(&line["actor"]))).collect();
    assert_eq!(
        told,
        [
            ("operator_token_revoked", "command_line"),
            ("operator_token_created", "command_line"),
            ("project_changed", "command_line"),
            ("session_opened", "user"),
            ("signed_in", "user"),
            ("user_created", "user"),
            ("api_key_minted", "command_line"),
            ("project_created", "command_line"),
            ("signing_key_created", "service"),
            ("signing_key_activated", "service"),
        ]
    );
    assert_eq!((&lines[3]["from"], &lines[0]["from"]), (&json!("127.0.0.1"), &Value::Null));
    for secret in [&token, &key, text(&made["token"]), "ada@example.com"] {
        assert!(!exported.contains(secret));
    }
    let filter = ["events", "list", "--json", "--project", &project, "--kind", "project_changed"];
    let found = place.run(&filter);
    assert_eq!((found.as_array().unwrap().len(), text(&found[0]["detail"])), (1, "custom_claims"));
    assert_eq!(place.run(&[&filter[..], &["--until", "2020-01-01T00:00:00Z"]].concat()), json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_is_added_tested_and_removed_at_the_command_line_and_no_jwt_is_printed() {
    let (place, _mails, _served, project, _key) = running();
    let of_project = ["--project", &project];
    let issuer = |words: &[&str]| place.run(&[&["issuer", "--json"][..], words, &of_project].concat());
    let added = issuer(&["add", "--name", "google", "--preset", "firebase", "--field", "project_id=shop-1"]);
    let id = text(&added["id"]);
    assert_eq!((&added["terms"]["preset"], &issuer(&["list"])[0]["id"]), (&json!("firebase"), &added["id"]));

    // A form without a sound signature: every rule is told of, and the text itself is not.
    let claims =
        r#"{"iss":"https://securetoken.google.com/shop-1","aud":"other","sub":"alice","exp":1,"iat":0}"#;
    let part = |text: &str| base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, text);
    let jwt = format!("{}.{}.c2VjcmV0", part(r#"{"alg":"HS256"}"#), part(claims));
    let report = issuer(&["test", &jwt, "--issuer", id]);
    let broken: Vec<_> =
        report["rules"].as_array().unwrap().iter().filter(|row| row["passed"] == false).collect();
    assert_eq!((&report["accepted"], text(&broken[0]["rule"])), (&json!(false), "algorithm"));
    let shown =
        place.command("issuer").args(["test", &jwt, "--issuer", id]).args(of_project).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("IS BROKEN") && !shown.contains("c2VjcmV0"), "{shown}");

    let words = ["add", "--name", "x", "--issuer", "http://10.0.0.1", "--audience", "a"];
    let refused = place.command("issuer").args(words).args(of_project).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("https"), "{said}");
    issuer(&["remove", id]);
    assert_eq!(issuer(&["list"]), json!([]));
}
