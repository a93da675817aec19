//! Words that have no place in a finished file.

use super::{Finding, tree::Tree};

/// Marks of unfinished work: what is unfinished is an issue in the tracker, where someone looks for it. (Written in
/// two halves, so that this file passes its own rule.)
const UNFINISHED: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];

/// Paths of somebody's machine: they work there and nowhere else.
const MACHINE: [&str; 6] = [
    concat!("/home", "/"),
    concat!("/Users", "/"),
    concat!("/root", "/"),
    concat!("/tmp", "/"),
    concat!("/work", "/"),
    concat!("C:\\", "Users"),
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &tree.files {
        for (number, line) in file.text.lines().enumerate() {
            if let Some(word) = UNFINISHED.iter().find(|word| has_word(line, word)) {
                findings.push(Finding::in_line(&file.path, number, format!("{word}: finish it or file it")));
            }
            if let Some(path) = MACHINE.iter().find(|path| has_path(line, path)) {
                findings.push(Finding::in_line(
                    &file.path,
                    number,
                    format!("{path}… is a path of one machine"),
                ));
            }
        }
    }
    findings
}

/// The word stands alone: letters around it make it another word.
fn has_word(line: &str, word: &str) -> bool {
    let beside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    line.match_indices(word).any(|(start, _)| {
        !beside(line[..start].chars().next_back()) && !beside(line[start + word.len()..].chars().next())
    })
}

/// The path starts here: a longer path or a URL that contains it is another one.
fn has_path(line: &str, path: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || "._-/}~".contains(c);
    line.match_indices(path).any(|(start, _)| !line[..start].chars().next_back().is_some_and(inside))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> usize {
        check(&Tree::of(&[("src/lib.rs", line)])).len()
    }

    #[test]
    fn unfinished_work_is_found() {
        for word in UNFINISHED {
            assert_eq!(found(&format!("// {word}: later")), 1);
            assert_eq!(found(&format!("// MY{word}S")), 0);
        }
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        for path in MACHINE {
            assert_eq!(found(&format!("open(\"{path}me/x\")")), 1);
            assert_eq!(found(&format!("https://example.com{path}me")), 0);
        }
    }
}
