//! `wamp topics`.

use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use wamp_client::{Client, SubscriptionDetails, SubscriptionId, Value, uris};

use crate::description;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::object;
use crate::sessions::AT_ONCE;
use crate::table::{Table, thousands};
use crate::target::Target;

pub(crate) const EXAMPLES: &str = "\
Examples:
  wamp topics
  wamp topics com.example

These are the topics, and patterns of topics, that somebody is subscribed to. What is published and nobody has \
subscribed to, no router tells.";

/// What is subscribed to, and by how many
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Only those that begin so
    #[arg(value_name = "PREFIX", default_value = "", hide_default_value = true)]
    prefix: String,
}

pub(crate) async fn run(flags: Flags, target: &Target, mut output: Output) -> Result<(), Failure> {
    target
        .session(async |client| {
            let mut topics = topics(&client).await?;
            topics.retain(|(details, _)| details.uri.starts_with(&flags.prefix));
            topics.sort_by(|(a, _), (b, _)| (&a.uri, &a.matching).cmp(&(&b.uri, &b.matching)));
            let about = description::all(&client, "topic").await?;
            let mut table = Table::new(match about.is_empty() {
                true => &["TOPIC", "MATCH", "SUBSCRIBERS", "SINCE"],
                false => &["TOPIC", "MATCH", "SUBSCRIBERS", "ABOUT"],
            });
            for (details, subscribers) in &topics {
                if output.for_people() {
                    let cells = [details.uri.clone(), details.matching.clone(), thousands(*subscribers)];
                    let created = || details.created.clone();
                    let about =
                        if about.is_empty() { created() } else { description::summary(about.get(&details.uri)) };
                    table.row(cells.into_iter().chain([about]));
                } else {
                    let mut entries = vec![
                        ("topic", Value::from(details.uri.as_str())),
                        ("match", Value::from(details.matching.as_str())),
                        ("subscribers", Value::from(*subscribers)),
                        ("created", Value::from(details.created.as_str())),
                        ("subscription", Value::from(details.id.get())),
                    ];
                    entries.extend(about.get(&details.uri).map(|about| ("description", about.clone())));
                    output.json(&object(entries))?;
                }
            }
            if topics.is_empty() {
                output.remark("nobody is subscribed to anything of the kind");
            } else if output.for_people() {
                table.print(&mut output)?;
            }
            Ok(output.flush()?)
        })
        .await
}

/// All subscriptions, each with the number of its subscribers.
async fn topics(client: &Client) -> Result<Vec<(SubscriptionDetails, u64)>, Failure> {
    let subscriptions = client.meta().subscriptions();
    let ids = subscriptions.list().await?;
    let ids: Vec<SubscriptionId> = ids.exact.into_iter().chain(ids.prefix).chain(ids.wildcard).collect();
    let details = stream::iter(ids).map(async |id| {
        let asked = async { Ok((subscriptions.get(id).await?, subscriptions.count_subscribers(id).await?)) };
        match asked.await {
            // It ended between the questions.
            Err(wamp_client::Error::Wamp(error)) if error.uri() == uris::NO_SUCH_SUBSCRIPTION => Ok(None),
            details => details.map(Some),
        }
    });
    Ok(details.buffered(AT_ONCE).try_filter_map(async |details| Ok(details)).try_collect().await?)
}
