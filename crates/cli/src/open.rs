//! How a command opens what a service keeps: the database that is there, and the key ring that it was written under.

use crate::command::CommandError;
use authmint_domain::{flow::start::know_ring, model::key_ring::KeyRing};
use authmint_store::{Options, Store, StoreUrl};
use std::{fs, path::PathBuf};
use zeroize::Zeroizing;

/// Where the database is.
#[derive(clap::Args)]
pub(crate) struct DatabaseOption {
    /// The service's database, such as sqlite:/var/lib/authmint/authmint.db.
    #[arg(long, value_name = "URL")]
    pub(crate) database: StoreUrl,
}

/// Where the key ring is.
#[derive(clap::Args)]
pub(crate) struct KeyRingOption {
    /// The file with the service's key ring.
    #[arg(long, value_name = "FILE")]
    key_ring: PathBuf,
}

/// Opens a database that a service may be working with; a mistyped path makes no new one.
pub(crate) fn store(database: &StoreUrl) -> Result<Store, CommandError> {
    let StoreUrl::Sqlite(path) = database;
    if !path.is_file() {
        return Err(format!("there is no database at {}; check the path", path.display()).into());
    }
    Ok(Store::open(database, &Options { readers: 1, ..Options::default() })?)
}

impl KeyRingOption {
    /// Reads the ring, and holds it against the database: what is sealed under another one would be lost.
    pub(crate) async fn open(&self, store: &Store) -> Result<KeyRing, CommandError> {
        let path = self.key_ring.display();
        let text = fs::read_to_string(&self.key_ring);
        let text =
            Zeroizing::new(text.map_err(|error| format!("the key ring {path} cannot be read: {error}"))?);
        let ring: KeyRing =
            text.parse().map_err(|error| format!("the key ring {path} cannot be read: {error}"))?;
        know_ring(store, &ring).await?;
        Ok(ring)
    }
}

/// Runs a command's work to its end.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T, CommandError>>) -> Result<T, CommandError> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
