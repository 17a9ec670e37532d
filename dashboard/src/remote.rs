//! Commands to a dashboard that runs, given as its administrator.

use std::collections::BTreeMap;
use std::env;
use std::fmt::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use wamp_client::{App, Auth, Client};

use crate::cli::Command;
use crate::program::REALM;

/// A machine, as the dashboard tells of it.
#[derive(Debug, PartialEq, Eq)]
struct Machine {
    id: String,
    /// None if nothing was heard of it yet.
    name: Option<String>,
    is_online: bool,
    /// When it got its key, Unix time in milliseconds; none if it has none.
    enrolled: Option<u64>,
}

/// Does what the command asks for. Answers what to print.
pub(crate) async fn run(command: &Command) -> Result<String> {
    let token = env::var("WAMP_ADMIN_TOKEN").ok().filter(|token| !token.is_empty());
    let token = token.context("the admin token has to be in the variable WAMP_ADMIN_TOKEN")?;
    let url = command.url();
    let app = App::new(url).realm(REALM).auth(Auth::scram("admin", token));
    let running = app.start().await.with_context(|| format!("can't join the dashboard at {url}"))?;
    let done = perform(running.client(), command).await;
    // Whatever becomes of the goodbye, it is done, or not.
    let _ = running.stop().await;
    done
}

async fn perform(client: &Client, command: &Command) -> Result<String> {
    match command {
        Command::Machines(_) => Ok(table(&machines(client).await?, now())),
        Command::Revoke { machine, .. } => {
            let machines = machines(client).await?;
            let Machine { id, .. } = find(&machines, machine)?;
            client.call::<()>("fleet.enrolment.revoke").arg(id).await?;
            Ok(format!(
                "{id} is shut out: its key is worth nothing, and its sessions have ended.\n\
                 If it has the enrolment key, too, replace that: wamp-dashboard new-enrolment-key\n"
            ))
        }
        Command::NewEnrolmentKey(_) => {
            let key: String = client.call("fleet.enrolment.new_key").await?;
            Ok(format!("{key}\n"))
        }
    }
}

async fn machines(client: &Client) -> Result<Vec<Machine>> {
    #[derive(Deserialize)]
    struct Snapshot {
        machines: Vec<Known>,
    }
    #[derive(Deserialize)]
    struct Known {
        id: String,
        online: bool,
        settings: Settings,
    }
    #[derive(Deserialize)]
    struct Settings {
        name: String,
    }
    #[derive(Deserialize)]
    struct Enrolment {
        since: u64,
    }
    let snapshot: Snapshot = client.call("fleet.snapshot").await?;
    let mut enrolments: BTreeMap<String, Enrolment> = client.call("fleet.enrolment.list").await?;
    let known = snapshot.machines.into_iter().map(|Known { id, online, settings: Settings { name } }| {
        let enrolled = enrolments.remove(&id).map(|Enrolment { since }| since);
        Machine { id, name: Some(name), is_online: online, enrolled }
    });
    let mut machines: Vec<_> = known.collect();
    machines.extend(enrolments.into_iter().map(|(id, Enrolment { since })| Machine {
        id,
        name: None,
        is_online: false,
        enrolled: Some(since),
    }));
    machines.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(machines)
}

/// The machine with this id, or else the only one of this name, if it has a key to be taken back.
fn find<'a>(machines: &'a [Machine], wanted: &str) -> Result<&'a Machine> {
    let by_id = machines.iter().find(|machine| machine.id == wanted);
    let named: Vec<_> = machines.iter().filter(|machine| machine.name.as_deref() == Some(wanted)).collect();
    let found = match (by_id, &named[..]) {
        (Some(machine), _) => machine,
        (None, [machine]) => *machine,
        (None, []) => bail!("no machine has the id or the name {wanted:?}; `wamp-dashboard machines` lists them"),
        (None, several) => {
            let ids: Vec<_> = several.iter().map(|machine| machine.id.as_str()).collect();
            bail!("several machines have the name {wanted:?}; say which one by its id: {}", ids.join(", "))
        }
    };
    if found.enrolled.is_none() {
        bail!("{} has no key that could be taken back: it has not enrolled, or is a part of the dashboard", found.id);
    }
    Ok(found)
}

fn table(machines: &[Machine], now: u64) -> String {
    let row = |machine: &Machine| {
        [
            machine.id.clone(),
            machine.name.clone().unwrap_or_default(),
            if machine.is_online { "online" } else { "offline" }.to_owned(),
            machine
                .enrolled
                .map_or_else(|| "-".to_owned(), |since| ago(Duration::from_millis(now.saturating_sub(since)))),
        ]
    };
    let head = ["ID", "NAME", "STATE", "ENROLLED"].map(str::to_owned);
    let rows: Vec<_> = std::iter::once(head).chain(machines.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    rows.iter().fold(String::new(), |mut text, [id, name, state, enrolled]| {
        let [first, second, third] = widths;
        let _ = writeln!(text, "{id:first$}  {name:second$}  {state:third$}  {enrolled}");
        text
    })
}

fn ago(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..60 => format!("{seconds} s ago"),
        seconds @ 60..3600 => format!("{} min ago", seconds / 60),
        seconds @ 3600..86_400 => format!("{} h ago", seconds / 3600),
        seconds => format!("{} d ago", seconds / 86_400),
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(id: &str, name: &str, enrolled: Option<u64>) -> Machine {
        Machine { id: id.to_owned(), name: Some(name.to_owned()), is_online: true, enrolled }
    }

    #[test]
    fn a_machine_is_found_by_its_id_or_by_a_name_of_its_own() {
        let machines = [
            machine("a1", "web", Some(1)),
            machine("b2", "db", Some(1)),
            machine("c3", "db", Some(1)),
            machine("web", "x", Some(1)),
        ];
        assert_eq!(find(&machines, "b2").unwrap().id, "b2");
        assert_eq!(find(&machines, "web").unwrap().id, "web", "an id goes before a name");
        assert_eq!(find(&machines[..1], "web").unwrap().id, "a1");
        assert!(find(&machines, "db").unwrap_err().to_string().ends_with("by its id: b2, c3"));
        assert!(find(&machines, "mail").unwrap_err().to_string().starts_with("no machine has the id or the name"));
        let own = [machine("own", "this", None)];
        assert!(find(&own, "this").unwrap_err().to_string().starts_with("own has no key"));
    }

    #[test]
    fn machines_are_listed_in_columns() {
        let machines = [machine("a1", "web", Some(1000)), machine("long-id", "äö", None)];
        let expected = "ID       NAME  STATE   ENROLLED\na1       web   online  2 h ago\nlong-id  äö    online  -\n";
        assert_eq!(table(&machines, 7_300_000), expected);
    }
}
