//! SQL outside the store would be a second place that knows how rows are kept.

use super::{Finding, tree::Tree};

/// Statements as they are written here: upper case, as no English sentence is. (In halves, as this file is no store.)
const STATEMENTS: [&str; 5] = [
    concat!("INSERT", " INTO "),
    concat!("DELETE", " FROM "),
    concat!("CREATE", " TABLE "),
    concat!("ALTER", " TABLE "),
    concat!("BEGIN", " IMMEDIATE"),
];

/// Where SQL belongs: the store; the bench compares it with the bare driver, and the tests' own servers are asked how they are.
const HOME: [&str; 4] = ["crates/store/", "bench/", "journeys/postgres/", "crates/cli/tests/suite/replicas/"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.ending(".rs").filter(|file| !HOME.iter().any(|home| file.path.starts_with(home))) {
        let statements = file.text.lines().enumerate().filter(|(_, line)| is_statement(line));
        findings.extend(
            statements.map(|(number, _)| Finding::in_line(&file.path, number, "SQL outside crates/store")),
        );
    }
    findings
}

fn is_statement(line: &str) -> bool {
    let query = line.find(concat!("SELECT", " ")).is_some_and(|start| line[start..].contains(" FROM "));
    query || STATEMENTS.iter().any(|statement| line.contains(statement))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sql_is_found_outside_the_store_only() {
        let query = concat!("let q = \"SELECT", " id FROM session\";");
        for line in [query, concat!("\"DELETE", " FROM session\"")] {
            assert_eq!(check(&Tree::of(&[("crates/server/src/api.rs", line)])).len(), 1, "{line}");
            assert_eq!(check(&Tree::of(&[("crates/store/src/sqlite/session.rs", line)])), []);
        }
        assert_eq!(check(&Tree::of(&[("crates/server/src/api.rs", "// select one from the list")])), []);
    }
}
