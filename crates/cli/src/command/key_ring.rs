//! `authmint key-ring`: the service's own secret keys.

use super::CommandError;
use crate::data_dir;
use authmint_domain::model::key_ring::KeyRing;
use authmint_server::adapter::entropy::ServiceEntropy;
use clap::Subcommand;

/// What can be done with a key ring.
#[derive(Subcommand)]
pub(crate) enum KeyRingCommand {
    /// Print a new key ring of one key; keep it secret, and keep it: without it every session is lost.
    New,
}

/// Runs the command.
pub(crate) fn run(command: &KeyRingCommand) -> Result<(), CommandError> {
    match command {
        KeyRingCommand::New => {
            let text = KeyRing::text(1, &data_dir::draw_secret(&ServiceEntropy::system()));
            crate::telemetry::say(&text);
            Ok(())
        }
    }
}
