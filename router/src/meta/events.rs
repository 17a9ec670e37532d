//! `wamp.subscription.get_events`: what was published before.
//!
//! Specification: "Event History" (advanced profile).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use wamp_proto::message::Raw;
use wamp_proto::{
    DecodeError, MatchPolicy, OwnedPayload, Payload, PayloadBuilder, PublicationId, SerError, Serializer, SessionId,
    error,
};

use super::Procedure;
use super::arguments::invalid_argument;
use super::subscriptions::subscription_argument;
use crate::broker::Subscription;
use crate::burst::Burst;
use crate::clock::parse_rfc3339;
use crate::history::{Details, StoredEvent};
use crate::realm::{Action, Member, Realm, Refused, uri};

/// The procedure of this name. A realm without a history has none.
pub(super) fn procedure(name: &str, realm: &Realm) -> Option<Procedure> {
    (name == "wamp.subscription.get_events" && realm.broker().history().is_some()).then_some(get_events)
}

fn get_events(
    realm: &Realm,
    caller: &Arc<Member>,
    payload: Payload<'_>,
    _: &mut Burst,
) -> Result<OwnedPayload, Refused> {
    let subscription = subscription_argument(realm, payload)?;
    let query = Query::parse(payload)?;
    // Who may not subscribe may not look back either.
    let pattern = &subscription.pattern;
    realm.authorize(caller, Action::Subscribe(pattern.policy()), pattern.as_str())?;
    let history = realm.broker().history();
    let mut events = history.map_or_else(Vec::new, |history| history.store.events(&subscription.pattern, realm.now()));
    events.retain(|event| event.details.audience.admits(caller.identity()));
    let events = query.select(events)?;
    let serializer = caller.outbox.encoding().serializer;
    let most = realm.options().limits.history_answer_bytes;
    answer(serializer, &subscription, &events, query.limit, most)
        .map_err(|why| Refused::new(error::RUNTIME_ERROR, why.to_string()))
}

/// What a caller wants to see. All conditions must hold.
#[derive(Debug)]
struct Query {
    reverse: bool,
    limit: usize,
    /// Nanoseconds since 1970.
    times: Bounds<i128>,
    topic: Option<String>,
    publications: Bounds<PublicationId>,
}

/// The four bounds there are for times and for publications.
#[derive(Debug)]
struct Bounds<T> {
    from: Option<T>,
    after: Option<T>,
    before: Option<T>,
    until: Option<T>,
}

impl Query {
    fn parse(payload: Payload<'_>) -> Result<Self, Refused> {
        #[derive(Deserialize)]
        struct Filters {
            reverse: Option<bool>,
            limit: Option<u64>,
            from_time: Option<String>,
            after_time: Option<String>,
            before_time: Option<String>,
            until_time: Option<String>,
            topic: Option<String>,
            from_publication: Option<PublicationId>,
            after_publication: Option<PublicationId>,
            before_publication: Option<PublicationId>,
            until_publication: Option<PublicationId>,
        }
        let wrong = |error: DecodeError| invalid_argument(&format!("the keyword arguments: {error}"));
        let filters: Filters = payload.kwargs_reader().decode().map_err(wrong)?;
        let limit = match filters.limit {
            Some(0) => return Err(invalid_argument("`limit` must be at least 1")),
            Some(limit) => usize::try_from(limit).unwrap_or(usize::MAX),
            None => usize::MAX,
        };
        if let Some(topic) = &filters.topic {
            uri(topic)?;
        }
        Ok(Self {
            reverse: filters.reverse.unwrap_or_default(),
            limit,
            times: Bounds {
                from: time("from_time", filters.from_time)?,
                after: time("after_time", filters.after_time)?,
                before: time("before_time", filters.before_time)?,
                until: time("until_time", filters.until_time)?,
            },
            topic: filters.topic,
            publications: Bounds {
                from: filters.from_publication,
                after: filters.after_publication,
                before: filters.before_publication,
                until: filters.until_publication,
            },
        })
    }

    /// What of the events a caller may see it wants to see, in the order it wants.
    fn select(&self, events: Vec<Arc<StoredEvent>>) -> Result<Vec<Arc<StoredEvent>>, Refused> {
        // Publications have no order but that in which they came: theirs are places in the list.
        let place = |publication: Option<PublicationId>| match publication {
            None => Ok(None),
            Some(id) => match events.iter().position(|event| event.publication == id) {
                Some(place) => Ok(Some(place)),
                None => Err(invalid_argument(&format!("there is no publication {id} in the history, or no longer"))),
            },
        };
        let Bounds { from, after, before, until } = self.publications;
        let start = place(from)?.unwrap_or(0).max(place(after)?.map_or(0, |place| place + 1));
        let end = place(before)?.unwrap_or(usize::MAX).min(place(until)?.map_or(usize::MAX, |place| place + 1));
        let mut wanted: Vec<_> = events
            .into_iter()
            .take(end)
            .skip(start)
            .filter(|event| self.topic.as_ref().is_none_or(|topic| **topic == *event.topic))
            .filter(|event| self.times.hold(event.time.unix_nanos()))
            .collect();
        if self.reverse {
            wanted.reverse();
        }
        Ok(wanted)
    }
}

impl Bounds<i128> {
    fn hold(&self, time: i128) -> bool {
        self.from.is_none_or(|from| time >= from)
            && self.after.is_none_or(|after| time > after)
            && self.before.is_none_or(|before| time < before)
            && self.until.is_none_or(|until| time <= until)
    }
}

fn time(keyword: &str, text: Option<String>) -> Result<Option<i128>, Refused> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || invalid_argument(&format!("`{keyword}` must be a timestamp like 2026-11-20T17:45:27.003Z"));
    parse_rfc3339(&text).ok_or_else(wrong).map(Some)
}

/// The list of events, in the caller's serializer, as far as it fits.
fn answer(
    serializer: Serializer,
    subscription: &Subscription,
    events: &[Arc<StoredEvent>],
    limit: usize,
    most_bytes: usize,
) -> Result<OwnedPayload, Unanswerable> {
    let mut list = PayloadBuilder::new(serializer);
    let mut bytes = 0;
    let mut more = events.len() > limit;
    for (index, event) in events.iter().take(limit).enumerate() {
        let entry = entry(serializer, subscription, event)?;
        let entry = entry.as_payload().kwargs().unwrap_or_default();
        bytes += entry.len();
        // Less than one event would be no progress.
        if index > 0 && bytes > most_bytes {
            more = true;
            break;
        }
        list.arg_raw(&Raw::new(serializer, entry)?);
    }
    let list = list.finish();
    let mut answer = PayloadBuilder::new(serializer);
    match list.as_payload().args() {
        Some(list) => answer.arg_raw(&Raw::new(serializer, list)?),
        None => answer.arg::<[(); 0]>(&[])?,
    };
    if more {
        answer.kwarg("more", &true)?;
    }
    Ok(answer.finish())
}

/// Why events can't be told: they are nested as deep as a message may be.
#[derive(Debug, thiserror::Error)]
enum Unanswerable {
    #[error(transparent)]
    Encode(#[from] SerError),
    #[error(transparent)]
    Splice(#[from] DecodeError),
}

/// One event, as a dict: the keyword arguments of what this answers.
fn entry(
    serializer: Serializer,
    subscription: &Subscription,
    event: &StoredEvent,
) -> Result<OwnedPayload, Unanswerable> {
    let mut entry = PayloadBuilder::new(serializer);
    entry
        .kwarg("timestamp", &event.time)?
        .kwarg("subscription", &subscription.id)?
        .kwarg("publication", &event.publication)?
        .kwarg("details", &EventDetails::of(event, subscription))?;
    let payload = event.payload.as_payload();
    if let Some(args) = payload.args() {
        entry.kwarg_raw("args", &Raw::new(payload.serializer(), args)?);
    }
    if let Some(kwargs) = payload.kwargs() {
        entry.kwarg_raw("kwargs", &Raw::new(payload.serializer(), kwargs)?);
    }
    Ok(entry.finish())
}

/// `EVENT.Details`, as they would be if the event came now.
#[derive(Debug, Serialize)]
struct EventDetails<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    topic: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    publisher: Option<SessionId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    publisher_authid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    publisher_authrole: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trustlevel: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ppt_scheme: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ppt_serializer: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ppt_cipher: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ppt_keyid: Option<&'a str>,
}

impl<'a> EventDetails<'a> {
    fn of(event: &'a StoredEvent, subscription: &Subscription) -> Self {
        let Details { publisher, trustlevel, ppt_scheme, ppt_serializer, ppt_cipher, ppt_keyid, .. } = &event.details;
        let publisher = publisher.as_ref();
        Self {
            topic: (subscription.pattern.policy() != MatchPolicy::Exact).then_some(&event.topic),
            publisher: publisher.map(|publisher| publisher.session),
            publisher_authid: publisher.map(|publisher| &*publisher.authid),
            publisher_authrole: publisher.map(|publisher| &*publisher.authrole),
            trustlevel: *trustlevel,
            ppt_scheme: ppt_scheme.as_deref(),
            ppt_serializer: ppt_serializer.as_deref(),
            ppt_cipher: ppt_cipher.as_deref(),
            ppt_keyid: ppt_keyid.as_deref(),
        }
    }
}
