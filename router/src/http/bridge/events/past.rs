//! The events that a client has missed.

use std::collections::VecDeque;
use std::time::Duration;

use axum::body::Bytes;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use wamp_proto::{PublicationId, SubscriptionId, error};

use super::feed::Told;
use crate::local::{CallError, LocalSession, Reply};

/// Events asked for at a time.
const PAGE: usize = 500;

/// How long the history may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Publications remembered to know them again when they come live. No more can wait there.
const REMEMBERED: usize = 1000;

/// Asks the event history for what came after a publication.
#[derive(Debug)]
pub(super) struct Past {
    session: LocalSession,
    subscription: SubscriptionId,
    /// The topic where an event has none: the subscription is to just this one.
    topic: String,
    /// What the client has heard last; `None` to hear all there is.
    last: Option<PublicationId>,
    told: VecDeque<PublicationId>,
    over: bool,
}

/// Some of the events missed.
#[derive(Debug)]
pub(super) enum Page {
    Text(Bytes),
    /// There are no more.
    End,
}

/// An event, as the history has it.
#[derive(Debug, Deserialize)]
struct Event<'a> {
    publication: PublicationId,
    #[serde(default)]
    details: Details,
    #[serde(borrow, default)]
    args: Option<&'a RawValue>,
    #[serde(borrow, default)]
    kwargs: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    topic: Option<String>,
    publisher: Option<u64>,
    publisher_authid: Option<String>,
    publisher_authrole: Option<String>,
}

/// What goes along with a page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Rest {
    more: bool,
}

impl Past {
    pub(super) fn new(session: LocalSession, subscription: SubscriptionId, topic: &str, last: PublicationId) -> Self {
        let told = VecDeque::new();
        Self { session, subscription, topic: topic.into(), last: Some(last), told, over: false }
    }

    /// Whether a publication was among the last that were told.
    pub(super) fn was_told(&self, publication: PublicationId) -> bool {
        self.told.contains(&publication)
    }

    /// The next events in order; or that some are lost, since the history does not go back so far, or there is none.
    pub(super) async fn next(&mut self) -> Page {
        if self.over {
            return Page::End;
        }
        let page = match self.ask().await {
            Ok(reply) => self.page(&reply),
            Err(error) => {
                let unknown = &*error.uri == error::INVALID_ARGUMENT;
                tracing::debug!(%error, "events before are not known");
                let Some(last) = self.last.take() else {
                    self.over = true;
                    return Page::End;
                };
                // All there is came after what is known no longer.
                self.over = !unknown;
                return Page::Text(format!("event: gap\ndata: {{\"after\":{last}}}\n\n").into());
            }
        };
        page.unwrap_or_else(|error| {
            tracing::error!(%error, "the event history answers in another way");
            self.over = true;
            Page::End
        })
    }

    async fn ask(&self) -> Result<Reply, CallError> {
        let mut filters = serde_json::json!({"limit": PAGE});
        if let Some(last) = self.last {
            filters["after_publication"] = last.get().into();
        }
        let (args, kwargs) = (to_raw_value(&[self.subscription]).ok(), to_raw_value(&filters).ok());
        self.session.call("wamp.subscription.get_events", args.as_deref(), kwargs.as_deref(), PATIENCE).await
    }

    fn page(&mut self, reply: &Reply) -> serde_json::Result<Page> {
        let args = reply.args.as_deref().map_or("[[]]", RawValue::get);
        let (events,): (Vec<Event<'_>>,) = serde_json::from_str(args)?;
        let rest: Rest =
            reply.kwargs.as_deref().map_or(Ok(Rest::default()), |rest| serde_json::from_str(rest.get()))?;
        self.over = !rest.more;
        let Some(last) = events.last() else { return Ok(Page::End) };
        self.last = Some(last.publication);
        let mut text = Vec::new();
        for event in &events {
            let Details { topic, publisher, publisher_authid, publisher_authrole } = &event.details;
            let told = Told {
                topic: topic.as_deref().unwrap_or(&self.topic),
                publication: event.publication,
                args: event.args,
                kwargs: event.kwargs,
                publisher: *publisher,
                publisher_authid: publisher_authid.as_deref(),
                publisher_authrole: publisher_authrole.as_deref(),
            };
            told.write(&mut text);
            self.told.push_back(event.publication);
        }
        self.told.drain(..self.told.len().saturating_sub(REMEMBERED));
        Ok(Page::Text(text.into()))
    }
}
