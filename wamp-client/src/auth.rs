//! Who a program says it is, and how it proves that.

#[cfg(feature = "websocket")]
mod cookies;

use std::fmt;

#[cfg(feature = "websocket")]
pub(crate) use cookies::Cookies;

#[cfg(feature = "auth")]
pub use wamp_proto::auth::cryptosign::{InvalidKey, PublicKey, SigningKey};

/// How a program proves who it is: what [`App::auth`](crate::App::auth) takes. Without one it is anonymous.
///
/// WAMP-CRA, SCRAM and Cryptosign need the feature `auth`, which is off by default.
/// Specification: "Authentication Methods" (advanced profile).
///
/// ```
/// use wamp_client::{App, Auth};
///
/// let app = App::new("wss://router.example.com/ws").auth(Auth::scram("joe", "correct horse battery staple"));
/// ```
pub struct Auth {
    pub(crate) authid: Option<String>,
    /// At least one.
    pub(crate) methods: Vec<Method>,
}

/// What proves it.
pub(crate) enum Method {
    Ticket(Source),
    Jwt(Source),
    #[cfg(feature = "tls")]
    Tls,
    #[cfg(feature = "websocket")]
    Cookie(Cookies),
    #[cfg(feature = "auth")]
    Cra(String),
    #[cfg(feature = "auth")]
    Scram(String),
    #[cfg(feature = "auth")]
    Cryptosign {
        key: SigningKey,
        /// Whether the signature is to be good for this connection only.
        binds: bool,
    },
}

/// Where tickets come from.
type Source = Box<dyn Fn() -> String + Send + Sync>;

impl Method {
    /// The authmethods it goes by.
    pub(crate) fn names(&self) -> &'static [&'static str] {
        match self {
            Self::Ticket(_) => &["ticket"],
            Self::Jwt(_) => &["jwt"],
            #[cfg(feature = "tls")]
            Self::Tls => &["tls"],
            #[cfg(feature = "websocket")]
            Self::Cookie(_) => &["cookie"],
            #[cfg(feature = "auth")]
            Self::Cra(_) => &["wampcra"],
            // What Crossbar.io calls it, which refuses whom it hears another name of first; and what the specification
            // does.
            #[cfg(feature = "auth")]
            Self::Scram(_) => &["scram", "wamp-scram"],
            #[cfg(feature = "auth")]
            Self::Cryptosign { .. } => &["cryptosign"],
        }
    }
}

impl Auth {
    /// A ticket: a password, or a token that somebody else has issued. It is sent as it is, so only over TLS, a unix
    /// socket or the machine's own loopback is it safe from listeners.
    pub fn ticket(authid: impl Into<String>, ticket: impl Into<String>) -> Self {
        let ticket = ticket.into();
        Self::ticket_with(authid, move || ticket.clone())
    }

    /// A ticket that is asked for anew at every join: one that expires. The function should not block.
    pub fn ticket_with(authid: impl Into<String>, ticket: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self::new(Some(authid.into()), Method::Ticket(Box::new(ticket)))
    }

    /// A JSON Web Token that somebody has issued whom the router trusts. It says itself who the program is. It is sent
    /// as it is, so only over TLS, a unix socket or the machine's own loopback is it safe from listeners.
    ///
    /// WAMP has no chapter on it; `wamp-router` knows it. A router that takes tokens as tickets gets them by
    /// [`ticket`](Self::ticket).
    ///
    /// When it has expired, `wamp-router` ends the session and takes the token no more, which ends the program. One that
    /// can get another token says how: [`jwt_with`](Self::jwt_with).
    pub fn jwt(token: impl Into<String>) -> Self {
        let token = token.into();
        Self::jwt_with(move || token.clone())
    }

    /// A JSON Web Token that is asked for anew at every join: one that expires. The session ends then, and the program
    /// joins again with the next one. The function should not block.
    pub fn jwt_with(token: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self::new(None, Method::Jwt(Box::new(token)))
    }

    /// The certificate that the program shows in TLS: [`App::tls_identity`](crate::App::tls_identity).
    #[cfg(feature = "tls")]
    pub fn tls() -> Self {
        Self::new(None, Method::Tls)
    }

    /// The router's cookie: it knows the program again that it has let in before, on WebSocket connections. This is for
    /// [another way](Self::or) beside it, by which the program joins for the first time. It keeps the cookie for as
    /// long as it runs.
    ///
    /// ```
    /// use wamp_client::Auth;
    ///
    /// let auth = Auth::cookie().or(Auth::ticket("joe", "secret!!!"));
    /// ```
    #[cfg(feature = "websocket")]
    pub fn cookie() -> Self {
        Self::new(None, Method::Cookie(Cookies::default()))
    }

    /// A secret that the router knows too, or a password it knows a salted form of (WAMP-CRA). It is not sent.
    #[cfg(feature = "auth")]
    pub fn wampcra(authid: impl Into<String>, secret: impl Into<String>) -> Self {
        Self::new(Some(authid.into()), Method::Cra(secret.into()))
    }

    /// A password of which the router knows only what it takes to check it (WAMP-SCRAM). It is not sent, and the
    /// router has to prove that it knows it, too. Joining takes as long as the router's settings for this user make
    /// it.
    #[cfg(feature = "auth")]
    pub fn scram(authid: impl Into<String>, password: impl Into<String>) -> Self {
        Self::new(Some(authid.into()), Method::Scram(password.into()))
    }

    /// A private key whose public one the router knows (WAMP-Cryptosign). Which user it is for the router knows as
    /// well, unless [`authid`](Self::authid) says more.
    ///
    /// ```
    /// use wamp_client::{Auth, SigningKey};
    ///
    /// # let secret = "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510";
    /// let key: SigningKey = secret.parse()?;
    /// println!("the router has to know {}", key.public_key());
    /// let auth = Auth::cryptosign(key);
    /// # Ok::<(), wamp_client::InvalidKey>(())
    /// ```
    #[cfg(feature = "auth")]
    pub fn cryptosign(key: SigningKey) -> Self {
        Self::new(None, Method::Cryptosign { key, binds: false })
    }

    /// Makes the signature of [`cryptosign`](Self::cryptosign) good for this one TLS connection: whoever sits in between,
    /// with a certificate the program trusts, can't use it. It needs `wss://` with TLS 1.3, and a router that knows the
    /// channel binding `tls-exporter` (RFC 9266); with any other the program does not join.
    #[cfg(all(feature = "auth", feature = "tls"))]
    #[must_use]
    pub fn bind_channel(mut self) -> Self {
        for method in &mut self.methods {
            if let Method::Cryptosign { binds, .. } = method {
                *binds = true;
            }
        }
        self
    }

    /// Offers another way, after those there are: the router takes the first one it knows. All are for one authid,
    /// the first that is given.
    ///
    /// ```
    /// use wamp_client::Auth;
    ///
    /// let auth = Auth::jwt("eyJhbGciOiJFZERTQSJ9.e30.c2ln").or(Auth::ticket("joe", "secret!!!"));
    /// ```
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.authid = self.authid.or(other.authid);
        self.methods.extend(other.methods);
        self
    }

    /// Whom the program wants to be.
    #[must_use]
    pub fn authid(mut self, authid: impl Into<String>) -> Self {
        self.authid = Some(authid.into());
        self
    }

    fn new(authid: Option<String>, method: Method) -> Self {
        Self { authid, methods: vec![method] }
    }

    /// The names of the methods that would do.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.methods.iter().flat_map(Method::names).copied().collect()
    }

    /// Where the router's cookies are kept, if it is to know the program by them.
    #[cfg(feature = "websocket")]
    pub(crate) fn cookies(&self) -> Option<&Cookies> {
        self.methods.iter().find_map(|method| match method {
            Method::Cookie(cookies) => Some(cookies),
            _ => None,
        })
    }
}

impl fmt::Debug for Auth {
    /// Shows no secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("authid", &self.authid).field("methods", &self.names()).finish_non_exhaustive()
    }
}
