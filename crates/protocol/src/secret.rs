//! Secrets as types of their own: they do not print, they compare in constant time, and they are zeroed on drop.

use serde::{Deserialize, Deserializer, Serializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

macro_rules! secret_text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// It has no `Debug`, `Display` or `Serialize`; [`reveal`](Self::reveal) is the one way to its text, so
        /// that a search for that word finds every place where a secret leaves the program.
        #[derive(Clone)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Takes the text as it is; whether it is genuine is for a MAC or a signature to say.
            #[must_use]
            pub fn new(text: String) -> Self {
                Self(Zeroizing::new(text))
            }

            /// The secret's text, for the one who must send or check it.
            #[must_use]
            pub fn reveal(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
            }
        }

        impl Eq for $name {}

        impl Disclose for $name {
            fn disclose_text(&self) -> &str {
                self.reveal()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::new)
            }
        }
    };
}

secret_text!(
    /// A refresh token, or what a caller sent in its place.
    RefreshToken
);
secret_text!(
    /// A one-time secret: what every sign-in ends with.
    OneTimeSecret
);
secret_text!(
    /// An authorization code: what the sign-in page gives to an app.
    AuthorizationCode
);
secret_text!(
    /// A PKCE verifier (RFC 7636).
    CodeVerifier
);
secret_text!(
    /// A session JWT in its compact form.
    SessionJwt
);
secret_text!(
    /// A JWT of another issuer, as whoever holds it shows it.
    ForeignJwt
);
secret_text!(
    /// An API key's whole text.
    ApiKeyText
);
secret_text!(
    /// An operator token's whole text.
    OperatorTokenText
);
secret_text!(
    /// The digits of an email code.
    EmailCode
);

/// A secret that a wire message may carry, where its field says so.
pub trait Disclose {
    /// The text to send.
    fn disclose_text(&self) -> &str;
}

/// Writes a secret into a message: `#[serde(serialize_with = "disclose")]` on a field is the decision to send it.
///
/// # Errors
/// Whatever the serializer answers.
pub fn disclose<S: Serializer>(secret: &impl Disclose, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.disclose_text())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_compare_by_their_text() {
        assert!(RefreshToken::new("a".into()) == RefreshToken::new("a".into()));
        assert!(RefreshToken::new("a".into()) != RefreshToken::new("ab".into()));
    }
}
