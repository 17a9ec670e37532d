//! `wamp pub`.

use std::time::Duration;

use clap::Args;
use tokio::time::{Instant, sleep_until};
use wamp_client::{Client, PublicationId, Publish, SessionId, Unacknowledged, Value};
use wamp_proto::Uri;

use crate::arguments::{ArgumentFlags, Arguments};
use crate::failure::Failure;
use crate::output::Output;
use crate::render::{NAME, object};
use crate::target::Target;
use crate::{duration, input};

pub(crate) const EXAMPLES: &str = "\
Examples:
  wamp pub com.example.tick 1 two '[3, 4]' --kw unit=s
  wamp pub com.example.status online --retain --ack
  wamp pub com.example.tick now --count 10 --interval 500ms
  tail -f log | wamp pub com.example.log -              each line is an event
  wamp sub com.example.a | wamp pub com.example.b -     hands events on

From standard input each line is one event: a JSON list is its positional arguments, an object with \"args\" or \
\"kwargs\" is both, anything else is its only argument.

Without --ack the router answers nothing, not even that it refuses.";

/// Publish an event, or one for each line of standard input
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// The topic
    topic: String,

    #[command(flatten)]
    arguments: ArgumentFlags,

    /// Wait until the router has published each, and print its id
    #[arg(short, long)]
    ack: bool,

    /// Ask the router to keep the event for those who subscribe later
    #[arg(long)]
    retain: bool,

    /// How many times to publish it
    #[arg(short, long, value_name = "N", default_value_t = 1)]
    count: u64,

    /// How long to wait between two
    #[arg(short, long, value_name = "TIME", value_parser = duration::parse, default_value = "0s")]
    interval: Duration,

    /// Let subscribers know who published
    #[arg(long)]
    disclose_me: bool,

    #[command(flatten)]
    audience: Audience,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Audience (each can be given several times)")]
struct Audience {
    /// Only for this session
    #[arg(long, value_name = "ID", value_parser = session_id)]
    eligible: Vec<SessionId>,

    /// Only for sessions of this authid
    #[arg(long, value_name = "AUTHID")]
    eligible_authid: Vec<String>,

    /// Only for sessions of this role
    #[arg(long, value_name = "ROLE")]
    eligible_authrole: Vec<String>,

    /// Not for this session
    #[arg(long, value_name = "ID", value_parser = session_id)]
    exclude: Vec<SessionId>,

    /// Not for sessions of this authid
    #[arg(long, value_name = "AUTHID")]
    exclude_authid: Vec<String>,

    /// Not for sessions of this role
    #[arg(long, value_name = "ROLE")]
    exclude_authrole: Vec<String>,
}

/// Reads a session id.
pub(crate) fn session_id(text: &str) -> Result<SessionId, String> {
    let number: u64 = text.parse().map_err(|_| "a session id is a number, as `wamp sessions` shows it".to_owned())?;
    SessionId::new(number).map_err(|error| error.to_string())
}

pub(crate) async fn run(flags: Flags, target: &Target, mut output: Output) -> Result<(), Failure> {
    // Without an acknowledgment nobody would tell.
    Uri::parse(flags.topic.as_str()).map_err(|error| Failure::Usage(error.to_string()))?;
    let given = flags.arguments.given()?;
    target
        .session(async |client| {
            let mut publisher = Publisher { flags: &flags, client, output: &mut output, published: 0, next: None };
            if flags.arguments.wants_input() {
                let mut lines = input::lines();
                while let Some(line) = lines.recv().await {
                    let arguments = flags.arguments.read(&line?)?;
                    publisher.publish_each_time(&arguments).await?;
                }
            } else {
                publisher.publish_each_time(&given).await?;
            }
            publisher.end()
        })
        .await
}

struct Publisher<'a> {
    flags: &'a Flags,
    client: Client,
    output: &'a mut Output,
    published: u64,
    /// When the next one is due.
    next: Option<Instant>,
}

impl Publisher<'_> {
    async fn publish_each_time(&mut self, arguments: &Arguments) -> Result<(), Failure> {
        for _ in 0..self.flags.count {
            if let Some(next) = self.next {
                sleep_until(next).await;
            }
            self.next = (!self.flags.interval.is_zero()).then(|| Instant::now() + self.flags.interval);
            let event = self.event(arguments);
            if self.flags.ack {
                let publication = event.acknowledge().await?;
                self.acknowledged(publication)?;
            } else {
                event.await?;
            }
            self.published += 1;
        }
        Ok(())
    }

    fn event(&self, arguments: &Arguments) -> Publish<Unacknowledged> {
        let Flags { topic, retain, disclose_me, audience, .. } = self.flags;
        let mut event = self.client.publish(topic.as_str());
        for arg in &arguments.args {
            event = event.arg(arg);
        }
        for (key, value) in &arguments.kwargs {
            event = event.kwarg(key, value);
        }
        if *retain {
            event = event.retain();
        }
        if *disclose_me {
            event = event.disclose_me();
        }
        audience.narrow(event)
    }

    fn acknowledged(&mut self, publication: PublicationId) -> Result<(), Failure> {
        if self.output.for_people() {
            self.output.line(format_args!("{NAME}{}{NAME:#}  publication {publication}", self.flags.topic))?;
        } else {
            self.output.json(&object([("publication", Value::from(publication.get()))]))?;
        }
        Ok(self.output.flush()?)
    }

    /// Says how many there were, where nothing else did.
    fn end(&mut self) -> Result<(), Failure> {
        if !self.flags.ack {
            let events = if self.published == 1 { "event" } else { "events" };
            self.output.remark(format_args!("published {} {events} to {}", self.published, self.flags.topic));
        }
        Ok(())
    }
}

impl Audience {
    fn narrow(&self, mut event: Publish<Unacknowledged>) -> Publish<Unacknowledged> {
        if !self.eligible.is_empty() {
            event = event.eligible(self.eligible.iter().copied());
        }
        if !self.eligible_authid.is_empty() {
            event = event.eligible_authid(&self.eligible_authid);
        }
        if !self.eligible_authrole.is_empty() {
            event = event.eligible_authrole(&self.eligible_authrole);
        }
        if !self.exclude.is_empty() {
            event = event.exclude(self.exclude.iter().copied());
        }
        if !self.exclude_authid.is_empty() {
            event = event.exclude_authid(&self.exclude_authid);
        }
        if !self.exclude_authrole.is_empty() {
            event = event.exclude_authrole(&self.exclude_authrole);
        }
        event
    }
}
