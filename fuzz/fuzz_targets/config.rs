//! The configuration file: every fault is found and told, and never with a secret in it; what passes holds together.

#![no_main]
#![allow(dead_code, reason = "the included files are part of the program; not all of them is asked here")]

use arbitrary::Arbitrary;
use clap::Parser as _;
use libfuzzer_sys::fuzz_target;
use std::{path::PathBuf, sync::LazyLock};

#[path = "../../crates/cli/src/config/mod.rs"]
mod config;
#[path = "../../crates/cli/src/data_dir.rs"]
mod data_dir;

use config::{ServiceConfig, ServiceOptions};

const PASSWORD: &str = "sesame-street-123";

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    // A disk's speed is not what is asked here.
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
});

#[derive(Arbitrary, Debug)]
struct Input {
    file: File,
    flags: Vec<(u8, Word)>,
}

#[derive(Arbitrary, Debug)]
enum File {
    Bytes(Vec<u8>),
    /// The sample that the program prints, with slips of the hand in it.
    Sample(Vec<(u16, u8)>),
    Lines {
        keys: Vec<(u8, Value)>,
        raw: Option<(String, bool)>,
    },
}

#[derive(Arbitrary, Debug)]
enum Value {
    Word(Word),
    /// A mail server with a password in it.
    Smtp {
        before: Word,
        after: Word,
    },
    /// A key ring in place of the name of a file.
    Ring {
        id: Option<u32>,
        after: Word,
    },
    List(Vec<Word>),
    Number(i64),
    Bool(bool),
    Raw(String),
}

#[derive(Arbitrary, Debug)]
enum Word {
    Usual(u8),
    Text(String),
}

const KEYS: [&str; 9] =
    ["public_url", "listen", "database", "key_ring", "smtp", "trust_proxy", "log", "log_format", "pubic_url"];
const WORDS: [&str; 20] = [
    "https://auth.example.com",
    "http://auth.example.com",
    "http://localhost:8420",
    "127.0.0.1:8420",
    "[::1]:0",
    "sqlite:/nonexistent/authmint.db",
    "sqlite:",
    "postgres://db",
    "/nonexistent/key-ring",
    "1:",
    "10.0.0.0/8",
    "fd00::/8",
    "10.0.0.1/8",
    "info",
    "warn,authmint_server=debug",
    "text",
    "json",
    "",
    "smtp://localhost?from=a@example.com",
    "[[",
];
const RING: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

impl Word {
    fn text(&self) -> &str {
        match self {
            Self::Usual(index) => WORDS[usize::from(*index) % WORDS.len()],
            Self::Text(text) => text,
        }
    }

    fn toml(&self) -> String {
        quoted(self.text())
    }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Value {
    fn toml(&self) -> String {
        match self {
            Self::Word(word) => word.toml(),
            Self::Smtp { before, after } => {
                let scheme = if matches!(before, Word::Usual(_)) { "smtps" } else { before.text() };
                let after = match after {
                    Word::Usual(_) => "?from=Shop <shop@example.com>",
                    Word::Text(text) => text,
                };
                quoted(&format!("{scheme}://user:{PASSWORD}@mail.example.com{after}"))
            }
            Self::Ring { id, after } => {
                let id = id.map(|id| id.to_string()).unwrap_or_default();
                let after = if matches!(after, Word::Usual(_)) { "" } else { after.text() };
                quoted(&format!("{id}:{RING}{after}"))
            }
            Self::List(words) => format!("[{}]", words.iter().map(Word::toml).collect::<Vec<_>>().join(", ")),
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::Raw(text) => text.clone(),
        }
    }
}

impl File {
    fn text(&self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) => bytes.clone(),
            Self::Sample(slips) => {
                let mut text = config::sample().into_bytes();
                for (at, byte) in slips {
                    let at = usize::from(*at) % text.len();
                    text[at] = *byte;
                }
                text
            }
            Self::Lines { keys, raw } => {
                let mut text = String::new();
                for (key, value) in keys {
                    let key = KEYS[usize::from(*key) % KEYS.len()];
                    // The faulty proxy of a list is told, since there may be many; nobody keeps a secret there.
                    let secret = matches!(value, Value::Smtp { .. } | Value::Ring { .. });
                    if key != "trust_proxy" || !secret {
                        text.push_str(&format!("{key} = {}\n", value.toml()));
                    }
                }
                match raw {
                    Some((raw, true)) => text.push_str(raw),
                    Some((raw, false)) => text.insert_str(0, &format!("{raw}\n")),
                    None => {}
                }
                text.into_bytes()
            }
        }
    }
}

#[derive(clap::Parser)]
struct Cli {
    #[command(flatten)]
    options: ServiceOptions,
}

fn options(path: &str, flags: &[(u8, Word)]) -> Option<ServiceOptions> {
    let mut words = vec!["authmint".to_owned(), "--config".to_owned(), path.to_owned()];
    for (flag, value) in flags.iter().take(4) {
        let flag =
            ["--listen", "--public-url", "--trust-proxy", "--database", "--key-ring"][usize::from(*flag) % 5];
        words.push(format!("{flag}={}", value.text()));
    }
    Cli::try_parse_from(words).ok().map(|cli| cli.options)
}

impl Input {
    /// Whether the secrets stand only where secrets belong: the fuzzer picks up what it sees compared.
    fn is_fair(&self, file: &[u8]) -> bool {
        let count =
            |secret: &str| file.windows(secret.len()).filter(|part| *part == secret.as_bytes()).count();
        let (smtps, rings) = match &self.file {
            File::Bytes(_) | File::Sample(_) => (0, 0),
            File::Lines { keys, .. } => (
                keys.iter().filter(|(_, value)| matches!(value, Value::Smtp { .. })).count(),
                keys.iter().filter(|(_, value)| matches!(value, Value::Ring { .. })).count(),
            ),
        };
        let in_flag = |secret| self.flags.iter().any(|(_, word)| word.text().contains(secret));
        count(PASSWORD) <= smtps && count(RING) <= rings && !in_flag(PASSWORD) && !in_flag(RING)
    }
}

fuzz_target!(|input: Input| {
    let path: PathBuf = FOLDER.path().join("authmint.toml");
    let file = input.file.text();
    if !input.is_fair(&file) {
        return;
    }
    std::fs::write(&path, file).expect("written");
    let Some(options) = options(path.to_str().expect("UTF-8"), &input.flags) else { return };
    match ServiceConfig::load(&options) {
        Ok(config) => {
            let url = &config.public_url;
            assert!(url.is_https() || url.is_loopback() || !config.trusted_proxies.is_empty(), "{url}");
            assert!(config.smtp.check().is_ok() && !config.smtp.from.ends_with("@localhost"));
        }
        Err(faults) => {
            assert!(!faults.0.is_empty());
            for fault in &faults.0 {
                assert!(!fault.key.is_empty() && !fault.remedy.is_empty(), "{fault:?}");
            }
            let told = faults.to_string();
            assert!(!told.contains(PASSWORD), "a fault tells the password: {told}");
            assert!(!told.contains(RING), "a fault tells the key: {told}");
        }
    }
});
