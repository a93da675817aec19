//! `cargo xtask tidy`: the rules of the house that no compiler knows. Each rule stands beside its reason, and each has
//! a test that shows it fail.

mod arrows;
mod length;
mod links;
mod migrations;
mod pure;
mod sql;
mod tree;
mod words;

use crate::{
    json::Json,
    run::{Cargo, Failed},
};
use std::{fmt, path::Path};
use tree::Tree;

/// One place that breaks a rule.
#[derive(Debug, PartialEq)]
struct Finding {
    /// The file, and the line where that helps.
    place: String,
    /// What is wrong there and why it matters.
    fault: String,
}

impl Finding {
    fn new(place: impl Into<String>, fault: impl Into<String>) -> Self {
        Self { place: place.into(), fault: fault.into() }
    }

    /// A finding in a line, counted from 0 as iterators do.
    fn in_line(path: &str, line: usize, fault: impl Into<String>) -> Self {
        Self::new(format!("{path}:{}", line + 1), fault)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.fault)
    }
}

/// Checks the whole tree and shows every finding at once.
pub(crate) fn run(root: &Path) -> Result<(), Failed> {
    let tree = Tree::read(root).map_err(|error| Failed::new(format!("cannot read the tree: {error}")))?;
    let metadata = Cargo::new("metadata").args(["--no-deps", "--format-version", "1"]).output()?;
    let metadata = Json::read(&metadata).ok_or_else(|| Failed::new("cargo metadata printed broken JSON"))?;

    let mut findings = arrows::check(&metadata);
    for rule in [length::check, words::check, links::check, migrations::check, pure::check, sql::check] {
        findings.extend(rule(&tree));
    }
    if findings.is_empty() {
        println!("tidy: {} files, nothing found", tree.files.len());
        return Ok(());
    }
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    Err(Failed::new(format!("{}\ntidy: {} found", lines.join("\n"), lines.len())))
}
