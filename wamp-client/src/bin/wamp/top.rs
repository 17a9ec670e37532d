//! `wamp top`.

mod counts;
mod screen;

use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, MissedTickBehavior, interval};
use wamp_client::{Client, MatchPolicy, Topic, Value};

use self::counts::{Counts, Rates};
use self::screen::Screen;
use crate::clock::timestamp;
use crate::duration;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::object;
use crate::target::Target;

pub(crate) const EXAMPLES: &str = "\
Examples:
  wamp top
  wamp top --topic com.example.        only what is published below
  wamp top --interval 5s --count 12 --json

What it shows is what a session can see: sessions, subscriptions and registrations by the router's meta API, and \
events by a subscription of its own to all topics (so the router sends it a copy of each, which is work). It does not \
see events that are meant for others only, nor calls: those the router alone knows of. In a pipe each interval is a \
line of JSON.";

/// Live rates: who comes and goes, what is published how often
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Count the events of topics that begin so; of all, if not given
    #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
    topic: String,

    /// Count no events: the router need not send any
    #[arg(long, conflicts_with = "topic")]
    no_events: bool,

    /// How often to count
    #[arg(short, long, value_name = "TIME", value_parser = duration::positive, default_value = "1s")]
    interval: Duration,

    /// End after so many times
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

pub(crate) async fn run(flags: Flags, target: &Target, mut output: Output) -> Result<(), Failure> {
    // Outside the session: the terminal is itself again when a signal ends it, too.
    let mut screen = Screen::new(&mut output);
    target
        .long_session(async |client| {
            let counts = watch(&client, &flags).await?;
            let mut ticks = interval(flags.interval);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks.tick().await;
            let mut since = Instant::now();
            for _ in 0..flags.count.unwrap_or(u64::MAX) {
                ticks.tick().await;
                let realm = Realm::ask(&client).await;
                let now = Instant::now();
                let rates = counts.rates(now - since);
                since = now;
                screen.show(&flags, &target.url.value, &target.realm.value, &realm, &rates)?;
            }
            Ok(())
        })
        .await
}

/// Counts what the router tells from now on.
async fn watch(client: &Client, flags: &Flags) -> Result<Counts, Failure> {
    let counts = Counts::default();
    if !flags.no_events {
        let events = counts.clone();
        let on_event = move |Topic(topic): Topic| {
            events.event(topic);
            async {}
        };
        client.subscribe(flags.topic.clone(), on_event).matching(MatchPolicy::Prefix).await?;
    }
    let (joins, leaves) = (counts.clone(), counts.clone());
    let on_join = move || {
        joins.joined();
        async {}
    };
    let on_leave = move || {
        leaves.left();
        async {}
    };
    client.subscribe("wamp.session.on_join", on_join).await?;
    client.subscribe("wamp.session.on_leave", on_leave).await?;
    Ok(counts)
}

/// How many there are of everything right now; nothing where the router does not tell.
#[derive(Debug, Default)]
struct Realm {
    sessions: Option<u64>,
    subscriptions: Option<u64>,
    registrations: Option<u64>,
}

impl Realm {
    async fn ask(client: &Client) -> Self {
        let meta = client.meta();
        let (sessions, subscriptions, registrations) = (meta.sessions(), meta.subscriptions(), meta.registrations());
        let (sessions, subscriptions, registrations) =
            tokio::join!(sessions.count(), subscriptions.list(), registrations.list());
        let number = |ids: [usize; 3]| ids.iter().sum::<usize>() as u64;
        Self {
            sessions: sessions.ok(),
            subscriptions: subscriptions
                .ok()
                .map(|ids| number([ids.exact.len(), ids.prefix.len(), ids.wildcard.len()])),
            registrations: registrations
                .ok()
                .map(|ids| number([ids.exact.len(), ids.prefix.len(), ids.wildcard.len()])),
        }
    }
}

/// The state of an interval as JSON.
fn json(flags: &Flags, realm: &Realm, rates: &Rates) -> Value {
    let number = |number: Option<u64>| number.map_or(Value::Null, Value::from);
    let rate = |rate: f64| Value::Float((rate * 1000.0).round() / 1000.0);
    let mut entries = vec![
        ("time", Value::from(timestamp())),
        ("sessions", number(realm.sessions)),
        ("joined", Value::from(rates.joined)),
        ("left", Value::from(rates.left)),
        ("subscriptions", number(realm.subscriptions)),
        ("registrations", number(realm.registrations)),
    ];
    if !flags.no_events {
        entries.push(("events_per_second", rate(rates.events)));
        let topics = rates.topics.iter().take(20).map(|topic| {
            object([
                ("topic", Value::from(topic.name.as_str())),
                ("events_per_second", rate(topic.rate)),
                ("events", Value::from(topic.total)),
            ])
        });
        entries.push(("topics", Value::List(topics.collect())));
    }
    object(entries)
}
