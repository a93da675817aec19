//! The service's calls as an OpenAPI document: each call is described beside its handler, what all of them share here.

mod refusals;
mod vocabulary;

use crate::{
    api::{
        api_keys, events, exchange, health, issuers, operator_tokens, projects, revocations, sessions,
        signing_keys, users,
    },
    compat::{authenticate, logout, otps_send, refresh, unsupported, user, well_known},
};
use authmint_protocol::wire::problem::Problem;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// The OpenAPI 3.1 document of everything that a service answers, as JSON for people to read.
#[must_use]
pub fn openapi() -> String {
    let mut document = serde_json::to_value(Api::openapi()).expect("the document is JSON");
    refusals::add(&mut document);
    vocabulary::add(&mut document);
    let mut text = serde_json::to_string_pretty(&document).expect("a JSON value can be written");
    text.push('\n');
    text
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "authmint",
        description = "Authentication for apps: sign-in, sessions, and their management. Paths stand under the \
                       service's public URL, save /healthz and /readyz, which the process answers itself. Calls \
                       under /api/v1 are snake_case with ISO 8601 times.",
    ),
    paths(
        otps_send::send_code,
        authenticate::authenticate,
        refresh::refresh,
        logout::logout,
        unsupported::social,
        unsupported::start_wallet,
        unsupported::wallet,
        user::by_session_jwt,
        user::by_id,
        well_known::key_set,
        well_known::openid_configuration,
        revocations::follow,
        projects::list,
        projects::create,
        projects::show,
        projects::change,
        projects::set_not_before,
        api_keys::list,
        api_keys::create,
        api_keys::adopt,
        api_keys::revoke,
        users::list,
        users::show,
        users::delete,
        users::disable,
        users::enable,
        sessions::list,
        sessions::end_all,
        sessions::show,
        sessions::end,
        exchange::exchange,
        sessions::trade_code,
        issuers::list,
        issuers::add,
        issuers::test_any,
        issuers::show,
        issuers::remove,
        issuers::test,
        events::list,
        operator_tokens::list,
        operator_tokens::create,
        operator_tokens::revoke,
        signing_keys::list,
        signing_keys::rotate,
        signing_keys::revoke,
        health::live,
        health::ready,
    ),
    components(schemas(Problem)),
    modifiers(&Credentials),
)]
struct Api;

/// The ways to say who calls.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, document: &mut Document) {
        let key =
            |text| SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("x-api-key", text)));
        let bearer = |form, text| {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format(form);
            SecurityScheme::Http(scheme.description(Some(text)).build())
        };
        let components = document.components.get_or_insert_default();
        for (name, scheme) in [
            ("client_key", key("An API key of an app: public, good from the origins or apps that it lists.")),
            (
                "server_key",
                key("An API key of an app's server: secret, good within its scopes in its project."),
            ),
            ("operator_token", bearer("amo1", "An operator's token: secret, good for everything.")),
            ("session_jwt", bearer("JWT", "A user's session JWT.")),
        ] {
            components.add_security_scheme(name, scheme);
        }
    }
}
