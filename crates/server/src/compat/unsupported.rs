//! Ways to sign in that existing clients ask for and this service does not offer yet.

use crate::http::{caller::Caller, problem::Problem};
use authmint_protocol::ErrorCode;

/// `GET …/social/{provider}/start`: no project lists a provider.
pub(crate) async fn social(_caller: Caller) -> Problem {
    Problem::new(
        ErrorCode::MethodUnsupported,
        "this project offers no sign-in by a social account; sign in by email",
    )
}

/// `POST …/crypto_wallets/…`.
pub(crate) async fn wallet(_caller: Caller) -> Problem {
    Problem::new(ErrorCode::MethodUnsupported, "this project offers no sign-in by a wallet; sign in by email")
}
