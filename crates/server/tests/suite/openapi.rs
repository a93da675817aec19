//! The OpenAPI document.

use crate::support::Service;
use authmint_server::openapi;
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

#[test]
fn the_document_that_is_kept_is_the_one_that_the_service_tells() {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let kept = fs::read_to_string(kept).unwrap_or_default();
    assert!(kept == openapi(), "docs/openapi.json is out of date: `cargo xtask openapi` writes it anew");
}

#[tokio::test]
async fn every_path_answers_the_methods_that_are_described_and_no_others() {
    let service = Service::start().await;
    let document: Value = serde_json::from_str(&openapi()).unwrap();
    for (path, calls) in document["paths"].as_object().unwrap() {
        let described: BTreeSet<_> =
            calls.as_object().unwrap().keys().map(|name| name.to_uppercase()).collect();
        let answer = service.call("TRACE", &path.replace(['{', '}'], "")).send().await;
        answer.is_problem(405, "method_not_allowed");
        let answered: BTreeSet<_> = answer.header("allow").unwrap().split(',').map(str::to_owned).collect();
        // Whoever answers GET answers HEAD alike (RFC 9110, section 9.3.2).
        let answered: BTreeSet<_> = answered.into_iter().filter(|method| method != "HEAD").collect();
        assert_eq!(described, answered, "{path}");
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_call_has_a_name_of_its_own() {
    let document: Value = serde_json::from_str(&openapi()).unwrap();
    let (mut references, mut names) = (BTreeSet::new(), Vec::new());
    walk(&document, &mut |name, value| match (name, value.as_str()) {
        ("$ref", Some(target)) => drop(references.insert(target.to_owned())),
        ("operationId", Some(id)) => names.push(id.to_owned()),
        _ => {}
    });
    assert!(references.len() > 30);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
}

#[test]
fn every_closed_list_is_listed() {
    let document: Value = serde_json::from_str(&openapi()).unwrap();
    let field = |message: &str, field: &str| {
        document.pointer(&format!("/components/schemas/{message}/properties/{field}")).unwrap().clone()
    };
    let codes = authmint_protocol::ErrorCode::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>();
    assert_eq!(field("Problem", "code")["enum"], Value::from(codes));
    assert_eq!(field("NewApiKey", "scopes")["items"]["enum"].as_array().unwrap().len(), 8);
    assert_eq!(field("Session", "end_reason")["enum"].as_array().unwrap().last(), Some(&Value::Null));
    assert_eq!(field("Project", "id")["format"], "uuid");
    assert_eq!(field("Session", "ended_at")["format"], "date-time");
}

fn walk(value: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                visit(name, value);
                walk(value, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        _ => {}
    }
}
