//! The signature algorithms that we know, as rows of one table.

use std::fmt;

/// A signature algorithm that a JWT may name; what is not here does not exist for us, `none` and HMAC first of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256: the default, small and fast.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256, for systems that know nothing else.
    Rs256,
    /// Ed25519.
    EdDsa,
}

/// One row: the algorithm, its name in `alg`, and the key type and curve that it takes.
struct Row {
    algorithm: Algorithm,
    name: &'static str,
    key_type: &'static str,
    curve: Option<&'static str>,
}

const TABLE: [Row; 3] = [
    Row { algorithm: Algorithm::Es256, name: "ES256", key_type: "EC", curve: Some("P-256") },
    Row { algorithm: Algorithm::Rs256, name: "RS256", key_type: "RSA", curve: None },
    Row { algorithm: Algorithm::EdDsa, name: "EdDSA", key_type: "OKP", curve: Some("Ed25519") },
];

impl Algorithm {
    /// Every algorithm that we know, the default first.
    pub const ALL: [Self; 3] = [Self::Es256, Self::Rs256, Self::EdDsa];

    /// The name that stands in `alg`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        TABLE[self as usize].name
    }

    /// The algorithm with this name, compared to the letter (RFC 7515, section 4.1.1).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.algorithm)
    }

    /// The one algorithm that a key of this type and curve is used with: the key decides, never a token's header.
    #[must_use]
    pub fn of_key(key_type: &str, curve: Option<&str>) -> Option<Self> {
        TABLE.iter().find(|row| row.key_type == key_type && row.curve == curve).map(|row| row.algorithm)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_stands_where_its_variant_looks_for_it() {
        for algorithm in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(algorithm.as_str()), Some(algorithm));
            assert_eq!(TABLE[algorithm as usize].algorithm, algorithm);
        }
        for unknown in ["none", "HS256", "es256", "ES256 ", "ES384", "PS256", ""] {
            assert_eq!(Algorithm::from_name(unknown), None, "{unknown}");
        }
    }
}
