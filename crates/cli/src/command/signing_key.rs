//! `authmint signing-key`: the keys that sign session JWTs.

use super::{
    CommandError,
    offline::{Absent, Flags, report},
};
use authmint_domain::{
    flow::signing_keys::Keeper,
    model::{
        audit::Origin,
        signing_key::{KeyState, SigningKey},
    },
    port::{Clock as _, Store as _},
};
use serde_json::{Value, json};

/// What can be done with signing keys.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// List all keys: kid, algorithm, state, and since when.
    List,
    /// Let the next key of each algorithm sign from now on, before its time.
    Rotate,
    /// Take a key out of the key set at once and for good: its JWTs are refused wherever the key set is read anew.
    Revoke {
        /// Which key, by the name that `list` shows.
        kid: String,
    },
}

/// Runs the command; each ends with the list of keys as they are then.
pub(crate) fn run(options: Options) -> Result<(), CommandError> {
    let Options { flags, action } = options;
    report(&flags, Absent::Refuse, |cx| async move {
        let now = cx.clock.now();
        let keeper = Keeper::of(&cx).by(Origin::COMMAND_LINE);
        match action {
            Action::List => {}
            Action::Rotate => keeper.rotate(now).await?,
            Action::Revoke { kid } => keeper.revoke(&kid, now).await?,
        }
        let keys = cx.store.signing_keys().await?.keys;
        Ok(Value::Array(keys.iter().map(shown).collect()))
    })
}

fn shown(key: &SigningKey) -> Value {
    let since = match key.state {
        KeyState::Next { .. } => key.created_at,
        KeyState::Active { since: at, .. } | KeyState::Retired { at } | KeyState::Revoked { at } => at,
    };
    json!({
        "kid": key.kid,
        "algorithm": key.algorithm().as_str(),
        "state": key.state.as_str(),
        "since": since.to_iso8601(),
    })
}
