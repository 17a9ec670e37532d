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

use super::Problem;
use crate::server::Shared;
use crate::session::Entrance;
use channel::Channel;
use channels::Channels;

pub use settings::LongPollSettings;

/// What the requests of all channels share.
#[derive(Debug)]
struct Endpoint {
    shared: Arc<Shared>,
    settings: LongPollSettings,
    channels: Arc<Channels>,
    entrance: Arc<Entrance>,
}

/// The transport's routes.
pub(super) fn routes(shared: &Arc<Shared>, settings: &LongPollSettings) -> axum::Router {
    let endpoint = Arc::new(Endpoint {
        shared: shared.clone(),
        settings: settings.clone(),
        channels: Arc::new(Channels::new(settings.max_transports)),
        // A client may send several requests at a time, on connections of which either may be the
        // faster: autobahn-js does. So ids may arrive in any order.
        entrance: Arc::new(Entrance::new("longpoll", false)),
    });
    let base = settings.path.trim_end_matches('/');
    axum::Router::new()
        .route(&format!("{base}/open"), post(open::open))
        .route(&format!("{base}/{{transport}}/receive"), post(receive::receive))
        .route(&format!("{base}/{{transport}}/send"), post(send::send))
        .route(&format!("{base}/{{transport}}/close"), post(close::close))
        .layer(from_fn_with_state(shared.clone(), cors::allow))
        .with_state(endpoint)
}

impl Endpoint {
    fn channel(&self, id: &str) -> Result<Arc<Channel>, Problem> {
        self.channels.get(id).ok_or_else(|| {
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
