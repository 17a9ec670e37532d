//! JSON Web Tokens (RFC 7519) that somebody else has issued. WAMP has no chapter on them: the authmethod `jwt` takes
//! them as `ticket` takes tickets.

mod claims;
mod keys;
mod ring;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header, get_current_timestamp};
use serde::Deserialize;
use wamp_proto::Value;
use wamp_proto::message::Authenticate;

use crate::clock::Timestamp;
use crate::session::{Admission, Applicant, Challenge, Credential, Exchange, Identity, Refusal, Verdict};
use claims::Claims;

pub use claims::JwtClaims;
pub use keys::{JwtKey, JwtKeyError};

pub(super) const METHOD: &str = "jwt";

/// The longest token that is looked at, in bytes.
const LONGEST: usize = 16 << 10;

/// Which tokens let their bearer in, and as whom.
///
/// A token has to be signed with one of the keys, in an algorithm that the kind of key allows: `none` is none of them.
/// It needs an expiry (`exp`), and is not taken before its time (`nbf`, `iat`). A session that was opened with it ends when
/// it is taken no more, which is its expiry and the [leeway](Self::leeway).
///
/// ```
/// use wamp_router::auth::{Jwt, JwtKey, Users};
///
/// let key = JwtKey::secret(b"thirty-two bytes that nobody knows")?;
/// let tokens = Jwt::new([key]).issuer("https://login.example.com").audience("wamp").role("user").allow_role("admin");
/// let users = Users::default().jwt(tokens);
/// # Ok::<(), wamp_router::auth::JwtKeyError>(())
/// ```
#[derive(Clone)]
pub struct Jwt {
    keys: Vec<JwtKey>,
    issuers: Vec<String>,
    audiences: Vec<String>,
    leeway: Duration,
    claims: JwtClaims,
    role: Option<Box<str>>,
    roles: Vec<Box<str>>,
    tickets: bool,
}

impl Jwt {
    /// The most that a token's times may be off: [`leeway`](Self::leeway).
    pub const MOST_LEEWAY: Duration = Duration::from_secs(3600);

    /// Tokens that are signed with one of these keys.
    pub fn new(keys: impl IntoIterator<Item = JwtKey>) -> Self {
        ring::install();
        Self {
            keys: keys.into_iter().collect(),
            issuers: Vec::new(),
            audiences: Vec::new(),
            leeway: Duration::from_secs(60),
            claims: JwtClaims::default(),
            role: None,
            roles: Vec::new(),
            tickets: false,
        }
    }

    /// Takes only tokens that this issuer says it has issued (`iss`); with several, each of them will do.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuers.push(issuer.into());
        self
    }

    /// Takes only tokens that are meant for this audience (`aud`); with several, each of them will do. Without one, a
    /// token that is meant for somebody is meant for somebody else.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// How far the clock of the issuer may be off; a minute, unless told otherwise, and
    /// [`MOST_LEEWAY`](Self::MOST_LEEWAY) at most.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway.min(Self::MOST_LEEWAY);
        self
    }

    /// The authrole of whoever has a token that names none, or none that it may give.
    #[must_use]
    pub fn role(mut self, authrole: impl Into<Box<str>>) -> Self {
        self.role = Some(authrole.into());
        self
    }

    /// An authrole that a token may give.
    #[must_use]
    pub fn allow_role(mut self, authrole: impl Into<Box<str>>) -> Self {
        self.roles.push(authrole.into());
        self
    }

    /// In which claims a token says what.
    #[must_use]
    pub fn claims(mut self, claims: JwtClaims) -> Self {
        self.claims = claims;
        self
    }

    /// Takes tokens as tickets, too: for clients that know the authmethod `ticket` and not `jwt`.
    #[must_use]
    pub fn as_tickets(mut self) -> Self {
        self.tickets = true;
        self
    }

    /// The authroles that a token can have.
    pub(crate) fn roles(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().chain(&self.role).map(|role| &**role)
    }

    pub(super) fn are_tickets(&self) -> bool {
        self.tickets
    }

    /// Whom a token lets in.
    pub(super) fn admit(&self, token: &str, method: &str, asked: &Asked) -> Result<Admission, Refusal> {
        let denied = |why: String| {
            let reason = wamp_proto::error::AUTHENTICATION_DENIED;
            Refusal { reason, message: format!("the token is not accepted: {why}") }
        };
        let (claims, key) = self.check(token).map_err(denied)?;
        let authid = claims::authid(claims::find(&claims, &self.claims.authid));
        let authid = authid.ok_or_else(|| denied(format!("its claim {:?} names nobody", self.claims.authid)))?;
        if asked.authid.as_ref().is_some_and(|asked| **asked != *authid) {
            return Err(denied("it is not of the authid in HELLO".to_owned()));
        }
        let realms = claims::find(&claims, &self.claims.realm);
        let realm = claims::texts(realms).find(|realm| asked.realm.is_empty() || **realm == *asked.realm);
        if realms.is_some() && realm.is_none() {
            return Err(denied("it is for another realm".to_owned()));
        }
        let named = claims::texts(claims::find(&claims, &self.claims.authrole));
        let allowed = named.filter_map(|named| self.roles.iter().find(|allowed| ***allowed == *named)).next();
        let authrole = allowed.or(self.role.as_ref()).cloned();
        let authrole = authrole.ok_or_else(|| {
            denied(format!("its claim {:?} names no role that a token may give here", self.claims.authrole))
        })?;
        let identity = Identity {
            authid: authid.into(),
            authrole,
            authmethod: method.into(),
            authprovider: claims.get("iss").and_then(|issuer| issuer.as_str()).unwrap_or("static").into(),
        };
        Ok(Admission {
            realm: realm.map(Box::from),
            authextra: claims::authextra(&claims, &self.claims.authextra),
            credential: Some(self.credential(key)),
            expires: claims::expiry(&claims).map(|expiry| self.over(expiry)),
            ..identity.into()
        })
    }

    /// As whom somebody comes in now who has come in with a token, by each key it may have been signed with.
    pub(super) fn recall(&self, known: &Identity) -> Vec<Admission> {
        if !self.roles().any(|role| *role == *known.authrole) {
            return Vec::new();
        }
        let admission = |key| Admission { credential: Some(self.credential(key)), ..known.clone().into() };
        self.keys.iter().map(admission).collect()
    }

    /// What a token of this key rests on: the key, and what else was asked of it.
    fn credential(&self, key: &JwtKey) -> Credential {
        let list = |texts: &[String]| texts.join("\n").into_bytes();
        let JwtClaims { authid, authrole, realm, .. } = &self.claims;
        let asked = [list(&self.issuers), list(&self.audiences)];
        let claims = [authid, authrole, realm].map(|name| name.as_bytes());
        let own = asked.iter().map(Vec::as_slice).chain(claims);
        Credential::of([METHOD.as_bytes()].into_iter().chain(key.material()).chain(own))
    }

    /// The first moment at which a token is taken no more that expires in this second of the time since 1970.
    fn over(&self, expiry: u64) -> Timestamp {
        let seconds = expiry.saturating_add(self.leeway.as_secs()).saturating_add(1);
        Timestamp::from_unix_ms(i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX))
    }

    /// The claims of a token that can be believed, and the key that says so; or what is wrong with it.
    fn check(&self, token: &str) -> Result<(Claims, &JwtKey), String> {
        if token.len() > LONGEST {
            return Err(format!("it has more than {LONGEST} bytes"));
        }
        let header = decode_header(token).map_err(|_| {
            "it is no JSON Web Token, or says that it is signed in a way that nobody accepts".to_owned()
        })?;
        if header.crit.is_some() {
            return Err("it has critical headers (`crit`), and none is known here".to_owned());
        }
        let mut validation = Validation::new(header.alg);
        validation.leeway = self.leeway.as_secs();
        validation.validate_nbf = true;
        if !self.issuers.is_empty() {
            validation.set_issuer(&self.issuers);
            validation.required_spec_claims.insert("iss".to_owned());
        }
        if !self.audiences.is_empty() {
            validation.set_audience(&self.audiences);
            validation.required_spec_claims.insert("aud".to_owned());
        }
        let mut wrong = ErrorKind::InvalidAlgorithm;
        for key in self.keys.iter().filter(|key| key.fits(&header)) {
            match decode::<Claims>(token, key.key(), &validation) {
                Ok(token) => return Ok((self.in_time(token.claims)?, key)),
                Err(error) => wrong = error.into_kind(),
            }
            if wrong != ErrorKind::InvalidSignature {
                break;
            }
        }
        Err(explain(&wrong))
    }

    /// Refuses what has been issued in the future.
    fn in_time(&self, claims: Claims) -> Result<Claims, String> {
        let latest = get_current_timestamp() + self.leeway.as_secs();
        match claims.get("iat").map(|issued| issued.as_f64()) {
            Some(Some(issued)) if issued > latest as f64 => Err("it has been issued in the future".to_owned()),
            Some(None) => Err("its claim \"iat\" is no time".to_owned()),
            _ => Ok(claims),
        }
    }
}

fn explain(wrong: &ErrorKind) -> String {
    match wrong {
        ErrorKind::InvalidAlgorithm => "there is no key here for its `kid` and `alg`".to_owned(),
        ErrorKind::InvalidSignature => "its signature is of another key".to_owned(),
        ErrorKind::ExpiredSignature => "it has expired".to_owned(),
        ErrorKind::ImmatureSignature => "its time (`nbf`) has not come yet".to_owned(),
        ErrorKind::InvalidIssuer => "it is of an issuer (`iss`) that is not trusted here".to_owned(),
        ErrorKind::InvalidAudience => "it is meant for another audience (`aud`)".to_owned(),
        ErrorKind::MissingRequiredClaim(claim) => format!("it lacks the claim {claim:?}"),
        ErrorKind::InvalidClaimFormat(claim) => format!("its claim {claim:?} is not as it should be"),
        _ => "it is no JSON Web Token as it should be".to_owned(),
    }
}

impl fmt::Debug for Jwt {
    /// Shows no secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwt")
            .field("keys", &self.keys)
            .field("issuers", &self.issuers)
            .field("audiences", &self.audiences)
            .finish_non_exhaustive()
    }
}

/// What a client has asked for.
#[derive(Debug)]
pub(super) struct Asked {
    realm: Box<str>,
    authid: Option<Box<str>>,
}

impl Asked {
    pub(super) fn by(applicant: &Applicant<'_>) -> Self {
        let authid = applicant.hello.details.authid.as_deref().filter(|authid| !authid.is_empty());
        Self { realm: applicant.realm.into(), authid: authid.map(Box::from) }
    }
}

/// Looks at the token that came with HELLO (`authextra.token`), or asks for one.
pub(super) fn meet(jwt: &Arc<Jwt>, applicant: &Applicant<'_>) -> Result<Verdict, Refusal> {
    #[derive(Deserialize)]
    struct Extra {
        token: String,
    }
    let asked = Asked::by(applicant);
    let extra = applicant.hello.details.authextra.as_ref().and_then(|extra| extra.decode::<Extra>().ok());
    if let Some(Extra { token }) = extra {
        return jwt.admit(&token, METHOD, &asked).map(Verdict::Admit);
    }
    let exchange = Box::new(Bearer { jwt: jwt.clone(), asked });
    Ok(Verdict::Challenge(Challenge { method: METHOD, extra: Value::Map(Vec::new()), exchange }))
}

/// Somebody who is asked for a token.
#[derive(Debug)]
struct Bearer {
    jwt: Arc<Jwt>,
    asked: Asked,
}

impl Exchange for Bearer {
    fn answer(self: Box<Self>, answer: &Authenticate<'_>) -> Result<Verdict, Refusal> {
        self.jwt.admit(&answer.signature, METHOD, &self.asked).map(Verdict::Admit)
    }
}
