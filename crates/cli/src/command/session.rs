//! `authmint session`: where people are signed in.

use super::{
    CommandError,
    offline::{self, Absent, Flags, report},
};
use authmint_domain::{flow::admin::session, model::grant::OperatorGrant};
use authmint_protocol::id::{ProjectId, SessionId, UserId};
use serde_json::{Value, json};

/// What can be done with sessions.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// List the sessions of a user, ended ones too, the newest first.
    List {
        /// The project's ID.
        #[arg(long)]
        project: ProjectId,
        /// The user's ID.
        #[arg(long)]
        user: UserId,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show a session.
    Show(Which),
    /// End a session for good; servers that follow the feed refuse it within two seconds.
    End(Which),
}

#[derive(clap::Args)]
struct Which {
    /// The session's ID.
    id: SessionId,
    /// The project's ID.
    #[arg(long)]
    project: ProjectId,
}

/// Runs the command.
pub(crate) fn run(options: Options) -> Result<(), CommandError> {
    let Options { flags, action } = options;
    report(&flags, Absent::Refuse, |cx| async move {
        let managing = |project| OperatorGrant::command_line().manage(project);
        let found = match action {
            Action::List { project, user, limit } => {
                let grant = managing(project);
                let sessions = offline::pages(limit, async |after, most| {
                    Ok(session::list(&cx, &grant, user, after, most).await?)
                });
                Value::Array(sessions.await?.iter().map(|session| json!(session.to_wire())).collect())
            }
            Action::Show(Which { id, project }) => {
                json!(session::show(&cx, &managing(project), id).await?.to_wire())
            }
            Action::End(Which { id, project }) => {
                json!(session::end(&cx, &managing(project), id).await?.to_wire())
            }
        };
        Ok(found)
    })
}
