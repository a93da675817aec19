//! Long files hide more than one concept.

use super::{Finding, tree::Tree};

/// More than this and a reader cannot hold the file in mind; most are half of it or less.
const LINES: usize = 400;

/// Files that may be longer, each with the reason why splitting would make it worse.
const LONGER: &[(&str, &str)] = &[];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    check_with(tree, LONGER)
}

fn check_with(tree: &Tree, longer: &[(&str, &str)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in [".rs", ".mjs", ".ts", ".html"].iter().flat_map(|end| tree.ending(end)) {
        let lines = file.text.lines().count();
        let excused = longer.iter().any(|(path, _)| *path == file.path);
        if lines > LINES && !excused {
            findings.push(Finding::new(
                &file.path,
                format!("{lines} lines, {LINES} is the limit: split it by concept"),
            ));
        }
        if lines <= LINES && excused {
            findings.push(Finding::new(
                &file.path,
                "is short enough: take it off the list in xtask/src/tidy/length.rs",
            ));
        }
    }
    let gone = longer.iter().filter(|(path, _)| !tree.paths.contains(*path));
    findings.extend(
        gone.map(|(path, _)| Finding::new(*path, "is listed in xtask/src/tidy/length.rs, but is gone")),
    );
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_file_is_found_unless_it_is_excused() {
        let tree = Tree::of(&[("src/long.rs", &"//\n".repeat(401)), ("src/fits.rs", &"//\n".repeat(400))]);
        assert_eq!(check_with(&tree, &[]).len(), 1);
        assert_eq!(check_with(&tree, &[("src/long.rs", "one table")]), []);
    }

    #[test]
    fn an_excuse_that_is_not_needed_is_found() {
        let tree = Tree::of(&[("src/fits.rs", "//\n")]);
        assert_eq!(
            check_with(&tree, &[("src/fits.rs", "was long once"), ("src/gone.rs", "is gone")]).len(),
            2
        );
    }
}
