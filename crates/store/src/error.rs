//! What goes wrong at opening, and how a driver's errors are turned into the port's.

use authmint_domain::port::StoreError;
use rusqlite::ErrorCode;
use std::path::PathBuf;

/// A database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its file or folder cannot be made or read.
    #[error("the database file {} cannot be opened: {source}; check the path and its permissions", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file holds something else.
    #[error("{} is not a database of authmint; it was left as it is. Give another path", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error(
        "the database was written by a newer version (its migration {migration} is not known here); \
         run that version, or restore a backup of before the upgrade"
    )]
    Newer {
        /// The first migration that this program does not know.
        migration: String,
    },
    /// A migration that was applied reads otherwise than the one in this program.
    #[error(
        "migration {migration} was applied in another form than this program holds; run the version that wrote it"
    )]
    Altered {
        /// Which one.
        migration: String,
    },
    /// The certificates that a PostgreSQL server is checked against cannot be read.
    #[error("the certificates in {} (sslrootcert) cannot be used: {reason}", .path.display())]
    Roots {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The thread that writes could not be started.
    #[error("the store's writer could not be started: {0}")]
    Thread(std::io::Error),
    /// The database answers with an error.
    #[error("the database cannot be opened: {reason}")]
    Database {
        /// What the driver said.
        reason: String,
    },
}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        Self::Database { reason: StoreError::from(fault).to_string() }
    }
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database { reason: error.to_string() }
    }
}

/// A backup cannot be made or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error("there is no database at {}; check the path", .path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// PostgreSQL brings programs of its own for that.
    #[error("PostgreSQL is backed up by its own programs, such as pg_basebackup and pg_dump")]
    Postgres,
    /// Something is there already, and nothing is ever overwritten.
    #[error("{} is there already, and nothing is overwritten; move it away or give another path", .path.display())]
    Exists {
        /// What is there.
        path: PathBuf,
    },
    /// The file holds something else.
    #[error("{} is not a database of authmint", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The copy did not pass its check.
    #[error("{} is damaged: {found}", .path.display())]
    Broken {
        /// The file that was copied.
        path: PathBuf,
        /// What the check found.
        found: String,
    },
    /// A file cannot be written.
    #[error("{} cannot be written: {source}; check the path and its permissions", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The copy cannot be opened by this program.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database answers with an error.
    #[error("the database cannot be copied: {reason}")]
    Database {
        /// What the driver said.
        reason: String,
    },
}

impl From<rusqlite::Error> for BackupError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database { reason: error.to_string() }
    }
}

/// An error inside this crate: the driver's, until a job's outcome leaves; or the port's, where a place knows better.
#[derive(Debug)]
pub(crate) enum Fault {
    Driver(rusqlite::Error),
    Postgres(tokio_postgres::Error),
    /// No connection to PostgreSQL was to be had.
    Pool(String),
    /// A row of this identity is there already: someone else was first, or it is a conflict.
    Taken {
        what: &'static str,
    },
    Port(StoreError),
}

impl Fault {
    /// For what a job finds impossible in a sound program; nothing of the job is kept.
    pub(crate) fn refused(reason: &str) -> Self {
        Self::Port(unavailable(reason))
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl From<deadpool_postgres::PoolError> for Fault {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        use deadpool_postgres::{HookError, PoolError};
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                Self::Postgres(error)
            }
            other => Self::Pool(other.to_string()),
        }
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Port(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Driver(error) => unavailable(&error),
            Fault::Postgres(error) => unavailable(&told(&error)),
            Fault::Pool(reason) => StoreError::Unavailable { reason },
            Fault::Taken { what } => StoreError::Conflict { what },
            Fault::Port(error) => error,
        }
    }
}

/// What PostgreSQL said, and not the row that it said it about: that may hold a person's address.
fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} ({})", said.message(), said.code().code()),
        None => std::error::Error::source(error)
            .map_or_else(|| error.to_string(), |why| format!("{error}: {why}")),
    }
}

pub(crate) fn unavailable(reason: &(impl ToString + ?Sized)) -> StoreError {
    StoreError::Unavailable { reason: reason.to_string() }
}

/// Names what exists already where an insert ran into its like.
pub(crate) fn conflict(what: &'static str) -> impl Fn(rusqlite::Error) -> Fault {
    move |error| match error.sqlite_error() {
        Some(code)
            if code.code == ErrorCode::ConstraintViolation
                && matches!(
                    code.extended_code,
                    rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY
                        | rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE
                        | rusqlite::ffi::SQLITE_CONSTRAINT_ROWID
                ) =>
        {
            Fault::Port(StoreError::Conflict { what })
        }
        _ => Fault::Driver(error),
    }
}

/// The same, for PostgreSQL: another who was first is told from a conflict by looking again.
pub(crate) fn taken(what: &'static str) -> impl Fn(Fault) -> Fault {
    move |fault| match fault {
        Fault::Postgres(error)
            if error.code() == Some(&tokio_postgres::error::SqlState::UNIQUE_VIOLATION) =>
        {
            Fault::Taken { what }
        }
        other => other,
    }
}
