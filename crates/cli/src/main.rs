//! The authmint program: one binary for development and for service.

mod command;
mod data_dir;
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
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Dev(options) => command::dev::run(&options),
        Command::KeyRing(command) => command::key_ring::run(&command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            telemetry::say_error(&*error);
            ExitCode::FAILURE
        }
    }
}
