//! Messages: what crosses the wire is read as what it says, and written as what is read.

#![no_main]

use arbitrary::Arbitrary;
use authmint_domain::model::policy::Policy;
use authmint_protocol::{
    ErrorCode,
    cookie::CookieOptions,
    id::{ProjectId, SessionId, UserId},
    time::Timestamp,
    wire::{
        feed::{FeedEntry, FeedPage},
        problem::Problem,
        session::{LogoutRequest, RefreshRequest, RefreshResponse},
        sign_in::{SendCodeRequest, SendCodeResponse, SignInResponse},
        user::User,
    },
};
use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

#[derive(Arbitrary, Debug)]
enum Input {
    Bytes(Vec<u8>),
    Object { members: Vec<(u8, Member)> },
    Text(String),
    Time(i64),
    Pieces { year: u16, month: u8, day: u8, hour: u8, minute: u8, second: u8, fraction: Option<String> },
}

#[derive(Arbitrary, Debug)]
enum Member {
    Null,
    Bool(bool),
    Number(i64),
    Text(String),
    Object(Vec<(u8, String)>),
    Entries(Vec<(u8, String, i64, i64)>),
}

const NAMES: [&str; 20] = [
    "refresh",
    "jwt",
    "secret",
    "expiresAt",
    "user",
    "id",
    "email",
    "phoneNumber",
    "emailId",
    "oneTimeSecret",
    "callbackUrl",
    "error",
    "message",
    "code",
    "entries",
    "cursor",
    "snapshot",
    "more",
    "grace",
    "settle",
];

impl Member {
    fn value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => json!(value),
            Self::Number(value) => json!(value),
            Self::Text(value) => json!(value),
            Self::Object(members) => {
                members.iter().map(|(name, text)| (name_of(*name), json!(text))).collect()
            }
            Self::Entries(entries) => entries
                .iter()
                .map(|(kind, id, ended_at, expires_at)| {
                    let kind = ["session", "user", "key", "comet"][usize::from(kind % 4)];
                    json!({ "kind": kind, "id": id, "ended_at": ended_at, "expires_at": expires_at })
                })
                .collect(),
        }
    }
}

fn name_of(index: u8) -> String {
    NAMES[usize::from(index) % NAMES.len()].to_owned()
}

/// What is read is written, and what is written is read as the same.
fn there_and_back<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let message: T = serde_json::from_slice(bytes).ok()?;
    let written = serde_json::to_vec(&message).expect("our own messages become JSON");
    let again: T = serde_json::from_slice(&written).expect("what we write, we read");
    assert_eq!(serde_json::to_vec(&again).expect("JSON"), written);
    Some(message)
}

fn read_all(bytes: &[u8]) {
    there_and_back::<RefreshRequest>(bytes);
    there_and_back::<LogoutRequest>(bytes);
    there_and_back::<SendCodeRequest>(bytes);
    there_and_back::<SendCodeResponse>(bytes);
    there_and_back::<SignInResponse>(bytes);
    there_and_back::<User>(bytes);
    there_and_back::<FeedEntry>(bytes);
    there_and_back::<FeedPage>(bytes);
    let _options = serde_json::from_slice::<CookieOptions>(bytes);
    if let Some(answer) = there_and_back::<RefreshResponse>(bytes) {
        let whole: Value = serde_json::from_slice(bytes).expect("JSON");
        assert_eq!(whole["jwt"], answer.jwt.reveal());
        assert_eq!(whole["refresh"]["secret"], answer.refresh.secret.reveal());
    }
    if let Some(problem) = there_and_back::<Problem>(bytes) {
        assert_eq!(
            problem.known_code().map(ErrorCode::as_str),
            ErrorCode::from_text(&problem.code).map(ErrorCode::as_str)
        );
        assert!(problem.known_code().is_none_or(|code| code.as_str() == problem.code));
    }
    if let Some(policy) = there_and_back::<Policy>(bytes) {
        let _faults = policy.faults(false);
    }
}

fn read_text(text: &str) {
    if let Some(at) = Timestamp::from_iso8601(text) {
        let (written, again) = (at.to_iso8601(), Timestamp::from_iso8601(&at.to_iso8601()));
        if at >= Timestamp::EPOCH {
            assert_eq!(again, Some(at));
            assert_eq!(written.trim_end_matches('Z'), &text[..19], "another time is written than was read");
        }
        assert_eq!(at.unix_millis() % 1000, 0);
    }
    macro_rules! id {
        ($kind:ty) => {
            if let Ok(id) = text.parse::<$kind>() {
                assert!(text.len() == 36 && id.to_string().eq_ignore_ascii_case(text));
                assert_eq!(<$kind>::from_bytes(*id.as_bytes()), id);
            }
        };
    }
    id!(ProjectId);
    id!(SessionId);
    id!(UserId);
    read_all(text.as_bytes());
}

fuzz_target!(|input: Input| {
    match input {
        Input::Bytes(bytes) => read_all(&bytes),
        Input::Text(text) => read_text(&text),
        Input::Object { members } => {
            let object: Value =
                members.iter().map(|(name, member)| (name_of(*name), member.value())).collect();
            read_all(object.to_string().as_bytes());
        }
        Input::Time(millis) => {
            let at = Timestamp::from_unix_millis(millis);
            for text in [at.to_iso8601(), at.to_http_date(), at.to_mail_date()] {
                assert!(text.is_ascii() && text.len() <= 40 && !text.is_empty(), "{text}");
            }
            read_text(&at.to_iso8601());
        }
        Input::Pieces { year, month, day, hour, minute, second, fraction } => {
            let fraction = fraction.map(|digits| format!(".{digits}")).unwrap_or_default();
            read_text(&format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"));
        }
    }
});
