//! Where a database is, as an operator writes it.

use std::{fmt, path::PathBuf, str::FromStr};

/// Which database, and where: `sqlite:PATH` or `postgres://USER:PASSWORD@HOST[:PORT][,HOST…]/DATABASE[?…]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreUrl {
    /// A file of the embedded database.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres(PostgresUrl),
}

/// Where a PostgreSQL database is. It shows itself without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl(String);

impl PostgresUrl {
    /// All of it, with the password.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("postgres", &self.0));
        // A password may also stand behind the question mark: nothing is shown from there on.
        let place = rest.split('?').next().unwrap_or_default();
        match place.rsplit_once('@') {
            Some((user, place)) => {
                let user = user.split(':').next().unwrap_or_default();
                write!(f, "{scheme}://{user}@{place}")
            }
            None => write!(f, "{scheme}://{place}"),
        }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text names no database that this program opens.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreUrlError {
    /// A URL of PostgreSQL that does not say where.
    #[error(
        "a PostgreSQL database is written postgres://USER:PASSWORD@HOST/DATABASE, with further hosts after a comma, and with options \
         such as ?target_session_attrs=read-write"
    )]
    Postgres,
    /// A way of TLS in which someone in between could take it away, or a misspelt one.
    #[error("sslmode is verify-full (the default but for this machine; require means the same) or disable")]
    SslMode,
    /// A database in memory would forget every session at a restart.
    #[error("sqlite: needs the path of a file, such as sqlite:/var/lib/authmint/authmint.db")]
    NoFile,
    /// Anything else.
    #[error("a database is written sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")]
    Unknown,
}

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    fn from_str(text: &str) -> Result<Self, StoreUrlError> {
        match text.split_once(':') {
            Some(("sqlite", "" | ":memory:")) => Err(StoreUrlError::NoFile),
            Some(("sqlite", path)) => Ok(Self::Sqlite(path.into())),
            Some(("postgres" | "postgresql", _)) => {
                crate::postgres::parse(text)?;
                Ok(Self::Postgres(PostgresUrl(text.to_owned())))
            }
            _ => Err(StoreUrlError::Unknown),
        }
    }
}

impl fmt::Display for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{}", path.display()),
            Self::Postgres(url) => url.fmt(f),
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
            ("postgres://", StoreUrlError::Postgres),
            ("postgres:a", StoreUrlError::Postgres),
            ("postgres://a:b@host/db?port=x", StoreUrlError::Postgres),
            ("postgres://a:b@host/db?sslmode=prefer", StoreUrlError::SslMode),
            ("sqlite:", StoreUrlError::NoFile),
            ("sqlite::memory:", StoreUrlError::NoFile),
            ("authmint.db", StoreUrlError::Unknown),
            ("mysql://localhost", StoreUrlError::Unknown),
        ] {
            assert_eq!(text.parse::<StoreUrl>(), Err(error), "{text}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        for (text, shown) in [
            ("postgres://me:secret@db.example/authmint", "postgres://me@db.example/authmint"),
            ("postgresql://me:secret@a,b:5433/x?sslmode=disable", "postgresql://me@a,b:5433/x"),
            ("postgres://me:se@cret@a/x", "postgres://me@a/x"),
            ("postgres://me@a/x?password=secret", "postgres://me@a/x"),
        ] {
            let url = text.parse::<StoreUrl>().unwrap();
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("cret"));
        }
    }
}
