//! `authmint copy` and `authmint migrate`.

use super::{
    CommandError,
    offline::{block_on, refuse_missing},
};
use crate::{
    config::{PlaceOptions, database_url},
    telemetry::say,
};
use authmint_store::{CopiedTable, Options as StoreOptions, Store, StoreUrl};

/// Options of `authmint copy`.
#[derive(clap::Args)]
pub(crate) struct CopyOptions {
    /// Where the installation is, such as sqlite:/var/lib/authmint/authmint.db; no service may run on it.
    #[arg(long, value_name = "URL", env = "AUTHMINT_COPY_FROM", hide_env_values = true)]
    from: String,
    /// Where it is to be, such as postgres://authmint:password@db.example.com/authmint; empty, or what an earlier run left.
    #[arg(long, value_name = "URL", env = "AUTHMINT_COPY_TO", hide_env_values = true)]
    to: String,
}

/// Options of `authmint migrate`.
#[derive(clap::Args)]
pub(crate) struct MigrateOptions {
    #[command(flatten)]
    database: PlaceOptions,
}

/// Runs `copy`.
pub(crate) fn copy(options: &CopyOptions) -> Result<(), CommandError> {
    let told = |CopiedTable { name, rows, copied }: CopiedTable| {
        say(&format!("{name}: {rows} rows, alike in both; {copied} of them were copied now"));
    };
    // Read here rather than by clap, which repeats what it cannot read: a password may stand in it.
    let read = |flag: &str, url: &str| {
        url.parse::<StoreUrl>().map_err(|error| CommandError::from(format!("{flag}: {error}")))
    };
    let (from, to) = (read("--from", &options.from)?, read("--to", &options.to)?);
    block_on(async { Ok(authmint_store::copy(&from, &to, &StoreOptions::default(), told).await?) })?;
    say(&format!("{to} holds everything; serve from it with the key ring that served from {from}"));
    Ok(())
}

/// Runs `migrate`.
pub(crate) fn migrate(options: &MigrateOptions) -> Result<(), CommandError> {
    let database = database_url(&options.database)?;
    refuse_missing(&database)?;
    block_on(async {
        Store::open(&database, &StoreOptions::default()).await?;
        Ok(())
    })?;
    say(&format!("{database} has the schema of this version"));
    Ok(())
}
