//! Whole copies of a database: made while a service writes to it, checked before they get their name.

use super::{SqliteStore, connection::APPLICATION_ID};
use crate::{BackupError, Options, Store, StoreUrl};
use rusqlite::{Connection, OpenFlags, backup::Backup};
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

/// Copies the database at `from` to a new file, for its owner's eyes alone.
///
/// All pages are copied in one step, of one moment: writers go on meanwhile, into the log.
pub(crate) fn backup(from: &Path, to: &Path) -> Result<(), BackupError> {
    let fresh = FreshFile::make(to)?;
    copy(from, &fresh)?;
    fresh.keep()
}

fn copy(from: &Path, fresh: &FreshFile) -> Result<(), BackupError> {
    let source = open_ours(from)?;
    let mut copy = Connection::open_with_flags(&fresh.partial, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    Backup::new(&source, &mut copy)?.run_to_completion(i32::MAX, Duration::from_millis(50), None)?;
    // One file that needs no log beside it.
    copy.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(()))?;
    check(&copy, from)?;
    copy.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// A copy of a backup that serves nobody yet: it gets the database's name when it is finished.
pub struct Restoring {
    // Closed before the file is tidied away.
    store: Store,
    fresh: FreshFile,
}

impl Restoring {
    /// Copies the backup and brings it to this program's schema.
    ///
    /// # Errors
    /// [`BackupError`] if the backup is broken, or there is a database already; nothing was changed then.
    pub fn begin(backup: &Path, to: &StoreUrl) -> Result<Self, BackupError> {
        let StoreUrl::Sqlite(path) = to else { return Err(BackupError::Postgres) };
        // A log that some other database left behind would be taken for this one's.
        for suffix in SIDE_FILES {
            refuse_taken(&with_suffix(path, suffix))?;
        }
        let fresh = FreshFile::make(path)?;
        copy(backup, &fresh)?;
        let options = Options { readers: 1, ..Options::default() };
        let store = SqliteStore::open(&fresh.partial, &options)?;
        Ok(Self { store: Store::Sqlite(store), fresh })
    }

    /// The copy, to be put in order.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// Closes the copy and gives it its name.
    ///
    /// # Errors
    /// [`BackupError`] if a file of that name came up meanwhile; it was left alone.
    pub fn finish(self) -> Result<(), BackupError> {
        let Self { store, fresh } = self;
        drop(store);
        let log = with_suffix(&fresh.partial, SIDE_FILES[0]);
        if log.symlink_metadata().is_ok_and(|log| log.len() > 0) {
            return Err(BackupError::Exists { path: log });
        }
        fresh.keep()
    }
}

/// Opens a database of ours for reading.
fn open_ours(path: &Path) -> Result<Connection, BackupError> {
    if !path.is_file() {
        return Err(BackupError::Missing { path: path.to_owned() });
    }
    let source = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    source.busy_timeout(Duration::from_secs(5))?;
    let id = source.query_row("PRAGMA application_id", [], |row| row.get::<_, i32>(0));
    match id {
        Ok(APPLICATION_ID) => Ok(source),
        _ => Err(BackupError::Foreign { path: path.to_owned() }),
    }
}

fn check(copy: &Connection, path: &Path) -> Result<(), BackupError> {
    let broken = |found: String| BackupError::Broken { path: path.to_owned(), found };
    let found: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(broken(found));
    }
    let orphans: i64 =
        copy.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0))?;
    if orphans > 0 { Err(broken(format!("{orphans} rows refer to rows that are missing"))) } else { Ok(()) }
}

/// What the database may keep beside a file: its log first.
const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];

/// A file under another name until it is whole; dropped before that, nothing of it is left.
struct FreshFile {
    partial: PathBuf,
    path: PathBuf,
}

impl FreshFile {
    fn make(path: &Path) -> Result<Self, BackupError> {
        let partial = with_suffix(path, ".partial");
        refuse_taken(path)?;
        refuse_taken(&partial)?;
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&partial).map_err(|source| BackupError::File { path: partial.clone(), source })?;
        Ok(Self { partial, path: path.to_owned() })
    }

    /// Gives the file its name once it is on the disk; a file that came by that name meanwhile stays.
    fn keep(self) -> Result<(), BackupError> {
        let io = |source: io::Error| match source.kind() {
            io::ErrorKind::AlreadyExists => BackupError::Exists { path: self.path.clone() },
            _ => BackupError::File { path: self.path.clone(), source },
        };
        fs::File::open(&self.partial).and_then(|file| file.sync_all()).map_err(io)?;
        fs::hard_link(&self.partial, &self.path).map_err(io)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        fs::File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()).map_err(io)
    }
}

impl Drop for FreshFile {
    fn drop(&mut self) {
        // What was never made cannot be removed.
        let _missing = fs::remove_file(&self.partial);
        for suffix in SIDE_FILES {
            let _missing = fs::remove_file(with_suffix(&self.partial, suffix));
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn refuse_taken(path: &Path) -> Result<(), BackupError> {
    if path.symlink_metadata().is_ok() { Err(BackupError::Exists { path: path.to_owned() }) } else { Ok(()) }
}
