//! Who a program says it is, and how it proves that.

use std::fmt;

#[cfg(feature = "auth")]
pub use wamp_proto::auth::cryptosign::{InvalidKey, PublicKey, SigningKey};

/// How a program proves who it is: what [`App::auth`](crate::App::auth) takes. Without one it is anonymous.
///
/// All but tickets need the feature `auth`, which is off by default.
/// Specification: "Authentication Methods" (advanced profile).
///
/// ```
/// use wamp_client::{App, Auth};
///
/// let app = App::new("wss://router.example.com/ws").auth(Auth::scram("joe", "correct horse battery staple"));
/// ```
pub struct Auth {
    pub(crate) authid: Option<String>,
    pub(crate) method: Method,
}

/// What proves it.
pub(crate) enum Method {
    Ticket(Box<dyn Fn() -> String + Send + Sync>),
    #[cfg(feature = "auth")]
    Cra(String),
    #[cfg(feature = "auth")]
    Scram(String),
    #[cfg(feature = "auth")]
    Cryptosign(SigningKey),
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
        Self { authid: Some(authid.into()), method: Method::Ticket(Box::new(ticket)) }
    }

    /// A secret that the router knows too, or a password it knows a salted form of (WAMP-CRA). It is not sent.
    #[cfg(feature = "auth")]
    pub fn wampcra(authid: impl Into<String>, secret: impl Into<String>) -> Self {
        Self { authid: Some(authid.into()), method: Method::Cra(secret.into()) }
    }

    /// A password of which the router knows only what it takes to check it (WAMP-SCRAM). It is not sent, and the
    /// router has to prove that it knows it, too. Joining takes as long as the router's settings for this user make
    /// it.
    #[cfg(feature = "auth")]
    pub fn scram(authid: impl Into<String>, password: impl Into<String>) -> Self {
        Self { authid: Some(authid.into()), method: Method::Scram(password.into()) }
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
        Self { authid: None, method: Method::Cryptosign(key) }
    }

    /// Whom the program wants to be.
    #[must_use]
    pub fn authid(mut self, authid: impl Into<String>) -> Self {
        self.authid = Some(authid.into());
        self
    }

    /// The names of the methods that would do.
    pub(crate) fn methods(&self) -> &'static [&'static str] {
        match self.method {
            Method::Ticket(_) => &["ticket"],
            #[cfg(feature = "auth")]
            Method::Cra(_) => &["wampcra"],
            // What the specification calls it, and what Crossbar.io does.
            #[cfg(feature = "auth")]
            Method::Scram(_) => &["wamp-scram", "scram"],
            #[cfg(feature = "auth")]
            Method::Cryptosign(_) => &["cryptosign"],
        }
    }
}

impl fmt::Debug for Auth {
    /// Shows no secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth").field("authid", &self.authid).field("methods", &self.methods()).finish_non_exhaustive()
    }
}
