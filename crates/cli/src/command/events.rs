//! `authmint events`: the audit trail.

use super::{
    CommandError,
    offline::{self, Absent, show, with_context},
};
use crate::{config::DatabaseOptions, telemetry};
use authmint_domain::{
    flow::admin::{LONGEST_PAGE, event},
    model::{
        audit::{AuditKind, EventFilter},
        grant::OperatorGrant,
    },
};
use authmint_protocol::{
    id::{ProjectId, SessionId, UserId},
    time::Timestamp,
};
use serde_json::{Value, json};

/// What can be done with the audit trail.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    database: DatabaseOptions,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Show the newest lines.
    List {
        #[command(flatten)]
        filter: Filter,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// Print one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print every line as an object of JSON, the newest first, while a service may go on writing.
    Export {
        #[command(flatten)]
        filter: Filter,
    },
}

/// Which lines.
#[derive(clap::Args)]
struct Filter {
    /// Of one project alone.
    #[arg(long)]
    project: Option<ProjectId>,
    /// Of one kind, such as theft_found.
    #[arg(long, value_parser = kind)]
    kind: Option<AuditKind>,
    /// About one user.
    #[arg(long)]
    user: Option<UserId>,
    /// About one session.
    #[arg(long)]
    session: Option<SessionId>,
    /// Not before this moment, such as 2026-11-23T14:30:00Z.
    #[arg(long, value_name = "MOMENT", value_parser = offline::moment)]
    since: Option<Timestamp>,
    /// Before this moment.
    #[arg(long, value_name = "MOMENT", value_parser = offline::moment)]
    until: Option<Timestamp>,
}

impl Filter {
    fn asked(&self) -> EventFilter {
        EventFilter {
            project_id: self.project,
            kind: self.kind,
            user_id: self.user,
            session_id: self.session,
            since: self.since,
            until: self.until,
            before_number: None,
        }
    }
}

/// Runs the command.
pub(crate) fn run(options: Options) -> Result<(), CommandError> {
    let Options { database, action } = options;
    with_context(&database, Absent::Refuse, |cx| async move {
        let operator = OperatorGrant::command_line();
        match action {
            Action::List { filter, limit, json } => {
                let asked = filter.asked();
                let events = offline::pages(limit, async |before_number, most| {
                    let page = EventFilter { before_number, ..asked.clone() };
                    Ok(event::of_all(&cx, &operator, page, most).await?)
                });
                show(&Value::Array(events.await?.iter().map(|event| json!(event.to_wire())).collect()), json);
            }
            Action::Export { filter } => {
                let mut asked = filter.asked();
                loop {
                    let page = event::of_all(&cx, &operator, asked.clone(), LONGEST_PAGE).await?;
                    for event in &page.items {
                        telemetry::say(&json!(event.to_wire()).to_string());
                    }
                    asked.before_number = page.next;
                    if asked.before_number.is_none() {
                        break;
                    }
                }
            }
        }
        Ok(())
    })
}

fn kind(text: &str) -> Result<AuditKind, String> {
    let known = || AuditKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    AuditKind::from_text(text).ok_or_else(|| format!("there is no such kind; there are {}", known()))
}
