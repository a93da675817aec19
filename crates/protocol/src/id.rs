//! Typed identifiers, so that one kind is never taken for another.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

/// The text is not an identifier of the expected kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}: a UUID such as 6f1c2a34-58b1-4c0e-9d4a-1f2e3d4c5b6a is expected")]
pub struct InvalidId {
    kind: &'static str,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Makes the ID from 128 drawn bits, stamped as a version 4 UUID (RFC 9562, section 5.4).
            #[must_use]
            pub fn from_random(bits: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bits).into_uuid())
            }

            /// Takes 16 bytes as they are, for an ID that was stored or carried in a token.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes, as stored and as carried in tokens.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            /// Accepts the hyphenated form only: one text per ID, so that texts may be compared.
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                match Uuid::try_parse(text) {
                    Ok(uuid) if text.len() == 36 => Ok(Self(uuid)),
                    _ => Err(InvalidId { kind: $kind }),
                }
            }
        }
    };
}

uuid_id!(
    /// A tenant in one environment; the `aud` of its session JWTs.
    ProjectId,
    "project ID"
);
uuid_id!(
    /// A person in one project; the `sub` of a session JWT.
    UserId,
    "user ID"
);
uuid_id!(
    /// One signed-in device of one user; the `sid` of a session JWT.
    SessionId,
    "session ID"
);
uuid_id!(
    /// A stored API key.
    ApiKeyId,
    "API key ID"
);
uuid_id!(
    /// A stored operator token.
    OperatorTokenId,
    "operator token ID"
);
uuid_id!(
    /// A one-time secret, as stored; what a client holds carries it under a MAC.
    OneTimeSecretId,
    "one-time secret ID"
);

uuid_id!(
    /// An issuer of others that a project trusts.
    IssuerId,
    "issuer ID"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let text = "dfb06708-a46f-4615-bd34-f614ae284e7b";
        assert_eq!(text.parse::<ProjectId>().unwrap().to_string(), text);
        for bad in
            ["", "dfb06708a46f4615bd34f614ae284e7b", "{dfb06708-a46f-4615-bd34-f614ae284e7b}", "../user"]
        {
            assert!(bad.parse::<ProjectId>().is_err(), "{bad}");
        }
    }
}
