//! `authmint user`: the people of a project.

use super::{
    CommandError,
    offline::{self, Absent, Flags, report},
};
use authmint_domain::{
    flow::admin::user,
    model::{grant::OperatorGrant, user::User},
};
use authmint_protocol::id::{ProjectId, UserId};
use serde_json::{Value, json};

/// What can be done with users.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// List users, the newest first, or search them.
    List {
        /// The project's ID.
        #[arg(long)]
        project: ProjectId,
        /// Only those whose address begins with this, or the one of this ID.
        #[arg(long, value_name = "TEXT")]
        search: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show a user and the identities that prove them.
    Show(Who),
    /// End all sessions of a user and let nobody sign in as them.
    Disable(Who),
    /// Let a disabled user sign in again.
    Enable(Who),
    /// End all sessions of a user; they may sign in again.
    SignOut(Who),
    /// Forget a user with identities, sessions and address, for good.
    Delete(Who),
}

#[derive(clap::Args)]
struct Who {
    /// The user's ID.
    id: UserId,
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
            Action::List { project, search, limit } => {
                let (grant, search) = (managing(project), search.as_deref());
                let users = offline::pages(limit, async |after, most| {
                    Ok(user::list(&cx, &grant, search, after, most).await?)
                });
                Value::Array(users.await?.iter().map(shown).collect())
            }
            Action::Show(Who { id, project }) => {
                let (user, identities) = user::show(&cx, &managing(project), id).await?;
                json!(user.to_detail(identities))
            }
            Action::Disable(Who { id, project }) => shown(&user::disable(&cx, &managing(project), id).await?),
            Action::Enable(Who { id, project }) => shown(&user::enable(&cx, &managing(project), id).await?),
            Action::SignOut(Who { id, project }) => {
                shown(&user::end_sessions(&cx, &managing(project), id).await?)
            }
            Action::Delete(Who { id, project }) => shown(&user::delete(&cx, &managing(project), id).await?),
        };
        Ok(found)
    })
}

fn shown(user: &User) -> Value {
    json!(user.to_managers())
}
