//! `authmint signing-key`: the keys that sign session JWTs.

use super::CommandError;
use crate::{
    open::{self, DatabaseOption, KeyRingOption},
    telemetry::say,
};
use authmint_domain::{
    flow::signing_keys::Keeper,
    model::{
        audit::Origin,
        signing_key::{KeyState, SigningKey},
    },
    port::{Clock as _, Store as _},
};
use authmint_server::adapter::{clock::ServiceClock, entropy::ServiceEntropy, signer::ServiceSigner};
use authmint_store::Store;
use clap::{Args, Subcommand};

/// What can be done with signing keys.
#[derive(Subcommand)]
pub(crate) enum SigningKeyCommand {
    /// List all keys: kid, algorithm, state, and since when.
    List(Opened),
    /// Let the next key of each algorithm sign from now on, before its time.
    Rotate(Opened),
    /// Take a key out of the key set at once and for good: its JWTs are refused wherever the key set is read anew.
    Revoke {
        /// Which key, by the name that `list` shows.
        kid: String,
        #[command(flatten)]
        opened: Opened,
    },
}

/// What the commands work on.
#[derive(Args)]
pub(crate) struct Opened {
    #[command(flatten)]
    database: DatabaseOption,
    #[command(flatten)]
    key_ring: KeyRingOption,
}

/// Runs the command; each ends with the list of keys as they are then.
pub(crate) fn run(command: &SigningKeyCommand) -> Result<(), CommandError> {
    let (SigningKeyCommand::List(opened)
    | SigningKeyCommand::Rotate(opened)
    | SigningKeyCommand::Revoke { opened, .. }) = command;
    let store = open::store(&opened.database.database)?;
    open::block_on(async {
        let key_ring = opened.key_ring.open(&store).await?;
        let (signer, entropy) = (ServiceSigner::default(), ServiceEntropy::system());
        let keeper = Keeper {
            store: &store,
            signer: &signer,
            entropy: &entropy,
            key_ring: &key_ring,
            origin: Origin::COMMAND_LINE,
        };
        let now = ServiceClock::system().now();
        match command {
            SigningKeyCommand::List(_) => {}
            SigningKeyCommand::Rotate(_) => keeper.rotate(now).await?,
            SigningKeyCommand::Revoke { kid, .. } => keeper.revoke(kid, now).await?,
        }
        list(&store).await
    })
}

async fn list(store: &Store) -> Result<(), CommandError> {
    for key in store.signing_keys().await?.keys {
        say(&line(&key));
    }
    Ok(())
}

fn line(key: &SigningKey) -> String {
    let since = match key.state {
        KeyState::Next { .. } => key.created_at,
        KeyState::Active { since: at, .. } | KeyState::Retired { at } | KeyState::Revoked { at } => at,
    };
    format!("{}  {:5}  {:7}  {since}", key.kid, key.algorithm().as_str(), key.state.as_str())
}
