//! Users in a list.

mod admissions;

use std::sync::Arc;

use ahash::AHashMap;
use wamp_proto::auth::cryptosign::PublicKey;
use wamp_proto::auth::scram::Dialect;

use super::decoy::Decoys;
use super::directory::{self, Directory};
use super::jwt::{self, Asked, Jwt};
use super::ticket::Hidden;
use super::tls::{self, Certificates, Fingerprint};
use super::{ANONYMOUS, CraSecret, ScramSecret, anonymous, cra, cryptosign, identity, scram, ticket};
use crate::session::{Admission, Applicant, Authenticator, Identity, Origin, Refusal, Verdict};

/// Who may join a realm, and how they prove who they are. Of a client's authmethods the first one that is offered is
/// used; one that names none is anonymous. A method is offered once somebody can use it.
///
/// Nobody can find out who is in it: an unknown user is challenged like the others, always in the same way, and
/// refused like one whose secret is wrong.
///
/// ```
/// use wamp_router::auth::{CraSecret, Users};
///
/// let users = Users::default()
///     .anonymous("guest")
///     .ticket("joe", "backend", "secret!!!")
///     .wampcra("peter", "frontend", CraSecret::plain("secret1"))
///     .cryptosign("sensor-1", "sensor", "545efb0a2192db8d43f118e9bf9aee081466e1ef36c708b96ee6f62dddad9122".parse()?);
/// # Ok::<(), wamp_proto::auth::cryptosign::InvalidKey>(())
/// ```
#[derive(Debug, Default)]
pub struct Users {
    anonymous: Option<Box<str>>,
    ticket: List<Hidden>,
    cra: List<CraSecret>,
    scram: List<ScramSecret>,
    keys: AHashMap<PublicKey, (Box<str>, Box<str>)>,
    /// Whether signatures are good for one connection only.
    must_bind: bool,
    certificates: Certificates,
    tokens: Option<Arc<Jwt>>,
    /// Methods whose users somebody else knows.
    asked: Vec<(&'static str, Arc<directory::Asked>)>,
    decoys: Decoys,
}

const COOKIE: &str = "cookie";

/// A method of which [somebody else](Directory) may know the users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedMethod {
    /// Clients that prove nothing.
    Anonymous,
    /// Tickets, which the directory checks.
    Ticket,
    /// Secrets that are known to both sides.
    Cra,
    /// Passwords, in both dialects of SCRAM.
    Scram,
    /// Keys.
    Cryptosign,
    /// Certificates that clients have shown to TLS.
    Tls,
    /// Cookies that browsers have sent.
    Cookie,
}

impl AskedMethod {
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Anonymous => &[ANONYMOUS],
            Self::Ticket => &[ticket::METHOD],
            Self::Cra => &[cra::METHOD],
            Self::Scram => &["wamp-scram", "scram"],
            Self::Cryptosign => &[cryptosign::METHOD],
            Self::Tls => &[tls::METHOD],
            Self::Cookie => &[COOKIE],
        }
    }
}

/// The users of a method.
#[derive(Debug)]
struct List<T> {
    users: Vec<User<T>>,
    by_authid: AHashMap<Box<str>, usize>,
}

#[derive(Debug)]
struct User<T> {
    authrole: Box<str>,
    secret: T,
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self { users: Vec::new(), by_authid: AHashMap::new() }
    }
}

impl<T> List<T> {
    fn set(&mut self, authid: Box<str>, user: User<T>) {
        match self.by_authid.get(&authid) {
            Some(&at) => self.users[at] = user,
            None => {
                self.by_authid.insert(authid, self.users.len());
                self.users.push(user);
            }
        }
    }

    fn get(&self, authid: &str) -> Option<&User<T>> {
        self.users.get(*self.by_authid.get(authid)?)
    }

    /// The user, and whether it is one; else the one whose ways the unknown user has.
    fn get_or_model(&self, authid: &str, decoys: &Decoys) -> Option<(&User<T>, bool)> {
        // Found for everybody, so that it takes as long for who is known.
        let model = decoys.model(authid, &self.users).map(|user| (user, false));
        self.get(authid).map(|user| (user, true)).or(model)
    }
}

impl Users {
    /// Lets everybody in, in this role, as a principal with a random authid.
    #[must_use]
    pub fn anonymous(mut self, authrole: impl Into<Box<str>>) -> Self {
        self.anonymous = Some(authrole.into());
        self
    }

    /// Adds a user that has a ticket. It travels as it is: without TLS whoever listens has it too.
    #[must_use]
    pub fn ticket(
        mut self,
        authid: impl Into<Box<str>>,
        authrole: impl Into<Box<str>>,
        ticket: impl Into<String>,
    ) -> Self {
        self.ticket.set(authid.into(), User { authrole: authrole.into(), secret: Hidden(ticket.into()) });
        self
    }

    /// Adds a user that signs with a secret both sides know.
    #[must_use]
    pub fn wampcra(mut self, authid: impl Into<Box<str>>, authrole: impl Into<Box<str>>, secret: CraSecret) -> Self {
        self.cra.set(authid.into(), User { authrole: authrole.into(), secret });
        self
    }

    /// Adds a user that has a password, of which the router keeps nothing that could be used in its place.
    #[must_use]
    pub fn scram(mut self, authid: impl Into<Box<str>>, authrole: impl Into<Box<str>>, secret: ScramSecret) -> Self {
        self.scram.set(authid.into(), User { authrole: authrole.into(), secret });
        self
    }

    /// Adds a key of a user: whoever has the private one is that user. There may be several for one authid.
    #[must_use]
    pub fn cryptosign(mut self, authid: impl Into<Box<str>>, authrole: impl Into<Box<str>>, key: PublicKey) -> Self {
        self.keys.insert(key, (authid.into(), authrole.into()));
        self
    }

    /// Takes signatures of keys only if they are bound to the client's TLS connection: the channel binding
    /// `tls-exporter` (RFC 9266), which needs TLS 1.3.
    #[must_use]
    pub fn require_channel_binding(mut self) -> Self {
        self.must_bind = true;
        self
    }

    /// Adds a certificate of a user, who shows it in TLS: the authmethod `tls`. There may be several for one authid.
    #[must_use]
    pub fn certificate(
        mut self,
        authid: impl Into<Box<str>>,
        authrole: impl Into<Box<str>>,
        fingerprint: Fingerprint,
    ) -> Self {
        self.certificates.add(authid.into(), authrole.into(), fingerprint);
        self
    }

    /// Lets in, in this role, whoever shows any other certificate in TLS that a
    /// [trusted authority](crate::ClientCertificates) has issued. The authid is the common name in its subject.
    #[must_use]
    pub fn any_certificate(mut self, authrole: impl Into<Box<str>>) -> Self {
        self.certificates.add_others(authrole.into());
        self
    }

    /// Lets in who has a token of somebody that is trusted: the authmethod `jwt`.
    #[must_use]
    pub fn jwt(mut self, tokens: Jwt) -> Self {
        self.tokens = Some(Arc::new(tokens));
        self
    }

    /// Has somebody else say who the users of a method are, instead of a list. They have `default_role` where it names
    /// none.
    #[must_use]
    pub fn ask(mut self, method: AskedMethod, directory: Arc<dyn Directory>, default_role: Option<&str>) -> Self {
        let asked = directory::Asked::new(directory, default_role.map(Into::into));
        for name in method.names() {
            self.asked.retain(|(known, _)| known != name);
            self.asked.push((name, asked.clone()));
        }
        self
    }

    /// The tokens that will do for a ticket, and what the client has asked for.
    fn tokens_as_tickets(&self, applicant: &Applicant<'_>) -> Option<(Arc<Jwt>, Asked)> {
        let tokens = self.tokens.as_ref().filter(|tokens| tokens.are_tickets())?;
        Some((tokens.clone(), Asked::by(applicant)))
    }

    fn takes_tickets(&self) -> bool {
        !self.ticket.users.is_empty() || self.tokens.as_ref().is_some_and(|tokens| tokens.are_tickets())
    }

    /// The methods that somebody can use.
    fn offered(&self) -> Vec<&'static str> {
        let has_scram = !self.scram.users.is_empty();
        let methods = [
            (ANONYMOUS, self.anonymous.is_some()),
            (ticket::METHOD, self.takes_tickets()),
            (cra::METHOD, !self.cra.users.is_empty()),
            (Dialect::Standard.method(), has_scram),
            (Dialect::Crossbar.method(), has_scram),
            (cryptosign::METHOD, !self.keys.is_empty()),
            (jwt::METHOD, self.tokens.is_some()),
            (tls::METHOD, !self.certificates.is_empty()),
        ];
        let listed = methods.into_iter().filter(|(_, offered)| *offered).map(|(method, _)| method);
        let asked = self.asked.iter().map(|(method, _)| *method);
        let mut all: Vec<&str> = asked.chain(listed).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn challenge(&self, method: &str, applicant: &Applicant<'_>) -> Result<Option<Verdict>, Refusal> {
        if let Some((_, asked)) = self.asked.iter().find(|(name, _)| *name == method) {
            let Origin { tls: facts, request, .. } = applicant.origin;
            let has_come_with_it = match method {
                tls::METHOD => facts.as_ref().is_some_and(|tls| !tls.certificates.is_empty()),
                COOKIE => request.as_ref().is_some_and(|request| request.cookie.is_some()),
                _ => true,
            };
            if method == cryptosign::METHOD && self.must_bind {
                cryptosign::claim(applicant, true)?;
            }
            let tokens = self.tokens_as_tickets(applicant).filter(|_| method == ticket::METHOD);
            return has_come_with_it.then(|| directory::meet(asked, method, applicant, tokens)).transpose();
        }
        let decoys = &self.decoys;
        let authid = || {
            let missing = || Refusal::missing(format!("HELLO has no authid, which the authmethod {method} needs"));
            applicant.hello.details.authid.as_deref().ok_or_else(missing)
        };
        let challenge = match method {
            ANONYMOUS => {
                return Ok(self.anonymous.as_deref().map(|role| Verdict::Admit(anonymous(applicant, role).into())));
            }
            jwt::METHOD => return self.tokens.as_ref().map(|tokens| jwt::meet(tokens, applicant)).transpose(),
            tls::METHOD if !self.certificates.is_empty() => {
                return Ok(self.certificates.meet(applicant)?.map(|identity| Verdict::Admit(identity.into())));
            }
            ticket::METHOD if self.takes_tickets() => {
                let tokens = self.tokens_as_tickets(applicant);
                // A token says itself whose it is.
                let authid = if tokens.is_some() { authid().unwrap_or_default() } else { authid()? };
                let known = self.ticket.get(authid).map(|User { authrole, secret: Hidden(ticket) }| {
                    (identity(authid, authrole, method), ticket.as_str())
                });
                ticket::challenge(known, authid, decoys, tokens)
            }
            cra::METHOD if !self.cra.users.is_empty() => {
                let authid = authid()?;
                let Some((user, is_known)) = self.cra.get_or_model(authid, decoys) else { return Ok(None) };
                let identity = identity(authid, &user.authrole, method);
                cra::challenge(applicant, identity, &user.secret, is_known, decoys)
            }
            cryptosign::METHOD if !self.keys.is_empty() => {
                let claim = cryptosign::claim(applicant, self.must_bind)?;
                let asked_for = applicant.hello.details.authid.as_deref().filter(|authid| !authid.is_empty());
                let known =
                    self.keys.get(&claim.key).filter(|(authid, _)| asked_for.is_none_or(|asked| *asked == **authid));
                cryptosign::challenge(claim, known.map(|(authid, authrole)| identity(authid, authrole, method)))
            }
            other => match Dialect::of_method(other).filter(|_| !self.scram.users.is_empty()) {
                Some(dialect) => {
                    let authid = authid()?;
                    let Some((user, is_known)) = self.scram.get_or_model(authid, decoys) else { return Ok(None) };
                    let identity = identity(authid, &user.authrole, method);
                    scram::challenge(applicant, dialect, identity, &user.secret, is_known, decoys)?
                }
                None => return Ok(None),
            },
        };
        Ok(Some(Verdict::Challenge(challenge)))
    }
}

impl Authenticator for Users {
    fn meet(&self, applicant: &Applicant<'_>) -> Result<Verdict, Refusal> {
        let methods = applicant.hello.details.authmethods.as_deref().unwrap_or_default();
        let names = methods.iter().map(|method| &**method).chain(methods.is_empty().then_some(ANONYMOUS));
        for method in names {
            // Who knows both dialects of SCRAM speaks the specification's.
            let standard = Dialect::Standard.method();
            let is_both = method == Dialect::Crossbar.method() && methods.iter().any(|method| *method == standard);
            let method = if is_both { standard } else { method };
            if let Some(verdict) = self.challenge(method, applicant)? {
                return Ok(verdict);
            }
        }
        // It would have been taken, had there been one.
        if !self.certificates.is_empty() && methods.iter().any(|method| *method == tls::METHOD) {
            return Err(Refusal::missing(
                "the authmethod tls needs a certificate, which the client has to show in TLS",
            ));
        }
        Err(Refusal::no_matching_method(&self.offered()))
    }

    fn recall(&self, _: &str, known: &Identity) -> Vec<Admission> {
        self.admissions(known)
    }
}
