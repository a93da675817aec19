//! Moving an installation from one database to the other, and back: every row, in the order of its key, checked at the end.
//!
//! Rows are copied a stretch at a time, each durable before the next; a copy that was broken off goes on behind the last row that
//! arrived. Nobody may write to the source meanwhile, and nobody to the target before the check: the source is locked.

mod side;
mod table;

use crate::{OpenError, Options, Store, StoreUrl, error::Fault};
use authmint_domain::{model::key_ring::sha256, port::StoreError};
use side::{Side, Value};
use std::path::PathBuf;
use table::{TABLES, Table};

/// Rows in one stretch.
const STRETCH: usize = 2000;

/// An installation could not be moved. The source is as it was; a copy that was begun goes on when the command is repeated.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Source and target are one.
    #[error("source and target are the same database")]
    Same,
    /// There is nothing to copy.
    #[error("there is no database at {}; check the path", .path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// One of them cannot be opened.
    #[error("{url}: {error}")]
    Open {
        /// Which one.
        url: StoreUrl,
        /// Why.
        error: OpenError,
    },
    /// A database gave up in the middle.
    #[error("{url}: {error}; what was copied stays, and the same command goes on from there")]
    Store {
        /// Which one.
        url: StoreUrl,
        /// What it said.
        error: StoreError,
    },
    /// Both do not hold the same.
    #[error(
        "{table} differs: {source_rows} rows in the source, {target_rows} in the target. The target holds rows of another \
         installation, or somebody wrote to one of both: begin again with an empty target and no service running"
    )]
    Differs {
        /// The table.
        table: &'static str,
        /// How many rows the source has.
        source_rows: u64,
        /// How many the target has.
        target_rows: u64,
    },
}

/// How a table was moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CopiedTable {
    /// Its name.
    pub name: &'static str,
    /// How many rows it has, in both.
    pub rows: u64,
    /// How many of them this run brought over.
    pub copied: u64,
}

/// Copies everything, checks that both hold the same, and tells of each table as it is done.
///
/// # Errors
/// [`CopyError`]; the target must not be served from then.
pub async fn copy(
    from: &StoreUrl,
    to: &StoreUrl,
    options: &Options,
    mut told: impl FnMut(CopiedTable),
) -> Result<(), CopyError> {
    if from == to {
        return Err(CopyError::Same);
    }
    if let StoreUrl::Sqlite(path) = from
        && !path.is_file()
    {
        return Err(CopyError::Missing { path: path.clone() });
    }
    let source = open(from, options).await?;
    let target = open(to, options).await?;
    let at = |url: &StoreUrl| {
        let url = url.clone();
        move |fault: Fault| CopyError::Store { url, error: fault.into() }
    };
    source.lock(TABLES).await.map_err(at(from))?;
    for table in TABLES {
        let mut copied = 0;
        let mut last = target.last_key(table).await.map_err(at(to))?;
        loop {
            let rows = source.rows(table, last.as_deref(), STRETCH).await.map_err(at(from))?;
            let Some(end) = rows.last() else { break };
            last = Some(end[..table.key].to_vec());
            target.insert(table, &rows).await.map_err(at(to))?;
            copied += rows.len() as u64;
        }
        let (rows, digest) = summed(&source, table).await.map_err(at(from))?;
        let (target_rows, target_digest) = summed(&target, table).await.map_err(at(to))?;
        if (rows, digest) != (target_rows, target_digest) {
            return Err(CopyError::Differs { table: table.name, source_rows: rows, target_rows });
        }
        told(CopiedTable { name: table.name, rows, copied });
    }
    // Followers of the feed go on by the numbers that they hold.
    let last = source.last_revocation().await.map_err(at(from))?;
    target.set_last_revocation(last).await.map_err(at(to))
}

/// Both are brought to this program's schema first.
async fn open(url: &StoreUrl, options: &Options) -> Result<Side, CopyError> {
    let at = |error| CopyError::Open { url: url.clone(), error };
    drop(Store::open(url, options).await.map_err(at)?);
    Side::open(url, options).await.map_err(at)
}

/// How many rows a table has, and a digest of all of them in the order of their keys.
async fn summed(side: &Side, table: &Table) -> Result<(u64, [u8; 32]), Fault> {
    let (mut count, mut digest) = (0, [0; 32]);
    let mut last: Option<Vec<Value>> = None;
    loop {
        let rows = side.rows(table, last.as_deref(), STRETCH).await?;
        let Some(end) = rows.last() else { return Ok((count, digest)) };
        last = Some(end[..table.key].to_vec());
        count += rows.len() as u64;
        let mut bytes = digest.to_vec();
        for value in rows.iter().flatten() {
            value.write_to(&mut bytes);
        }
        digest = sha256(&bytes);
    }
}
