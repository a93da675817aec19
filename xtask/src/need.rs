//! Programs that tests need: found, else installed where we may, else a failure that names the install line.

use crate::run::{Cargo, Failed, environment, output_of, run};
use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The oldest Node that the suites run on: its test runner knows `--test-timeout` and a clock that can be set.
const NODE: (u32, u32) = (20, 11);

/// The version of cargo-fuzz that is installed where there is none.
const CARGO_FUZZ: &str = "0.13.2";

/// Names under which a Chromium that can be driven is installed.
const BROWSERS: [&str; 5] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];

/// Where macOS keeps it: not in PATH.
const BROWSER_OF_MACOS: &str = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";

/// Node and npm. Both come with the person's own Node: nothing is installed here, since a distribution's may be too old.
pub(crate) fn node() -> Result<(PathBuf, PathBuf), Failed> {
    let remedy = "install Node 20 or newer (https://nodejs.org, or `apt-get install -y nodejs npm` where that is new enough)";
    let find =
        |name: &str| in_path(&[name]).ok_or_else(|| Failed::new(format!("{name} is not in PATH: {remedy}")));
    let (node, npm) = (find("node")?, find("npm")?);
    let version = output_of(Command::new(&node).arg("--version"))?;
    if node_is_new_enough(&version) {
        return Ok((node, npm));
    }
    Err(Failed::new(format!(
        "Node {} is too old, {}.{} is the least: {remedy}",
        version.trim(),
        NODE.0,
        NODE.1
    )))
}

fn node_is_new_enough(version: &str) -> bool {
    let mut parts = version.trim().trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= NODE
}

/// A Chromium: `CHROME` names it, or PATH has it, or it is installed by apt where we are root, or the chore fails.
pub(crate) fn browser() -> Result<PathBuf, Failed> {
    if let Some(named) = environment("CHROME") {
        let named = PathBuf::from(named);
        return if named.is_file() {
            Ok(named)
        } else {
            Err(Failed::new(format!("CHROME names {}, where no program is", named.display())))
        };
    }
    if let Some(found) = installed_browser() {
        return Ok(found);
    }
    apt_install("chromium", "a browser (Chromium)", "or set CHROME to an installed Chromium or Chrome")?;
    installed_browser().ok_or_else(|| Failed::new("chromium was installed, but is not in PATH"))
}

fn installed_browser() -> Option<PathBuf> {
    in_path(&BROWSERS).or_else(|| Some(PathBuf::from(BROWSER_OF_MACOS)).filter(|path| path.is_file()))
}

/// A PostgreSQL server for tests: `AUTHMINT_TEST_POSTGRES` names a folder with its programs, or PATH or Debian's place has
/// them, or they are installed by apt where we are root.
pub(crate) fn postgres() -> Result<(), Failed> {
    let of_debian = || {
        let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        versions.map(|entry| entry.path().join("bin/initdb")).any(|program| program.is_file())
    };
    let found = || in_path(&["initdb"]).is_some() || of_debian();
    if environment("AUTHMINT_TEST_POSTGRES").is_some() || found() {
        return Ok(());
    }
    apt_install(
        "postgresql",
        "a PostgreSQL server",
        "or set AUTHMINT_TEST_POSTGRES to the folder of an installed one's programs",
    )?;
    if found() {
        Ok(())
    } else {
        Err(Failed::new("postgresql was installed, but its programs are not found"))
    }
}

/// The checker of the OpenAPI document, of one version, so that it makes the same calls up everywhere.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// schemathesis: `SCHEMATHESIS` names it, or it is installed into a virtual environment in the target folder.
pub(crate) fn schemathesis(target: &Path) -> Result<PathBuf, Failed> {
    if let Some(named) = environment("SCHEMATHESIS") {
        return Ok(named.into());
    }
    let folder = target.join(SCHEMATHESIS.replace("==", "-"));
    let program = folder.join("bin/schemathesis");
    if program.is_file() {
        return Ok(program);
    }
    let remedy = "install Python 3.10 or newer with venv and pip (such as `apt-get install -y python3-venv`), or set \
                  SCHEMATHESIS to an installed schemathesis";
    let python =
        in_path(&["python3"]).ok_or_else(|| Failed::new(format!("python3 is not in PATH: {remedy}")))?;
    let install = || {
        run(Command::new(&python).args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(folder.join("bin/pip")).args(["install", "--quiet", SCHEMATHESIS]))
    };
    install().map_err(|failed| Failed::new(format!("{failed}\n{remedy}")))?;
    Ok(program)
}

/// What the fuzz targets are built with: cargo-fuzz, installed from its source where it is missing, and a C++ compiler for
/// the library that drives them.
pub(crate) fn fuzzer() -> Result<(), Failed> {
    if in_path(&["c++", "g++", "clang++"]).is_none() {
        apt_install("g++", "a C++ compiler", "or set CXX to an installed one")?;
    }
    if Cargo::new("fuzz").args(["--version"]).output().is_ok() {
        return Ok(());
    }
    Cargo::new("install").args(["--locked", "cargo-fuzz", "--version", CARGO_FUZZ]).run().map_err(|failed| {
        Failed::new(format!(
            "{failed}
ready needs cargo-fuzz: `cargo install --locked cargo-fuzz --version {CARGO_FUZZ}`, with cargo's bin folder in PATH"
        ))
    })
}

/// Installs a Debian package where that needs no question; anywhere else the person is told the line to type.
fn apt_install(package: &str, what: &str, otherwise: &str) -> Result<(), Failed> {
    let line = format!("apt-get install -y --no-install-recommends {package}");
    let Some(apt) = in_path(&["apt-get"]).filter(|_| is_root()) else {
        return Err(Failed::new(format!("tests need {what}: `{line}` as root, {otherwise}")));
    };
    run(Command::new(&apt).arg("update").arg("-qq"))?;
    run(Command::new(&apt).env("DEBIAN_FRONTEND", "noninteractive").args(line.split(' ').skip(1)))
}

fn is_root() -> bool {
    output_of(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// The first of the names that PATH knows.
fn in_path(names: &[&str]) -> Option<PathBuf> {
    let path = environment("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names.iter().find_map(|name| folders.iter().find_map(|folder| program_in(folder, name)))
}

fn program_in(folder: &Path, name: &str) -> Option<PathBuf> {
    ["", ".exe", ".cmd"].iter().map(|end| folder.join(format!("{name}{end}"))).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_node_is_too_old() {
        for (version, enough) in
            [("v20.11.0\n", true), ("v20.10.9", false), ("v18.20.4", false), ("v22.0.0", true), ("", false)]
        {
            assert_eq!(node_is_new_enough(version), enough, "{version}");
        }
    }

    #[test]
    fn a_program_is_found_by_name_and_a_missing_one_is_not() {
        assert!(in_path(&["no-such-program-anywhere", "cargo"]).is_some());
        assert!(in_path(&["no-such-program-anywhere"]).is_none());
    }
}
