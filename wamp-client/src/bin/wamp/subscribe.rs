//! `wamp sub`.

use std::collections::HashSet;

use clap::{Args, ValueEnum};
use tokio::sync::mpsc;
use wamp_client::{Client, Details, Kwargs, MatchPolicy, PastEvent, Rest, Value};

use crate::arguments::Arguments;
use crate::clock::timestamp;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::{self, ASIDE, NAME, object};
use crate::target::Target;

pub(crate) const EXAMPLES: &str = "\
Examples:
  wamp sub com.example.tick
  wamp sub com.example --match prefix            everything that begins with com.example
  wamp sub com..temperature --match wildcard     an empty component is any one
  wamp sub com.example.status --retained --count 1
  wamp sub com.example.tick --history 10         what was missed first
  wamp sub com.example.tick | jq .args[0]

In a pipe each event is a line like
  {\"time\":\"…\",\"topic\":\"com.example.tick\",\"publication\":1,\"args\":[1],\"kwargs\":{}}

It comes back by itself when the session is lost. What was published meanwhile is missed, but with --history it is \
asked for, and it is told when not all could be had.";

/// Print events as they come
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// The topics, or patterns of topics
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,

    /// How topics are compared: exact, prefix or wildcard
    #[arg(short, long = "match", value_name = "POLICY", default_value = "exact", hide_possible_values = true)]
    matching: Matching,

    /// Also the event that the router has retained of each topic
    #[arg(long)]
    retained: bool,

    /// First the last N events of each topic that the router has kept in its history
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    history: Option<u64>,

    /// End after so many events
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,

    /// Print the arguments only: a single text without its quotes, else JSON
    #[arg(short, long)]
    raw: bool,
}

/// How URIs are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Matching {
    Exact,
    Prefix,
    Wildcard,
}

impl From<Matching> for MatchPolicy {
    fn from(matching: Matching) -> Self {
        match matching {
            Matching::Exact => Self::Exact,
            Matching::Prefix => Self::Prefix,
            Matching::Wildcard => Self::Wildcard,
        }
    }
}

/// Events that wait to be printed; more wait, up to a limit, with the library.
const WAITING: usize = 1024;

pub(crate) async fn run(flags: Flags, target: &Target, output: Output) -> Result<(), Failure> {
    let mut printer = Printer { flags: &flags, output, printed: 0 };
    target
        .long_session(async |client| {
            let (sender, mut events) = mpsc::channel(WAITING);
            for topic in &flags.topics {
                subscribe(&client, topic, &flags, sender.clone()).await?;
            }
            drop(sender);
            printer.output.remark(format_args!("subscribed to {}; Ctrl-C ends", flags.topics.join(", ")));
            let mut seen = HashSet::new();
            for topic in &flags.topics {
                for event in past(&client, topic, &flags).await? {
                    seen.insert(event.publication);
                    if printer.print(Event::of_past(event, topic))? {
                        return Ok(());
                    }
                }
            }
            printer.output.flush()?;
            while let Some(event) = events.recv().await {
                if event.publication.is_some_and(|publication| seen.contains(&publication)) {
                    continue;
                }
                let done = printer.print(event)?;
                // Many that come at once are written at once.
                if done || events.is_empty() {
                    printer.output.flush()?;
                }
                if done {
                    break;
                }
            }
            Ok(())
        })
        .await
}

async fn subscribe(client: &Client, topic: &str, flags: &Flags, sender: mpsc::Sender<Event>) -> Result<(), Failure> {
    let on_event = move |details: Details, Rest(args): Rest<Value>, Kwargs(kwargs): Kwargs<Value>| {
        let sender = sender.clone();
        // Closed: the program is about to end.
        async move { drop(sender.send(Event::of(details, args, kwargs)).await) }
    };
    let subscribe = client.subscribe(topic.to_owned(), on_event);
    let subscribe = subscribe.matching(flags.matching.into()).get_retained(flags.retained);
    // With a history a session that is lost leaves no gap.
    if flags.history.is_some() {
        subscribe.history().await?
    } else {
        subscribe.await?
    };
    Ok(())
}

/// What was published before, the oldest first.
async fn past(client: &Client, topic: &str, flags: &Flags) -> Result<Vec<PastEvent>, Failure> {
    let Some(events) = flags.history else { return Ok(Vec::new()) };
    let subscriptions = client.meta().subscriptions();
    let Some(subscription) = subscriptions.lookup(topic, flags.matching.into()).await? else { return Ok(Vec::new()) };
    match subscriptions.events(subscription).limit(events).reverse().await {
        Ok(past) => Ok(past.events.into_iter().rev().collect()),
        Err(error) if error.wamp_uri() == Some(wamp_client::uris::NO_SUCH_PROCEDURE) => Err(Failure::Other(format!(
            "the router keeps no history of {topic} (with `wamp-router --history {topic}` ours does)"
        ))),
        Err(error) => Err(error.into()),
    }
}

/// An event, as it is printed.
struct Event {
    /// When it was published, where the router tells.
    time: Option<String>,
    topic: String,
    publication: Option<wamp_client::PublicationId>,
    publisher: Vec<(&'static str, Value)>,
    retained: bool,
    arguments: Arguments,
}

impl Event {
    fn of(details: Details, args: Vec<Value>, kwargs: Value) -> Self {
        let caller = details.caller;
        let session = caller.session.map(|session| ("publisher", Value::from(session.get())));
        let authid = caller.authid.map(|authid| ("publisher_authid", Value::from(authid)));
        let authrole = caller.authrole.map(|authrole| ("publisher_authrole", Value::from(authrole)));
        Self {
            time: None,
            topic: details.uri.to_string(),
            publication: details.publication,
            publisher: [session, authid, authrole].into_iter().flatten().collect(),
            retained: details.retained,
            arguments: Arguments { args, kwargs: entries(kwargs) },
        }
    }

    fn of_past(event: PastEvent, topic: &str) -> Self {
        let details = event.details;
        let session = details.publisher.map(|session| ("publisher", Value::from(session.get())));
        let authid = details.publisher_authid.map(|authid| ("publisher_authid", Value::from(authid)));
        let authrole = details.publisher_authrole.map(|authrole| ("publisher_authrole", Value::from(authrole)));
        Self {
            time: Some(event.timestamp),
            topic: details.topic.unwrap_or_else(|| topic.to_owned()),
            publication: Some(event.publication),
            publisher: [session, authid, authrole].into_iter().flatten().collect(),
            retained: false,
            arguments: Arguments { args: event.args, kwargs: entries(event.kwargs) },
        }
    }

    fn json(self) -> Value {
        let mut entries =
            vec![("time", Value::from(self.time.unwrap_or_else(timestamp))), ("topic", Value::from(self.topic))];
        entries.extend(self.publication.map(|publication| ("publication", Value::from(publication.get()))));
        entries.extend(self.publisher);
        entries.extend(self.retained.then_some(("retained", Value::Bool(true))));
        entries.push(("args", Value::List(self.arguments.args)));
        entries.push(("kwargs", Value::Map(self.arguments.kwargs)));
        object(entries)
    }
}

fn entries(kwargs: Value) -> Vec<(String, Value)> {
    match kwargs {
        Value::Map(entries) => entries,
        _ => Vec::new(),
    }
}

struct Printer<'a> {
    flags: &'a Flags,
    output: Output,
    printed: u64,
}

impl Printer<'_> {
    /// Prints an event, and says whether it was the last.
    fn print(&mut self, event: Event) -> Result<bool, Failure> {
        if self.flags.raw {
            self.output.bare(&event.arguments.into_value())?;
        } else if self.output.for_people() {
            let line = self.line(event);
            self.output.line(line)?;
        } else {
            self.output.json(&event.json())?;
        }
        self.printed += 1;
        Ok(self.flags.count.is_some_and(|count| self.printed >= count))
    }

    fn line(&self, event: Event) -> String {
        let time = event.time.unwrap_or_else(|| self.output.clock.time_of_day());
        let mut line =
            format!("{ASIDE}{}{ASIDE:#} {NAME}{}{NAME:#}", render::plain(&time), render::plain(&event.topic));
        for arg in &event.arguments.args {
            line.push(' ');
            line.push_str(&render::compact(arg));
        }
        for (key, value) in &event.arguments.kwargs {
            line.push_str(&format!(" {ASIDE}{}={ASIDE:#}{}", render::plain(key), render::compact(value)));
        }
        let mut notes = Vec::new();
        notes.extend(event.retained.then(|| "retained".to_owned()));
        for (_, value) in &event.publisher {
            notes.push(match value {
                Value::Str(text) => render::plain(text).into_owned(),
                value => format!("from {}", render::json(value)),
            });
        }
        if !notes.is_empty() {
            line.push_str(&format!(" {ASIDE}({}){ASIDE:#}", notes.join(", ")));
        }
        line
    }
}
