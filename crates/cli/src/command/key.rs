//! `authmint key`: API keys of projects.

use super::{
    CommandError,
    offline::{Absent, Flags, report},
};
use authmint_domain::{
    flow::admin::api_key::{self, AskedKey},
    model::{
        caller::AskedCallers,
        grant::OperatorGrant,
        project::{ApiKeyRecord, Scope},
    },
};
use authmint_protocol::{
    api_key::{Environment, Usage},
    id::{ApiKeyId, ProjectId},
    secret::ApiKeyText,
    wire::admin::ShownApiKey,
};
use serde_json::{Value, json};
use std::io::Read as _;
use zeroize::Zeroizing;

/// What can be done with API keys.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Make a key and print its text, this once: only a hash of it is kept.
    Create {
        /// The project's ID.
        #[arg(long)]
        project: ProjectId,
        /// client: public, for pages and apps. server: secret, for your servers.
        #[arg(long, value_name = "client|server", value_parser = usage)]
        usage: Usage,
        #[command(flatten)]
        allowed: Allowed,
    },
    /// Take over a key that Crossmint signed, read from standard input; its project keeps its ID.
    Adopt {
        /// What its project is called, if it is new here.
        #[arg(long)]
        name: String,
        #[command(flatten)]
        allowed: Allowed,
    },
    /// List the keys of a project, revoked ones too.
    List {
        /// The project's ID.
        #[arg(long)]
        project: ProjectId,
    },
    /// Revoke a key for good; a running service refuses it within two seconds.
    Revoke {
        /// The key's ID, as `list` shows it.
        id: ApiKeyId,
    },
}

/// What a key may do, and for whom.
#[derive(clap::Args)]
struct Allowed {
    /// A web origin whose pages may use a client key, such as https://app.example.com; repeat for more.
    #[arg(long, value_name = "ORIGIN")]
    origin: Vec<String>,
    /// An app that may use a client key, such as com.example.app; repeat for more.
    #[arg(long, value_name = "IDENTIFIER")]
    app: Vec<String>,
    /// Let anyone use a client key, from wherever.
    #[arg(long)]
    anyone: bool,
    /// users.create, users.read, users.write, sessions.read, sessions.revoke, events.read, feed.read or project.write;
    /// repeat for more. A client key may create users, a server key read them and follow the feed, unless said.
    #[arg(long, value_name = "SCOPE", value_parser = scope)]
    scope: Vec<Scope>,
}

impl Allowed {
    fn asked(self) -> AskedKey {
        let callers = AskedCallers { origins: self.origin, apps: self.app, anyone: self.anyone };
        AskedKey { scopes: (!self.scope.is_empty()).then_some(self.scope), callers }
    }
}

/// Runs the command.
pub(crate) fn run(options: Options) -> Result<(), CommandError> {
    let Options { flags, action } = options;
    let absent = if matches!(action, Action::Adopt { .. }) { Absent::Make } else { Absent::Refuse };
    report(&flags, absent, |cx| async move {
        let operator = OperatorGrant::command_line();
        let found = match action {
            Action::Create { project, usage, allowed } => {
                let (key, made) = api_key::create(&cx, &operator, (project, usage), allowed.asked()).await?;
                json!(ShownApiKey { key, api_key: made.to_wire() })
            }
            Action::Adopt { name, allowed } => {
                let (text, asked) = (read_key()?, allowed.asked());
                let signer = Environment::crossmint_signer;
                shown(&api_key::adopt(&cx, &operator, &text, (asked, &name), signer).await?.0)
            }
            Action::List { project } => {
                Value::Array(api_key::list(&cx, &operator, project).await?.iter().map(shown).collect())
            }
            Action::Revoke { id } => shown(&api_key::revoke(&cx, &operator, id).await?),
        };
        Ok(found)
    })
}

/// A key's text from standard input: on a command line every user of the machine could read it.
fn read_key() -> Result<ApiKeyText, CommandError> {
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().take(4096).read_to_string(&mut text)?;
    Ok(ApiKeyText::new(text.trim().to_owned()))
}

fn shown(key: &ApiKeyRecord) -> Value {
    json!(key.to_wire())
}

fn usage(text: &str) -> Result<Usage, String> {
    let known = [Usage::Client, Usage::Server].into_iter().find(|usage| usage.as_str() == text);
    known.ok_or_else(|| "must be client or server".to_owned())
}

fn scope(text: &str) -> Result<Scope, String> {
    let known = Scope::ALL.map(Scope::as_str).join(", ");
    Scope::from_name(text).ok_or_else(|| format!("there is no such scope; there are {known}"))
}
