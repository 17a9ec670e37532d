//! The admin token and the enrolment key at the start of the program: kept, given, or made.

use std::env;

use anyhow::{Context, Result, bail};
use wamp_dashboard::access::{Access, Secret};
use wamp_dashboard::store::Store;

use crate::cli::Options;

/// Both secrets, for whoever starts the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Secrets {
    pub(crate) admin: Told,
    pub(crate) enrolment: Told,
}

/// What there is to tell of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Told {
    /// It is new: this is it.
    New(String),
    /// It is as it was. Nobody here knows it.
    Kept,
    /// It came from the environment: who starts the program knows it.
    Given,
}

/// Sees that both are there, where they are needed.
pub(crate) async fn prepare(options: &Options, store: &Store) -> Result<Option<(Access, Secrets)>> {
    if !options.has_authentication() {
        for (option, asked) in
            [("--new-admin-token", options.new_admin_token), ("--new-enrolment-key", options.new_enrolment_key)]
        {
            if asked {
                bail!("{option} means nothing without authentication; see --listen and --authentication");
            }
        }
        return Ok(None);
    }
    let access = Access::new(store.access().await?);
    let admin = secret(&access, store, Secret::Admin, "WAMP_ADMIN_TOKEN", options.new_admin_token).await?;
    let enrolment = secret(&access, store, Secret::Enrolment, "WAMP_ENROLMENT_KEY", options.new_enrolment_key).await?;
    Ok(Some((access, Secrets { admin, enrolment })))
}

async fn secret(access: &Access, store: &Store, which: Secret, variable: &str, renew: bool) -> Result<Told> {
    let given = env::var_os(variable).filter(|text| !text.is_empty());
    let (text, told) = match given {
        Some(_) if renew => bail!("{variable} is set, so no new one is made"),
        Some(text) => (text.into_string().unwrap_or_default(), Told::Given),
        None if renew || !access.has(which) => {
            let text = which.random();
            (text.clone(), Told::New(text))
        }
        None => return Ok(Told::Kept),
    };
    let hash = Secret::hash(&text).context(variable.to_owned())?;
    store.set_secret(which, hash.clone()).await?;
    access.set(which, hash);
    Ok(told)
}
