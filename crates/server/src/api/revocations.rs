//! `GET /api/v1/revocations`: the revocation feed, as a long poll.

use crate::{
    app::App,
    http::{caller::Caller, problem::Problem, query::Query, reply::Json},
};
use authmint_domain::{flow::follow, port::Store as _};
use authmint_protocol::wire::feed::FeedPage;
use axum::extract::State;
use std::{pin::pin, time::Duration};

/// The longest wait: load balancers close connections that are silent for longer.
const LONGEST_WAIT_S: u64 = 25;
/// How soon an end is seen that another process committed; one of this process wakes at once.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A snapshot without `cursor`, else what came since; waits up to `wait_s` for something to come.
#[utoipa::path(
    get, path = "/api/v1/revocations", operation_id = "follow_revocations", tag = "sessions",
    security(("server_key" = ["feed.read"])),
    params(
        ("cursor" = Option<u64>, Query, description = "`cursor` of the page before; without it, a snapshot."),
        ("wait_s" = Option<u64>, Query, description = "How many seconds to wait for something to come, at most 25."),
    ),
    responses((status = 200, description = "What has ended.", body = FeedPage)),
)]
pub(crate) async fn follow(
    State(app): State<App>,
    caller: Caller,
    query: Query,
) -> Result<Json<FeedPage>, Problem> {
    let mut position = query.number("cursor")?;
    let wait = query.number("wait_s")?.unwrap_or(0).min(LONGEST_WAIT_S);
    let (mut over, mut stopping) = (pin!(tokio::time::sleep(Duration::from_secs(wait))), pin!(app.drained()));
    let mut last_look = wait == 0;
    let _follower = app.metrics().feed_followers.enter();
    loop {
        let found = follow::follow(app.context(), &caller.grant, position).await?;
        if last_look || found.snapshot || !found.entries.is_empty() {
            app.metrics().feed_entries.inc_by(found.entries.len() as u64);
            return Ok(Json(FeedPage {
                entries: found.entries.iter().map(|entry| entry.to_wire()).collect(),
                cursor: found.position.to_string(),
                snapshot: found.snapshot,
                more: found.more,
            }));
        }
        position = Some(found.position);
        tokio::select! {
            biased;
            () = &mut stopping => last_look = true,
            () = &mut over => last_look = true,
            () = app.context().store.revoked_beyond(found.position) => {}
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}
