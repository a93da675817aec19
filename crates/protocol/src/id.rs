//! Typed identifiers, so that one kind is never taken for another.

use crate::time::Timestamp;
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
            /// Makes the ID from 128 bits that were drawn or hashed, stamped as a version 4 UUID (RFC 9562, section 5.4).
            #[must_use]
            pub fn from_random(bits: [u8; 16]) -> Self {
                Self(uuid::Builder::from_random_bytes(bits).into_uuid())
            }

            /// Makes the ID of something that begins now from 80 drawn bits, behind the time: a version 7 UUID (RFC 9562,
            /// section 5.7). What is made together then lies together in a database, and indexes grow at one end.
            ///
            /// Whoever sees the ID learns that time. No ID is a secret: what proves something is drawn or signed apart.
            #[must_use]
            pub fn drawn(now: Timestamp, bits: [u8; 10]) -> Self {
                let millis = now.unix_millis().unsigned_abs();
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid())
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
    fn ids_of_later_sort_behind_those_of_before() {
        let at = |seconds| UserId::drawn(Timestamp::from_unix_seconds(seconds), [0xff; 10]);
        assert!(at(1_800_000_000) < UserId::drawn(Timestamp::from_unix_seconds(1_800_000_001), [0; 10]));
        // RFC 9562, appendix A.6: the same time and bits.
        let bits = [0x0c, 0xc3, 0x18, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f];
        let id = UserId::drawn(Timestamp::from_unix_millis(0x017F_22E2_79B0), bits);
        assert_eq!(id.to_string(), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    }

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
