//! `wamp.session.*`

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use wamp_proto::SessionId;

use crate::{Call, Client, Result};

/// The sessions of the realm. Made by [`Meta::sessions`](super::Meta::sessions).
#[derive(Debug, Clone)]
pub struct Sessions {
    pub(super) client: Client,
}

impl Sessions {
    /// How many there are.
    ///
    /// # Errors
    /// What [`Client::call`] has, here as for all of these.
    pub async fn count(&self) -> Result<u64> {
        self.client.call("wamp.session.count").await
    }

    /// How many there are of these roles.
    pub async fn count_of<S: AsRef<str>>(&self, authroles: impl IntoIterator<Item = S>) -> Result<u64> {
        self.client.call("wamp.session.count").arg(texts(authroles)).await
    }

    /// All of them.
    pub async fn list(&self) -> Result<Vec<SessionId>> {
        self.client.call("wamp.session.list").await
    }

    /// Those of these roles.
    pub async fn list_of<S: AsRef<str>>(&self, authroles: impl IntoIterator<Item = S>) -> Result<Vec<SessionId>> {
        self.client.call("wamp.session.list").arg(texts(authroles)).await
    }

    /// What is known of one.
    ///
    /// # Errors
    /// `wamp.error.no_such_session` when there is none.
    pub async fn get(&self, session: SessionId) -> Result<SessionDetails> {
        self.client.call("wamp.session.get").arg(session).await
    }

    /// Ends a session. It can't be one's own.
    ///
    /// ```
    /// # async fn f(client: wamp_client::Client, session: wamp_client::SessionId) -> wamp_client::Result<()> {
    /// client.meta().sessions().kill(session).reason("com.example.reason.maintenance").message("back at 5").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn kill(&self, session: SessionId) -> Kill<()> {
        Kill { call: self.client.call("wamp.session.kill").arg(session) }
    }

    /// Ends all sessions of an authid but one's own, and gives their ids.
    pub fn kill_by_authid(&self, authid: &str) -> Kill<Vec<SessionId>> {
        Kill { call: self.client.call("wamp.session.kill_by_authid").arg(authid) }
    }

    /// Ends all sessions of a role but one's own, and gives their number.
    pub fn kill_by_authrole(&self, authrole: &str) -> Kill<u64> {
        Kill { call: self.client.call("wamp.session.kill_by_authrole").arg(authrole) }
    }

    /// Ends all sessions but one's own, and gives their number.
    pub fn kill_all(&self) -> Kill<u64> {
        Kill { call: self.client.call("wamp.session.kill_all") }
    }
}

fn texts<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> Vec<String> {
    texts.into_iter().map(|text| text.as_ref().to_owned()).collect()
}

/// The end of other sessions, which is being built; awaiting it brings it about.
#[must_use = "no session ends until it is awaited"]
pub struct Kill<T> {
    call: Call<T>,
}

impl<T> Kill<T> {
    /// The reason they are told, a URI; `wamp.close.killed`, unless told otherwise.
    pub fn reason(mut self, reason: &str) -> Self {
        self.call = self.call.kwarg("reason", reason);
        self
    }

    /// What people there are told.
    pub fn message(mut self, message: &str) -> Self {
        self.call = self.call.kwarg("message", message);
        self
    }
}

impl<T: DeserializeOwned + 'static> IntoFuture for Kill<T> {
    type Output = Result<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        self.call.into_future()
    }
}

impl<T> fmt::Debug for Kill<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kill").field(&self.call).finish()
    }
}

/// What is known of a session: the result of `wamp.session.get`, and the argument of `wamp.session.on_join`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SessionDetails {
    /// The session.
    pub session: SessionId,
    /// Who it belongs to.
    #[serde(default)]
    pub authid: Option<String>,
    /// Its role.
    #[serde(default)]
    pub authrole: Option<String>,
    /// How it proved who it is.
    #[serde(default)]
    pub authmethod: Option<String>,
    /// Who checked it.
    #[serde(default)]
    pub authprovider: Option<String>,
}
