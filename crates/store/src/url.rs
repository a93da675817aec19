//! Where a database is, as an operator writes it.

use std::{fmt, path::PathBuf, str::FromStr};

/// Which database, and where: `sqlite:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file of the embedded database.
    Sqlite(PathBuf),
}

/// The text names no database that this program opens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreUrlError {
    /// PostgreSQL, which comes later.
    #[error("PostgreSQL is not in this build yet; use sqlite:PATH")]
    PostgresNotBuilt,
    /// A database in memory would forget every session at a restart.
    #[error("sqlite: needs the path of a file, such as sqlite:/var/lib/authmint/authmint.db")]
    NoFile,
    /// Anything else.
    #[error("a database is written sqlite:PATH")]
    Unknown,
}

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    fn from_str(text: &str) -> Result<Self, StoreUrlError> {
        match text.split_once(':') {
            Some(("sqlite", "" | ":memory:")) => Err(StoreUrlError::NoFile),
            Some(("sqlite", path)) => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", _)) => Err(StoreUrlError::PostgresNotBuilt),
            _ => Err(StoreUrlError::Unknown),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_by_its_kind_and_place() {
        let url: StoreUrl = "sqlite:data/authmint.db".parse().unwrap();
        assert_eq!(url, StoreUrl::Sqlite("data/authmint.db".into()));
        assert_eq!(url.to_string(), "sqlite:data/authmint.db");
        for (text, error) in [
            ("postgres://localhost/authmint", StoreUrlError::PostgresNotBuilt),
            ("postgresql://localhost/authmint", StoreUrlError::PostgresNotBuilt),
            ("sqlite:", StoreUrlError::NoFile),
            ("sqlite::memory:", StoreUrlError::NoFile),
            ("authmint.db", StoreUrlError::Unknown),
            ("mysql://localhost", StoreUrlError::Unknown),
        ] {
            assert_eq!(text.parse::<StoreUrl>(), Err(error), "{text}");
        }
    }
}
