//! `GET /api/v1/revocations`: the revocation feed, as a long poll.

use crate::{
    app::App,
    http::{caller::Caller, problem::Problem, query::Query, reply::Json},
};
use authmint_domain::{flow::follow, port::Store as _};
use authmint_protocol::{ErrorCode, wire::feed::FeedPage};
use axum::extract::State;
use std::{pin::pin, time::Duration};

/// The longest wait: load balancers close connections that are silent for longer.
const LONGEST_WAIT_S: u64 = 25;
/// How soon an end is seen that another process committed; one of this process wakes at once.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A snapshot without `cursor`, else what came since; waits up to `wait_s` for something to come.
pub(crate) async fn follow(
    State(app): State<App>,
    caller: Caller,
    query: Query,
) -> Result<Json<FeedPage>, Problem> {
    let mut position = number(&query, "cursor")?;
    let wait = number(&query, "wait_s")?.unwrap_or(0).min(LONGEST_WAIT_S);
    let (mut over, mut stopping) = (pin!(tokio::time::sleep(Duration::from_secs(wait))), pin!(app.drained()));
    let mut last_look = wait == 0;
    let _follower = app.metrics().feed_followers.enter();
    loop {
        let found = follow::follow(app.context(), &caller.grant, position).await?;
        if last_look || found.snapshot || !found.entries.is_empty() {
            app.metrics().feed_entries.add(found.entries.len() as u64);
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

fn number(query: &Query, name: &'static str) -> Result<Option<u64>, Problem> {
    let parse = |text: &str| {
        let text = text.parse().ok().filter(|number| i64::try_from(*number).is_ok());
        text.ok_or_else(|| {
            Problem::new(ErrorCode::ParameterInvalid, format!("the parameter {name} is not of this service"))
        })
    };
    query.optional(name)?.map(parse).transpose()
}
