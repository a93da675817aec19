//! A server for users who sign in somewhere else: with any OpenID issuer, whose JWT their pages send along.
//!
//! It needs no refresh and no cookie, and each check is offline once the issuer's keys are known. For Auth0, Firebase,
//! Supabase and others there are presets: `IssuerTerms::preset("auth0").field("domain", …).audience(…)`.
//!
//! ```sh
//! ISSUER_URL=https://your-tenant.example ISSUER_AUDIENCE=your-app AUTHMINT_BASE_URL=… AUTHMINT_SERVER_KEY=sk_… \
//!     cargo run -p authmint-example-axum --bin authmint-example-axum-bring-your-own
//! ```

use authmint::{Auth, AuthOptions, IssuerTerms, Session, tower::AuthLayer};
use axum::{Router, routing::get};
use std::{error::Error, net::Ipv4Addr};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let theirs = IssuerTerms::new(variable("ISSUER_URL")?, variable("ISSUER_AUDIENCE")?);
    let options = AuthOptions::new(variable("AUTHMINT_SERVER_KEY")?)
        .base_url(variable("AUTHMINT_BASE_URL")?)
        .trust(theirs);
    let app = Router::new().route("/api/me", get(me)).layer(AuthLayer::new(Auth::new(options)?));
    let port = variable("PORT").map_or(Ok(3000), |port| port.parse())?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    say(&format!("open http://localhost:{}", listener.local_addr()?.port()));
    Ok(axum::serve(listener, app).await?)
}

/// Answers 401 to whoever is not signed in, wherever.
async fn me(session: Session) -> String {
    format!("{} of {}", session.user_id(), session.issuer().unwrap_or("this service"))
}

#[expect(clippy::disallowed_methods, reason = "a program of its own reads its own configuration, once")]
fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("set {name} in the environment"))
}

#[expect(clippy::print_stderr, reason = "what the person who starts the program waits for")]
fn say(line: &str) {
    eprintln!("{line}");
}
