//! Who may be whom, and do what, where the dashboard can be reached from other machines.
//!
//! | authrole | who it is | how it is proved |
//! |---|---|---|
//! | `admin` | a page, or a program that configures | SCRAM with the admin token |
//! | `agent` | a machine, its authid being its id | Cryptosign with the key it enrolled with |
//! | `enrol` | a machine that isn't known yet | SCRAM with the enrolment key |
//! | `service` | the fleet service | Cryptosign with a key that only this process has |
//!
//! [`Access`] knows them and lets them in, [`Permissions`] says what each role may do. Where there is no
//! authentication, [`Everybody`] is let in.

mod authenticator;
mod enrolled;
mod permissions;
mod secret;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use wamp_client::{Auth, PublicKey, SigningKey};
use wamp_proto::auth::random;
use wamp_router::auth::{ScramSecret, Users};
use wamp_router::realm::RealmOptions;

use crate::MachineId;

pub use authenticator::Everybody;
pub use enrolled::{Enrolled, Enrolment};
pub use permissions::Permissions;
pub use secret::{Secret, WeakSecret};

/// The authid of the fleet service. No machine has it: a dot is in it.
const SERVICE: &str = "fleet.service";

/// Who is known, and lets them in. Clones are the same.
#[derive(Debug, Clone)]
pub struct Access(Arc<Known>);

#[derive(Debug)]
struct Known {
    /// A key that only this process has, made anew at each start.
    own: SigningKey,
    secrets: RwLock<Secrets>,
    enrolled: RwLock<Enrolled>,
}

#[derive(Debug)]
struct Secrets {
    hashes: HashMap<Secret, ScramSecret>,
    /// The same, as the router wants to have them.
    users: Arc<Users>,
}

/// What is stored of who is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stored {
    /// What is kept of the secrets.
    pub secrets: Vec<(Secret, ScramSecret)>,
    /// The machines' keys.
    pub enrolments: Vec<(MachineId, Enrolment)>,
}

impl Access {
    /// Who was known when it was stored.
    pub fn new(stored: Stored) -> Self {
        let hashes = stored.secrets.into_iter().collect();
        Self(Arc::new(Known {
            own: SigningKey::from_seed(&random()),
            secrets: RwLock::new(Secrets { users: users(&hashes), hashes }),
            enrolled: RwLock::new(stored.enrolments.into_iter().collect()),
        }))
    }

    /// Whether there is such a secret.
    pub fn has(&self, secret: Secret) -> bool {
        self.0.secrets.read().hashes.contains_key(&secret)
    }

    /// Replaces a secret, of which this is the hash.
    pub fn set(&self, secret: Secret, hash: ScramSecret) {
        let mut secrets = self.0.secrets.write();
        secrets.hashes.insert(secret, hash);
        secrets.users = users(&secrets.hashes);
    }

    /// How the fleet service, in this process, proves who it is.
    pub fn service(&self) -> Auth {
        Auth::cryptosign(self.0.own.clone()).authid(SERVICE)
    }

    /// The key of this process's own agents. Nobody else can enrol under the id from now on.
    pub fn own_agent(&self, id: MachineId) -> SigningKey {
        self.0.enrolled.write().reserve(id);
        self.0.own.clone()
    }

    /// The machines that have enrolled.
    pub(crate) fn enrolled(&self) -> &RwLock<Enrolled> {
        &self.0.enrolled
    }
}

impl Known {
    /// The role of whoever has this key and says that it is this principal.
    fn role_of(&self, authid: &str, key: &PublicKey) -> Option<&'static str> {
        if *key == self.own.public_key() {
            return Some(if authid == SERVICE { role::SERVICE } else { role::AGENT });
        }
        let id = MachineId::parse(authid).ok()?;
        (self.enrolled.read().get(&id)?.key == *key).then_some(role::AGENT)
    }
}

/// How the fleet's realm is run: by who is known, or for everybody where nobody has to be.
pub fn realm(access: Option<&Access>) -> RealmOptions {
    match access {
        Some(access) => RealmOptions {
            authenticator: Arc::new(access.clone()),
            authorizer: Arc::new(Permissions),
            ..RealmOptions::default()
        },
        None => RealmOptions { authenticator: Arc::new(Everybody), ..RealmOptions::default() },
    }
}

/// Nobody is known but this process.
impl Default for Access {
    fn default() -> Self {
        Self::new(Stored::default())
    }
}

fn users(hashes: &HashMap<Secret, ScramSecret>) -> Arc<Users> {
    // A key that nobody has: so that unknown keys are answered as those of others are.
    let nobody = SigningKey::from_seed(&random()).public_key();
    let users = Users::default().cryptosign("", "", nobody);
    let with = |users: Users, (secret, hash): (&Secret, &ScramSecret)| {
        users.scram(secret.authid(), secret.authid(), hash.clone())
    };
    Arc::new(hashes.iter().fold(users, with))
}

/// The authroles.
pub(crate) mod role {
    pub(crate) const ADMIN: &str = "admin";
    pub(crate) const AGENT: &str = "agent";
    pub(crate) const ENROL: &str = "enrol";
    pub(crate) const SERVICE: &str = "service";
}
