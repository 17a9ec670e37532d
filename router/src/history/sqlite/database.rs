//! The database's file, as plain blocking functions.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, Row};
use wamp_proto::{Payload, PublicationId, PublicationKey, Serializer};

use super::queue::{Entry, Kept, Key};
use crate::clock::Timestamp;
use crate::history::keys::MOST_KEYS;
use crate::history::{PublicationKeys, StoredEvent};

/// How long to wait for the file of a process that is just ending.
const BUSY: Duration = Duration::from_secs(2);

/// The version of the tables, in `user_version`; 0 is a database that is new.
const VERSION: i64 = 2;

/// The tables of events: all there is in version 1.
const EVENTS: &str = "
    CREATE TABLE event (
        number INTEGER PRIMARY KEY,
        publication INTEGER NOT NULL,
        time INTEGER NOT NULL,
        topic TEXT NOT NULL,
        details TEXT NOT NULL,
        serializer TEXT NOT NULL,
        args BLOB,
        kwargs BLOB
    ) STRICT;
";

/// The keys of publications. The memory they are is named at random, once and for all.
const KEYS: &str = "
    CREATE TABLE publication_key (
        number INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        publication INTEGER NOT NULL,
        time INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE key_memory (name TEXT NOT NULL) STRICT;
    INSERT INTO key_memory VALUES (lower(hex(randomblob(16))));
    PRAGMA user_version = 2;
";

/// Why an event history can't be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// Another process has it.
    #[error("the event history {} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else, or of a later version of this program.
    #[error("{} is no event history this program can read", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file can't be opened, made or read.
    #[error("cannot open the event history {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// There is no thread to write with.
    #[error("cannot start the thread that writes the event history")]
    Thread {
        /// Why.
        source: io::Error,
    },
}

/// The file, opened.
#[derive(Debug)]
pub(super) struct Database {
    connection: Connection,
    path: PathBuf,
}

impl Database {
    pub(super) fn open(path: &Path) -> Result<Self, SqliteError> {
        let describe = |source: rusqlite::Error| describe(path, source);
        let connection = connect(path).map_err(describe)?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(describe)?;
        let tables = "SELECT count(*) FROM sqlite_schema";
        let tables: i64 = connection.query_row(tables, [], |row| row.get(0)).map_err(describe)?;
        match (version, tables) {
            (0, 0) => connection.execute_batch(&format!("BEGIN; {EVENTS} {KEYS} COMMIT;")).map_err(describe)?,
            (1, _) => connection.execute_batch(&format!("BEGIN; {KEYS} COMMIT;")).map_err(describe)?,
            (VERSION, _) => {}
            _ => return Err(SqliteError::Foreign { path: path.into() }),
        }
        Ok(Self { connection, path: path.into() })
    }

    /// Hands out all events with their numbers, in order; `None` is one that makes no sense.
    pub(super) fn read(&self, mut each: impl FnMut(u64, Option<StoredEvent>)) -> Result<(), SqliteError> {
        let mut read = || {
            let mut statement = self.connection.prepare("SELECT * FROM event ORDER BY number")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                each(row.get::<_, i64>("number")?.unsigned_abs(), event(row)?);
            }
            Ok(())
        };
        read().map_err(|source| describe(&self.path, source))
    }

    /// The memory of publication keys.
    pub(super) fn keys(&self) -> Result<PublicationKeys, SqliteError> {
        let read = || {
            let memory: String = self.connection.query_row("SELECT name FROM key_memory", [], |row| row.get(0))?;
            let mut statement =
                self.connection.prepare("SELECT time, key, publication FROM publication_key ORDER BY number")?;
            let keys = statement.query_map([], |row| {
                let publication = PublicationId::new(row.get::<_, i64>(2)?.unsigned_abs()).ok();
                let key = PublicationKey::from_bytes(row.get(1)?);
                Ok(publication.map(|publication| (Timestamp::from_unix_ms(row.get_unwrap(0)), key, publication)))
            })?;
            let keys: Vec<_> = keys.filter_map(Result::transpose).collect::<Result<_, _>>()?;
            Ok(PublicationKeys::restored(memory.into(), keys))
        };
        read().map_err(|source| describe(&self.path, source))
    }

    /// Removes events. They are on disk no longer when this returns.
    pub(super) fn remove(&mut self, numbers: &[u64]) -> Result<(), SqliteError> {
        let mut remove = || {
            let transaction = self.connection.transaction()?;
            for number in numbers {
                transaction.prepare_cached("DELETE FROM event WHERE number = ?1")?.execute([*number as i64])?;
            }
            transaction.commit()
        };
        remove().map_err(|source| describe(&self.path, source))
    }

    /// Writes a batch in one transaction: it is on disk when this returns `Ok`.
    pub(super) fn write(&mut self, batch: &[Entry]) -> Result<(), rusqlite::Error> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO event (number, publication, time, topic, details, serializer, args, kwargs)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?;
            let mut delete = transaction.prepare_cached("DELETE FROM event WHERE number = ?1")?;
            let mut insert_key = transaction
                .prepare_cached("INSERT OR IGNORE INTO publication_key (key, publication, time) VALUES (?1, ?2, ?3)")?;
            let mut delete_keys = transaction.prepare_cached("DELETE FROM publication_key WHERE number <= ?1")?;
            for Key { key, publication, time } in batch.iter().filter_map(|entry| entry.key.as_ref()) {
                insert_key.execute((key.to_bytes(), publication.get() as i64, time.unix_ms()))?;
                delete_keys.execute([transaction.last_insert_rowid() - MOST_KEYS as i64])?;
            }
            for Kept { number, event, gone } in batch.iter().filter_map(|entry| entry.kept.as_ref()) {
                let payload = event.payload.as_payload();
                let details = serde_json::to_string(&event.details)
                    .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
                insert.execute((
                    *number as i64,
                    event.publication.get() as i64,
                    event.time.unix_ms(),
                    &*event.topic,
                    details,
                    payload.serializer().subprotocol(),
                    payload.args(),
                    payload.kwargs(),
                ))?;
                for number in gone {
                    delete.execute([*number as i64])?;
                }
            }
        }
        transaction.commit()
    }
}

/// The event of a row, if that makes sense.
fn event(row: &Row<'_>) -> Result<Option<StoredEvent>, rusqlite::Error> {
    let publication = PublicationId::new(row.get::<_, i64>("publication")?.unsigned_abs()).ok();
    let details = serde_json::from_str(&row.get::<_, String>("details")?).ok();
    let serializer = Serializer::from_subprotocol(&row.get::<_, String>("serializer")?);
    let (Some(publication), Some(details), Some(serializer)) = (publication, details, serializer) else {
        return Ok(None);
    };
    let args: Option<Vec<u8>> = row.get("args")?;
    let kwargs: Option<Vec<u8>> = row.get("kwargs")?;
    let Ok(payload) = Payload::new(serializer, args.as_deref(), kwargs.as_deref()) else { return Ok(None) };
    Ok(Some(StoredEvent {
        publication,
        time: Timestamp::from_unix_ms(row.get("time")?),
        topic: row.get::<_, String>("topic")?.into(),
        details,
        payload: payload.to_owned(),
    }))
}

/// Opens the file so that a commit is on disk when it returns, and no other process gets in.
fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    // Exclusive before the first access: the write-ahead log then needs no shared memory.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

fn describe(path: &Path, source: rusqlite::Error) -> SqliteError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SqliteError::InUse { path },
        Some(ErrorCode::NotADatabase) => SqliteError::Foreign { path },
        _ => SqliteError::Open { path, source },
    }
}
