//! Rules that are pure can be explored in microseconds, by a simulation that owns the clock; one hidden read of the
//! outside ends that. Clocks are clippy's business (clippy.toml); this names the rest.

use super::{
    Finding,
    tree::{File, Tree},
};

/// Where nothing but arguments come in.
const PURE: [&str; 4] = [
    "crates/protocol/src/",
    "crates/domain/src/model/",
    "crates/domain/src/method/",
    "crates/session/src/guard/",
];

/// How the outside would come in.
const OUTSIDE: [&str; 10] = [
    ".await",
    "async fn",
    "async move",
    "aws_lc_rs::rand",
    "std::fs",
    "std::io",
    "std::net::Tcp",
    "std::net::Udp",
    "std::thread",
    "tokio::",
];

pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.ending(".rs").filter(|file| is_pure(file)).flat_map(check_file).collect()
}

/// Tests may read their vectors: a file of tests is not the rule itself.
fn is_pure(file: &File) -> bool {
    let tests = file.path.contains("/tests/") || file.path.ends_with("/tests.rs");
    !tests && PURE.iter().any(|folder| file.path.starts_with(folder))
}

fn check_file(file: &File) -> Vec<Finding> {
    let code = file.text.lines().enumerate().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    let code = code.filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.filter_map(|(number, line)| {
        let outside = OUTSIDE.iter().find(|outside| line.contains(*outside))?;
        Some(Finding::in_line(
            &file.path,
            number,
            format!("`{outside}` in a pure folder: make it an argument or a port"),
        ))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, line: &str) -> usize {
        check(&Tree::of(&[(path, line)])).len()
    }

    #[test]
    fn the_outside_is_found_in_pure_folders_only() {
        for folder in PURE {
            for outside in OUTSIDE {
                assert_eq!(
                    found(&format!("{folder}x.rs"), &format!("    let a = {outside}b;")),
                    1,
                    "{folder} {outside}"
                );
            }
        }
        assert_eq!(found("crates/domain/src/flow/x.rs", "store.load(id).await"), 0);
        assert_eq!(found("crates/session/src/client/x.rs", "tokio::spawn(work)"), 0);
        assert_eq!(found("crates/protocol/src/x.rs", "// an async fn would be wrong here"), 0);
        assert_eq!(found("crates/protocol/src/x.rs", "#[cfg(test)]\nmod tests { use std::fs; }"), 0);
    }
}
