//! The audit trail, read.

use super::{LONGEST_PAGE, Page};
use crate::{
    context::{Context, Ports},
    model::{
        audit::{EventFilter, RecordedEvent},
        grant::{Management, OperatorGrant},
    },
    port::{Store as _, StoreError},
};

/// Lines of one project's trail, the newest first; `filter` may not widen it to another project.
///
/// # Errors
/// [`StoreError`] if the store cannot answer.
pub async fn of_project<P: Ports>(
    cx: &Context<P>,
    grant: &Management,
    filter: EventFilter,
    limit: u32,
) -> Result<Page<RecordedEvent, u64>, StoreError> {
    read(cx, EventFilter { project_id: Some(grant.project_id()), ..filter }, limit).await
}

/// Lines of the whole trail, the newest first: those about no project, too.
///
/// # Errors
/// [`StoreError`] if the store cannot answer.
pub async fn of_all<P: Ports>(
    cx: &Context<P>,
    _grant: &OperatorGrant,
    filter: EventFilter,
    limit: u32,
) -> Result<Page<RecordedEvent, u64>, StoreError> {
    read(cx, filter, limit).await
}

async fn read<P: Ports>(
    cx: &Context<P>,
    filter: EventFilter,
    limit: u32,
) -> Result<Page<RecordedEvent, u64>, StoreError> {
    let limit = limit.clamp(1, LONGEST_PAGE);
    let found = cx.store.audit_events(filter, limit + 1).await?;
    Ok(Page::cut(found, limit, |last| last.number))
}
