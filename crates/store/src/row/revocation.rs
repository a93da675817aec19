//! The revocation feed.

use super::{Columns, Row};
use crate::error::Fault;
use authmint_domain::model::revocation::{RecordedRevocation, Revoked, Stretch};

/// Reads an entry's columns `number, kind, id, ended_at, expires_at`; its number stands beside it.
pub(crate) fn read(row: &dyn Row) -> Result<(u64, RecordedRevocation), Fault> {
    let number: u64 = Columns::only(row, "revocations", "number")?;
    let mut columns = Columns::new(row, "revocations", &number);
    columns.skip();
    let kind: String = columns.next("kind")?;
    let what = columns.parsed("id", |id| Revoked::from_texts(&kind, id))?;
    let entry = RecordedRevocation {
        what,
        ended_at: columns.next("ended_at")?,
        expires_at: columns.next("expires_at")?,
    };
    Ok((number, entry))
}

/// Where a stretch begins that continues after `position`; none: it begins anew.
pub(crate) fn resume(position: Option<u64>, first: Option<u64>, last: u64) -> Option<u64> {
    let first = first.unwrap_or(last + 1);
    // What was purged before `first` is known to nobody any more; a position beyond `last` is another history's.
    position.filter(|&position| position <= last && position + 1 >= first)
}

/// The stretch of what was found, where one more than `limit` was asked for.
pub(crate) fn cut(
    mut found: Vec<(u64, RecordedRevocation)>,
    limit: u32,
    snapshot: bool,
    last: u64,
) -> Stretch {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > most;
    found.truncate(most);
    let position = if more { found.last().map_or(0, |(number, _)| *number) } else { last };
    Stretch { entries: found.into_iter().map(|(_, entry)| entry).collect(), position, snapshot, more }
}
