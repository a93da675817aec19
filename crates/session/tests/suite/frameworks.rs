//! One app in every web framework that there is an adapter for: what a request is answered with must not differ.

use crate::client::TestHost;
use http::{Request, Response};
use std::{future::Future, pin::Pin};

/// The app: `/me` for the signed-in, `/` for everyone, the ready routes under `/auth`, all behind the check; and
/// `/unguarded`, which wants a session where nothing looks for one.
pub(crate) struct App(Box<dyn Fn(Request<String>) -> Answer>);

type Answer = Pin<Box<dyn Future<Output = Response<String>>>>;

impl App {
    pub(crate) async fn call(&self, request: Request<String>) -> Response<String> {
        (self.0)(request).await
    }
}

/// Tells a story once in each framework, with a service of its own.
#[expect(clippy::print_stdout, reason = "a story that fails shows in which framework it does")]
pub(crate) async fn in_each(story: impl AsyncFn(&TestHost, &App)) {
    #[cfg(feature = "axum")]
    {
        println!("in axum");
        let host = TestHost::new();
        story(&host, &in_axum::app(&host)).await;
    }
    #[cfg(feature = "actix")]
    {
        println!("in actix-web");
        let host = TestHost::new();
        story(&host, &in_actix::app(&host).await).await;
    }
}

#[cfg(feature = "axum")]
mod in_axum {
    use super::{App, TestHost};
    use authmint::{Session, axum::routes, tower::AuthLayer};
    use axum::{Router, body::Body, routing::get};
    use http::Response;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    pub(super) fn app(host: &TestHost) -> App {
        let auth = host.auth();
        let me = async |session: Session| session.user_id().to_owned();
        let home = async |session: Option<Session>| {
            session.map_or("stranger".to_owned(), |session| session.user_id().to_owned())
        };
        let router = Router::<()>::new()
            .route("/me", get(me))
            .route("/", get(home))
            .nest("/auth", routes(auth.clone()))
            .layer(AuthLayer::new(auth))
            .route("/unguarded", get(me));
        App(Box::new(move |request| {
            let answer = router.clone().oneshot(request.map(Body::from));
            Box::pin(async move {
                let (head, body) = answer.await.unwrap().into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                Response::from_parts(head, String::from_utf8(body.to_vec()).unwrap())
            })
        }))
    }
}

#[cfg(feature = "actix")]
mod in_actix {
    use super::{App, TestHost};
    use actix_web::{
        App as ActixApp,
        http::Method,
        test::{TestRequest, call_service, init_service, read_body},
        web::{get, scope},
    };
    use authmint::{
        Session,
        actix::{AuthMiddleware, MaybeSession, routes},
    };
    use http::Response;
    use std::rc::Rc;

    pub(super) async fn app(host: &TestHost) -> App {
        let auth = host.auth();
        let me = async |session: Session| session.user_id().to_owned();
        let home = async |MaybeSession(session): MaybeSession| {
            session.map_or("stranger".to_owned(), |session| session.user_id().to_owned())
        };
        let guarded = scope("")
            .route("/me", get().to(me))
            .route("/", get().to(home))
            .service(scope("/auth").configure(routes(auth.clone())))
            .wrap(AuthMiddleware::new(auth));
        let app = ActixApp::new().route("/unguarded", get().to(me)).service(guarded);
        let service = Rc::new(init_service(app).await);
        App(Box::new(move |request| {
            let service = Rc::clone(&service);
            Box::pin(async move {
                let method = Method::from_bytes(request.method().as_str().as_bytes()).unwrap();
                let mut sent = TestRequest::with_uri(&request.uri().to_string()).method(method);
                for (name, value) in request.headers() {
                    sent = sent.append_header((name.as_str(), value.as_bytes()));
                }
                let mut sent = sent.set_payload(request.body().clone()).to_request();
                if request.body().is_empty() {
                    sent.take_payload(); // so does the server with a request that has no body
                }
                let answer = call_service(&*service, sent).await;
                let mut read = Response::builder().status(answer.status().as_u16());
                for (name, value) in answer.headers() {
                    read = read.header(name.as_str(), value.as_bytes());
                }
                let body = read_body(answer).await;
                read.body(String::from_utf8(body.to_vec()).unwrap()).unwrap()
            })
        }))
    }
}
