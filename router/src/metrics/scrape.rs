//! All metrics of a router, at this moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use wamp_proto::Message;

use super::latency::{BOUNDS, Durations};
use super::text::{Labels, Metric, Text};
use super::{process, rare, tally};
use crate::realm::{Realm, Realms};

/// What the label of a call latency says of the procedures that are counted together.
const OTHER_PROCEDURES: &str = "other";

/// Writes down what there is to say of routers that have these realms.
pub(crate) fn scrape<'a>(realms: impl IntoIterator<Item = &'a Realms>) -> String {
    let mut text = Text::default();
    let version = env!("CARGO_PKG_VERSION");
    text.gauge("wamp_router_info", "The router's version.").sample(&[("version", version)], 1);
    let (opened, open) = rare::connections();
    text.gauge("wamp_connections", "Connections that are open, of all protocols.").sample(&[], open);
    text.counter("wamp_connections_opened_total", "Connections taken, of all protocols.").sample(&[], opened);
    rare_counts(&mut text);
    messages(&mut text);
    let realms = named(realms.into_iter().flat_map(Realms::iter));
    sessions(&mut text, &realms);
    latencies(&mut text, &realms);
    process::describe(&mut text);
    text.finish()
}

/// A realm, and what the label calls it.
type Named<'a> = (String, &'a Arc<Realm>);

/// The realms in the order of their names. Those of different routers may have the same; a number
/// behind it tells them apart.
fn named<'a>(realms: impl Iterator<Item = &'a Arc<Realm>>) -> Vec<Named<'a>> {
    let mut named: Vec<Named<'_>> = Vec::new();
    for realm in realms {
        let same = named.iter().filter(|(_, known)| known.name() == realm.name()).count();
        let number = if same == 0 { String::new() } else { format!(" {}", same + 1) };
        named.push((realm.name().to_owned() + &number, realm));
    }
    named.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    named
}

fn rare_counts(text: &mut Text) {
    let mut refused = text.counter("wamp_connections_refused_total", "Connections turned away, by the limit reached.");
    refused.sample(&[("limit", "server")], rare::REFUSED_BY_SERVER.get());
    refused.sample(&[("limit", "listener")], rare::REFUSED_BY_LISTENER.get());
    refused.sample(&[("limit", "address")], rare::REFUSED_BY_ADDRESS.get());
    let help = "Clients that could not join, by authmethod and the reason they were given.";
    let mut refusals = text.counter("wamp_authentication_refused_total", help);
    for ((method, reason), count) in rare::refusals() {
        refusals.sample(&[("method", method), ("reason", reason)], count);
    }
    let help = "Clients disconnected because they read too slowly.";
    text.counter("wamp_slow_consumers_disconnected_total", help).sample(&[], rare::SLOW_CONSUMERS.get());
    let help = "Times a session was made to wait, or ended, because it sent more messages than it may.";
    text.counter("wamp_rate_limited_total", help).sample(&[], rare::RATE_LIMITED.get());
}

fn messages(text: &mut Text) {
    let totals = tally::totals();
    let mut received = text.counter("wamp_messages_received_total", "Messages of clients, by type.");
    by_type(&mut received, &totals.received);
    let mut sent = text.counter("wamp_messages_sent_total", "Messages handed to clients' outboxes, by type.");
    by_type(&mut sent, &totals.sent);
    let help = "Bytes of clients' messages, without what delimits them on the wire.";
    text.counter("wamp_received_bytes_total", help).sample(&[], totals.received_bytes);
    let help = "Bytes handed to clients' outboxes.";
    text.counter("wamp_sent_bytes_total", help).sample(&[], totals.sent_bytes);
    let help = "Sessions ended because their client broke a rule of the protocol.";
    text.counter("wamp_protocol_violations_total", help).sample(&[], totals.violations);
    let mut errors = text.counter("wamp_errors_total", "Errors sent to clients, by URI.");
    for (index, count) in totals.errors.iter().enumerate().filter(|(_, count)| **count > 0) {
        errors.sample(&[("uri", tally::error_uri(index))], count);
    }
    let mut dropped = text.counter("wamp_events_dropped_total", "Events that a subscriber did not get, by reason.");
    dropped.sample(&[("reason", "slow_consumer_newest")], rare::DROPPED_NEWEST.get());
    dropped.sample(&[("reason", "slow_consumer_oldest")], rare::DROPPED_OLDEST.get());
    dropped.sample(&[("reason", "too_large")], totals.too_large);
}

fn by_type(metric: &mut Metric<'_>, counts: &[u64]) {
    for (code, count) in counts.iter().enumerate() {
        // What no client has ever sent or got need not be told.
        if let Some(name) = Message::name_of(code as u64).filter(|_| *count > 0) {
            metric.sample(&[("type", name)], count);
        }
    }
}

/// What the sessions of one realm have.
#[derive(Debug, Default)]
struct Held {
    sessions: BTreeMap<&'static str, usize>,
    calls: usize,
    queued: usize,
    longest: usize,
}

impl Held {
    fn by(realm: &Realm) -> Self {
        let mut held = Self::default();
        for member in realm.members() {
            *held.sessions.entry(member.entrance().transport).or_default() += 1;
            held.calls += member.calls.lock().count();
            let queued = member.outbox.queued();
            held.queued += queued;
            held.longest = held.longest.max(queued);
        }
        held
    }
}

fn sessions(text: &mut Text, realms: &[Named<'_>]) {
    let held: Vec<_> = realms.iter().map(|(name, realm)| (&**name, realm, Held::by(realm))).collect();
    let mut sessions = text.gauge("wamp_sessions", "Sessions, by realm and transport.");
    for (name, _, held) in &held {
        for (transport, count) in &held.sessions {
            sessions.sample(&[("realm", name), ("transport", transport)], count);
        }
    }
    let each = |mut metric: Metric<'_>, value: &dyn Fn(&Realm, &Held) -> u64| {
        held.iter().for_each(|(name, realm, held)| metric.sample(&[("realm", name)], value(realm, held)));
    };
    let opened = text.counter("wamp_sessions_opened_total", "Sessions that have joined.");
    each(opened, &|realm, _| realm.sessions_opened());
    let subscriptions = text.gauge("wamp_subscriptions", "Subscriptions; those that sessions share count once.");
    each(subscriptions, &|realm, _| realm.broker().count() as u64);
    let registrations = text.gauge("wamp_registrations", "Registrations; those that sessions share count once.");
    each(registrations, &|realm, _| realm.dealer().count() as u64);
    let calls = text.gauge("wamp_calls_in_flight", "Calls that wait for an answer.");
    each(calls, &|_, held| held.calls as u64);
    let queued = text.gauge("wamp_outbox_bytes", "Bytes that wait to be written to clients.");
    each(queued, &|_, held| held.queued as u64);
    let help = "Bytes that wait to be written to the client most wait for.";
    each(text.gauge("wamp_outbox_longest_bytes", help), &|_, held| held.longest as u64);
}

fn latencies(text: &mut Text, realms: &[Named<'_>]) {
    let help = "From a call to its answer, in seconds, by procedure.";
    let mut metric = text.histogram("wamp_call_duration_seconds", help);
    for (realm_name, realm) in realms {
        for (procedure, durations) in realm.dealer().latencies().read() {
            let (name, policy) = match &procedure {
                Some(procedure) => (procedure.as_str(), procedure.policy().as_str()),
                None => (OTHER_PROCEDURES, ""),
            };
            durations.write(&mut metric, &[("realm", realm_name), ("procedure", name), ("match", policy)]);
        }
    }
}

impl Durations {
    fn write(&self, metric: &mut Metric<'_>, labels: Labels<'_>) {
        let seconds = BOUNDS.map(|micros| micros as f64 / 1e6);
        let (beyond, within) = self.buckets.split_last().expect("there is one bucket more than bounds");
        let buckets: Vec<_> = seconds.into_iter().zip(within.iter().copied()).collect();
        metric.buckets(labels, &buckets, *beyond, self.total.as_secs_f64());
    }
}
