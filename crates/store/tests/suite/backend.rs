//! The databases that the contract is run against.

use authmint_store::{Options, Store, StoreUrl, Writer};
use std::path::PathBuf;
use tempfile::TempDir;

/// A database of its own, gone when the test ends.
pub(crate) struct Backend {
    folder: TempDir,
    pub(crate) options: Options,
}

impl Backend {
    pub(crate) fn open(&self) -> Store {
        Store::open(&self.url(), &self.options).expect("the store opens")
    }

    pub(crate) fn url(&self) -> StoreUrl {
        StoreUrl::Sqlite(self.path())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("data/authmint.db")
    }
}

fn sqlite(writer: Writer) -> Backend {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Backend { folder, options: Options { writer, ..Options::default() } }
}

pub(crate) fn sqlite_thread() -> Backend {
    sqlite(Writer::Thread)
}

pub(crate) fn sqlite_inline() -> Backend {
    sqlite(Writer::Inline)
}
