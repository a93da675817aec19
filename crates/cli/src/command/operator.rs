//! `authmint operator`: who may manage the service over HTTP.

use super::{
    CommandError,
    offline::{Absent, Flags, report},
};
use authmint_domain::{flow::admin::operator_token, model::grant::OperatorGrant};
use authmint_protocol::{id::OperatorTokenId, wire::admin::ShownOperatorToken};
use serde_json::{Value, json};
use std::time::Duration;

/// What can be done for operators.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    kind: Kind,
}

#[derive(clap::Subcommand)]
enum Kind {
    /// Make, list and revoke the tokens by which operators' tools call /api/v1.
    #[command(subcommand)]
    Token(Action),
}

#[derive(clap::Subcommand)]
enum Action {
    /// Make a token and print its text, this once: only a hash of it is kept. It opens every project.
    Create {
        /// What you will know it by.
        #[arg(long)]
        name: String,
        /// For how many days it lives; without it, until it is revoked.
        #[arg(long, value_name = "DAYS")]
        days: Option<u32>,
    },
    /// List all tokens, revoked ones too.
    List,
    /// Revoke a token for good; a running service refuses it within two seconds.
    Revoke {
        /// The token's ID, as `list` shows it.
        id: OperatorTokenId,
    },
}

/// Runs the command.
pub(crate) fn run(options: Options) -> Result<(), CommandError> {
    let Options { flags, kind: Kind::Token(action) } = options;
    report(&flags, Absent::Refuse, |cx| async move {
        let operator = OperatorGrant::command_line();
        let found = match action {
            Action::Create { name, days } => {
                let lives_for = days.map(|days| Duration::from_secs(u64::from(days) * 86_400));
                let (token, record) = operator_token::create(&cx, &operator, name, lives_for).await?;
                json!(ShownOperatorToken { token, operator_token: record.to_wire() })
            }
            Action::List => {
                let tokens = operator_token::list(&cx, &operator).await?;
                Value::Array(tokens.iter().map(|token| json!(token.to_wire())).collect())
            }
            Action::Revoke { id } => json!(operator_token::revoke(&cx, &operator, id).await?.to_wire()),
        };
        Ok(found)
    })
}
