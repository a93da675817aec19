//! People who sign in while machines die: what each was told holds afterwards.

use super::{Fleet, killed::Replicas, refresh};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Who was told that they are signed in.
pub(super) struct Person {
    email: String,
    /// What the service takes the mailed code by, and the code, used by now.
    state: String,
    code: String,
    token: String,
}

/// What must not have become of a sign-in that was acknowledged.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// The session is not there.
    Lost(u16),
    /// The code was taken a second time.
    Doubled,
}

/// Lets people sign in, one after another, until `over`. Whoever is left without an answer is replaced by the next: nothing was
/// said to them.
pub(super) async fn sign_in(fleet: &Fleet, replicas: &Replicas, over: &AtomicBool) -> Vec<Person> {
    let mut people = Vec::new();
    // The mails that one client may ask for in a row.
    for number in 0..28_usize {
        if over.load(Ordering::Relaxed) {
            break;
        }
        people.extend(try_one(fleet, replicas, number).await);
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    people
}

async fn try_one(fleet: &Fleet, replicas: &Replicas, number: usize) -> Option<Person> {
    let email = format!("person-{number}@example.com");
    // Each step is taken wherever the load balancer sends it.
    let call = async |step: usize, path: &str, body: Value| {
        let replica = Arc::clone(&replicas[(number + step) % 2].read().unwrap());
        let (status, answer) = replica.try_call(&fleet.key, path, &body).await?;
        assert!(status == 200 || status >= 500, "a sign-in was refused: {answer}");
        (status == 200).then_some(answer)
    };
    let sent = call(0, "otps/send", json!({ "email": email })).await?;
    let state = sent["emailId"].as_str()?.to_owned();
    let code = fleet.mailed_code(&email);
    let proven = call(1, &proof(&email, &code, &state), Value::Null).await?;
    let opened = call(2, "refresh", json!({ "refresh": proven["oneTimeSecret"] })).await?;
    let token = opened["refresh"]["secret"].as_str()?.to_owned();
    Some(Person { email, state, code, token })
}

fn proof(email: &str, code: &str, state: &str) -> String {
    format!("authenticate?email={email}&signinAuthenticationMethod=email&token={code}&state={state}")
}

/// Holds what a person was told against what the service knows.
pub(super) async fn check(fleet: &Fleet, replicas: &Replicas, person: &mut Person) -> Result<(), Broken> {
    let replica = Arc::clone(&replicas[0].read().unwrap());
    match refresh(&replica, &fleet.key, &person.token).await.expect("the process answers") {
        Ok(next) => person.token = next,
        Err((status, _)) => return Err(Broken::Lost(status)),
    }
    let again = proof(&person.email, &person.code, &person.state);
    let (status, answer) = replica.call(&fleet.key, &again, &Value::Null).await;
    match status {
        200 => Err(Broken::Doubled),
        status => {
            assert!(status < 500, "{answer}");
            Ok(())
        }
    }
}

/// What [`check`] is worth: a database that has forgotten a session, or that a code was used, is found out.
pub(super) async fn control(fleet: &Fleet, replicas: &Replicas, query: impl Fn(&str), mut person: Person) {
    let (replica, state) = (Arc::clone(&replicas[0].read().unwrap()), person.state.clone());
    query("UPDATE email_challenges SET sent_at = sent_at - 3600000");
    let (status, sent) = replica.call(&fleet.key, "otps/send", &json!({ "email": person.email })).await;
    assert_eq!((status, sent["emailId"].as_str()), (200, Some(&*state)));
    person.code = fleet.mailed_code(&person.email);
    query("CREATE TABLE kept AS SELECT * FROM email_challenges");
    let first = proof(&person.email, &person.code, &state);
    assert_eq!(replica.call(&fleet.key, &first, &Value::Null).await.0, 200);
    query(
        "UPDATE email_challenges e SET code_salt = k.code_salt, code_mac = k.code_mac,
            code_expires_at = k.code_expires_at, code_tries = k.code_tries
        FROM kept k WHERE k.project_id = e.project_id AND k.email_id = e.email_id",
    );
    assert_eq!(check(fleet, replicas, &mut person).await, Err(Broken::Doubled));
    query("DELETE FROM sessions WHERE email LIKE 'person-%'");
    assert_eq!(check(fleet, replicas, &mut person).await, Err(Broken::Lost(401)));
}
