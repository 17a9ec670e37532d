//! What is asked of the settings' file, as plain blocking functions.

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, named_params};

use super::{StoreError, schema};
use crate::MachineId;
use crate::fleet::Facts;
use crate::limits;
use crate::settings::{Change, Frequency, Name, Settings};

/// How long to wait for the file of a process that is just ending.
const BUSY: Duration = Duration::from_secs(2);

/// The settings' file, opened.
#[derive(Debug)]
pub(super) struct Database {
    pub(super) connection: Connection,
    /// Machines stored, so that the limit costs no query.
    count: usize,
}

/// A machine as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its settings.
    pub settings: Settings,
    /// What it said of itself last.
    pub facts: Option<Facts>,
    /// When it was online last, Unix time in milliseconds; 0: never.
    pub seen: u64,
    /// The name it reports.
    hostname: Name,
    /// The name somebody chose for it.
    chosen: Option<Name>,
}

/// What a machine says of itself when it joins. What is `None` stays as it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Its address.
    pub ip: Option<String>,
    /// Its host name.
    pub name: Option<Name>,
    /// Its facts.
    pub facts: Option<Facts>,
}

impl Report {
    /// With this address.
    pub fn with_ip(self, ip: IpAddr) -> Self {
        Self { ip: Some(ip.to_canonical().to_string()), ..self }
    }
}

impl Database {
    /// Opens the file, creates it if there is none, brings it up to date, and locks it.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let open = || {
            let mut connection = connect(path)?;
            schema::migrate(&mut connection, path)?;
            let mut database = Self { connection, count: 0 };
            database.recount()?;
            Ok(database)
        };
        open().map_err(|error| match error {
            StoreError::Write(source) => describe(path, source),
            other => other,
        })
    }

    /// All machines.
    pub(super) fn records(&self) -> Result<Vec<Record>, StoreError> {
        let mut statement = self.connection.prepare("SELECT * FROM machine ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            records.push(Record::read(row)?);
        }
        Ok(records)
    }

    /// The machine of this id, with what it reports now; created with defaults if it is new.
    pub(super) fn report(&mut self, id: &MachineId, report: Report) -> Result<Settings, StoreError> {
        let Some(old) = self.find(id)? else {
            return self.create(id, report);
        };
        let mut new = old.clone();
        if let Some(ip) = report.ip {
            new.settings.ip = ip;
        }
        if let Some(name) = report.name {
            new.hostname = name;
        }
        new.facts = report.facts.or(new.facts);
        self.update(&old, new)
    }

    /// Changes a machine's settings. The revision grows only if anything differs then.
    pub(super) fn change(&mut self, id: &MachineId, change: &Change) -> Result<Settings, StoreError> {
        let old = self.find(id)?.ok_or_else(|| StoreError::NoSuchMachine(id.clone()))?;
        let mut new = old.clone();
        change.apply(&mut new.settings);
        if let Some(name) = &change.name {
            new.chosen = (!name.is_empty()).then(|| name.clone());
        }
        self.update(&old, new)
    }

    /// Notes when machines were online last.
    pub(super) fn seen(&mut self, ids: &[MachineId], unix_ms: u64) -> Result<(), StoreError> {
        let mut statement = self.connection.prepare_cached("UPDATE machine SET seen = ?2 WHERE id = ?1")?;
        for id in ids {
            statement.execute((id.as_str(), unix_ms as i64))?;
        }
        Ok(())
    }

    /// Removes a machine, settings, key and all.
    pub(super) fn forget(&mut self, id: &MachineId) -> Result<(), StoreError> {
        self.revoke(id)?;
        let removed = self.connection.execute("DELETE FROM machine WHERE id = ?1", [id.as_str()])?;
        self.count -= removed;
        Ok(())
    }

    /// Runs `work` in one transaction; what it wrote is on disk when this returns `Ok`.
    pub(super) fn transaction<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> Result<T, StoreError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        let result = work(self);
        let committed = self.connection.execute_batch("COMMIT");
        if let Err(error) = committed {
            // After some failures SQLite has rolled back by itself; then this one fails, and may.
            let _ = self.connection.execute_batch("ROLLBACK");
            self.recount()?;
            return Err(error.into());
        }
        Ok(result)
    }

    /// Whether a transaction is open. A full disk can end one on its own.
    pub(super) fn in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// Lets the file grow no further, as a full disk does.
    #[cfg(test)]
    pub(super) fn fill_disk(&self, full: bool) -> Result<(), StoreError> {
        let pages: i64 = self.connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        let most = if full { pages } else { i64::from(u32::MAX - 1) };
        Ok(self.connection.pragma_update_and_check(None, "max_page_count", most, |_| Ok(()))?)
    }

    fn find(&self, id: &MachineId) -> Result<Option<Record>, StoreError> {
        let mut statement = self.connection.prepare_cached("SELECT * FROM machine WHERE id = ?1")?;
        statement.query_row([id.as_str()], |row| Ok(Record::read(row))).optional()?.transpose()
    }

    fn create(&mut self, id: &MachineId, report: Report) -> Result<Settings, StoreError> {
        if self.count >= limits::MACHINES {
            return Err(StoreError::Full);
        }
        let name = report.name.unwrap_or_default();
        let record = Record {
            settings: Settings::new(id.clone(), report.ip.unwrap_or_default(), name.clone()),
            facts: report.facts,
            seen: 0,
            hostname: name,
            chosen: None,
        };
        self.write(&record)?;
        self.count += 1;
        Ok(record.settings)
    }

    fn update(&self, old: &Record, mut new: Record) -> Result<Settings, StoreError> {
        new.settings.name = new.chosen.as_ref().unwrap_or(&new.hostname).clone();
        if new.settings != old.settings {
            new.settings.rev += 1;
        }
        if new != *old {
            self.write(&new)?;
        }
        Ok(new.settings)
    }

    fn write(&self, record: &Record) -> Result<(), StoreError> {
        let settings = &record.settings;
        let facts = record
            .facts
            .as_ref()
            .map(|facts| serde_json::to_string(facts).expect("facts are texts and numbers, which JSON can hold"));
        self.connection
            .prepare_cached(
                "INSERT OR REPLACE INTO machine
                 (id, ip, hostname, name, show_cpus, show_memory, show_disk, disabled, frequency, rev, facts, seen)
                 VALUES (:id, :ip, :hostname, :name, :show_cpus, :show_memory, :show_disk, :disabled, :frequency,
                 :rev, :facts, :seen)",
            )?
            .execute(named_params! {
                ":id": settings.id.as_str(),
                ":ip": settings.ip,
                ":hostname": record.hostname.as_str(),
                ":name": record.chosen.as_ref().map(Name::as_str),
                ":show_cpus": settings.show_cpus,
                ":show_memory": settings.show_memory,
                ":show_disk": settings.show_disk,
                ":disabled": settings.disabled,
                ":frequency": settings.frequency.seconds(),
                ":rev": settings.rev as i64,
                ":facts": facts,
                ":seen": record.seen as i64,
            })?;
        Ok(())
    }

    fn recount(&mut self) -> Result<(), StoreError> {
        let count: u32 = self.connection.query_row("SELECT count(*) FROM machine", [], |row| row.get(0))?;
        self.count = count as usize;
        Ok(())
    }
}

impl Record {
    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let id: String = row.get("id")?;
        let wrong = |column: &str, error: &dyn std::error::Error| StoreError::Value {
            id: id.clone(),
            problem: format!("{column} {error}"),
        };
        let name = |column: &str, text: String| Name::parse(&text).map_err(|e| wrong(column, &e));

        let hostname = name("hostname", row.get("hostname")?)?;
        let chosen: Option<String> = row.get("name")?;
        let chosen = chosen.map(|text| name("name", text)).transpose()?;
        let facts: Option<String> = row.get("facts")?;
        let facts = facts.map(|json| serde_json::from_str(&json)).transpose();
        Ok(Self {
            settings: Settings {
                id: MachineId::parse(&id).map_err(|error| wrong("id", &error))?,
                ip: row.get("ip")?,
                name: chosen.as_ref().unwrap_or(&hostname).clone(),
                show_cpus: row.get("show_cpus")?,
                show_memory: row.get("show_memory")?,
                show_disk: row.get("show_disk")?,
                disabled: row.get("disabled")?,
                frequency: Frequency::try_from(row.get::<_, f64>("frequency")?)
                    .map_err(|error| StoreError::Value { id: id.clone(), problem: error.to_string() })?,
                rev: row.get::<_, i64>("rev")?.unsigned_abs(),
            },
            facts: facts.map_err(|error| wrong("facts", &error))?,
            seen: row.get::<_, i64>("seen")?.unsigned_abs(),
            hostname,
            chosen,
        })
    }
}

/// Opens the file so that a commit is on disk when it returns, and no other process gets in.
fn connect(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    // Exclusive before the first access: then the write-ahead log needs no shared memory file,
    // and a second process is told so instead of both answering from different memories.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    Ok(connection)
}

/// Says what a failure to open the file means.
fn describe(path: &Path, error: Arc<rusqlite::Error>) -> StoreError {
    let path = path.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::InUse { path },
        Some(ErrorCode::NotADatabase) => StoreError::Foreign { path },
        _ => StoreError::Open { path, source: error },
    }
}
