//! Which crate may know which: the picture of ARCHITECTURE.md as a table, read from `cargo metadata`.

use super::Finding;
use crate::json::Json;

/// Every member of the workspace and the members that it may name, whatever the kind of dependency.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("authmint-protocol", &[]),
    ("authmint-domain", &["authmint-protocol"]),
    // Its tests, and those of the program, start real servers.
    ("authmint-store", &["authmint-domain", "authmint-protocol", "authmint-journeys-postgres"]),
    // Service and SDK meet over the wire only; a short cut between them would be a second, untested protocol.
    ("authmint-server", &["authmint-store", "authmint-domain", "authmint-protocol"]),
    ("authmint", &["authmint-protocol"]),
    ("authmint-session-node", &["authmint", "authmint-protocol"]),
    ("authmint-example-pages", &["authmint"]),
    ("authmint-example-axum", &["authmint", "authmint-example-pages"]),
    ("authmint-example-actix", &["authmint", "authmint-example-pages"]),
    ("authmint-cli", EVERY_SHIPPED),
    ("authmint-journeys", EVERY_SHIPPED),
    // Starts servers and knows nothing of what is stored in them.
    ("authmint-journeys-postgres", &[]),
    ("authmint-bench", EVERY_SHIPPED),
    ("xtask", &[]),
];

/// What is shipped, and what tests start.
const EVERY_SHIPPED: &[&str] = &[
    "authmint-protocol",
    "authmint-domain",
    "authmint-store",
    "authmint-server",
    "authmint",
    "authmint-example-axum",
    "authmint-journeys-postgres",
];

/// Libraries that only these members may name.
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    (
        "axum",
        // The command line serves the routers of both; the rest are the SDK's host and the developers' own members.
        &[
            "authmint-server",
            "authmint",
            "authmint-cli",
            "authmint-example-axum",
            "authmint-journeys",
            "authmint-bench",
        ],
        "HTTP is how the service is served, never what it decides",
    ),
    (
        "actix-web",
        &["authmint", "authmint-example-actix"],
        "the SDK serves apps in it; the service is served by axum",
    ),
    ("rusqlite", &["authmint-store", "authmint-bench"], "only the store knows SQL"),
    ("tokio-postgres", &["authmint-store", "authmint-bench"], "only the store knows SQL"),
    ("napi", &["authmint-session-node"], "bindings to Node belong to the npm package"),
    ("lettre", &["authmint-server"], "mail is an adapter of the server"),
];

/// Libraries that a member must never name.
const NEVER_IN: &[(&str, &[&str], &str)] = &[
    ("authmint-protocol", IO, "what crosses a process boundary is pure: no IO, no async"),
    ("authmint-domain", IO, "what the service decides does no IO: the outside comes through its ports"),
    (
        "authmint",
        &["aws-lc-rs"],
        "the guard asks for a signature check as a step; natively protocol's `native` answers it",
    ),
];

const IO: &[&str] =
    &["tokio", "async-trait", "axum", "hyper", "hyper-util", "reqwest", "tower", "rand", "getrandom"];

/// Holds every dependency of every member against the tables.
pub(super) fn check(metadata: &Json) -> Vec<Finding> {
    let packages = metadata.list("packages");
    let members: Vec<&str> = packages.iter().filter_map(|package| package.text("name")).collect();
    let mut findings = Vec::new();
    for package in packages {
        let Some(name) = package.text("name") else {
            continue;
        };
        let Some((_, may_name)) = MAY_NAME.iter().find(|(member, _)| *member == name) else {
            findings.push(Finding::new(
                name,
                "no arrows are drawn for this member: add it to xtask/src/tidy/arrows.rs",
            ));
            continue;
        };
        for dependency in package.list("dependencies") {
            let Some(library) = dependency.text("name") else {
                continue;
            };
            let faults = if members.contains(&library) {
                arrow_fault(name, library, may_name)
            } else {
                library_fault(name, library, dependency.text("kind"))
            };
            findings.extend(faults.map(|fault| Finding::new(name, fault)));
        }
    }
    findings
}

fn arrow_fault(name: &str, library: &str, may_name: &[&str]) -> Option<String> {
    // A crate names itself to switch a feature on for its own tests.
    let allowed = library == name || may_name.contains(&library);
    (!allowed).then(|| format!("depends on {library}: arrows point down only (ARCHITECTURE.md)"))
}

/// A library against both tables. A test may use what the member itself must not, so `never` spares dev-dependencies.
fn library_fault(name: &str, library: &str, kind: Option<&str>) -> Option<String> {
    if name == "xtask" {
        return Some(format!("depends on {library}: chores must start in a second on a fresh machine"));
    }
    let only = ONLY_IN.iter().find(|(limited, members, _)| *limited == library && !members.contains(&name));
    let never = NEVER_IN.iter().find(|(member, libraries, _)| {
        *member == name && libraries.contains(&library) && kind != Some("dev")
    });
    let reason = only.map(|(.., reason)| reason).or(never.map(|(.., reason)| reason))?;
    Some(format!("depends on {library}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the rules find in one member with one dependency.
    fn found(member: &str, library: &str, kind: &str) -> Vec<String> {
        let json = format!(
            r#"{{"packages":[{{"name":"{member}","dependencies":[{{"name":"{library}","kind":{kind}}}]}},
                {{"name":"authmint-protocol","dependencies":[]}},{{"name":"authmint-server","dependencies":[]}},
                {{"name":"authmint","dependencies":[]}}]}}"#
        );
        check(&Json::read(&json).unwrap()).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn arrows_point_down_only() {
        assert_eq!(found("authmint-domain", "authmint-protocol", "null"), [""; 0]);
        for (member, library) in [
            ("authmint-protocol", "authmint-server"),
            ("authmint-domain", "authmint-server"),
            ("authmint-store", "authmint"),
            ("authmint-server", "authmint"),
            ("authmint", "authmint-server"),
        ] {
            for kind in ["null", r#""dev""#, r#""build""#] {
                let found = found(member, library, kind);
                assert!(found.len() == 1 && found[0].contains(library), "{member} -> {library}: {found:?}");
            }
        }
    }

    #[test]
    fn libraries_stay_in_their_crates() {
        for (member, library) in [
            ("authmint-domain", "axum"),
            ("authmint-store", "axum"),
            ("authmint-server", "rusqlite"),
            ("authmint-cli", "rusqlite"),
            ("authmint-server", "actix-web"),
            ("authmint", "napi"),
            ("authmint-protocol", "tokio"),
            ("authmint-domain", "tokio"),
            ("authmint", "aws-lc-rs"),
            ("xtask", "serde"),
        ] {
            assert_eq!(found(member, library, "null").len(), 1, "{member} names {library}");
        }
        assert_eq!(found("authmint-store", "rusqlite", "null"), [""; 0]);
        assert_eq!(found("authmint-domain", "tokio", r#""dev""#), [""; 0], "a test may drive an async flow");
    }

    #[test]
    fn a_new_member_must_be_drawn() {
        assert!(found("authmint-utils", "serde", "null")[0].contains("no arrows"));
    }
}
