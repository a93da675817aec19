//! `cargo xtask fuzz`: builds the fuzz targets and runs each for a while; a finding fails the chore.

use crate::{
    need,
    run::{Cargo, Failed, root, run},
};
use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
};

/// Seconds a target, where nobody says otherwise.
const SMOKE: u32 = 10;

/// Runs every target for a short while.
pub(crate) fn smoke() -> Result<(), Failed> {
    fuzz(&targets(&root().join("fuzz/Cargo.toml"))?, SMOKE)
}

/// `cargo xtask fuzz [SECONDS] [TARGET…]`.
pub(crate) fn from(words: &[String]) -> Result<(), Failed> {
    let (seconds, named) = match words.split_first() {
        Some((first, rest)) if first.bytes().all(|b| b.is_ascii_digit()) => {
            (first.parse().map_err(|_| Failed::new(format!("{first} seconds are too many")))?, rest)
        }
        _ => (SMOKE, words),
    };
    let mut targets = targets(&root().join("fuzz/Cargo.toml"))?;
    if let Some(unknown) = named.iter().find(|name| !targets.contains(name)) {
        return Err(Failed::new(format!(
            "no fuzz target is called {unknown}; there are {}",
            targets.join(", ")
        )));
    }
    targets.retain(|target| named.is_empty() || named.contains(target));
    fuzz(&targets, seconds)
}

fn fuzz(targets: &[String], seconds: u32) -> Result<(), Failed> {
    need::fuzzer()?;
    let built = build()?;
    let waiting = Mutex::new(targets.iter().collect::<VecDeque<_>>());
    let failed = Mutex::new(Vec::new());
    // One target a core: libFuzzer knows one thread.
    let cores = thread::available_parallelism().map_or(1, usize::from).min(4);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(target) = lock(&waiting).pop_front() {
                    if let Err(finding) = one(&built, target, seconds) {
                        lock(&failed).push(finding);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_default();
    if failed.is_empty() {
        println!("\nfuzz: {} targets, {seconds} s each, without a finding", targets.len());
        return Ok(());
    }
    Err(Failed::new(failed.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Builds all targets, instrumented and with the address sanitizer, and says where they are.
///
/// Both are options that the compiler keeps for its nightly versions; this variable lets the stable one take them.
fn build() -> Result<PathBuf, Failed> {
    let target = Cargo::target_folder()?.join("fuzz");
    Cargo::new("fuzz").args(["build", "--target-dir"]).args([&target]).env("RUSTC_BOOTSTRAP", "1").run()?;
    // Beside the host's triple lie only what was built for the build itself.
    let triple = fs::read_dir(&target)
        .map_err(|error| Failed::new(format!("cannot read {}: {error}", target.display())))?
        .flatten()
        .map(|entry| entry.path().join("release"))
        .find(|folder| folder.is_dir());
    triple.ok_or_else(|| Failed::new(format!("cargo fuzz built nothing in {}", target.display())))
}

/// Runs a target; what it finds is kept in `fuzz/artifacts`, to be run again.
fn one(built: &Path, target: &str, seconds: u32) -> Result<(), Failed> {
    let artifacts = root().join("fuzz/artifacts").join(target);
    let made = fs::create_dir_all(&artifacts);
    made.map_err(|error| Failed::new(format!("cannot make {}: {error}", artifacts.display())))?;
    let log = artifacts.join("log");
    let file = fs::File::create(&log);
    let file = file.map_err(|error| Failed::new(format!("cannot write {}: {error}", log.display())))?;
    let told = run(Command::new(built.join(target))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        // From the first input on as long as they get: a story takes more than the few bytes that growing by and by reaches.
        .args(["-len_control=0", "-max_len=2048", "-timeout=20", "-print_final_stats=1"])
        .stderr(file));
    told.map_err(|failed| {
        Failed::new(format!(
            "{failed}\nfuzz target {target}: {}\nthe input is in {}; run it again by `cargo fuzz run {target} FILE`",
            said(&log),
            artifacts.display()
        ))
    })
}

/// What the target said at its end.
fn said(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let from = text.lines().position(|line| line.contains("panicked at") || line.contains("ERROR:"));
    text.lines().skip(from.unwrap_or(0)).take(6).collect::<Vec<_>>().join("\n")
}

/// The names in the manifest, which lists each target as cargo-fuzz wants it.
fn targets(manifest: &Path) -> Result<Vec<String>, Failed> {
    let text = fs::read_to_string(manifest)
        .map_err(|error| Failed::new(format!("cannot read {}: {error}", manifest.display())))?;
    Ok(names(&text))
}

fn names(manifest: &str) -> Vec<String> {
    let bins = manifest.split("[[bin]]").skip(1);
    let name = |bin: &str| {
        let line = bin.lines().find_map(|line| line.strip_prefix("name = "))?;
        Some(line.trim().trim_matches('"').to_owned())
    };
    bins.filter_map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_of_the_manifest_has_its_file() {
        let manifest = root().join("fuzz/Cargo.toml");
        let targets = targets(&manifest).unwrap();
        assert!(targets.len() >= 12, "{targets:?}");
        for target in targets {
            let folder = root().join("fuzz/fuzz_targets");
            assert!(
                folder.join(format!("{target}.rs")).is_file()
                    || folder.join(&target).join("main.rs").is_file(),
                "{target}"
            );
        }
    }

    #[test]
    fn names_are_read_where_they_stand() {
        let manifest = "[package]\nname = \"x\"\n[[bin]]\nname = \"one\"\npath = \"a\"\n\n[[bin]]\npath = \"b\"\nname = \"two\"\n";
        assert_eq!(names(manifest), ["one", "two"]);
    }
}
