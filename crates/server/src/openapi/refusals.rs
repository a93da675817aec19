//! The refusals that every call can answer, so that no call has to repeat them.

use authmint_protocol::ErrorCode;
use serde_json::{Map, Value, json};

/// One refusal of all calls of a kind: its status, its name in the document, and which calls can answer it.
struct Refusal {
    status: u16,
    name: &'static str,
    of: fn(&Value) -> bool,
}

const REFUSALS: [Refusal; 11] = [
    Refusal { status: 400, name: "BadRequest", of: |_| true },
    Refusal { status: 401, name: "Unauthorized", of: asks_who },
    Refusal { status: 403, name: "Forbidden", of: asks_who },
    Refusal { status: 404, name: "NotFound", of: names_something },
    Refusal { status: 408, name: "RequestTimeout", of: |_| true },
    // Only where a call says so.
    Refusal { status: 409, name: "Conflict", of: |_| false },
    Refusal { status: 413, name: "ContentTooLarge", of: |call| call.get("requestBody").is_some() },
    Refusal { status: 429, name: "TooManyRequests", of: |call| call["tags"][0] != "probes" },
    Refusal { status: 431, name: "HeadersTooLarge", of: |_| true },
    Refusal { status: 500, name: "InternalError", of: |_| true },
    Refusal { status: 503, name: "Unavailable", of: |_| true },
];

/// Adds to every call the refusals that it can answer, and writes down once what each of them is.
pub(super) fn add(document: &mut Value) {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    for call in paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        for Refusal { status, name, of } in REFUSALS {
            let status = status.to_string();
            if of(call) || call["responses"].get(&status).is_some() {
                call["responses"][status] = json!({ "$ref": format!("#/components/responses/{name}") });
            }
        }
    }
    for Refusal { status, name, .. } in REFUSALS {
        document["components"]["responses"][name] = refusal(status);
    }
}

fn asks_who(call: &Value) -> bool {
    let ways = call["security"].as_array().into_iter().flatten();
    ways.filter_map(Value::as_object).any(|way| !way.is_empty())
}

fn names_something(call: &Value) -> bool {
    let parameters = call["parameters"].as_array().into_iter().flatten();
    let mut parameters = parameters.map(|parameter| (&parameter["in"], &parameter["name"]));
    parameters.any(|(place, name)| place == "path" || name == "project_id")
}

fn refusal(status: u16) -> Value {
    let codes: Vec<_> = ErrorCode::ALL.iter().filter(|code| code.status() == status).collect();
    let listed: Vec<_> = codes.iter().map(|code| format!("`{code}`")).collect();
    let mut refusal = json!({
        "description": format!("Refused with one of the codes {}.", listed.join(", ")),
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    });
    let header = match status {
        401 => Some(("WWW-Authenticate", json!({ "type": "string" }), "Where a bearer token is asked for.")),
        429 | 503 => Some((
            "Retry-After",
            json!({ "type": "string", "pattern": "^[0-9]+$" }),
            "In how many seconds to come back.",
        )),
        _ => None,
    };
    if let Some((name, schema, description)) = header {
        refusal["headers"] = json!({ name: { "schema": schema, "description": description } });
    }
    refusal
}
