//! The folder in which the service keeps its data: who may read it, and what it is marked as.

use authmint_domain::{
    model::key_ring::{KeyRing, KeyRingError},
    port::Entropy,
};
use authmint_server::adapter::entropy::ServiceEntropy;
use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

/// A file or folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataDirError {
    /// The file system said no.
    #[error("cannot use {path}: check that it exists and may be read and written, or give another path")]
    Io {
        /// Which path.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// The folder belongs to a service in production.
    #[error("{0} holds data, but not of development mode; give another folder with --data")]
    NotDevelopment(PathBuf),
    /// The key ring in it is broken.
    #[error("the key ring {path} cannot be read")]
    KeyRing {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyRingError,
    },
}

/// A folder of development mode, marked as such so that no production service ever opens it.
pub(crate) struct DevelopmentDir(PathBuf);

const MARK: &str = "DEVELOPMENT";
const MARK_TEXT: &str =
    "This folder was made by `authmint dev`: its keys are public or printed. Never serve users from it.\n";

impl DevelopmentDir {
    /// Opens the folder, making it for this user alone if it is missing.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        let io = |source| DataDirError::Io { path: path.to_owned(), source };
        make_private_dir(path).map_err(io)?;
        let mark = path.join(MARK);
        if !mark.exists() {
            if fs::read_dir(path).map_err(io)?.next().is_some() {
                return Err(DataDirError::NotDevelopment(path.to_owned()));
            }
            write_private(&mark, MARK_TEXT.as_bytes()).map_err(io)?;
            write_private(&path.join(".gitignore"), b"*\n").map_err(io)?;
        }
        Ok(Self(path.to_owned()))
    }

    /// The database file.
    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("authmint.db")
    }

    /// The folder's key ring, drawn at the first start.
    pub(crate) fn key_ring(&self, entropy: &ServiceEntropy) -> Result<KeyRing, DataDirError> {
        let path = self.0.join("key-ring");
        if path.exists() { read_key_ring(&path) } else { make_key_ring(&path, entropy) }
    }
}

/// Whether a file lies in a folder of development mode.
pub(crate) fn is_development(file: &Path) -> bool {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    folder.join(MARK).exists()
}

/// Reads a key ring from its file.
pub(crate) fn read_key_ring(path: &Path) -> Result<KeyRing, DataDirError> {
    let io = |source| DataDirError::Io { path: path.to_owned(), source };
    let text = Zeroizing::new(fs::read_to_string(path).map_err(io)?);
    text.parse().map_err(|source| DataDirError::KeyRing { path: path.to_owned(), source })
}

/// Draws a key ring into a new file that its owner alone may read.
pub(crate) fn make_key_ring(path: &Path, entropy: &ServiceEntropy) -> Result<KeyRing, DataDirError> {
    let io = |source| DataDirError::Io { path: path.to_owned(), source };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        make_private_dir(folder).map_err(io)?;
    }
    write_private(path, KeyRing::text(1, &draw_secret(entropy)).as_bytes()).map_err(io)?;
    // What is there is what counts, even if another process made one in the same moment.
    read_key_ring(path)
}

/// Draws the secret of a key-ring key.
pub(crate) fn draw_secret(entropy: &ServiceEntropy) -> Zeroizing<[u8; 32]> {
    let mut secret = Zeroizing::new([0; 32]);
    entropy.fill(&mut secret[..]);
    secret
}

fn make_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Writes a new file that its owner alone may read, whole or not at all: a key ring cut short would lose every session.
fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let partial = path.with_extension("partial");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&partial)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&partial, path)
}
