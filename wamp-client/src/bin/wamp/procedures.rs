//! `wamp procedures`.

use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use wamp_client::{Client, RegistrationDetails, RegistrationId, Value, uris};

use crate::description;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::object;
use crate::sessions::AT_ONCE;
use crate::table::{Table, thousands};
use crate::target::Target;

pub(crate) const EXAMPLES: &str = "\
Examples:
  wamp procedures
  wamp procedures com.example

INVOKE says which of several callees gets a call; ABOUT what the callee tells, where the router keeps that. The router's own procedures (wamp.session.count and the like) are \
not among them.";

/// What can be called, and how many offer it
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// Only those that begin so
    #[arg(value_name = "PREFIX", default_value = "", hide_default_value = true)]
    prefix: String,
}

pub(crate) async fn run(flags: Flags, target: &Target, mut output: Output) -> Result<(), Failure> {
    target
        .session(async |client| {
            let mut procedures = procedures(&client).await?;
            procedures.retain(|(details, _)| details.uri.starts_with(&flags.prefix));
            procedures.sort_by(|(a, _), (b, _)| (&a.uri, &a.matching).cmp(&(&b.uri, &b.matching)));
            let about = description::all(&client, "procedure").await?;
            let mut table = Table::new(match about.is_empty() {
                true => &["PROCEDURE", "MATCH", "INVOKE", "CALLEES", "SINCE"],
                false => &["PROCEDURE", "MATCH", "INVOKE", "CALLEES", "ABOUT"],
            });
            for (details, callees) in &procedures {
                let RegistrationDetails { id, created, uri, matching, invoke, .. } = details;
                if output.for_people() {
                    let texts = [uri, matching, invoke].map(Clone::clone);
                    let about = if about.is_empty() { created.clone() } else { description::summary(about.get(uri)) };
                    table.row(texts.into_iter().chain([thousands(*callees), about]));
                } else {
                    let mut entries = vec![
                        ("procedure", Value::from(uri.as_str())),
                        ("match", Value::from(matching.as_str())),
                        ("invoke", Value::from(invoke.as_str())),
                        ("callees", Value::from(*callees)),
                        ("created", Value::from(created.as_str())),
                        ("registration", Value::from(id.get())),
                    ];
                    entries.extend(about.get(uri).map(|about| ("description", about.clone())));
                    output.json(&object(entries))?;
                }
            }
            if procedures.is_empty() {
                output.remark("nobody has registered anything of the kind");
            } else if output.for_people() {
                table.print(&mut output)?;
            }
            Ok(output.flush()?)
        })
        .await
}

/// All registrations, each with the number of its callees.
async fn procedures(client: &Client) -> Result<Vec<(RegistrationDetails, u64)>, Failure> {
    let registrations = client.meta().registrations();
    let ids = registrations.list().await?;
    let ids: Vec<RegistrationId> = ids.exact.into_iter().chain(ids.prefix).chain(ids.wildcard).collect();
    let details = stream::iter(ids).map(async |id| {
        let asked = async { Ok((registrations.get(id).await?, registrations.count_callees(id).await?)) };
        match asked.await {
            // It ended between the questions.
            Err(wamp_client::Error::Wamp(error)) if error.uri() == uris::NO_SUCH_REGISTRATION => Ok(None),
            details => details.map(Some),
        }
    });
    Ok(details.buffered(AT_ONCE).try_filter_map(async |details| Ok(details)).try_collect().await?)
}
