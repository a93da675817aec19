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

/// A folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataDirError {
    /// The file system said no.
    #[error("cannot use {path}: check that it may be written, or give another folder with --data")]
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
        let io = |source| DataDirError::Io { path: path.clone(), source };
        if !path.exists() {
            write_private(&path, KeyRing::text(1, &draw_secret(entropy)).as_bytes()).map_err(io)?;
        }
        let text = Zeroizing::new(fs::read_to_string(&path).map_err(io)?);
        text.parse().map_err(|source| DataDirError::KeyRing { path: path.clone(), source })
    }
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
