//! The authmint program: one binary for development and for service.

mod command;
mod config;
mod data_dir;
mod stop;
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
    /// Start the service for users.
    Serve(config::ServiceOptions),
    /// Hold a configuration against what `serve` wants, without starting anything.
    CheckConfig(config::ServiceOptions),
    /// Print a configuration file with every key in it.
    SampleConfig,
    /// Make, list, show and change projects.
    Project(command::project::Options),
    /// Make, adopt, list and revoke API keys.
    Key(command::key::Options),
    /// Say which issuers of others a project trusts, and why a JWT of theirs is refused.
    Issuer(command::issuer::Options),
    /// List, search, disable and delete users.
    User(command::user::Options),
    /// List and end sessions.
    Session(command::session::Options),
    /// Read the audit trail.
    Events(command::events::Options),
    /// Say who may manage the service over HTTP.
    Operator(command::operator::Options),
    /// Work with the service's own secret keys.
    #[command(subcommand)]
    KeyRing(command::key_ring::KeyRingCommand),
    /// Look at the keys that sign session JWTs, and change them; a running service follows within two seconds.
    SigningKey(command::signing_key::Options),
    /// Copy the database to a new file, while the service runs.
    Backup(command::backup::BackupOptions),
    /// Make a database of a backup, or put one in order that PostgreSQL's programs restored; sessions that the backup may know
    /// wrongly are ended first.
    Restore(command::backup::RestoreOptions),
    /// Move an installation to another database, with every session alive.
    Copy(command::copy::CopyOptions),
    /// Bring a database to this version's schema; `serve` does so, too.
    Migrate(command::copy::MigrateOptions),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Dev(options) => command::dev::run(&options),
        Command::Serve(options) => command::serve::run(&options),
        Command::CheckConfig(options) => command::serve::check_config(&options),
        Command::SampleConfig => {
            telemetry::say(config::sample().trim_end());
            Ok(())
        }
        Command::Project(options) => command::project::run(options),
        Command::Key(options) => command::key::run(options),
        Command::Issuer(options) => command::issuer::run(options),
        Command::User(options) => command::user::run(options),
        Command::Session(options) => command::session::run(options),
        Command::Events(options) => command::events::run(options),
        Command::Operator(options) => command::operator::run(options),
        Command::KeyRing(command) => command::key_ring::run(&command),
        Command::SigningKey(options) => command::signing_key::run(options),
        Command::Backup(options) => command::backup::back_up(&options),
        Command::Restore(options) => command::backup::restore(&options),
        Command::Copy(options) => command::copy::copy(&options),
        Command::Migrate(options) => command::copy::migrate(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            telemetry::say_error(&*error);
            ExitCode::FAILURE
        }
    }
}
