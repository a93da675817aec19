//! `cargo xtask ready`: all that a change must pass, the quick answers first.

use crate::{
    fuzz,
    run::{Cargo, Failed, root},
    test, tidy,
};

/// Runs every check; the first that fails ends it.
pub(crate) fn run() -> Result<(), Failed> {
    Cargo::new("fmt").args(["--all", "--", "--check"]).run()?;
    Cargo::new("fmt").args(["--manifest-path", "fuzz/Cargo.toml", "--", "--check"]).run()?;
    tidy::run(&root())?;
    Cargo::new("clippy").args(["--workspace", "--all-targets", "--", "-D", "warnings"]).run()?;
    Cargo::new("doc")
        .args(["--workspace", "--no-deps", "--document-private-items"])
        .env("RUSTDOCFLAGS", "-D warnings")
        .run()?;
    test::run_every_test()?;
    // Traces are a feature that no usual build has: linted and tried here, where nobody waits for it.
    let traces = ["--package", "authmint-cli", "--features", "otlp"];
    Cargo::new("clippy").args(traces).args(["--all-targets", "--", "-D", "warnings"]).run()?;
    Cargo::new("test").args(traces).args(["--test", "suite", "otlp"]).run()?;
    fuzz::smoke()?;
    println!("\nready: format, tidy, lints, docs, tests and ten seconds of every fuzz target passed");
    Ok(())
}
