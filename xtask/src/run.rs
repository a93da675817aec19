//! Starting other programs, and saying which one failed.

use crate::json::Json;
use std::{
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
    process::Command,
};

/// Why a chore stopped, for the person at the terminal.
#[derive(Debug)]
pub(crate) struct Failed(String);

impl Failed {
    /// A failure with its whole story, remedy included.
    pub(crate) fn new(story: impl Into<String>) -> Self {
        Self(story.into())
    }
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The workspace's folder: chores work wherever they are called from.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// An environment variable that is set and not empty. The one place where chores read the environment.
pub(crate) fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Shows a command, runs it to its end with this terminal as its own, and fails when it does.
pub(crate) fn run(command: &mut Command) -> Result<(), Failed> {
    let line = line_of(command);
    println!("\n$ {line}");
    let status = command.status().map_err(|error| Failed::new(format!("`{line}` did not start: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failed::new(format!("\n`{line}` failed ({status})"))) }
}

/// Runs a command silently and gives its standard output.
pub(crate) fn output_of(command: &mut Command) -> Result<String, Failed> {
    let line = line_of(command);
    let output = command.output().map_err(|error| Failed::new(format!("`{line}` did not start: {error}")))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(Failed::new(format!("`{line}` failed ({})\n{complaint}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|_| Failed::new(format!("`{line}` answered no UTF-8")))
}

/// The command as a person would type it.
fn line_of(command: &Command) -> String {
    let name = Path::new(command.get_program()).file_stem().unwrap_or(command.get_program());
    let words = std::iter::once(name).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// A call of the cargo that called us, in the workspace's folder.
pub(crate) struct Cargo {
    command: Command,
    quiet: bool,
}

impl Cargo {
    /// Starts with the subcommand.
    pub(crate) fn new(subcommand: &str) -> Self {
        let mut command = Command::new(environment("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(root()).arg(subcommand);
        Self { command, quiet: false }
    }

    /// Neither shows the command nor lets cargo talk: standard output belongs to the program that it runs.
    pub(crate) fn quiet(mut self) -> Self {
        self.command.arg("--quiet");
        self.quiet = true;
        self
    }

    /// Adds arguments.
    pub(crate) fn args(mut self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(words);
        self
    }

    /// Sets a variable for this call alone.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Where everything is built.
    pub(crate) fn target_folder() -> Result<PathBuf, Failed> {
        let metadata = Self::new("metadata").args(["--no-deps", "--format-version", "1"]).output()?;
        let metadata =
            Json::read(&metadata).ok_or_else(|| Failed::new("cargo metadata printed broken JSON"))?;
        let target = metadata.text("target_directory");
        target.map(PathBuf::from).ok_or_else(|| Failed::new("cargo metadata names no target folder"))
    }

    /// Runs it to its end.
    pub(crate) fn run(mut self) -> Result<(), Failed> {
        if !self.quiet {
            return run(&mut self.command);
        }
        let status =
            self.command.status().map_err(|error| Failed::new(format!("cargo did not start: {error}")))?;
        if status.success() { Ok(()) } else { Err(Failed::new(format!("the program failed ({status})"))) }
    }

    /// Runs it silently and gives what it printed.
    pub(crate) fn output(mut self) -> Result<String, Failed> {
        output_of(&mut self.command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_fails_the_chore_and_is_named() {
        let missing = run(&mut Command::new("no-such-program-anywhere")).unwrap_err().to_string();
        assert!(
            missing.contains("no-such-program-anywhere") && missing.contains("did not start"),
            "{missing}"
        );
        let refused = Cargo::new("no-such-subcommand").output().unwrap_err().to_string();
        assert!(refused.contains("cargo no-such-subcommand"), "{refused}");
    }
}
