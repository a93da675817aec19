//! Connections: how the file is opened, and by whom.

use super::lock::lock;
use crate::{
    Options, Writer,
    error::{Fault, OpenError},
};
use authmint_domain::port::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, TryLockError},
    time::Duration,
};

/// What `PRAGMA application_id` of our files says: "amnt".
pub(super) const APPLICATION_ID: i32 = 0x616d_6e74;

/// At so many times the usual length of the log the writer copies it itself, whoever else should have: a thread that is stuck
/// costs speed and not the disk.
const AT_ALL_EVENTS: u32 = 3;

/// Pages that the writer keeps at hand, in KiB: those of about a hundred thousand sessions.
const CACHE_KIB: i64 = 32 * 1024;

/// Statements kept prepared by each connection; this crate has fewer.
const PREPARED: usize = 64;

/// What every connection to one file needs to know.
#[derive(Debug, Clone)]
pub(super) struct Opening {
    path: PathBuf,
    busy_timeout: Duration,
    most_pages: Option<u32>,
    /// How long the log grows before it is copied.
    pub(super) log_pages: u32,
    /// Whether a thread copies the log, so that the writer needs not.
    pub(super) checkpoints_aside: bool,
}

impl Opening {
    /// Makes the file, and the folder around it, if they are not there: for their owner's eyes alone.
    pub(super) fn new(path: &Path, options: &Options) -> Result<Self, OpenError> {
        if let Err(source) = make_file(path) {
            return Err(OpenError::File { path: path.to_owned(), source });
        }
        Ok(Self {
            path: path.to_owned(),
            busy_timeout: options.busy_timeout,
            most_pages: options.most_pages,
            log_pages: options.log_pages,
            checkpoints_aside: options.writer == Writer::Thread,
        })
    }

    /// The connection that writes; refuses a file that is another program's before anything is changed.
    pub(super) fn writer(&self) -> Result<Connection, OpenError> {
        let connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        if self.is_foreign(&connection)? {
            return Err(OpenError::Foreign { path: self.path.clone() });
        }
        let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        if mode != "wal" {
            let reason = format!("its file system allows no write-ahead log (journal mode {mode})");
            return Err(OpenError::Database { reason });
        }
        // FULL: an acknowledged commit is on the disk, not on its way there.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        let times = if self.checkpoints_aside { AT_ALL_EVENTS } else { 1 };
        let pages = self.log_pages.saturating_mul(times);
        connection.pragma_update(None, "wal_autocheckpoint", pages)?;
        if let Some(pages) = self.most_pages {
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
        }
        Ok(connection)
    }

    /// The connection that copies the log into the database beside the writer.
    pub(super) fn checkpointer(&self) -> Result<Connection, OpenError> {
        let connection = self.connect(OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        Ok(connection)
    }

    fn reader(&self) -> Result<Connection, OpenError> {
        self.connect(OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    fn connect(&self, access: OpenFlags) -> Result<Connection, OpenError> {
        let connection = Connection::open_with_flags(&self.path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(self.busy_timeout)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        // Else the planner looks at the values bound to a look-up, and prepares it anew for each: twice the work.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        // The schema is data of a file that someone may have exchanged: it must not call functions.
        connection.pragma_update(None, "trusted_schema", false)?;
        Ok(connection)
    }

    fn is_foreign(&self, connection: &Connection) -> Result<bool, OpenError> {
        let found = connection.query_row(
            "SELECT (SELECT application_id FROM pragma_application_id), (SELECT count(*) FROM sqlite_schema)",
            [],
            |row| Ok((row.get::<_, i32>(0)?, row.get::<_, i64>(1)?)),
        );
        match found {
            Ok((APPLICATION_ID, _) | (0, 0)) => Ok(false),
            Ok(_) => Ok(true),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

fn make_file(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    // The log and its index take their permissions from the file.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        made => made.map(drop),
    }
}

/// Connections that only read. A reader never waits for the writer, nor the writer for a reader.
pub(super) struct Readers(Vec<Mutex<Connection>>);

impl Readers {
    pub(super) fn open(opening: &Opening, count: usize) -> Result<Self, OpenError> {
        (0..count.max(1)).map(|_| opening.reader().map(Mutex::new)).collect::<Result<_, _>>().map(Self)
    }

    /// Reads on the caller's thread: one row by its key, or a short list, is done sooner than a thread is woken.
    pub(super) fn read<A>(
        &self,
        work: impl FnOnce(&Connection) -> Result<A, Fault>,
    ) -> Result<A, StoreError> {
        let free = self.0.iter().find_map(|reader| match reader.try_lock() {
            Ok(reader) => Some(reader),
            Err(TryLockError::Poisoned(reader)) => Some(reader.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        });
        let reader = free.unwrap_or_else(|| lock(&self.0[0]));
        work(&reader).map_err(StoreError::from)
    }
}
