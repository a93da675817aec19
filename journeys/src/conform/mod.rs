//! The product's pure functions behind JSON lines, so that anyone can try vectors of their own on them.
//!
//! A question is `{"id", "fn", …fields}`; its answer `{"id", "ok": true, "value"}` or `{"id", "ok": false, "error"}`
//! with a stable code. Bytes are hex where a name ends in `_hex`, else base64url. One file per family of functions.

mod api_key;
mod cookie;
mod email;
mod fields;
mod flow;
mod issuer;
mod rotation;
mod token;

use fields::Fields;
use serde_json::{Value, json};
use std::io::{self, BufRead, Write};

/// What a function answers: a value, or a stable code.
type Answer = Result<Value, &'static str>;

/// One of the product's functions.
type Function = fn(&Fields<'_>) -> Answer;

/// Every function by its name.
const FUNCTIONS: [(&str, Function); 13] = [
    ("sig_verify", token::sig_verify),
    ("jws_verify", token::jws_verify),
    ("jwks_load", token::jwks_load),
    ("jwk_thumbprint", token::jwk_thumbprint),
    ("jwt_verify", token::jwt_verify),
    ("issuer_jwt_verify", issuer::issuer_jwt_verify),
    ("parse_cookie_header", cookie::parse_cookie_header),
    ("write_set_cookie", cookie::write_set_cookie),
    ("api_key_parse", api_key::api_key_parse),
    ("email_normalise", email::email_normalise),
    ("redirect_allowed", flow::redirect_allowed),
    ("pkce_verify", flow::pkce_verify),
    ("rotate", rotation::rotate),
];

/// Answers line by line until the input ends; each answer is flushed, so that a caller may wait for it.
///
/// # Errors
/// Whatever reading or writing answers.
pub fn serve(mut input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        if !line.trim_ascii().is_empty() {
            writeln!(output, "{}", answer(&line))?;
            output.flush()?;
        }
        line.clear();
    }
    Ok(())
}

fn answer(line: &[u8]) -> Value {
    let Ok(Value::Object(question)) = serde_json::from_slice(line) else {
        return reply(&Value::Null, Err("line_malformed"));
    };
    let id = question.get("id").unwrap_or(&Value::Null);
    let name = question.get("fn").and_then(Value::as_str);
    let function = FUNCTIONS.iter().find(|row| Some(row.0) == name);
    reply(id, function.map_or(Err("fn_unknown"), |row| row.1(&Fields(&question))))
}

fn reply(id: &Value, answer: Answer) -> Value {
    match answer {
        Ok(value) => json!({ "id": id, "ok": true, "value": value }),
        Err(code) => json!({ "id": id, "ok": false, "error": code }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answers to some lines.
    pub(super) fn ask(lines: &str) -> Vec<Value> {
        let mut out = Vec::new();
        serve(lines.as_bytes(), &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'));
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The value of one answer, or its code.
    pub(super) fn ask_one(question: &Value) -> Result<Value, String> {
        let answer = ask(&format!("{question}\n")).remove(0);
        match answer["ok"].as_bool() {
            Some(true) => Ok(answer["value"].clone()),
            _ => Err(answer["error"].as_str().unwrap().to_owned()),
        }
    }

    #[test]
    fn each_line_gets_one_answer_in_order_whatever_it_holds() {
        let lines = "{\"id\":1,\"fn\":\"email_normalise\",\"address\":\"A@b.example\"}\r\n\
            \n\
            not json\n\
            [1]\n\
            {\"id\":\"x\"}\n\
            {\"id\":{\"a\":2},\"fn\":\"no_such\"}\n\
            {\"id\":3,\"fn\":\"email_normalise\"}\n\
            {\"id\":4,\"fn\":\"email_normalise\",\"address\":7}";
        assert_eq!(
            ask(lines),
            [
                json!({ "id": 1, "ok": true, "value": "a@b.example" }),
                json!({ "id": null, "ok": false, "error": "line_malformed" }),
                json!({ "id": null, "ok": false, "error": "line_malformed" }),
                json!({ "id": "x", "ok": false, "error": "fn_unknown" }),
                json!({ "id": { "a": 2 }, "ok": false, "error": "fn_unknown" }),
                json!({ "id": 3, "ok": false, "error": "field_missing" }),
                json!({ "id": 4, "ok": false, "error": "field_invalid" }),
            ]
        );
        let mut out = Vec::new();
        serve(&b"\xff\xfe\n\n"[..], &mut out).unwrap();
        assert_eq!(out, b"{\"error\":\"line_malformed\",\"id\":null,\"ok\":false}\n");
    }

    #[test]
    fn every_function_answers_a_question_without_fields_with_an_error() {
        for (name, _) in FUNCTIONS {
            let answer = ask_one(&json!({ "id": 1, "fn": name })).unwrap_err();
            assert!(matches!(&*answer, "field_missing" | "field_invalid"), "{name}: {answer}");
        }
    }
}
