//! `/api/v1/events`: the audit trail, read.

use crate::{
    app::App,
    http::{
        manager::{Manager, OfProject},
        page::{List, Paging},
        problem::Problem,
        query::Query,
        reply::Json,
    },
};
use authmint_domain::{
    flow::admin::event,
    model::{
        audit::{AuditKind, EventFilter},
        project::Scope,
    },
};
use authmint_protocol::{
    id::ProjectId,
    wire::admin::{Event, Page},
};
use axum::extract::State;

/// The parameters that choose lines; a cursor belongs to one choice.
const CHOICE: [&str; 6] = ["project_id", "kind", "user_id", "session_id", "since", "until"];

/// Lines of the audit trail, the newest first; an operator who names no project reads those of all, and of none.
#[utoipa::path(
    get, path = "/api/v1/events", operation_id = "list_events", tag = "events",
    security(("server_key" = ["events.read"]), ("operator_token" = [])),
    params(
        OfProject, Paging,
        ("kind" = Option<String>, Query, description = "Only lines of this kind, such as `signed_in`."),
        ("user_id" = Option<String>, Query, format = "uuid", description = "Only lines about this user."),
        ("session_id" = Option<String>, Query, format = "uuid", description = "Only lines about this session."),
        ("since" = Option<String>, Query, format = DateTime, description = "Only lines not before this time, in UTC."),
        ("until" = Option<String>, Query, format = DateTime, description = "Only lines before this time, in UTC."),
    ),
    responses((status = 200, description = "A page of lines.", body = Page<Event>)),
)]
pub(crate) async fn list(
    State(app): State<App>,
    manager: Manager,
    query: Query,
) -> Result<Json<Page<Event>>, Problem> {
    let (cx, named) = (app.context(), query.id::<ProjectId>("project_id")?.is_some());
    let read = match manager {
        Manager::Operator(grant) if !named => Err(grant),
        manager => Ok(manager.manage(&app, &query, Scope::EventsRead).await?),
    };
    let (paging, filter) = choice(
        &query,
        &read.as_ref().map_or_else(|_| String::new(), |grant| grant.project_id().to_string()),
    )?;
    let page = match &read {
        Err(operator) => event::of_all(cx, operator, filter, paging.limit).await?,
        Ok(grant) => event::of_project(cx, grant, filter, paging.limit).await?,
    };
    Ok(Json(paging.answer(page, |one| one.to_wire(), |number| number.to_be_bytes().to_vec())))
}

fn choice(query: &Query, project: &str) -> Result<(Paging, EventFilter), Problem> {
    let mut list = vec!["events", project];
    for name in CHOICE {
        list.push(query.optional(name)?.unwrap_or_default());
    }
    let paging = Paging::read(query, List::of(&list))?;
    let number = |bytes: &[u8]| {
        let number = u64::from_be_bytes(bytes.try_into().ok()?);
        i64::try_from(number).is_ok().then_some(number)
    };
    let filter = EventFilter {
        project_id: None,
        kind: query.read("kind", AuditKind::from_text, "no kind of line that there is")?,
        user_id: query.id("user_id")?,
        session_id: query.id("session_id")?,
        since: query.time("since")?,
        until: query.time("until")?,
        before_number: paging.after(number)?,
    };
    Ok((paging, filter))
}
