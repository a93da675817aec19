//! The authmint program: one binary for development and for service.

mod command;
mod data_dir;
mod open;
mod telemetry;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// The authentication service for crypto apps, in one small program.
#[derive(Parser)]
#[command(name = "authmint", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the service and a demo app on this machine, with everything set up: for development only.
    Dev(command::dev::Options),
    /// Work with the service's own secret keys.
    #[command(subcommand)]
    KeyRing(command::key_ring::KeyRingCommand),
    /// Look at the keys that sign session JWTs, and change them; a running service follows within two seconds.
    #[command(subcommand)]
    SigningKey(command::signing_key::SigningKeyCommand),
    /// Copy the database to a new file, while the service runs.
    Backup(command::backup::BackupOptions),
    /// Make a database of a backup; sessions that the backup may know wrongly are ended first.
    Restore(command::backup::RestoreOptions),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Dev(options) => command::dev::run(&options),
        Command::KeyRing(command) => command::key_ring::run(&command),
        Command::SigningKey(command) => command::signing_key::run(&command),
        Command::Backup(options) => command::backup::back_up(&options),
        Command::Restore(options) => command::backup::restore(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            telemetry::say_error(&*error);
            ExitCode::FAILURE
        }
    }
}
