//! The tables, and how an older file becomes a current one.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// Marks a SQLite file as ours ("WAMP" in ASCII), so that no other program's is touched.
const APPLICATION_ID: i32 = 0x5741_4d50;

/// Each step takes a file from version `index` to `index + 1`. Steps that were released are
/// never edited: a later change of the tables is a further step.
const STEPS: &[&str] = &[
    // 1: the settings. `hostname` is what the machine reports, `name` what somebody chose.
    "CREATE TABLE machine (
        id          TEXT    NOT NULL PRIMARY KEY,
        ip          TEXT    NOT NULL,
        hostname    TEXT    NOT NULL,
        name        TEXT,
        show_cpus   INTEGER NOT NULL,
        show_memory INTEGER NOT NULL,
        show_disk   INTEGER NOT NULL,
        disabled    INTEGER NOT NULL,
        frequency   REAL    NOT NULL,
        rev         INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
    // 2: what is shown of a machine that is away: its facts (JSON) and when it was seen last
    // (Unix time in milliseconds, 0: never).
    "ALTER TABLE machine ADD COLUMN facts TEXT;
     ALTER TABLE machine ADD COLUMN seen INTEGER NOT NULL DEFAULT 0",
    // 3: who may come in. Of a secret what SCRAM needs to check it; of a machine its public key (hexadecimal),
    // with the time at which it enrolled.
    "CREATE TABLE secret (
        name       TEXT    NOT NULL PRIMARY KEY,
        salt       BLOB    NOT NULL,
        iterations INTEGER NOT NULL,
        stored_key BLOB    NOT NULL,
        server_key BLOB    NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE enrolment (
        id    TEXT    NOT NULL PRIMARY KEY,
        key   TEXT    NOT NULL,
        since INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
];

/// The columns of the current version.
const COLUMNS: &[&str] = &[
    "id",
    "ip",
    "hostname",
    "name",
    "show_cpus",
    "show_memory",
    "show_disk",
    "disabled",
    "frequency",
    "rev",
    "facts",
    "seen",
];

/// Brings the file to the current version, in one transaction.
///
/// # Errors
/// For a file of another program or of a newer version, which are left as they are.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let owner: i32 = transaction.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: u32 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;

    let fresh = version == 0 && owner == 0 && tables == 0;
    if !fresh && owner != APPLICATION_ID {
        return Err(StoreError::Foreign { path: path.to_owned() });
    }
    let Some(missing) = usize::try_from(version).ok().and_then(|done| STEPS.get(done..)) else {
        return Err(StoreError::Newer { path: path.to_owned(), found: version, known: STEPS.len() });
    };
    for step in missing {
        transaction.execute_batch(step)?;
    }
    check_columns(&transaction, path)?;
    if !missing.is_empty() {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", STEPS.len() as i64)?;
    }
    Ok(transaction.commit()?)
}

/// A file can bear our version and still have been edited. Better to say so than to drop what
/// somebody put there, or to fail at the first change.
fn check_columns(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let mut statement = connection.prepare("SELECT name FROM pragma_table_info('machine')")?;
    let found: BTreeSet<String> = statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let known: BTreeSet<String> = COLUMNS.iter().map(|&name| name.to_owned()).collect();
    if found == known {
        return Ok(());
    }
    Err(StoreError::Columns {
        path: path.to_owned(),
        unknown: found.difference(&known).cloned().collect(),
        missing: known.difference(&found).cloned().collect(),
    })
}
