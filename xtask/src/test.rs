//! `cargo xtask test`: sets up all that the tests need, then runs every one of them.

use crate::{
    need,
    run::{Cargo, Failed, root, run},
    secrets::Ledger,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Folders of `journeys/clients` with Node suites.
const SUITES: [&str; 4] = ["vendor", "browser", "openapi", "trust"];

/// The npm package, its tests, and the examples that they run; last the vendor's modal, which a browser runs.
const PACKAGE_FOLDERS: [&str; 8] = [
    "crates/session-node",
    "crates/session-node/test",
    "crates/session-node/test/next15",
    "examples/express",
    "examples/hono",
    "examples/next",
    "examples/node-http",
    "journeys/clients/modal",
];

/// Runs the Rust tests, then the Node suites against the program that was built with them.
pub(crate) fn run_every_test() -> Result<(), Failed> {
    // What is missing is said before minutes of compiling, not after.
    let (node, npm) = need::node()?;
    let browser = need::browser()?;
    need::postgres()?;
    let clients = root().join("journeys/clients");
    install(&npm, &clients)?;
    let target = Cargo::target_folder()?;
    let schemathesis = need::schemathesis(&target)?;

    // Tests and program in one call: the same features, so every dependency is compiled once.
    Cargo::new("build").args(["--workspace", "--bins", "--tests"]).run()?;
    let program = program(&target)?;
    let ledger = Ledger::open()?;
    Cargo::new("test").args(["--workspace", "--no-fail-fast"]).run()?;

    test_package(&node, &npm, &program)?;

    run(Command::new(&node)
        .current_dir(&clients)
        .args([
            "--disable-warning=ExperimentalWarning",
            "--test",
            "--test-reporter=spec",
            "--test-timeout=600000",
        ])
        .args(suites(&clients)?)
        .env("AUTHMINT_BIN", program)
        .env("CHROME", browser)
        .env("SCHEMATHESIS", schemathesis))?;
    ledger.close()?;
    println!("\ntest: the Rust tests, the Node suites and the secret scan passed");
    Ok(())
}

/// Builds the npm package around an addon of the same build as the program, and runs its tests.
fn test_package(node: &Path, npm: &Path, program: &Path) -> Result<(), Failed> {
    let package = root().join("crates/session-node");
    for folder in PACKAGE_FOLDERS {
        install(npm, &root().join(folder))?;
    }
    run(Command::new(npm)
        .current_dir(&package)
        .args(["run", "build", "--loglevel=error"])
        .env("AUTHMINT_PROFILE", "dev"))?;
    run(Command::new(node)
        .current_dir(&package)
        .args([
            "--unhandled-rejections=strict",
            "--disable-warning=ExperimentalWarning",
            "--test",
            "--test-reporter=spec",
            "--test-timeout=600000",
        ])
        .args(suite(&package.join("test"))?)
        .env("AUTHMINT_BIN", program))
}

/// Installs exactly the locked npm packages, unless they are there. Install scripts stay off: no package here needs one.
pub(crate) fn install(npm: &Path, folder: &Path) -> Result<(), Failed> {
    let lock = read(&folder.join("package-lock.json"))?;
    let mark = folder.join("node_modules/.installed-lock");
    if fs::read(&mark).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    run(Command::new(npm).current_dir(folder).args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ]))?;
    fs::write(&mark, lock).map_err(|error| Failed::new(format!("cannot write {}: {error}", mark.display())))
}

fn read(path: &Path) -> Result<Vec<u8>, Failed> {
    fs::read(path).map_err(|error| Failed::new(format!("cannot read {}: {error}", path.display())))
}

/// The built `authmint`.
fn program(target: &Path) -> Result<PathBuf, Failed> {
    let program = target.join("debug").join(format!("authmint{}", std::env::consts::EXE_SUFFIX));
    if program.is_file() {
        Ok(program)
    } else {
        Err(Failed::new(format!("{} was not built", program.display())))
    }
}

/// Every suite by name, in order; Node 20 and 22 disagree on what naming a folder means.
fn suites(clients: &Path) -> Result<Vec<PathBuf>, Failed> {
    let suites: Result<Vec<_>, _> = SUITES.iter().map(|name| suite(&clients.join(name))).collect();
    Ok(suites?.concat())
}

/// The tests of one folder.
fn suite(folder: &Path) -> Result<Vec<PathBuf>, Failed> {
    let entries = fs::read_dir(folder)
        .map_err(|error| Failed::new(format!("cannot read {}: {error}", folder.display())))?;
    let mut files: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    if files.is_empty() {
        return Err(Failed::new(format!("{} holds no *.test.mjs: its stories are gone", folder.display())));
    }
    files.sort();
    Ok(files)
}
