use std::path::Path;
use std::time::Duration;

use wamp_proto::{MatchPolicy, Payload, PublicationId, Serializer, SessionId};

use super::*;
use crate::history::{Audience, Details, Publisher};

fn prefix(text: &str) -> Pattern {
    Pattern::parse(MatchPolicy::Prefix, text).unwrap()
}

fn open(path: &Path, rules: &[HistoryRule]) -> SqliteStore {
    SqliteStore::open(path, rules.into()).unwrap()
}

/// An event with all it can have.
fn event(id: u64) -> StoredEvent {
    StoredEvent {
        publication: PublicationId::known(id),
        time: Timestamp::from_unix_ms(id as i64 * 1000),
        topic: format!("com.topic.{id}").into(),
        details: Details {
            publisher: Some(Publisher {
                session: SessionId::known(1 << 53),
                authid: "bob".into(),
                authrole: "writer".into(),
            }),
            trustlevel: Some(3),
            ppt_scheme: Some("x_ours".into()),
            audience: Audience {
                eligible_authid: Some(vec!["alice".into()]),
                exclude_authrole: vec!["nobody".into()],
                ..Audience::default()
            },
            ..Details::default()
        },
        payload: Payload::new(Serializer::Cbor, Some(&[0x81, 0x01]), Some(&[0xa0])).unwrap().to_owned(),
    }
}

fn plain(id: u64) -> StoredEvent {
    StoredEvent { details: Details::default(), payload: Payload::EMPTY.to_owned(), ..event(id) }
}

fn ids(store: &SqliteStore, topics: &str) -> Vec<u64> {
    let events = store.events(&prefix(topics), Timestamp::from_unix_ms(0));
    events.iter().map(|event| event.publication.get()).collect()
}

#[test]
fn events_survive_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.sqlite");
    let rules = [HistoryRule::new(prefix("com"))];
    let store = open(&path, &rules);
    store.append(0, event(1), None, None);
    store.append(0, plain(2), None, None);
    drop(store);
    let store = open(&path, &rules);
    let events = store.events(&prefix("com"), Timestamp::from_unix_ms(0));
    assert_eq!(events, [Arc::new(event(1)), Arc::new(plain(2))]);
    // And it goes on where it was.
    store.append(0, plain(3), None, None);
    drop(store);
    assert_eq!(ids(&open(&path, &rules), "com"), [1, 2, 3]);
}

#[test]
fn the_file_is_no_longer_than_the_history() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.sqlite");
    let rules = [HistoryRule { events: 3, ..HistoryRule::new(prefix("com")) }];
    let store = open(&path, &rules);
    for id in 1..=100 {
        store.append(0, plain(id), None, None);
        if id % 7 == 0 {
            store.flush();
        }
    }
    drop(store);
    let rows = |path| {
        let mut count = 0;
        Database::open(path).unwrap().read(|_, _| count += 1).unwrap();
        count
    };
    assert_eq!(rows(&path), 3);
    // Rules that have become stricter hold for what was stored before, and others let it go.
    let stricter = [HistoryRule { events: 2, ..HistoryRule::new(prefix("com")) }];
    assert_eq!(ids(&open(&path, &stricter), "com"), [99, 100]);
    assert_eq!(rows(&path), 2);
    drop(open(&path, &[HistoryRule::new(prefix("org"))]));
    assert_eq!(rows(&path), 0);
}

#[test]
fn what_is_too_old_goes_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.sqlite");
    let rules = [HistoryRule::new(prefix("com"))];
    let store = open(&path, &rules);
    (1..=5).for_each(|id| drop(store.append(0, plain(id), None, None)));
    drop(store);
    let rules = [HistoryRule { age: Some(Duration::from_secs(2)), ..HistoryRule::new(prefix("com")) }];
    let store = open(&path, &rules);
    let at = |ms| store.events(&prefix("com"), Timestamp::from_unix_ms(ms)).len();
    assert_eq!((at(5_000), at(6_000), at(9_000)), (3, 2, 0));
}

#[test]
fn one_process_has_the_file_and_it_is_a_history() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.sqlite");
    let rules: Arc<[_]> = [HistoryRule::new(prefix("com"))].into();
    let error = |path: &Path| SqliteStore::open(path, rules.clone()).unwrap_err();
    let store = open(&path, &rules);
    assert!(matches!(error(&path), SqliteError::InUse { .. }));
    drop(store);
    let text = folder.path().join("text");
    std::fs::write(&text, "no database, but long enough to be one by its length").unwrap();
    assert!(matches!(error(&text), SqliteError::Foreign { .. }));
    let later = folder.path().join("later");
    rusqlite::Connection::open(&later).unwrap().pragma_update(None, "user_version", VERSION_TO_COME).unwrap();
    assert!(matches!(error(&later), SqliteError::Foreign { .. }));
    assert!(matches!(error(&folder.path().join("no/such/folder")), SqliteError::Open { .. }));
}

#[test]
fn what_can_not_be_written_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.sqlite");
    let rules = [HistoryRule::new(prefix("com"))];
    let store = open(&path, &rules);
    store.append(0, plain(1), None, None);
    store.flush();
    assert_eq!(store.failure(), None);
    drop(store);
    let full = "CREATE TRIGGER full BEFORE INSERT ON event BEGIN SELECT RAISE(FAIL, 'the disk is full'); END";
    rusqlite::Connection::open(&path).unwrap().execute_batch(full).unwrap();
    let store = open(&path, &rules);
    assert_eq!(store.failure(), None);
    store.append(0, plain(2), None, None);
    store.flush();
    let failure = store.failure().expect("it was not written");
    assert!(failure.contains("the disk is full"), "{failure}");
}

const VERSION_TO_COME: i64 = 99;
