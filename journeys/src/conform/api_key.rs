//! API keys.

use super::{Answer, fields::Fields};
use authmint_protocol::{api_key::ApiKey, token::native};
use serde_json::json;

/// What a key says, and whether Crossmint signed it.
pub(super) fn api_key_parse(fields: &Fields<'_>) -> Answer {
    let key = ApiKey::parse(fields.text("key")?).map_err(|error| error.code())?;
    let signed_by = key.signed_by_crossmint(native::check_ed25519).then_some("crossmint");
    Ok(json!({
        "usage": key.usage.as_str(),
        "environment": key.environment.as_str(),
        "project_id": key.project_id.to_string(),
        "signed_by": signed_by,
    }))
}

#[cfg(test)]
mod tests {
    use crate::conform::tests::ask_one;
    use authmint_protocol::api_key::TEST_VECTOR_KEY;
    use serde_json::json;

    #[test]
    fn the_published_key_is_read_and_its_signer_named() {
        let parse = |key: &str| ask_one(&json!({ "id": 1, "fn": "api_key_parse", "key": key }));
        let mut value = json!({
            "usage": "client",
            "environment": "development",
            "project_id": "dfb06708-a46f-4615-bd34-f614ae284e7b",
            "signed_by": "crossmint",
        });
        assert_eq!(parse(TEST_VECTOR_KEY).as_ref(), Ok(&value));
        value["usage"] = json!("server");
        value["signed_by"] = json!(null);
        assert_eq!(parse(&TEST_VECTOR_KEY.replace("ck_", "sk_")), Ok(value), "signed for another usage");
        assert_eq!(parse("sk_live_x"), Err("api_key_old_format".into()));
    }
}
