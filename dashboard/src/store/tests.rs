//! The settings' file: what is answered is in it, and what it was is kept.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use super::*;
use crate::fleet::Facts;
use crate::limits;
use crate::settings::{Frequency, Name};

fn id(name: &str) -> MachineId {
    MachineId::parse(name).unwrap()
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn named(text: &str) -> Report {
    Report { name: Some(name(text)), ..Report::default() }
}

fn rename(text: &str) -> Change {
    Change { name: Some(name(text)), ..Change::default() }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(folder: &TempDir) -> (Store, Vec<Record>) {
    Store::open(folder.path()).unwrap()
}

#[tokio::test]
async fn settings_are_there_after_a_restart() {
    let folder = folder();
    let (store, records) = open(&folder);
    assert_eq!(records, []);
    let facts = Facts { os: Some("Debian 13".into()), ..Facts::default() };
    let report = Report { ip: Some("10.0.0.12".into()), facts: Some(facts.clone()), ..named("web-1") };
    store.report(id("web"), report).await.unwrap();
    let change = Change { frequency: Frequency::try_from(0.5).ok(), ..rename("Frontend") };
    let settings = store.change(id("web"), change).await.unwrap();
    store.seen(vec![id("web")], 1234).await.unwrap();
    store.close().await;

    let (_, records) = open(&folder);
    let [record] = &records[..] else { panic!("one machine") };
    assert_eq!(record.settings, settings);
    assert_eq!((settings.name.as_str(), settings.frequency.seconds()), ("Frontend", 0.5));
    assert_eq!((settings.ip.as_str(), settings.rev), ("10.0.0.12", 2));
    assert_eq!((record.facts.as_ref(), record.seen), (Some(&facts), 1234));
}

#[tokio::test]
async fn the_revision_grows_only_when_something_is_different() {
    let folder = folder();
    let (store, _) = open(&folder);
    let created = store.report(id("web"), named("web-1")).await.unwrap();
    assert_eq!(created.rev, 1);
    assert_eq!(store.report(id("web"), named("web-1")).await.unwrap(), created);

    let same = Change { show_cpus: Some(true), ..Change::default() };
    assert_eq!(store.change(id("web"), same).await.unwrap().rev, 1);
    let other = Change { show_cpus: Some(false), ..Change::default() };
    assert_eq!(store.change(id("web"), other).await.unwrap().rev, 2);
}

#[tokio::test]
async fn a_chosen_name_wins_over_the_reported_one_until_it_is_cleared() {
    let folder = folder();
    let (store, _) = open(&folder);
    store.report(id("web"), named("web-1")).await.unwrap();
    store.change(id("web"), rename("Frontend")).await.unwrap();
    let settings = store.report(id("web"), named("web-2")).await.unwrap();
    assert_eq!((settings.name.as_str(), settings.rev), ("Frontend", 2));
    let settings = store.change(id("web"), rename("")).await.unwrap();
    assert_eq!((settings.name.as_str(), settings.rev), ("web-2", 3));
}

#[tokio::test]
async fn a_change_of_nobody_is_refused() {
    let folder = folder();
    let (store, _) = open(&folder);
    let error = store.change(id("ghost"), Change::default()).await.unwrap_err();
    assert!(matches!(error, StoreError::NoSuchMachine(ghost) if ghost == id("ghost")));
}

#[tokio::test]
async fn a_forgotten_machine_starts_afresh() {
    let folder = folder();
    let (store, _) = open(&folder);
    store.report(id("web"), named("web-1")).await.unwrap();
    store.change(id("web"), rename("Frontend")).await.unwrap();
    store.forget(vec![id("web")]).await.unwrap();
    assert_eq!(store.report(id("web"), Report::default()).await.unwrap().rev, 1);
}

#[tokio::test]
async fn many_at_once_are_all_answered() {
    let folder = folder();
    let (store, _) = open(&folder);
    let store = std::sync::Arc::new(store);
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..1000 {
        let store = store.clone();
        tasks.spawn(async move { store.report(id(&format!("m{number}")), named("x")).await });
    }
    let settings = tasks.join_all().await;
    assert!(settings.iter().all(|settings| settings.as_ref().is_ok_and(|s| s.rev == 1)));
    store.close().await;
    assert_eq!(open(&folder).1.len(), 1000);
}

#[tokio::test]
async fn what_did_not_fit_the_disk_is_not_answered_as_stored() {
    let folder = folder();
    let (store, _) = open(&folder);
    store.report(id("web"), named("web-1")).await.unwrap();
    store.run(|database| database.fill_disk(true)).await.unwrap();
    let facts = Facts { os: Some("x".repeat(100_000)), ..Facts::default() };
    let report = Report { facts: Some(facts), ..Report::default() };
    let error = store.report(id("big"), report.clone()).await.unwrap_err();
    assert!(matches!(error, StoreError::Write(_)), "{error}");

    // It goes on once there is room.
    store.run(|database| database.fill_disk(false)).await.unwrap();
    store.report(id("big"), report).await.unwrap();
    store.close().await;
    let ids: Vec<_> = open(&folder).1.into_iter().map(|record| record.settings.id).collect();
    assert_eq!(ids, [id("big"), id("web")]);
}

#[test]
fn a_full_fleet_takes_nobody_more() {
    let mut database = Database::open(Path::new(":memory:")).unwrap();
    database
        .transaction(|database| {
            for number in 0..limits::MACHINES {
                database.report(&id(&format!("m{number}")), Report::default()).unwrap();
            }
        })
        .unwrap();
    let error = database.report(&id("one-more"), Report::default()).unwrap_err();
    assert!(matches!(error, StoreError::Full));
    assert_eq!(database.report(&id("m0"), named("x")).unwrap().rev, 2);
    database.forget(&id("m0")).unwrap();
    database.report(&id("one-more"), Report::default()).unwrap();
}

/// A file as version 1 wrote it, to the letter.
const VERSION_1: &str = "
    CREATE TABLE machine (
        id TEXT NOT NULL PRIMARY KEY, ip TEXT NOT NULL, hostname TEXT NOT NULL, name TEXT,
        show_cpus INTEGER NOT NULL, show_memory INTEGER NOT NULL, show_disk INTEGER NOT NULL,
        disabled INTEGER NOT NULL, frequency REAL NOT NULL, rev INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO machine VALUES ('web', '10.0.0.12', 'web-1', 'Frontend', 0, 1, 1, 0, 0.5, 7);
    INSERT INTO machine VALUES ('10.0.0.7', '10.0.0.7', 'old', NULL, 1, 1, 1, 1, 1.0, 2);
    PRAGMA application_id = 0x57414d50;
    PRAGMA user_version = 1;
";

/// Makes a file of this content and opens it as the store does.
fn open_file(content: &str) -> (TempDir, Result<Vec<Record>, StoreError>) {
    let folder = folder();
    let path = folder.path().join(FILE_NAME);
    Connection::open(&path).unwrap().execute_batch(content).unwrap();
    let records = Store::open(folder.path()).map(|(_, records)| records);
    (folder, records)
}

#[test]
fn a_file_of_version_1_is_taken_over() {
    let (folder, records) = open_file(VERSION_1);
    let records = records.unwrap();
    let [old, web] = &records[..] else { panic!("two machines") };
    assert_eq!((old.settings.name.as_str(), old.settings.disabled), ("old", true));
    assert_eq!((web.settings.name.as_str(), web.settings.rev), ("Frontend", 7));
    assert_eq!((web.settings.show_cpus, web.settings.frequency.seconds()), (false, 0.5));
    assert_eq!((&web.facts, web.seen), (&None, 0));
    // And is a current one now.
    assert_eq!(open(&folder).1, records);
}

#[test]
fn a_newer_file_is_refused_and_left_alone() {
    let newer = VERSION_1.replace("user_version = 1", "user_version = 99");
    let (folder, records) = open_file(&newer);
    let error = records.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    let connection = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 99);
}

#[test]
fn unknown_and_missing_columns_are_refused() {
    let (_folder, records) = open_file(&format!("{VERSION_1} ALTER TABLE machine ADD COLUMN owner TEXT"));
    let error = records.unwrap_err();
    assert!(matches!(&error, StoreError::Columns { unknown, .. } if unknown == &["owner"]), "{error}");

    let (_folder, records) = open_file(&format!("{VERSION_1} ALTER TABLE machine DROP COLUMN rev"));
    let error = records.unwrap_err();
    assert!(matches!(&error, StoreError::Columns { missing, .. } if missing == &["rev"]), "{error}");
}

#[test]
fn a_value_that_could_not_have_been_set_is_named() {
    let edited = format!("{VERSION_1} UPDATE machine SET frequency = 0 WHERE id = 'web'");
    let error = open_file(&edited).1.unwrap_err().to_string();
    let expected = "machine web: the stored frequency 0 is outside of 0.25 to 3600 seconds";
    assert_eq!(error, expected);
}

#[test]
fn another_programs_file_is_left_alone() {
    let (_folder, records) = open_file("CREATE TABLE machine (id)");
    assert!(matches!(records.unwrap_err(), StoreError::Foreign { .. }));

    let folder = folder();
    std::fs::write(folder.path().join(FILE_NAME), "not a database at all, only some text").unwrap();
    let error = Store::open(folder.path()).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error}");
}

#[test]
fn one_file_belongs_to_one_process_at_a_time() {
    let folder = folder();
    let _first = open(&folder);
    let error = Store::open(folder.path()).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error}");
}
