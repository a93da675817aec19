//! The project's own chores, on the standard library alone, so that they start in a second on a fresh machine.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person at the terminal")]

mod fuzz;
mod json;
mod need;
mod ready;
mod run;
mod secrets;
mod test;
mod tidy;

use run::{Cargo, Failed, root};
use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask <chore>

  test      set up what tests need, run every test (Rust's, the real clients', the browser's), and look in all logs,
            refusals and databases of the run for the secrets that were issued in it
  ready     all that a change must pass: format, tidy, lints, docs, test (CI runs exactly this)
  tidy      the rules of the house that no compiler knows: crate arrows, purity, file lengths, links
  fuzz      [SECONDS] [TARGET…]: run the fuzz targets, 10 s each unless told otherwise
  conform   answer JSON lines on standard input: the pure functions, for anyone's vectors
  bench     the load generator's table, then the criterion benches, in release";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (chore, rest) = match words.split_first() {
        Some((chore, rest)) => (chore.as_str(), rest),
        None => ("", &[][..]),
    };
    let outcome = match chore {
        "test" => test::run_every_test(),
        "ready" => ready::run(),
        "tidy" => tidy::run(&root()),
        "fuzz" => fuzz::from(rest),
        "conform" => conform(rest),
        "bench" => bench(rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(Failed::new(USAGE)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            eprintln!("{failed}");
            ExitCode::FAILURE
        }
    }
}

/// Only starts the answering program: what it needs to answer is no matter of a chore on the standard library.
fn conform(rest: &[String]) -> Result<(), Failed> {
    Cargo::new("run")
        .quiet()
        .args(["--package", "authmint-journeys", "--bin", "conform", "--"])
        .args(rest)
        .run()
}

fn bench(rest: &[String]) -> Result<(), Failed> {
    Cargo::new("run").args(["--release", "--package", "authmint-bench", "--"]).args(rest).run()?;
    Cargo::new("bench").args(["--package", "authmint-bench"]).run()
}
