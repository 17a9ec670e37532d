//! `wamp sessions`.

use clap::{Args, Subcommand};
use futures_util::{StreamExt, TryStreamExt, stream};
use wamp_client::{Client, SessionDetails, SessionId, Value, uris};

use crate::failure::Failure;
use crate::output::Output;
use crate::publish::session_id;
use crate::render::{self, NAME, object};
use crate::table::Table;
use crate::target::Target;

pub(crate) const EXAMPLES: &str = "\
Examples:
  wamp sessions
  wamp sessions show 3472830517283
  wamp sessions kill 3472830517283 --message 'back at five'

`show` prints all that the router tells. A router lets few sessions end others.";

/// Who is there: list sessions, show one, end one
#[derive(Debug, Args)]
pub(crate) struct Flags {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the sessions of the realm (what `wamp sessions` alone does); * marks this program's own
    List,
    /// Show what the router tells about a session
    Show {
        #[arg(value_parser = session_id)]
        id: SessionId,
    },
    /// End a session
    Kill {
        #[arg(value_parser = session_id)]
        id: SessionId,
        /// The reason it is told, a URI [default: wamp.close.killed]
        #[arg(long, value_name = "URI")]
        reason: Option<String>,
        /// What people there are told
        #[arg(long, value_name = "TEXT")]
        message: Option<String>,
    },
}

/// Questions that are asked at once.
pub(crate) const AT_ONCE: usize = 32;

pub(crate) async fn run(flags: Flags, target: &Target, mut output: Output) -> Result<(), Failure> {
    target
        .session(async |client| {
            match flags.action {
                None | Some(Action::List) => list(&client, &mut output).await?,
                Some(Action::Show { id }) => show(&client, id, &mut output).await?,
                Some(Action::Kill { id, reason, message }) => {
                    let mut kill = client.meta().sessions().kill(id);
                    if let Some(reason) = &reason {
                        kill = kill.reason(reason);
                    }
                    if let Some(message) = &message {
                        kill = kill.message(message);
                    }
                    kill.await?;
                    output.remark(format_args!("session {id} has been ended"));
                }
            }
            Ok(output.flush()?)
        })
        .await
}

async fn list(client: &Client, output: &mut Output) -> Result<(), Failure> {
    let sessions = client.meta().sessions();
    let ids = sessions.list().await?;
    let details = stream::iter(ids).map(async |id| match sessions.get(id).await {
        // It left between the two questions.
        Err(error) if error.wamp_uri() == Some(uris::NO_SUCH_SESSION) => Ok(None),
        details => details.map(Some),
    });
    let mut details: Vec<SessionDetails> =
        details.buffered(AT_ONCE).try_filter_map(async |details| Ok(details)).try_collect().await?;
    details.sort_by(|a, b| (&a.authrole, &a.authid, a.session).cmp(&(&b.authrole, &b.authid, b.session)));
    let own = client.session().map(|session| session.id);
    let mut table = Table::new(&["SESSION", "AUTHID", "AUTHROLE", "AUTHMETHOD"]);
    for SessionDetails { session, authid, authrole, authmethod, .. } in details {
        if output.for_people() {
            let mark = if own == Some(session) { " *" } else { "" };
            let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            table.row([format!("{session}{mark}"), or_dash(authid), or_dash(authrole), or_dash(authmethod)]);
        } else {
            let mut entries = vec![("session", Value::from(session.get()))];
            let texts = [("authid", authid), ("authrole", authrole), ("authmethod", authmethod)];
            entries.extend(texts.into_iter().filter_map(|(key, text)| Some((key, Value::from(text?)))));
            entries.push(("own", Value::Bool(own == Some(session))));
            output.json(&object(entries))?;
        }
    }
    if output.for_people() {
        table.print(output)?;
    }
    Ok(())
}

async fn show(client: &Client, id: SessionId, output: &mut Output) -> Result<(), Failure> {
    let details: Value = client.call("wamp.session.get").arg(id).await?;
    let Value::Map(entries) = &details else { return Ok(output.value(&details)?) };
    if !output.for_people() {
        return Ok(output.json(&details)?);
    }
    let width = entries.iter().map(|(key, _)| key.chars().count()).max().unwrap_or_default();
    for (key, value) in entries {
        let key = render::plain(key);
        output.line(format_args!("{NAME}{key:width$}{NAME:#}  {}", render::pretty(value, 80)))?;
    }
    Ok(())
}
