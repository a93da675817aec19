//! Runs the example by itself, against an authmint service that runs elsewhere.
//!
//! `authmint dev` starts the same app for you. To start it alone, give it the service's address and the two keys of a
//! project, as `authmint dev` prints them:
//!
//! ```sh
//! AUTHMINT_BASE_URL=… AUTHMINT_CLIENT_KEY=ck_… AUTHMINT_SERVER_KEY=sk_… cargo run -p authmint-example-axum
//! ```

use authmint_example_axum::{DemoConfig, router};
use std::{error::Error, net::Ipv4Addr, process::ExitCode};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let router = router(DemoConfig {
        service_url: variable("AUTHMINT_BASE_URL")?,
        client_key: variable("AUTHMINT_CLIENT_KEY")?,
        server_key: variable("AUTHMINT_SERVER_KEY")?,
        inbox_url: variable("AUTHMINT_INBOX_URL").ok(),
    })?;
    let port = variable("PORT").map_or(Ok(3000), |port| port.parse())?;
    // Loopback only: the session cookies of a page served over plain HTTP must not cross a network.
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    say(&format!("open http://localhost:{}", listener.local_addr()?.port()));
    Ok(axum::serve(listener, router).await?)
}

#[expect(clippy::disallowed_methods, reason = "a program of its own reads its own configuration, once")]
fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("set {name} in the environment"))
}

#[expect(clippy::print_stderr, reason = "what the person who starts the program waits for")]
fn say(line: &str) {
    eprintln!("{line}");
}
