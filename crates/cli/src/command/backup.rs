//! `authmint backup` and `authmint restore`.

use super::{CommandError, offline::block_on};
use crate::{
    config::{PlaceOptions, database_url},
    telemetry::say,
};
use authmint_domain::{
    flow::restore::{Restored, put_in_order},
    port::Clock as _,
};
use authmint_protocol::time::Timestamp;
use authmint_server::adapter::clock::ServiceClock;
use authmint_store::{Options as StoreOptions, PostgresOptions, Restoring, Store, StoreUrl};
use std::{path::PathBuf, str::FromStr, time::Duration};

/// Options of `authmint backup`.
#[derive(clap::Args)]
pub(crate) struct BackupOptions {
    /// The file to make; it must not be there yet. It holds sessions and sealed keys: keep it as safe as the database.
    file: PathBuf,
    #[command(flatten)]
    database: PlaceOptions,
}

/// Options of `authmint restore`.
#[derive(clap::Args)]
pub(crate) struct RestoreOptions {
    /// The backup; none for PostgreSQL, whose own programs restored it.
    file: Option<PathBuf>,
    /// Where the database is to be; a file must not be there yet.
    #[command(flatten)]
    database: PlaceOptions,
    /// End every session opened before this moment, `now` or a time such as 2026-11-23T14:30:00Z: the backup does not
    /// know who signed out after it was made. Signing keys made before it are revoked.
    #[arg(long, value_name = "MOMENT")]
    end_sessions_before: Moment,
}

#[derive(Clone, Copy)]
enum Moment {
    Now,
    At(Timestamp),
}

impl FromStr for Moment {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "now" => Ok(Self::Now),
            text => Timestamp::from_iso8601(text)
                .map(Self::At)
                .ok_or("a moment is `now`, or a time in UTC such as 2026-11-23T14:30:00Z"),
        }
    }
}

/// Runs `backup`.
pub(crate) fn back_up(options: &BackupOptions) -> Result<(), CommandError> {
    let database = database_url(&options.database)?;
    authmint_store::backup(&database, &options.file)?;
    say(&format!("{} is a checked copy of {database}", options.file.display()));
    Ok(())
}

/// Runs `restore`: a file gets its name when everything is in order, so no service can serve it before.
pub(crate) fn restore(options: &RestoreOptions) -> Result<(), CommandError> {
    let database = database_url(&options.database)?;
    let ended = match (&database, &options.file) {
        (StoreUrl::Sqlite(_), Some(file)) => {
            let restoring = Restoring::begin(file, &database)?;
            let ended = block_on(put_in_order_before(restoring.store(), options.end_sessions_before))?;
            restoring.finish()?;
            ended
        }
        (StoreUrl::Postgres(_), None) => block_on(async {
            let hour = Duration::from_secs(3600);
            let unhurried =
                PostgresOptions { statement_timeout: hour, patience: hour, ..PostgresOptions::default() };
            let unhurried = StoreOptions { postgres: unhurried, ..StoreOptions::default() };
            let store = Store::open(&database, &unhurried).await?;
            put_in_order_before(&store, options.end_sessions_before).await
        })?,
        (StoreUrl::Sqlite(_), None) => return Err("give the file of the backup".into()),
        (StoreUrl::Postgres(_), Some(_)) => {
            let told = "PostgreSQL is restored by its own programs; when they are done, and before a service runs, give this command \
                        without a file";
            return Err(told.into());
        }
    };
    say(&format!(
        "{database} is restored; sessions ended: {}, signing keys revoked: {}, operator tokens revoked: {}. \
         API keys that were revoked, and users who were disabled or deleted after the backup are not: do it again",
        ended.sessions, ended.signing_keys, ended.operator_tokens
    ));
    Ok(())
}

async fn put_in_order_before(store: &Store, moment: Moment) -> Result<Restored, CommandError> {
    let now = ServiceClock::system().now();
    let before = match moment {
        Moment::Now => now,
        Moment::At(at) => at,
    };
    Ok(put_in_order(store, before, now).await?)
}
