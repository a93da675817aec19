//! The questions of the host, as `ts/wasm.ts` writes them.

use serde::{Deserialize, Deserializer, de};
use std::{fmt, ops::Deref};

/// One question. One shape for all of them: a reader for each would be a good part of the module.
#[derive(Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[derive(Default)]
pub(super) struct Question {
    pub(super) op: String,
    /// What is asked, by its number.
    pub(super) guard: u32,
    pub(super) call: u32,
    pub(super) waiting: u32,
    pub(super) answer: u32,
    /// Milliseconds since the epoch.
    pub(super) now: f64,
    /// Lines, names and values by turns.
    pub(super) head: Latin1,
    /// Cookies, a seed, a key set, or the body of a reply.
    pub(super) bytes: Latin1,
    /// Options, an API key, a one-time secret, material, a user ID, or the name of a failure.
    pub(super) text: String,
    pub(super) usage: Option<String>,
    pub(super) jwt: Option<String>,
    pub(super) refresh_token: Option<String>,
    pub(super) jwt_ends: f64,
    pub(super) status: u16,
    pub(super) cache_control: Option<String>,
    pub(super) retry_after: Option<String>,
    /// Whether a signature holds, a request is only looked at, or a try ran into its limit.
    pub(super) flag: bool,
}

/// Bytes, written as a text of one character each: headers and bodies need not be UTF-8.
#[derive(Default)]
pub(super) struct Latin1(Vec<u8>);

impl Deref for Latin1 {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Latin1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(AsLatin1)
    }
}

struct AsLatin1;

impl de::Visitor<'_> for AsLatin1 {
    type Value = Latin1;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text of bytes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Latin1, E> {
        // What no header can hold becomes a byte that no header can hold.
        Ok(Latin1(text.chars().map(|char| u8::try_from(char).unwrap_or(0)).collect()))
    }
}
