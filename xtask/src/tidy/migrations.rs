//! Two databases, one history: every migration has a twin of the same name.

use super::{Finding, tree::Tree};
use std::collections::BTreeSet;

const FOLDERS: [&str; 2] = ["crates/store/migrations/sqlite", "crates/store/migrations/postgres"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let present: Vec<&str> = FOLDERS.into_iter().filter(|folder| tree.paths.contains(*folder)).collect();
    for folder in &present {
        findings.extend(numbering(folder, &names(tree, folder)));
    }
    // With one database there is no twin to miss.
    if let [first, second] = present[..] {
        let (ours, theirs) = (names(tree, first), names(tree, second));
        findings.extend(ours.difference(&theirs).map(|name| missing(second, name)));
        findings.extend(theirs.difference(&ours).map(|name| missing(first, name)));
    }
    findings
}

fn missing(folder: &str, name: &str) -> Finding {
    Finding::new(format!("{folder}/{name}"), "is missing: the other database has it")
}

/// The migrations of a folder.
fn names<'a>(tree: &'a Tree, folder: &str) -> BTreeSet<&'a str> {
    let inside = tree.paths.iter().filter_map(|path| path.strip_prefix(folder)?.strip_prefix('/'));
    inside.filter(|name| name.ends_with(".sql")).collect()
}

/// `NNNN_name.sql` without gaps: a number given twice would let the order depend on the name.
fn numbering(folder: &str, names: &BTreeSet<&str>) -> Vec<Finding> {
    let wrong = names.iter().enumerate().filter(|(at, name)| !name.starts_with(&format!("{:04}_", at + 1)));
    wrong
        .map(|(at, name)| Finding::new(format!("{folder}/{name}"), format!("should be number {:04}", at + 1)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(paths: &[&str]) -> usize {
        let samples: Vec<_> = paths.iter().map(|path| (*path, "")).collect();
        check(&Tree::of(&samples)).len()
    }

    #[test]
    fn a_missing_twin_is_found() {
        let first = "crates/store/migrations/sqlite/0001_start.sql";
        assert_eq!(found(&[first]), 0, "one database has no twins");
        assert_eq!(found(&[first, "crates/store/migrations/postgres/0001_start.sql"]), 0);
        assert_eq!(found(&[first, "crates/store/migrations/postgres/0001_begin.sql"]), 2);
    }

    #[test]
    fn a_number_given_twice_or_left_out_is_found() {
        let folder = "crates/store/migrations/sqlite";
        assert_eq!(found(&[&format!("{folder}/0001_a.sql"), &format!("{folder}/0001_b.sql")]), 1);
        assert_eq!(found(&[&format!("{folder}/0001_a.sql"), &format!("{folder}/0003_b.sql")]), 1);
    }
}
