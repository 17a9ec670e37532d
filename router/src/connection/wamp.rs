//! A WAMP session on a connection.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use tracing::Span;

use super::{Flow, Handler, Incoming};
use crate::outbox::Outbox;
use crate::realm::Realms;
use crate::session::{Entrance, Origin, Session};
use crate::transport::Message;
use crate::worker;

/// Feeds a session with what its connection reads.
#[derive(Debug)]
pub(crate) struct WampHandler {
    session: Session,
}

impl WampHandler {
    pub(crate) fn new(realms: Arc<Realms>, outbox: Arc<Outbox>, entrance: Arc<Entrance>, origin: Origin) -> Self {
        Self { session: Session::new(realms, outbox, entrance, origin) }
    }
}

impl Handler for WampHandler {
    fn on_burst(&mut self, incoming: &mut Incoming<'_>) {
        let now = Instant::now();
        worker::with_burst_of_round(|burst| {
            incoming.for_each(|message| match message {
                Message::Text(text) => self.session.on_text(text, burst, now),
                Message::Binary(frame) => self.session.on_frame(frame, burst, now),
            });
        });
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Flow> {
        worker::with_burst(|burst| self.session.poll(cx, burst, Instant::now()))
    }

    fn is_established(&self) -> bool {
        self.session.is_joined()
    }

    fn span(&self) -> Span {
        self.session.span()
    }

    fn on_end(&mut self) {
        worker::with_burst(|burst| self.session.close(burst));
    }
}
