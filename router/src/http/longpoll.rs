//! WAMP for where a proxy breaks WebSockets: a session over plain HTTP requests.
//!
//! The client opens a [`Channel`], then keeps one request open to receive and makes others to
//! send. A channel is a connection like any other: it has its session and its outbox, counts among
//! the server's connections, and a task of its own (the [`keeper`]) ends it when it is over.
//!
//! Specification: "HTTP Longpoll Transport" (advanced profile).

mod channel;
mod channels;
mod close;
mod cors;
mod keeper;
mod open;
mod protocol;
mod receive;
mod send;
mod settings;

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::post;

use super::{Problem, Site, guard};
use channel::Channel;

pub(super) use channels::Channels;
pub use settings::LongPollSettings;

/// What the requests of all channels share.
#[derive(Debug)]
struct Endpoint {
    site: Arc<Site>,
    settings: LongPollSettings,
}

/// The transport's routes.
pub(super) fn routes(site: &Arc<Site>, settings: LongPollSettings) -> axum::Router {
    let allowed = settings.allowed_origins.clone();
    axum::Router::new()
        .route("/open", post(open::open))
        .route("/{transport}/receive", post(receive::receive))
        .route("/{transport}/send", post(send::send))
        .route("/{transport}/close", post(close::close))
        .layer(from_fn_with_state(allowed.clone(), cors::allow))
        .layer(from_fn_with_state(allowed, guard::check_origin))
        .with_state(Arc::new(Endpoint { site: site.clone(), settings }))
}

impl Endpoint {
    fn channel(&self, id: &str) -> Result<Arc<Channel>, Problem> {
        self.site.channels.get(id).ok_or_else(|| {
            let message = "there is no such transport: it was closed, has timed out, or was never opened";
            Problem::new(StatusCode::NOT_FOUND, "no_such_transport", message)
        })
    }
}

/// "Done, and there is nothing to say."
///
/// The specification calls this 202 and "no content", which are two things. Clients take 204, and
/// autobahn-js takes nothing else.
fn no_content() -> impl IntoResponse {
    (StatusCode::NO_CONTENT, [(CACHE_CONTROL, "no-store")])
}
