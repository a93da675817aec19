//! Ways to sign in that existing clients ask for and this service does not offer yet.

use crate::http::{caller::Caller, problem::Problem};
use authmint_protocol::ErrorCode;

/// Sign-in by a social account; no project lists a provider.
#[utoipa::path(
    get, path = "/api/2024-09-26/session/sdk/auth/social/{provider}/start", operation_id = "start_social",
    tag = "sign-in",
    security(("client_key" = []), ("server_key" = [])),
    params(("provider" = String, Path, description = "The provider.")),
    responses((status = 400, description = "No project offers it yet.")),
)]
pub(crate) async fn social(_caller: Caller) -> Problem {
    Problem::new(
        ErrorCode::MethodUnsupported,
        "this project offers no sign-in by a social account; sign in by email",
    )
}

/// Begins a sign-in by a wallet; no project offers it.
#[utoipa::path(
    post, path = "/api/2024-09-26/session/sdk/auth/crypto_wallets/authenticate/start",
    operation_id = "start_wallet", tag = "sign-in",
    security(("client_key" = []), ("server_key" = [])),
    responses((status = 400, description = "No project offers it yet.")),
)]
pub(crate) async fn start_wallet(_caller: Caller) -> Problem {
    no_wallets()
}

/// Finishes a sign-in by a wallet; no project offers it.
#[utoipa::path(
    post, path = "/api/2024-09-26/session/sdk/auth/crypto_wallets/authenticate",
    operation_id = "authenticate_wallet", tag = "sign-in",
    security(("client_key" = []), ("server_key" = [])),
    responses((status = 400, description = "No project offers it yet.")),
)]
pub(crate) async fn wallet(_caller: Caller) -> Problem {
    no_wallets()
}

fn no_wallets() -> Problem {
    Problem::new(ErrorCode::MethodUnsupported, "this project offers no sign-in by a wallet; sign in by email")
}
