//! The databases that the contract is run against.

use authmint_journeys_postgres::Server;
use authmint_store::{Options, Store, StoreUrl, Writer};
use std::{
    path::PathBuf,
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};
use tempfile::TempDir;

/// A database of its own, gone when the test ends.
pub(crate) struct Backend {
    place: Place,
    pub(crate) options: Options,
}

enum Place {
    Folder(TempDir),
    Server(String),
}

impl Backend {
    pub(crate) async fn open(&self) -> Store {
        Store::open(&self.url(), &self.options).await.expect("the store opens")
    }

    pub(crate) fn url(&self) -> StoreUrl {
        match &self.place {
            Place::Folder(_) => StoreUrl::Sqlite(self.path()),
            Place::Server(url) => url.parse().expect("a URL"),
        }
    }

    /// The file of an embedded database.
    pub(crate) fn path(&self) -> PathBuf {
        match &self.place {
            Place::Folder(folder) => folder.path().join("data/authmint.db"),
            Place::Server(url) => panic!("{url} is no file"),
        }
    }
}

fn sqlite(writer: Writer) -> Backend {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Backend { place: Place::Folder(folder), options: Options { writer, ..Options::default() } }
}

pub(crate) fn sqlite_thread() -> Backend {
    sqlite(Writer::Thread)
}

pub(crate) fn sqlite_inline() -> Backend {
    sqlite(Writer::Inline)
}

/// A database of its own on a server that all tests of this process share.
fn of_server(server: &'static LazyLock<Server>) -> Backend {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("contract_{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let url = server.create_database(&name).expect("a database");
    let mut options = Options::default();
    // Dozens of tests run at once, and a server has a hundred connections.
    options.postgres.connections = 8;
    Backend { place: Place::Server(url), options }
}

pub(crate) fn postgres() -> Backend {
    static SERVER: LazyLock<Server> =
        LazyLock::new(|| Server::with_settings(&["max_connections=400"]).expect("PostgreSQL starts"));
    of_server(&SERVER)
}

/// The same, where every transaction must look as if it had run alone, so that retries are the rule; and by a process that keeps
/// nothing in memory of the sessions it saw.
pub(crate) fn postgres_serializable() -> Backend {
    static SERVER: LazyLock<Server> = LazyLock::new(|| {
        Server::with_settings(&["max_connections=400", "default_transaction_isolation=serializable"])
            .expect("PostgreSQL starts")
    });
    let mut backend = of_server(&SERVER);
    backend.options.postgres.known_sessions = 0;
    backend
}
