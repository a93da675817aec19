//! Documents that name places long gone are worse than none.

use super::{
    Finding,
    tree::{File, MADE, Tree},
};

/// Folders whose paths a document may name in back-ticks; such a path must exist.
const FOLDERS: [&str; 8] =
    ["crates/", "journeys/", "examples/", "bench/", "xtask/", "docs/", "vectors/", ".ci/"];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.ending(".md").flat_map(|file| check_file(tree, file)).collect()
}

fn check_file(tree: &Tree, file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in prose(&file.text) {
        for target in link_targets(&without_code(line)) {
            if let Some(fault) = link_fault(tree, file, &target) {
                findings.push(Finding::in_line(&file.path, number, fault));
            }
        }
        for path in code_spans(line).filter(|span| is_path(span)) {
            if !exists(tree, path.trim_end_matches('/')) {
                findings.push(Finding::in_line(
                    &file.path,
                    number,
                    format!("names `{path}`, which is not there"),
                ));
            }
        }
    }
    findings
}

/// The lines outside fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// What stands between back-ticks.
fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join("`")
}

/// The targets of `[text](target)` in a line.
fn link_targets(line: &str) -> Vec<String> {
    let starts = line.match_indices("](").map(|(start, _)| &line[start + 2..]);
    starts.filter_map(|rest| rest.split([')', ' ']).next()).map(str::to_owned).collect()
}

fn link_fault(tree: &Tree, file: &File, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let path = if path.is_empty() { file.path.clone() } else { resolve(&file.path, path)? };
    if !exists(tree, &path) {
        return Some(format!("links to {target}, which is not there"));
    }
    let text = &tree.files.iter().find(|other| other.path == path)?.text;
    let known = heading.is_empty() || headings(text).any(|slug| slug == heading);
    (!known).then(|| format!("links to {target}, but no heading there has that name"))
}

/// A relative path from a file's folder; a path that leaves the project is none of ours.
fn resolve(from: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn exists(tree: &Tree, path: &str) -> bool {
    path.is_empty() || tree.paths.contains(path)
}

/// A plain path into one of our folders, without wildcards, placeholders or arguments; what is made there may be absent.
fn is_path(span: &str) -> bool {
    let made = span.split('/').any(|part| MADE.contains(&part));
    !made
        && FOLDERS.iter().any(|folder| span.starts_with(folder))
        && span.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c))
}

/// The anchors of a text's headings, made as forges make them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter_map(|(_, line)| {
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            return None;
        }
        let kept = title.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        Some(kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        check(&Tree::of(&[
            ("docs/guide.md", text),
            ("docs/other.md", "# Two Words, and more!\n```\n# no heading\n```\n"),
            ("README.md", ""),
            ("crates/store/src/lib.rs", ""),
        ]))
        .len()
    }

    #[test]
    fn a_dead_link_is_found() {
        for good in [
            "[a](other.md) [b](../README.md) [c](#here)\n# Here",
            "[d](other.md#two-words-and-more)",
            "[e](https://example.com/gone) `[f](gone.md)`",
            "```\n[g](gone.md)\n```",
            "see `crates/store/src` and `crates/store/src/lib.rs`, or `crates/<name>`",
            "npm fills `journeys/clients/node_modules`",
        ] {
            assert_eq!(found(good), 0, "{good}");
        }
        for bad in [
            "[a](gone.md)",
            "[b](../docs/gone/)",
            "[c](other.md#no-heading)",
            "[d](#nowhere)",
            "`crates/gone/src`",
        ] {
            assert_eq!(found(bad), 1, "{bad}");
        }
    }
}
