//! What the program says: results on standard output, logs and errors on standard error.

use crate::config::LogConfig;
use std::io::{self, IsTerminal as _, Write as _};
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// The target of the line that tells of the start.
pub(crate) const START: &str = "authmint_start";

/// Prints a result; a reader that went away (`| head`) is no fault.
pub(crate) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _gone = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// Prints an error with its causes.
pub(crate) fn say_error(error: &dyn std::error::Error) {
    let mut text = format!("error: {error}");
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(&format!("\n  because: {inner}"));
        cause = inner.source();
    }
    let _gone = writeln!(io::stderr().lock(), "{text}");
}

/// Sends logs to standard error; `AUTHMINT_LOG` filters them (`info`, `authmint_server=debug`, …).
pub(crate) fn log_to_stderr(default: &str) {
    let filter = EnvFilter::builder()
        .with_env_var("AUTHMINT_LOG")
        .try_from_env()
        .unwrap_or_else(|_| EnvFilter::new(default));
    // Colours are for people; a file or a log collector gets plain text.
    let lines = fmt::layer().with_writer(io::stderr).with_target(false).with_ansi(io::stderr().is_terminal());
    // A second start in one process (tests) keeps the first subscriber.
    let _kept = tracing_subscriber::registry().with(filter).with(lines).try_init();
}

/// Sends the service's logs to standard error, as configured; the line that tells of the start is always in them.
pub(crate) fn log_as(config: &LogConfig) {
    let filter = EnvFilter::new(format!("{},{START}=info", config.filter));
    let lines = fmt::layer().with_writer(io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(filter);
    let _kept = if config.json {
        registry.with(lines.json().flatten_event(true)).try_init()
    } else {
        registry.with(lines.with_ansi(io::stderr().is_terminal())).try_init()
    };
}
