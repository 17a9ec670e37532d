//! What holds for whoever proves who it is, by whatever method.

use std::collections::BTreeMap;
use std::sync::Arc;

use wamp_proto::error::NO_SUCH_ROLE;
use wamp_proto::message::Authenticate;

use crate::session::{Admission, Applicant, Authenticator, Challenge, Exchange, Identity, Refusal, Verdict};

/// The roles of each realm.
pub(super) type Roles = BTreeMap<String, Vec<String>>;

/// Lets nobody into a realm that has no such role, or that is not the one its user belongs to.
#[derive(Debug)]
pub(super) struct Gate {
    inner: Arc<dyn Authenticator>,
    rules: Arc<Rules>,
}

/// What holds besides what a method asks for.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) roles: Arc<Roles>,
    /// The realm that a user, by a method, belongs to.
    pub(super) realms: BTreeMap<(String, String), String>,
    /// The authid of who proves nothing, if it is the same for all of them.
    pub(super) nobody: Option<Box<str>>,
}

impl Gate {
    pub(super) fn new(inner: Arc<dyn Authenticator>, rules: Rules) -> Self {
        Self { inner, rules: Arc::new(rules) }
    }
}

impl Authenticator for Gate {
    fn meet(&self, applicant: &Applicant<'_>) -> Result<Verdict, Refusal> {
        Rules::look(&self.rules, applicant.realm.into(), self.inner.meet(applicant)?)
    }

    fn recall(&self, realm: &str, known: &Identity) -> Vec<Admission> {
        let admissions = self.inner.recall(realm, known).into_iter();
        admissions.filter_map(|admission| self.rules.admit(realm, admission).ok()).collect()
    }
}

impl Rules {
    fn look(self: &Arc<Self>, realm: Box<str>, verdict: Verdict) -> Result<Verdict, Refusal> {
        Ok(match verdict {
            Verdict::Admit(admission) => Verdict::Admit(self.admit(&realm, admission)?),
            Verdict::Challenge(challenge) => {
                let exchange = Box::new(Looked { rules: self.clone(), realm, inner: challenge.exchange });
                Verdict::Challenge(Challenge { exchange, ..challenge })
            }
            Verdict::Later(deciding) => {
                let rules = self.clone();
                Verdict::Later(Box::pin(async move { rules.look(realm, deciding.await?) }))
            }
        })
    }

    fn admit(&self, asked_for: &str, mut admission: Admission) -> Result<Admission, Refusal> {
        let identity = &admission.identity;
        if let Some(own) = self.realms.get(&(identity.authmethod.to_string(), identity.authid.to_string())) {
            admission.realm = Some(own.as_str().into());
        }
        if &*admission.identity.authmethod == "anonymous"
            && let Some(authid) = &self.nobody
        {
            admission.identity.authid = authid.clone();
        }
        let realm = admission.realm.as_deref().unwrap_or(asked_for);
        let role = &*admission.identity.authrole;
        match self.roles.get(realm) {
            // Like Crossbar.io: who is nobody may come in where nothing is allowed to nobody.
            Some(roles) if role != "anonymous" && !roles.iter().any(|known| known == role) => {
                Err(Refusal { reason: NO_SUCH_ROLE, message: format!("the realm {realm:?} has no role {role:?}") })
            }
            _ => Ok(admission),
        }
    }
}

/// An exchange whose outcome is looked at.
#[derive(Debug)]
struct Looked {
    rules: Arc<Rules>,
    realm: Box<str>,
    inner: Box<dyn Exchange>,
}

impl Exchange for Looked {
    fn answer(self: Box<Self>, answer: &Authenticate<'_>) -> Result<Verdict, Refusal> {
        let Self { rules, realm, inner } = *self;
        rules.look(realm, inner.answer(answer)?)
    }
}
