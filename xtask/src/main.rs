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
use std::process::{Command, ExitCode};

const USAGE: &str = "\
usage: cargo xtask <chore>

  test      set up what tests need, run every test (Rust's, the npm package's, the clients', the browser's), and look in
            all logs, refusals and databases of the run for the secrets that were issued in it
  ready     all that a change must pass: format, tidy, lints, docs, test (CI runs exactly this)
  tidy      the rules of the house that no compiler knows: crate arrows, purity, file lengths, links
  fuzz      [SECONDS] [TARGET…]: run the fuzz targets, 10 s each unless told otherwise
  conform   answer JSON lines on standard input: the pure functions, for anyone's vectors
  openapi   write docs/openapi.json anew, from what the service tells of itself
  bench     the load generator's table, the criterion benches, the npm package beside its peers, in release";

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
        "openapi" => openapi(),
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

/// A test of the server holds the file against the same text.
fn openapi() -> Result<(), Failed> {
    let text = Cargo::new("run")
        .args(["--quiet", "--package", "authmint-server", "--example", "openapi"])
        .output()?;
    let path = root().join("docs/openapi.json");
    std::fs::write(&path, text)
        .map_err(|error| Failed::new(format!("cannot write {}: {error}", path.display())))
}

fn bench(rest: &[String]) -> Result<(), Failed> {
    Cargo::new("run").args(["--release", "--package", "authmint-bench", "--"]).args(rest).run()?;
    Cargo::new("bench").args(["--package", "authmint-bench"]).run()?;
    bench_package()
}

/// The npm package beside its peers, its addon built as it is published.
fn bench_package() -> Result<(), Failed> {
    let (node, npm) = need::node()?;
    let [package, bench] = ["crates/session-node", "bench/node"].map(|folder| root().join(folder));
    test::install(&npm, &package)?;
    test::install(&npm, &bench)?;
    run::run(Command::new(&npm).current_dir(&package).args(["run", "build", "--loglevel=error"]))?;
    run::run(Command::new(node).current_dir(&bench).arg("main.mjs"))
}
