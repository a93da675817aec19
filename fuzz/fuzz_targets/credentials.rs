//! API keys, refresh tokens, one-time secrets and key rings: one text each, and none that was not made by us.

#![no_main]

use arbitrary::Arbitrary;
use authmint_domain::model::{
    key_ring::{KeyRing, KeyUse},
    refresh_token::{GenuineRefresh, mint_one_time_secret, mint_refresh_token},
};
use authmint_protocol::{
    api_key::{self, ApiKey, Environment, Usage},
    id::{OneTimeSecretId, ProjectId, SessionId},
    refresh_token::{MAC_LEN, RefreshClaims, UnverifiedRefresh, unverified_session_id},
    secret::RefreshToken,
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Two rings that share the ID of a key and nothing else.
static RINGS: LazyLock<[KeyRing; 2]> =
    LazyLock::new(|| [KeyRing::single(7, &[1; 32]), KeyRing::single(7, &[2; 32])]);

#[derive(Arbitrary, Debug)]
enum Input {
    Text(String),
    Key {
        usage: bool,
        environment: u8,
        project: [u8; 16],
        nonce: [u8; 16],
        signature: [u8; 32],
        spoil: Spoil,
    },
    /// The right characters in the right places, with any bytes beneath.
    KeyOf {
        head: u8,
        data: Vec<u8>,
    },
    Refresh {
        project: [u8; 16],
        session: [u8; 16],
        generation: u32,
        branch: u32,
        ours: bool,
        spoil: Spoil,
    },
    OneTime {
        project: [u8; 16],
        secret: [u8; 16],
        ours: bool,
        spoil: Spoil,
    },
    Ring {
        lines: Vec<Line>,
    },
}

#[derive(Arbitrary, Debug)]
enum Spoil {
    Nothing,
    Replace(u16, u8),
    Insert(u16, u8),
    Cut(u16),
}

#[derive(Arbitrary, Debug)]
enum Line {
    Key { id: u32, secret: [u8; 32], upper: bool, around: u8 },
    Text(String),
}

impl Spoil {
    /// The text, and whether it is still the same.
    fn apply(&self, text: &str) -> (String, bool) {
        let mut bytes = text.as_bytes().to_vec();
        match *self {
            Self::Nothing => {}
            Self::Replace(at, byte) => {
                let at = usize::from(at) % bytes.len();
                bytes[at] = byte & 0x7f;
            }
            Self::Insert(at, byte) => bytes.insert(usize::from(at) % (bytes.len() + 1), byte & 0x7f),
            Self::Cut(at) => bytes.truncate(usize::from(at) % bytes.len()),
        }
        let spoilt = String::from_utf8(bytes).expect("ASCII");
        let same = spoilt == text;
        (spoilt, same)
    }
}

impl Line {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Key { id, secret, upper, around } => {
                let line = KeyRing::text(*id, secret);
                let line = if *upper { line.to_uppercase() } else { line.to_string() };
                match around % 4 {
                    0 => format!("  {line}\t"),
                    1 => format!("\n{line}\r"),
                    2 => format!("# {line}"),
                    _ => line,
                }
            }
        }
    }
}

/// Whatever is read as a key is written as the same text again.
fn api_key(text: &str) -> bool {
    let key = match ApiKey::parse(text) {
        Ok(key) => key,
        Err(error) => {
            assert!(!error.code().is_empty());
            return false;
        }
    };
    let message = std::str::from_utf8(key.signed_message()).expect("ASCII");
    let nonce = message.rsplit('.').next().expect("a last part");
    let nonce = u128::from_str_radix(nonce, 16).expect("32 hexadecimal digits").to_be_bytes();
    let signature = key.signature();
    let again = api_key::write(key.usage, key.environment, key.project_id, nonce, |asked| {
        assert_eq!(asked, message.as_bytes(), "what was signed is what is read");
        signature
    });
    assert_eq!(again.reveal(), text, "a second text of one key");
    assert!(
        !key.signed_by_crossmint(authmint_protocol::token::native::check_ed25519),
        "a signature out of nothing"
    );
    true
}

fn refresh(text: &str) -> Option<UnverifiedRefresh> {
    let token = RefreshToken::new(text.to_owned());
    let read = UnverifiedRefresh::parse(text).ok();
    match &read {
        None => assert!(unverified_session_id(&token).is_none()),
        Some(UnverifiedRefresh::Token(claims, mac)) => {
            let tag: [u8; MAC_LEN] = mac.tag().try_into().expect("a whole MAC");
            let again = claims.write(|message| {
                assert_eq!(message, mac.message());
                tag
            });
            assert_eq!(again.reveal(), text, "a second text of one token");
            assert_eq!(unverified_session_id(&token), Some(claims.session_id));
        }
        Some(UnverifiedRefresh::OneTime(claims, mac)) => {
            let tag: [u8; MAC_LEN] = mac.tag().try_into().expect("a whole MAC");
            assert_eq!(claims.write(|_| tag).reveal(), text, "a second text of one secret");
            assert!(unverified_session_id(&token).is_none());
        }
    }
    read
}

fn genuine(ring: &KeyRing, text: &str) -> Option<GenuineRefresh> {
    GenuineRefresh::check(ring, &RefreshToken::new(text.to_owned())).ok()
}

/// An independent reading of a key ring's lines: `None` if any of them is broken.
fn keys_of(text: &str) -> Option<Vec<(u32, String)>> {
    let mut keys = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (id, secret) = line.split_once(':')?;
        let sound = secret.len() == 64 && secret.chars().all(|c| c.is_ascii_hexdigit());
        keys.push((id.parse().ok().filter(|_| sound)?, secret.to_lowercase()));
    }
    Some(keys)
}

fn key_ring(text: &str) {
    let expected = keys_of(text);
    match text.parse::<KeyRing>() {
        Ok(ring) => {
            let expected = expected.expect("every line is sound");
            let mut ids: Vec<_> = ring.ids().collect();
            assert_eq!(ids.first(), expected.first().map(|(id, _)| id), "the first one is in use");
            assert_eq!(ids[0], ring.active());
            for (id, secret) in &expected {
                let alone: KeyRing = format!("{id}:{secret}").parse().expect("a sound line");
                assert_eq!(alone.mark(*id), ring.mark(*id));
                for usage in [KeyUse::RefreshToken, KeyUse::OneTimeSecret, KeyUse::RingMark] {
                    assert_eq!(alone.mac(usage, *id, b"message"), ring.mac(usage, *id, b"message"));
                }
            }
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), expected.len(), "no key stands twice");
        }
        Err(error) => {
            let told = error.to_string();
            if let Some(keys) = expected {
                let repeats = keys
                    .iter()
                    .enumerate()
                    .any(|(at, (id, _))| keys[..at].iter().any(|(other, _)| other == id));
                assert!(keys.is_empty() || repeats, "a sound ring is refused: {told}");
            }
            let long = text.split(|c: char| !c.is_ascii_hexdigit()).filter(|run| run.len() >= 16);
            for secret in long {
                assert!(!told.contains(secret), "the fault tells the key");
            }
        }
    }
}

fuzz_target!(|input: Input| {
    match input {
        Input::Text(text) => {
            api_key(&text);
            refresh(&text);
            assert!(RINGS.iter().all(|ring| genuine(ring, &text).is_none()), "a MAC out of nothing");
            key_ring(&text);
        }
        Input::Key { usage, environment, project, nonce, signature, spoil } => {
            let usage = if usage { Usage::Client } else { Usage::Server };
            let environment = Environment::ALL[usize::from(environment % 3)];
            let mut whole = [0; 64];
            whole[..32].copy_from_slice(&signature);
            let text = api_key::write(usage, environment, ProjectId::from_bytes(project), nonce, |_| whole);
            let (spoilt, same) = spoil.apply(text.reveal());
            assert!(api_key(&spoilt) || !same, "a key that was written is not read");
        }
        Input::KeyOf { head, data } => {
            let heads = ["ck_production_", "sk_development_", "sk_staging_", "sk_live_", "ck_", ""];
            let text =
                format!("{}{}", heads[usize::from(head) % heads.len()], bs58::encode(data).into_string());
            api_key(&text);
        }
        Input::Refresh { project, session, generation, branch, ours, spoil } => {
            let (project, session) = (ProjectId::from_bytes(project), SessionId::from_bytes(session));
            let text = mint_refresh_token(&RINGS[usize::from(!ours)], project, session, generation, branch);
            let (spoilt, same) = spoil.apply(text.reveal());
            refresh(&spoilt);
            let found = genuine(&RINGS[0], &spoilt);
            let claims =
                RefreshClaims { key_id: 7, project_id: project, session_id: session, generation, branch };
            let expected = (ours && same).then_some(GenuineRefresh::Token(claims));
            assert_eq!(found, expected, "believed if and only if it is ours, to the letter");
        }
        Input::OneTime { project, secret, ours, spoil } => {
            let (project, secret) = (ProjectId::from_bytes(project), OneTimeSecretId::from_bytes(secret));
            let text = mint_one_time_secret(&RINGS[usize::from(!ours)], project, secret);
            let (spoilt, same) = spoil.apply(text.reveal());
            refresh(&spoilt);
            let found = genuine(&RINGS[0], &spoilt);
            assert_eq!(found.is_some(), ours && same, "believed if and only if it is ours, to the letter");
            assert!(
                !matches!(found, Some(GenuineRefresh::Token(_))),
                "a secret of one class passes for another"
            );
        }
        Input::Ring { lines } => {
            let lines: Vec<_> = lines.iter().map(Line::text).collect();
            key_ring(&lines.join("\n"));
        }
    }
});
