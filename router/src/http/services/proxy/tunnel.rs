//! A WebSocket between a client and another server: bytes, both ways.

use axum::http::Extensions;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use crate::http::Carrier;
use crate::http::patience::Patience;

/// Joins both ends once both have switched. It stays the server's connection: `extensions`, those
/// of the request, have its place, and what tells when it has to end.
pub(super) fn open(backend: OnUpgrade, mut extensions: Extensions) {
    let Some(client) = extensions.remove::<OnUpgrade>() else {
        return tracing::error!("a request for a WebSocket came on no connection");
    };
    let carrier = extensions.remove::<Carrier>();
    let patience = extensions.remove::<Patience>();
    tokio::spawn(async move {
        let ended = async {
            match patience {
                Some(patience) => patience.exhausted().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = join(client, backend) => {}
            () = ended => tracing::debug!("dropping a tunnelled WebSocket"),
        }
        drop(carrier);
    });
}

async fn join(client: OnUpgrade, backend: OnUpgrade) {
    let (client, backend) = match tokio::try_join!(client, backend) {
        Ok(both) => both,
        Err(error) => return tracing::debug!(%error, "not upgraded"),
    };
    match copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(backend)).await {
        Ok((sent, received)) => tracing::debug!(sent, received, "tunnelled WebSocket closed"),
        Err(error) => tracing::debug!(%error, "tunnelled WebSocket broke off"),
    }
}
