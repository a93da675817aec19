//! API keys: who calls, in which project and environment, signed by whoever issued them.
//!
//! The text is `<ck|sk>_<environment>_<base58 of projectId.nonce:signature>`, the form that existing clients insist on.

use crate::{id::ProjectId, secret::ApiKeyText};
use std::fmt;
use zeroize::Zeroizing;

/// The longest text that is read: real keys have about 240 characters, and base58 costs the square of its length.
const MAX_KEY_LEN: usize = 512;

/// The signer of Crossmint's development and staging keys, as published in its clients.
pub const CROSSMINT_SIGNER_STAGING: &str = "3hSfN4dWSwgCg1uf2yytBtK6KxK3ySFKasd2h9J2vSK5";
/// The signer of Crossmint's production keys, as published in its clients.
pub const CROSSMINT_SIGNER_PRODUCTION: &str = "8erZh8YApGck3iUSUHqATBxqMTM1Ukp9mHmvGgUWHtkK";

/// The key that existing clients publish as their test vector: anyone has it, so only development mode takes it.
pub const TEST_VECTOR_KEY: &str = "ck_development_A61UZQnvjSQcM5qVBaBactgqebxafWAVsNdD2xLkgBxoYuH5q2guM8r9DUmZQzE1WYyoByGVYpEG2o9gVSzAZFsrLbfKGERUJ6D5CW6S9AsJGAc3ctgrsD4n2ioekzGj7KPbLwT3SysDjMamYXLxEroUbQSdwf6aLF4zeEpECq2crkTUQeLFzxzmjWNxFDHFYefDrfrFPCURvBXJLf5pCxCQ";

/// Who may hold a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Usage {
    /// `ck`: public, limited to origins or app identifiers.
    Client,
    /// `sk`: secret, for servers.
    Server,
}

impl Usage {
    /// The key's first part.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Client => "ck",
            Self::Server => "sk",
        }
    }

    /// The word for people and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }
}

/// The environment of a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Environment {
    /// On a developer's machine.
    Development,
    /// For trying out with others.
    Staging,
    /// For users.
    Production,
}

impl Environment {
    /// Every environment.
    pub const ALL: [Self; 3] = [Self::Development, Self::Staging, Self::Production];

    /// The word in keys and messages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// The environment of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|environment| environment.as_str() == name)
    }

    /// The public key under which Crossmint signs keys of this environment.
    #[must_use]
    pub fn crossmint_signer(self) -> [u8; 32] {
        let text = match self {
            Self::Development | Self::Staging => CROSSMINT_SIGNER_STAGING,
            Self::Production => CROSSMINT_SIGNER_PRODUCTION,
        };
        let mut key = [0; 32];
        // The constants above decode to 32 bytes; a zero key, which verifies nothing, would be the answer to a typo.
        match bs58::decode(text).onto(&mut key) {
            Ok(32) => key,
            _ => [0; 32],
        }
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not an API key that serves here; the messages are those that existing clients know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ApiKeyError {
    /// A key of the vendor's first generation.
    #[error("Old API key format detected. Please create a new API key from the console.")]
    OldFormat,
    /// It starts with neither `ck` nor `sk`.
    #[error("Malformed API key. Must start with 'ck' or 'sk'.")]
    UsageInvalid,
    /// Its environment is none that exists.
    #[error("Malformed API key. Must have a valid environment: 'development', 'staging' or 'production'.")]
    EnvironmentInvalid,
    /// The rest does not decode to project, nonce and signature.
    #[error("Malformed API key. Must hold a project ID, a nonce and a signature.")]
    Malformed,
    /// A client key came where a server key is needed.
    #[error("Disallowed API key. You passed a client API key, but a server API key is required.")]
    ServerRequired,
    /// A server key came where a client key is needed.
    #[error("Disallowed API key. You passed a server API key, but a client API key is required.")]
    ClientRequired,
    /// The signature does not hold under the signer's key.
    #[error("Invalid API key. Failed to validate signature")]
    SignatureInvalid,
}

impl ApiKeyError {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::OldFormat => "api_key_old_format",
            Self::UsageInvalid => "api_key_usage_invalid",
            Self::EnvironmentInvalid => "api_key_environment_invalid",
            Self::Malformed => "api_key_malformed",
            Self::ServerRequired => "server_key_required",
            Self::ClientRequired => "client_key_required",
            Self::SignatureInvalid => "api_key_signature_invalid",
        }
    }
}

/// An API key, read; whether it is known and whose signature it bears is for the caller to check.
pub struct ApiKey {
    /// Who may hold it.
    pub usage: Usage,
    /// The environment of its project.
    pub environment: Environment,
    /// Its project.
    pub project_id: ProjectId,
    signed_message: Zeroizing<String>,
    signature: [u8; 64],
}

impl ApiKey {
    /// Reads a key's text; its signature is not checked.
    ///
    /// # Errors
    /// See [`ApiKeyError`].
    pub fn parse(text: &str) -> Result<Self, ApiKeyError> {
        if text.starts_with("sk_live") || text.starts_with("sk_test") {
            return Err(ApiKeyError::OldFormat);
        }
        let (usage, rest) = match text.split_once('_') {
            Some(("ck", rest)) => (Usage::Client, rest),
            Some(("sk", rest)) => (Usage::Server, rest),
            _ => return Err(ApiKeyError::UsageInvalid),
        };
        let (environment, data) = rest.split_once('_').ok_or(ApiKeyError::EnvironmentInvalid)?;
        let environment = Environment::from_name(environment).ok_or(ApiKeyError::EnvironmentInvalid)?;
        let (project_id, nonce, signature) = read_data(data).ok_or(ApiKeyError::Malformed)?;
        let signed_message = message(usage, environment, project_id, &nonce);
        Ok(Self { usage, environment, project_id, signed_message, signature })
    }

    /// The bytes that its issuer signed.
    #[must_use]
    pub fn signed_message(&self) -> &[u8] {
        self.signed_message.as_bytes()
    }

    /// The Ed25519 signature over [`signed_message`](Self::signed_message).
    #[must_use]
    pub const fn signature(&self) -> [u8; 64] {
        self.signature
    }

    /// Whether Crossmint issued it: its signature holds under the published key of its environment.
    #[must_use]
    pub fn signed_by_crossmint(&self, check: impl Fn(&[u8; 32], &[u8], &[u8; 64]) -> bool) -> bool {
        check(&self.environment.crossmint_signer(), self.signed_message(), &self.signature)
    }

    /// The same key, if a server may hold it.
    ///
    /// # Errors
    /// [`ApiKeyError::ServerRequired`] for a client key.
    pub fn require_server(self) -> Result<Self, ApiKeyError> {
        if self.usage == Usage::Server { Ok(self) } else { Err(ApiKeyError::ServerRequired) }
    }
}

/// Writes a new key; `sign` is asked for the issuer's Ed25519 signature over the message before it.
#[must_use]
pub fn write(
    usage: Usage,
    environment: Environment,
    project_id: ProjectId,
    nonce: [u8; 16],
    sign: impl FnOnce(&[u8]) -> [u8; 64],
) -> ApiKeyText {
    let nonce = Zeroizing::new(format!("{:032x}", u128::from_be_bytes(nonce)));
    let signature = sign(message(usage, environment, project_id, &nonce).as_bytes());
    let data = Zeroizing::new(format!("{project_id}.{}:{}", *nonce, bs58::encode(signature).into_string()));
    ApiKeyText::new(format!(
        "{}_{environment}_{}",
        usage.prefix(),
        bs58::encode(data.as_bytes()).into_string()
    ))
}

fn message(usage: Usage, environment: Environment, project_id: ProjectId, nonce: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("{}_{environment}.{project_id}.{nonce}", usage.prefix()))
}

/// Reads `projectId.nonce:signature` out of the key's last part; one text per key, so hex must be in lower case.
fn read_data(data: &str) -> Option<(ProjectId, Zeroizing<String>, [u8; 64])> {
    if data.len() > MAX_KEY_LEN {
        return None;
    }
    let bytes = Zeroizing::new(bs58::decode(data).into_vec().ok()?);
    let (body, signature) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    let (project_id, nonce) = body.split_once('.')?;
    let id: ProjectId = project_id.parse().ok()?;
    if id.to_string() != project_id
        || nonce.len() != 32
        || !nonce.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    {
        return None;
    }
    let mut raw = [0; 64];
    // The decoder answers how many bytes it wrote: a shorter signature is none.
    (bs58::decode(signature).onto(&mut raw).ok()? == 64).then_some((
        id,
        Zeroizing::new(nonce.to_owned()),
        raw,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROJECT: &str = "dfb06708-a46f-4615-bd34-f614ae284e7b";

    fn project() -> ProjectId {
        PROJECT.parse().unwrap()
    }

    fn message_of(text: &str) -> String {
        ApiKey::parse(text).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_written_key_reads_back() {
        let text = write(Usage::Server, Environment::Production, project(), [0; 16], |message| {
            assert_eq!(message, format!("sk_production.{PROJECT}.{}", "0".repeat(32)).as_bytes());
            [7; 64]
        });
        let key = ApiKey::parse(text.reveal()).ok().unwrap();
        assert_eq!(
            (key.usage, key.environment, key.project_id),
            (Usage::Server, Environment::Production, project())
        );
        assert_eq!(key.signature(), [7; 64]);
        assert!(key.require_server().is_ok());
    }

    #[test]
    fn the_messages_are_those_that_clients_know() {
        assert!(message_of("sk_live_abc").starts_with("Old API key format detected. "));
        assert!(message_of("sk_test_abc").starts_with("Old API key format detected. "));
        for text in ["", "ck", "pk_staging_abc", "CK_staging_abc", " ck_staging_abc"] {
            assert_eq!(message_of(text), "Malformed API key. Must start with 'ck' or 'sk'.", "{text}");
        }
        for text in ["ck_", "ck_prod_abc", "sk_Staging_abc", "ck_staging"] {
            let message =
                "Malformed API key. Must have a valid environment: 'development', 'staging' or 'production'.";
            assert_eq!(message_of(text), message, "{text}");
        }
        let client = ApiKey::parse(TEST_VECTOR_KEY).ok().unwrap().require_server();
        let message = "Disallowed API key. You passed a client API key, but a server API key is required.";
        assert_eq!(client.err().map(|error| error.to_string()).as_deref(), Some(message));
        assert_eq!(
            ApiKeyError::SignatureInvalid.to_string(),
            "Invalid API key. Failed to validate signature"
        );
    }

    #[test]
    fn what_does_not_decode_to_project_nonce_and_signature_is_malformed() {
        let signature = bs58::encode([7; 64]).into_string();
        let (nonce, short) = ("0".repeat(32), bs58::encode([7; 63]).into_string());
        let key = |data: &str| format!("ck_staging_{}", bs58::encode(data).into_string());
        assert!(ApiKey::parse(&key(&format!("{PROJECT}.{nonce}:{signature}"))).is_ok(), "the control");
        for data in [
            String::new(),
            PROJECT.into(),
            format!("{PROJECT}.{nonce}"),
            format!("{PROJECT}.{nonce}:"),
            format!("{PROJECT}.{nonce}:{short}"),
            format!("{PROJECT}.{nonce}:{signature}1"),
            format!("{PROJECT}.{}:{signature}", &nonce[1..]),
            format!("{PROJECT}.{}:{signature}", "g".repeat(32)),
            format!("{PROJECT}.{}:{signature}", "A".repeat(32)),
            format!("{}.{nonce}:{signature}", PROJECT.to_uppercase()),
            format!("../{PROJECT}.{nonce}:{signature}"),
        ] {
            assert_eq!(ApiKey::parse(&key(&data)).err(), Some(ApiKeyError::Malformed), "{data}");
        }
        for text in ["ck_staging_0OIl", "ck_staging_", &format!("ck_staging_{}", "z".repeat(100_000))] {
            assert_eq!(ApiKey::parse(text).err(), Some(ApiKeyError::Malformed));
        }
    }

    #[test]
    fn the_published_vector_bears_the_signature_of_its_environment_only() {
        use crate::token::native::check_ed25519;
        let key = ApiKey::parse(TEST_VECTOR_KEY).ok().unwrap();
        assert_eq!(
            (key.usage, key.environment, key.project_id),
            (Usage::Client, Environment::Development, project())
        );
        assert!(key.signed_by_crossmint(check_ed25519));
        // The same text under another environment or usage was never signed.
        for text in [TEST_VECTOR_KEY.replace("development", "staging"), TEST_VECTOR_KEY.replace("ck_", "sk_")]
        {
            assert!(!ApiKey::parse(&text).ok().unwrap().signed_by_crossmint(check_ed25519));
        }
        let production = TEST_VECTOR_KEY.replace("development", "production");
        assert!(!ApiKey::parse(&production).ok().unwrap().signed_by_crossmint(check_ed25519));
        assert_ne!(Environment::Production.crossmint_signer(), [0; 32]);
    }
}
