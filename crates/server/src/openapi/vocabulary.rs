//! What texts may be: fields of one name are of one form wherever they stand, and closed lists are listed.

use authmint_domain::model::{audit::AuditKind, project::Scope, session::EndReason, signing_key::STATES};
use authmint_protocol::{ErrorCode, api_key::Environment, token::algorithm::Algorithm};
use serde_json::{Map, Value, json};

/// Adds to the fields of every message what their names say.
pub(super) fn add(document: &mut Value) {
    no_null_bodies(document);
    let messages = document["components"]["schemas"].as_object_mut();
    for (name, message) in messages.into_iter().flatten() {
        if let Some(item) = name.strip_prefix("Page_") {
            // Written down once, under its own name.
            message["properties"]["items"]["items"] =
                json!({ "$ref": format!("#/components/schemas/{item}") });
        }
        describe_fields(name, message);
        // A message that holds another one is written as both of them, side by side.
        for part in message.get_mut("allOf").and_then(Value::as_array_mut).into_iter().flatten() {
            describe_fields(name, part);
        }
    }
}

/// A body that may be missing is described as one that may be null, which no call takes.
fn no_null_bodies(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for call in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let schema = call.pointer_mut("/requestBody/content/application~1json/schema");
        if let Some(schema) = schema
            && let Some(body) = schema.pointer_mut("/oneOf/0").map(Value::take)
        {
            *schema = body;
        }
    }
}

fn describe_fields(message: &str, part: &mut Value) {
    let fields = part.get_mut("properties").and_then(Value::as_object_mut);
    for (name, field) in fields.into_iter().flatten() {
        plain_description(field);
        let Some(form) = form(message, name) else { continue };
        let one = if field.get("items").is_some() { &mut field["items"] } else { field };
        one.as_object_mut().into_iter().for_each(|one| describe(one, &form));
    }
}

/// Where null may stand, a list of texts would refuse it.
fn describe(field: &mut Map<String, Value>, form: &Value) {
    let nullable = field.get("type").is_some_and(Value::is_array);
    for (key, mut value) in form.as_object().cloned().unwrap_or_default() {
        if nullable && let Some(list) = value.as_array_mut() {
            list.push(Value::Null);
        }
        field.insert(key, value);
    }
}

/// Links of the source lead nowhere outside it.
fn plain_description(field: &mut Value) {
    if let Some(text) = field.get("description").and_then(Value::as_str) {
        field["description"] = text.replace("[`", "`").replace("`]", "`").into();
    }
}

/// The form of a field's text, or of the texts in a field.
fn form(message: &str, name: &str) -> Option<Value> {
    let listed = |words: Vec<&str>| Some(json!({ "enum": words }));
    match name {
        "at" | "since" | "not_before" | "expiresAt" => Some(json!({ "format": "date-time" })),
        _ if name.ends_with("_at") && message != "FeedEntry" => Some(json!({ "format": "date-time" })),
        "id" if message != "FeedEntry" => Some(json!({ "format": "uuid" })),
        _ if name.ends_with("_id") => Some(json!({ "format": "uuid" })),
        "environment" => listed(Environment::ALL.map(Environment::as_str).to_vec()),
        "usage" => listed(vec!["client", "server"]),
        "scopes" => listed(Scope::ALL.map(Scope::as_str).to_vec()),
        "algorithm" | "signing_algorithm" => listed(Algorithm::ALL.map(Algorithm::as_str).to_vec()),
        "state" => listed(STATES.to_vec()),
        "end_reason" => listed(EndReason::ALL.map(EndReason::as_str).to_vec()),
        "kind" if message == "Event" => listed(AuditKind::ALL.iter().map(|kind| kind.as_str()).collect()),
        "code" if message == "Problem" => listed(ErrorCode::ALL.iter().map(|code| code.as_str()).collect()),
        _ => None,
    }
}
