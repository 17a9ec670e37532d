//! Who may come in, on disk.

use rusqlite::OptionalExtension;
use wamp_proto::auth::scram::{Kdf, Verifier};
use wamp_router::auth::ScramSecret;

use super::StoreError;
use super::database::Database;
use crate::access::{Enrolment, Secret, Stored};
use crate::{MachineId, limits};

impl Database {
    /// Everybody.
    pub(super) fn access(&self) -> Result<Stored, StoreError> {
        let secrets = Secret::ALL.into_iter().filter_map(|secret| Some((secret, self.secret(secret).transpose()?)));
        let secrets = secrets.map(|(secret, hash)| Ok((secret, hash?))).collect::<Result<_, StoreError>>()?;

        let mut statement = self.connection.prepare("SELECT id, key, since FROM enrolment ORDER BY id")?;
        let mut rows = statement.query([])?;
        let mut enrolments = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, key): (String, String) = (row.get("id")?, row.get("key")?);
            let unusable = || StoreError::Access(format!("the key of machine {id}"));
            let key = key.parse().map_err(|_| unusable())?;
            let enrolment = Enrolment { key, since: row.get::<_, i64>("since")?.unsigned_abs() };
            enrolments.push((MachineId::parse(&id).map_err(|_| unusable())?, enrolment));
        }
        Ok(Stored { secrets, enrolments })
    }

    fn secret(&self, secret: Secret) -> Result<Option<ScramSecret>, StoreError> {
        type Columns = (Vec<u8>, u32, [u8; 32], [u8; 32]);
        let columns: Option<Columns> = self
            .connection
            .query_row(
                "SELECT salt, iterations, stored_key, server_key FROM secret WHERE name = ?1",
                [secret.authid()],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .optional()?;
        let Some((salt, iterations, stored_key, server_key)) = columns else { return Ok(None) };
        let kdf = Kdf::checked("pbkdf2", iterations, None)
            .map_err(|problem| StoreError::Access(format!("the secret {:?}: {problem}", secret.authid())))?;
        Ok(Some(ScramSecret { salt, kdf, verifier: Verifier { stored_key, server_key } }))
    }

    /// Replaces a secret.
    pub(super) fn set_secret(&self, secret: Secret, hash: &ScramSecret) -> Result<(), StoreError> {
        let ScramSecret { salt, kdf, verifier } = hash;
        self.connection.execute(
            "INSERT OR REPLACE INTO secret (name, salt, iterations, stored_key, server_key)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (secret.authid(), salt, kdf.iterations(), verifier.stored_key, verifier.server_key),
        )?;
        Ok(())
    }

    /// Notes the key of a machine.
    pub(super) fn enrol(&self, id: &MachineId, enrolment: Enrolment) -> Result<Enrolment, StoreError> {
        let known = "SELECT key, since FROM enrolment WHERE id = ?1";
        let known: Option<(String, i64)> =
            self.connection.query_row(known, [id.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        match known {
            Some((key, since)) if key == enrolment.key.to_string() => {
                return Ok(Enrolment { since: since.unsigned_abs(), ..enrolment });
            }
            Some(_) => return Err(StoreError::Enrolled(id.clone())),
            None => {}
        }
        let count: u32 = self.connection.query_row("SELECT count(*) FROM enrolment", [], |row| row.get(0))?;
        if count as usize >= limits::MACHINES {
            return Err(StoreError::Full);
        }
        self.connection.prepare_cached("INSERT INTO enrolment (id, key, since) VALUES (?1, ?2, ?3)")?.execute((
            id.as_str(),
            enrolment.key.to_string(),
            enrolment.since as i64,
        ))?;
        Ok(enrolment)
    }

    /// Removes the key of a machine.
    pub(super) fn revoke(&self, id: &MachineId) -> Result<(), StoreError> {
        self.connection.execute("DELETE FROM enrolment WHERE id = ?1", [id.as_str()])?;
        Ok(())
    }
}
