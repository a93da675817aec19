//! A whole actix-web app behind the authmint SDK, small enough to read in one go.
//!
//! | route | what it shows |
//! |---|---|
//! | `GET /` | a page for everyone: the handler takes a `Result<Session, _>` and looks |
//! | `GET /api/me` | a route for signed-in users: the handler takes a [`Session`], which is the gate |
//! | `POST /auth/…` | sign-in, refresh and sign-out: the SDK's own [`routes`], mounted |
//!
//! The browser signs in at the auth service itself (`sign-in.js`) and brings home a one-time secret, which
//! `POST /auth/exchange` trades for the session cookies.
//!
//! Give it the service's address and the two keys of a project, as `authmint dev` prints them:
//!
//! ```sh
//! AUTHMINT_BASE_URL=… AUTHMINT_CLIENT_KEY=ck_… AUTHMINT_SERVER_KEY=sk_… cargo run -p authmint-example-actix
//! ```

#[cfg(test)]
mod tests;

use actix_web::{
    App, Error, HttpResponse, HttpServer,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    middleware::DefaultHeaders,
    web::{self, Data, Json, ServiceConfig},
};
use authmint::{
    Auth, AuthOptions, Session,
    actix::{AuthMiddleware, AuthRejection, routes},
};
use authmint_example_pages::{ASSETS, Asset, Me, Site};
use std::{error::Error as StdError, net::Ipv4Addr, process::ExitCode};

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

async fn serve() -> Result<(), Box<dyn StdError>> {
    let service_url = variable("AUTHMINT_BASE_URL")?;
    // Made once, here: all workers share what it knows.
    let (client_key, inbox_url) = (variable("AUTHMINT_CLIENT_KEY")?, variable("AUTHMINT_INBOX_URL").ok());
    let options = AuthOptions::new(variable("AUTHMINT_SERVER_KEY")?).client_key(client_key.as_str());
    let auth = Auth::new(options.base_url(&service_url))?;
    let site = Data::new(Site::new("actix-web", &service_url, client_key, inbox_url)?);

    let port = variable("PORT").map_or(Ok(3000), |port| port.parse())?;
    // Loopback only: the session cookies of a page served over plain HTTP must not cross a network.
    let server =
        HttpServer::new(move || app(auth.clone(), site.clone())).bind((Ipv4Addr::LOCALHOST, port))?;
    for address in server.addrs() {
        say(&format!("open http://localhost:{}", address.port()));
    }
    Ok(server.run().await?)
}

fn app(
    auth: Auth,
    site: Data<Site>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let headers = site
        .headers()
        .iter()
        .fold(DefaultHeaders::new(), |headers, (name, value)| headers.add((*name, value.as_str())));
    let pages = web::scope("")
        .route("/", web::get().to(home))
        .route("/api/me", web::get().to(api_me))
        // Looks at the session of every request to the routes above, and puts renewed cookies on the answer.
        .wrap(AuthMiddleware::new(auth.clone()));
    App::new()
        .app_data(site)
        .app_data(Data::new(auth.clone()))
        .service(web::scope("/auth").configure(routes(auth)))
        .configure(files)
        .service(pages)
        .wrap(headers)
}

/// The page: whoever is signed in sees the session, everyone else the form.
async fn home(auth: Data<Auth>, site: Data<Site>, session: Result<Session, AuthRejection>) -> HttpResponse {
    match session {
        Ok(session) => page(StatusCode::OK, site.signed_in(&Me::of(&auth, &session).await)),
        // An outage is no sign-out: the cookies are still there, and the next try may succeed.
        Err(AuthRejection(error)) if error.is_retryable() => {
            page(StatusCode::SERVICE_UNAVAILABLE, site.unavailable())
        }
        Err(_) => page(StatusCode::OK, site.signed_out()),
    }
}

/// A route for signed-in users: without a session, the extractor answers 401 and this never runs.
async fn api_me(auth: Data<Auth>, session: Session) -> Json<Me> {
    Json(Me::of(&auth, &session).await)
}

/// A page that differs from visitor to visitor, so no cache may keep it.
fn page(status: StatusCode, html: String) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((CACHE_CONTROL, "private, no-store"))
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .body(html)
}

/// One route for each file.
fn files(app: &mut ServiceConfig) {
    for Asset { path, content_type, content } in ASSETS {
        let answer = move || async move {
            HttpResponse::Ok()
                .insert_header((CONTENT_TYPE, content_type))
                .insert_header((CACHE_CONTROL, "no-cache"))
                .body(content)
        };
        app.route(path, web::get().to(answer));
    }
}

#[expect(clippy::disallowed_methods, reason = "a program of its own reads its own configuration, once")]
fn variable(name: &str) -> Result<String, String> {
    std::env::var(name).map_err(|_| format!("set {name} in the environment"))
}

#[expect(clippy::print_stderr, reason = "what the person who starts the program waits for")]
fn say(line: &str) {
    eprintln!("{line}");
}
