//! Lets clients in as a directory says.

use std::sync::Arc;

use parking_lot::Mutex;
use wamp_proto::Value;
use wamp_proto::auth::scram::{Dialect, Kdf, Verifier};
use wamp_proto::error;
use wamp_proto::message::Authenticate;

use super::answer::Principal;
use super::arrival::Arrival;
use super::{Directory, Unavailable};
use crate::auth::decoy::Decoys;
use crate::auth::jwt::{self, Jwt};
use crate::auth::{ANONYMOUS, CraSecret, ScramSecret, cra, cryptosign, nobodys_authid, scram, ticket};
use crate::session::{Admission, Applicant, Challenge, Credential, Exchange, Identity, Refusal, Verdict};

/// A method whose users a directory knows.
#[derive(Debug)]
pub(in crate::auth) struct Asked {
    directory: Arc<dyn Directory>,
    /// The role of users of whom the directory names none.
    default_role: Option<Box<str>>,
    decoys: Decoys,
    model: Mutex<Option<Model>>,
}

/// What a user is like whose secret is not known: as the last one was who is.
#[derive(Debug, Clone)]
struct Model {
    authrole: Box<str>,
    secret: Secret,
}

#[derive(Debug, Clone)]
enum Secret {
    Cra(CraSecret),
    Scram(ScramSecret),
}

/// Begins to find out about a client; `method` is one of those a directory can serve.
/// `tokens` will do for a ticket as well.
pub(in crate::auth) fn meet(
    asked: &Arc<Asked>,
    method: &str,
    applicant: &Applicant<'_>,
    tokens: Option<(Arc<Jwt>, jwt::Asked)>,
) -> Result<Verdict, Refusal> {
    let arrival = Arrival::of(applicant);
    let says_who = applicant.hello.details.authid.as_deref().is_some_and(|authid| !authid.is_empty());
    let needs_authid = method == ticket::METHOD || method == cra::METHOD || Dialect::of_method(method).is_some();
    // A token says itself whose it is.
    if needs_authid && !says_who && tokens.is_none() {
        return Err(Refusal::missing(format!("HELLO has no authid, which the authmethod {method} needs")));
    }
    let asked = asked.clone();
    if method == ticket::METHOD {
        let exchange = Box::new(Ticket { asked, arrival, tokens });
        return Ok(Verdict::Challenge(Challenge { method: ticket::METHOD, extra: Value::Map(Vec::new()), exchange }));
    }
    let method = method.to_owned();
    Ok(Verdict::Later(Box::pin(async move {
        let principal = asked.find(&arrival, &method, None).await?;
        let verdict = if method == cra::METHOD {
            asked.ask_cra(&arrival, principal)
        } else if let Some(dialect) = Dialect::of_method(&method) {
            asked.ask_scram(&arrival, dialect, principal)
        } else if method == cryptosign::METHOD {
            asked.ask_cryptosign(&arrival, principal)
        } else {
            asked.admit(&arrival, &method, principal).map(Verdict::Admit)
        };
        verdict.map_err(|failure| failure.refusal())
    })))
}

/// Why it goes no further.
enum Failure {
    Refused(Refusal),
    Unavailable(Unavailable),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Unavailable> for Failure {
    fn from(unavailable: Unavailable) -> Self {
        Self::Unavailable(unavailable)
    }
}

impl Failure {
    fn refusal(self) -> Refusal {
        match self {
            Self::Refused(refusal) => refusal,
            Self::Unavailable(why) => {
                tracing::warn!(%why, "an authenticator fails");
                let message = "it could not be found out who this is; the router's log says why".to_owned();
                Refusal { reason: error::AUTHENTICATION_FAILED, message }
            }
        }
    }
}

impl Asked {
    pub(in crate::auth) fn new(directory: Arc<dyn Directory>, default_role: Option<Box<str>>) -> Arc<Self> {
        Arc::new(Self { directory, default_role, decoys: Decoys::default(), model: Mutex::default() })
    }

    async fn find(&self, arrival: &Arrival, method: &str, ticket: Option<&str>) -> Result<Option<Principal>, Refusal> {
        let found = self.directory.find(arrival.inquiry(method, ticket)).await;
        found.map(|found| found.map(Principal)).map_err(|why| Failure::from(why).refusal())
    }

    /// Whom a user is let in as.
    fn known(&self, arrival: &Arrival, method: &str, principal: &Principal) -> Result<Admission, Unavailable> {
        let random = (method == ANONYMOUS).then(|| arrival.with(nobodys_authid));
        let said = arrival.with(|applicant| applicant.hello.details.authid.as_deref().map(str::to_owned));
        let authid = random.or(said);
        let admission =
            principal.admission(authid.as_deref(), self.default_role.as_deref(), method, self.directory.provider())?;
        Ok(Admission { credential: Some(self.credential(method)), ..admission })
    }

    /// As whom somebody comes in now whom the directory has known before.
    pub(in crate::auth) fn recall(&self, known: &Identity) -> Admission {
        let identity = Identity { authprovider: self.directory.provider().into(), ..known.clone() };
        Admission { credential: Some(self.credential(&known.authmethod)), ..identity.into() }
    }

    /// There is nothing to know again but who was asked.
    fn credential(&self, method: &str) -> Credential {
        let (name, role) = (self.directory.name(), self.default_role.as_deref().unwrap_or_default());
        Credential::of([b"directory", method.as_bytes(), name.as_bytes(), role.as_bytes()])
    }

    fn admit(&self, arrival: &Arrival, method: &str, principal: Option<Principal>) -> Result<Admission, Failure> {
        let principal = principal.ok_or_else(|| match method {
            ticket::METHOD => Refusal::wrong_credentials(),
            _ => {
                let message = format!("this client is not let in by the authmethod {method}");
                Refusal { reason: error::AUTHENTICATION_DENIED, message }
            }
        })?;
        Ok(self.known(arrival, method, &principal)?)
    }

    fn ask_cra(&self, arrival: &Arrival, principal: Option<Principal>) -> Result<Verdict, Failure> {
        let known = match principal {
            Some(principal) => Some((self.known(arrival, cra::METHOD, &principal)?, principal.cra()?)),
            None => None,
        };
        if let Some((admission, secret)) = known {
            let secret_model = Secret::Cra(secret.decoy("model", &self.decoys));
            self.remember(&admission.identity, secret_model);
            let identity = admission.identity.clone();
            let challenge = arrival.with(|applicant| cra::challenge(applicant, identity, &secret, true, &self.decoys));
            return Ok(Verdict::Challenge(granting(challenge, admission)));
        }
        let (authrole, secret) = match self.model() {
            Some(Model { authrole, secret: Secret::Cra(secret) }) => (authrole, secret),
            _ => (self.usual_role(), CraSecret::plain("")),
        };
        let identity = self.stranger(arrival, authrole, cra::METHOD);
        let challenge = arrival.with(|applicant| cra::challenge(applicant, identity, &secret, false, &self.decoys));
        Ok(Verdict::Challenge(challenge))
    }

    fn ask_scram(&self, arrival: &Arrival, dialect: Dialect, principal: Option<Principal>) -> Result<Verdict, Failure> {
        let method = dialect.method();
        let known = match principal {
            Some(principal) => Some((self.known(arrival, method, &principal)?, principal.scram()?)),
            None => None,
        };
        let decoys = &self.decoys;
        if let Some((admission, secret)) = known {
            self.remember(&admission.identity, Secret::Scram(secret.decoy("model", decoys)));
            let identity = admission.identity.clone();
            let challenge =
                arrival.with(|applicant| scram::challenge(applicant, dialect, identity, &secret, true, decoys))?;
            return Ok(Verdict::Challenge(granting(challenge, admission)));
        }
        let (authrole, secret) = match self.model() {
            Some(Model { authrole, secret: Secret::Scram(secret) }) => (authrole, secret),
            _ => {
                let verifier = Verifier { stored_key: [0; 32], server_key: [0; 32] };
                let kdf = Kdf::Argon2id { iterations: 4096, memory: 512 };
                (self.usual_role(), ScramSecret { salt: vec![0; 16], kdf, verifier })
            }
        };
        let identity = self.stranger(arrival, authrole, method);
        let challenge =
            arrival.with(|applicant| scram::challenge(applicant, dialect, identity, &secret, false, decoys))?;
        Ok(Verdict::Challenge(challenge))
    }

    fn ask_cryptosign(&self, arrival: &Arrival, principal: Option<Principal>) -> Result<Verdict, Failure> {
        let claim = arrival.with(|applicant| cryptosign::claim(applicant, false))?;
        let known = match principal {
            Some(principal) if principal.key_of_user()? == claim.key => {
                Some(self.known(arrival, cryptosign::METHOD, &principal)?)
            }
            _ => None,
        };
        let challenge = cryptosign::challenge(claim, known.as_ref().map(|admission| admission.identity.clone()));
        Ok(Verdict::Challenge(match known {
            Some(admission) => granting(challenge, admission),
            None => challenge,
        }))
    }

    fn remember(&self, identity: &Identity, secret: Secret) {
        *self.model.lock() = Some(Model { authrole: identity.authrole.clone(), secret });
    }

    fn model(&self) -> Option<Model> {
        self.model.lock().clone()
    }

    fn usual_role(&self) -> Box<str> {
        self.default_role.clone().unwrap_or_else(|| "user".into())
    }

    /// Somebody nobody knows.
    fn stranger(&self, arrival: &Arrival, authrole: Box<str>, method: &str) -> Identity {
        let authid = arrival.with(|applicant| applicant.hello.details.authid.as_deref().unwrap_or_default().into());
        Identity { authid, authrole, authmethod: method.into(), authprovider: self.directory.provider().into() }
    }
}

/// Somebody who is asked for a ticket that only the directory can check.
#[derive(Debug)]
struct Ticket {
    asked: Arc<Asked>,
    arrival: Arrival,
    tokens: Option<(Arc<Jwt>, jwt::Asked)>,
}

impl Exchange for Ticket {
    fn answer(self: Box<Self>, answer: &Authenticate<'_>) -> Result<Verdict, Refusal> {
        if let Some((jwt, asked)) = &self.tokens
            && let Ok(admission) = jwt.admit(&answer.signature, ticket::METHOD, asked)
        {
            return Ok(Verdict::Admit(admission));
        }
        let ticket = answer.signature.clone().into_owned();
        Ok(Verdict::Later(Box::pin(async move {
            let Self { asked, arrival, .. } = *self;
            let principal = asked.find(&arrival, ticket::METHOD, Some(&ticket)).await?;
            let admission = asked.admit(&arrival, ticket::METHOD, principal);
            admission.map(Verdict::Admit).map_err(Failure::refusal)
        })))
    }
}

/// What a user gets that has given its proof.
#[derive(Debug)]
struct Granting {
    admission: Admission,
    exchange: Box<dyn Exchange>,
}

/// A challenge of a user that is let in as `admission` says, its realm and what it is told among it.
pub(in crate::auth) fn granting(challenge: Challenge, admission: Admission) -> Challenge {
    Challenge { exchange: Box::new(Granting { admission, exchange: challenge.exchange }), ..challenge }
}

impl Exchange for Granting {
    fn answer(self: Box<Self>, answer: &Authenticate<'_>) -> Result<Verdict, Refusal> {
        let Self { admission, exchange } = *self;
        Ok(match exchange.answer(answer)? {
            Verdict::Admit(Admission { authextra, .. }) => {
                Verdict::Admit(Admission { authextra: both(authextra, admission.authextra), ..admission })
            }
            Verdict::Challenge(challenge) => Verdict::Challenge(granting(challenge, admission)),
            later => later,
        })
    }
}

/// What the method tells, then what the directory does.
fn both(one: Option<Value>, other: Option<Value>) -> Option<Value> {
    match (one, other) {
        (Some(Value::Map(mut entries)), Some(Value::Map(more))) => {
            entries.extend(
                more.into_iter().filter(|(key, _)| !entries.iter().any(|(known, _)| known == key)).collect::<Vec<_>>(),
            );
            Some(Value::Map(entries))
        }
        (one, other) => one.or(other),
    }
}
