//! What the program says: results on standard output, logs and errors on standard error.

#[cfg(not(feature = "otlp"))]
#[path = "telemetry/no_otlp.rs"]
mod otlp;
#[cfg(feature = "otlp")]
mod otlp;

pub(crate) use otlp::Traces;

use crate::config::LogConfig;
use std::{
    env,
    io::{self, IsTerminal as _, Write as _},
};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt,
    prelude::*,
};

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
#[expect(
    clippy::disallowed_methods,
    reason = "`dev` has no configuration; how much it says is no part of what it does"
)]
pub(crate) fn log_to_stderr(default: &Targets) {
    let asked = env::var("AUTHMINT_LOG").ok().and_then(|text| text.parse().ok());
    let filter = asked.unwrap_or_else(|| default.clone());
    // Colours are for people; a file or a log collector gets plain text.
    let lines = fmt::layer().with_writer(io::stderr).with_target(false).with_ansi(io::stderr().is_terminal());
    // A second start in one process (tests) keeps the first subscriber.
    let _kept = tracing_subscriber::registry().with(filter).with(lines).try_init();
}

/// Sends the service's logs to standard error, as configured, and its spans where `traces` go; the line that tells of
/// the start is always in the log.
pub(crate) fn log_as(config: &LogConfig, traces: &Traces) {
    // The filter is of the log alone: whoever wants few lines may want every trace.
    let filter = config.filter.clone().with_target(START, LevelFilter::INFO);
    let lines = fmt::layer().with_writer(io::stderr).with_target(false);
    let registry = tracing_subscriber::registry().with(traces.layer());
    let _kept = if config.json {
        registry.with(lines.json().flatten_event(true).with_filter(filter)).try_init()
    } else {
        registry.with(lines.with_ansi(io::stderr().is_terminal()).with_filter(filter)).try_init()
    };
}
