//! Cookies, by which a client that has proved who it is is known again when it opens its next WebSocket: the cookie
//! tracking and the authmethod `cookie` of Crossbar.io. WAMP has no chapter on them.

mod remembered;
mod store;
#[cfg(test)]
mod tests;

use std::fmt::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ahash::AHashMap;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use ring::digest::{SHA256, digest};
use wamp_proto::SessionId;
use wamp_proto::auth::cryptosign::hex;
use wamp_proto::auth::{mac, random};

use crate::clock::Timestamp;
use crate::realm::{Member, Realm};
use crate::session::{Admission, Credential, Identity};
use store::{Id, Known, Store};

pub use remembered::Remembered;
pub use store::CookieFileError;

/// What the cookies of a way in are like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CookieSettings {
    /// The cookie's name. Default: `cbtid`, as with Crossbar.io.
    pub name: String,
    /// The characters of its value, each of which has 6 random bits; fewer than 24 are taken for 24. Default: 24.
    pub length: usize,
    /// How long it is good for, from the proof on. Default: a week.
    pub max_age: Duration,
    /// To which requests that other sites cause a browser adds it. Default: `Lax`, so that it opens no WebSocket for
    /// their pages.
    pub same_site: SameSite,
    /// Whether a browser sends it over TLS only, even if it got it otherwise; one that it got over TLS it always does.
    /// Default: no.
    pub secure: bool,
    /// Whether the scripts of a page can't read it. Default: they can't.
    pub http_only: bool,
    /// The file in which it is kept who is known by which cookie, over restarts too. Without one it is forgotten with
    /// the router. Default: none.
    pub file: Option<PathBuf>,
}

/// To which requests that another site causes a browser adds a cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// None.
    Strict,
    /// Only when a person follows a link.
    Lax,
    /// All: for pages of another site, which have to be among the allowed origins.
    None,
}

impl CookieSettings {
    /// The longest value.
    pub const LONGEST: usize = 64;
    const SHORTEST: usize = 24;
}

impl Default for CookieSettings {
    fn default() -> Self {
        Self {
            name: "cbtid".to_owned(),
            length: Self::SHORTEST,
            max_age: Duration::from_secs(7 * 24 * 3600),
            same_site: SameSite::Lax,
            secure: false,
            http_only: true,
            file: None,
        }
    }
}

/// The cookies of a way in, and who is known by them: [`Entrance::set_cookies`](crate::session::Entrance::set_cookies).
///
/// Of a cookie nothing is kept but a digest. What is known by it is bounded in time, by
/// [`max_age`](CookieSettings::max_age), and in number: the oldest goes when there are 100,000.
#[derive(Debug)]
pub struct Cookies {
    settings: CookieSettings,
    store: Mutex<Store>,
    /// The sessions of each cookie.
    sessions: Mutex<AHashMap<Id, Vec<Seat>>>,
}

/// Where a session is.
type Seat = (Weak<Realm>, Weak<Member>);

impl Cookies {
    /// Cookies that are like this. The file is read, if there is one.
    ///
    /// # Errors
    /// [`CookieFileError`] if it can't be read or written.
    pub fn open(settings: CookieSettings) -> Result<Arc<Self>, CookieFileError> {
        let store = Mutex::new(Store::open(settings.file.as_deref(), now())?);
        Ok(Arc::new(Self { settings, store, sessions: Mutex::new(AHashMap::new()) }))
    }

    /// What they are like.
    pub fn settings(&self) -> &CookieSettings {
        &self.settings
    }

    /// The cookie that a request shows in its header, or a new one, with the header that sets it.
    pub(crate) fn track(self: &Arc<Self>, header: Option<&str>, tls: bool) -> (Cookie, Option<String>) {
        let shown = header.and_then(|header| self.find(header));
        let (value, set) = match shown {
            Some(value) => (value.to_owned(), None),
            None => {
                let value = self.value();
                let set = self.header(&value, tls);
                (value, Some(set))
            }
        };
        let id = digest(&SHA256, value.as_bytes()).as_ref().try_into().expect("a SHA-256 has 32 bytes");
        let key = *mac(value.as_bytes(), b"credential").first_chunk().expect("a SHA-256 has 32 bytes");
        (Cookie(Arc::new(Tracked { cookies: self.clone(), id, key })), set)
    }

    /// The value of the cookie, if it can be one of ours.
    fn find<'a>(&self, header: &'a str) -> Option<&'a str> {
        let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(name, _)| *name == self.settings.name).map(|(_, value)| value);
        let is_ours = |value: &&str| {
            let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            value.len() == self.length() && value.bytes().all(is_good)
        };
        values.find(is_ours)
    }

    fn length(&self) -> usize {
        self.settings.length.clamp(CookieSettings::SHORTEST, CookieSettings::LONGEST)
    }

    fn value(&self) -> String {
        let mut value = URL_SAFE_NO_PAD.encode(random::<48>());
        value.truncate(self.length());
        value
    }

    fn header(&self, value: &str, tls: bool) -> String {
        let CookieSettings { name, max_age, same_site, secure, http_only, .. } = &self.settings;
        let mut header = format!("{name}={value}; Max-Age={}; SameSite={same_site:?}", max_age.as_secs());
        // A browser drops one with `SameSite=None` and without it.
        if tls || *secure || *same_site == SameSite::None {
            let _ = write!(header, "; Secure");
        }
        if *http_only {
            let _ = write!(header, "; HttpOnly");
        }
        header
    }
}

/// The cookie of one client.
#[derive(Clone)]
pub(crate) struct Cookie(Arc<Tracked>);

struct Tracked {
    cookies: Arc<Cookies>,
    id: Id,
    /// What only whoever has the cookie can know: without it, nothing can be found out about the credentials that are
    /// stored.
    key: [u8; 16],
}

/// Who somebody is that has a cookie.
#[derive(Debug, PartialEq)]
struct Recalled {
    realm: Box<str>,
    identity: Identity,
    /// The [proof](Cookie::proof) it had.
    proof: Box<str>,
    expires: Option<Timestamp>,
}

impl Cookie {
    /// A name for whoever has this cookie, which tells nothing of its value.
    pub(super) fn authid(&self) -> String {
        hex(&self.0.id[..12])
    }

    /// Who is known by it in a realm, or in any if it is none in particular.
    fn known(&self, realm: &str) -> Option<Recalled> {
        let store = self.0.cookies.store.lock();
        let Known { realm: own, authid, authrole, authmethod, proof, proof_expires } =
            store.get(&self.0.id, now())?.clone();
        let identity = Identity { authid, authrole, authmethod, authprovider: METHOD.into() };
        let expires = proof_expires.map(Timestamp::from_unix_ms);
        (realm.is_empty() || realm == &*own).then_some(Recalled { realm: own, identity, proof, expires })
    }

    /// Keeps who has proved to be whom. It holds no longer than the proof.
    fn remember(&self, realm: &str, admission: &Admission, credential: &Credential) {
        let Tracked { cookies, id, .. } = &*self.0;
        let Identity { authid, authrole, authmethod, .. } = admission.identity.clone();
        let proof_expires = admission.expires.map(Timestamp::unix_ms);
        let known =
            Known { realm: realm.into(), authid, authrole, authmethod, proof: self.proof(credential), proof_expires };
        let now = now();
        let of_cookie = now + cookies.settings.max_age.as_secs();
        let of_proof = proof_expires.map_or(u64::MAX, |ms| u64::try_from(ms / 1000).unwrap_or_default());
        cookies.store.lock().set(*id, known, now, of_cookie.min(of_proof));
    }

    /// Nobody is known by it any more.
    fn forget(&self) {
        self.0.cookies.store.lock().forget(&self.0.id);
    }

    /// What a credential leaves behind: enough to know it again when the cookie is shown, and else nothing.
    fn proof(&self, credential: &Credential) -> Box<str> {
        hex(&mac(&self.0.key, credential.bytes())).into()
    }

    /// A session of this client has joined.
    pub(crate) fn joined(&self, realm: &Arc<Realm>, member: &Arc<Member>) {
        let mut sessions = self.0.cookies.sessions.lock();
        sessions.entry(self.0.id).or_default().push((Arc::downgrade(realm), Arc::downgrade(member)));
    }

    /// It has left.
    pub(crate) fn left(&self, session: SessionId) {
        let mut sessions = self.0.cookies.sessions.lock();
        if let Some(seats) = sessions.get_mut(&self.0.id) {
            seats.retain(|(_, member)| member.upgrade().is_some_and(|member| member.id() != session));
            if seats.is_empty() {
                sessions.remove(&self.0.id);
            }
        }
    }

    /// Nobody is known by it any more. Answers with the client's other sessions, which are to end.
    pub(crate) fn log_out(&self, session: SessionId) -> Vec<(Arc<Realm>, Arc<Member>)> {
        self.forget();
        let sessions = self.0.cookies.sessions.lock();
        let seats = sessions.get(&self.0.id).map(Vec::as_slice).unwrap_or_default();
        let here = seats.iter().filter_map(|(realm, member)| Some((realm.upgrade()?, member.upgrade()?)));
        here.filter(|(_, member)| member.id() != session).collect()
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookie(…)")
    }
}

/// The authmethod.
const METHOD: &str = "cookie";

/// Seconds since the beginning of 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
