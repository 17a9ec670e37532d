//! What a publisher waits for that wants its event stored.

use std::sync::Arc;

use wamp_proto::message::{Message, Published};
use wamp_proto::{PublicationId, RequestId};

use crate::burst::Burst;
use crate::realm::{Asked, Member, Refused};
use crate::worker;

/// The error URI of an acknowledged publication that could not be stored. Subscribers have got
/// it all the same. The specification has none for this, so it stands outside the reserved
/// `wamp`.
pub const NOT_STORED: &str = "router.error.not_stored";

/// A publisher's right to be told what became of its event: PUBLISHED, or ERROR.
///
/// One that is dropped is an event lost, and told so.
#[derive(Debug)]
pub struct Receipt {
    publisher: Option<Arc<Member>>,
    request: RequestId,
    publication: PublicationId,
}

impl Receipt {
    pub(crate) fn new(publisher: Arc<Member>, request: RequestId, publication: PublicationId) -> Self {
        Self { publisher: Some(publisher), request, publication }
    }

    /// Sends PUBLISHED: these events are safe. Publishers are written to once each.
    pub fn confirm(receipts: impl IntoIterator<Item = Self>) {
        worker::with_burst(|burst| {
            for receipt in receipts {
                receipt.confirm_in(burst);
            }
        });
    }

    pub(crate) fn confirm_in(mut self, burst: &mut Burst) {
        if let Some(publisher) = self.publisher.take() {
            let published = Published { request: self.request, publication: self.publication };
            burst.send_to_publisher(&publisher, &Message::Published(published));
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(publisher) = self.publisher.take() {
            let why = "the event was handed out, but could not be stored";
            let refused = Refused::new(NOT_STORED, why);
            worker::with_burst(|burst| refused.send(&publisher, Asked::Publish, self.request, burst));
        }
    }
}
