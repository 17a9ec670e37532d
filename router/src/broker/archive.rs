//! What goes into the event history. Specification: "Event History" (advanced profile).

use super::publish::Publication;
use crate::clock::Clock;
use crate::history::{Details, History, Publisher, Receipt, StoredEvent};

/// The way into a realm's event history.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) history: History,
    pub(super) clock: Clock,
}

impl Archive {
    /// Stores a publication. The receipt comes back unless the store is to answer it.
    pub(super) fn keep(&self, rule: usize, publication: &Publication<'_>, receipt: Option<Receipt>) -> Option<Receipt> {
        // Session ids mean nothing to those who ask later: what is for some of them only is not
        // stored, lest others get it.
        if publication.filter.is_by_session() {
            return self.pass_over(publication, receipt);
        }
        let publisher = publication.publisher.map(|publisher| Publisher {
            session: publisher.id(),
            authid: publisher.identity().authid.clone(),
            authrole: publisher.identity().authrole.clone(),
        });
        let audience = publication.filter.audience();
        let event = StoredEvent {
            publication: publication.id,
            time: self.clock.now(),
            topic: publication.topic.as_str().into(),
            details: Details { publisher, trustlevel: publication.trust_level, audience, ..Details::default() }
                .with_passthru(publication.passthru),
            payload: publication.payload.to_owned(),
        };
        self.history.store.append(rule, event, publication.key, receipt)
    }

    /// Stores no more of a publication than its key, if it has one.
    pub(super) fn pass_over(&self, publication: &Publication<'_>, receipt: Option<Receipt>) -> Option<Receipt> {
        match publication.key {
            Some(key) => self.history.store.append_key(key, publication.id, self.clock.now(), receipt),
            None => receipt,
        }
    }
}
