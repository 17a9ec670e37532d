//! What happens in the realm, as events: `wamp.session.on_join` and the others.

use std::future::Future;

use serde::Deserialize;
use wamp_proto::{RegistrationId, SessionId, SubscriptionId};

use super::{RegistrationDetails, Registrations, SessionDetails, Sessions, SubscriptionDetails, Subscriptions};
use crate::Subscribe;

/// A session that has ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SessionLeft {
    /// The session.
    pub session: SessionId,
    /// Who it belonged to.
    pub authid: Option<String>,
    /// Its role.
    pub authrole: Option<String>,
}

impl Sessions {
    /// Calls a function for every session that begins from now on.
    ///
    /// Like all of these it is subscribed from the moment it is awaited, and again in every session of the program's
    /// own; see [`Client::subscribe`](crate::Client::subscribe).
    ///
    /// ```
    /// # async fn f(client: wamp_client::Client) -> wamp_client::Result<()> {
    /// let sessions = client.meta().sessions();
    /// sessions.on_join(|session| async move { println!("{:?} has come", session.authid) }).await?;
    /// sessions.on_leave(|session| async move { println!("{:?} has gone", session.authid) }).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_join<F, Fut>(&self, function: F) -> Subscribe
    where
        F: Fn(SessionDetails) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.client.subscribe("wamp.session.on_join", function)
    }

    /// Calls a function for every session that ends from now on.
    pub fn on_leave<F, Fut>(&self, function: F) -> Subscribe
    where
        F: Fn(SessionLeft) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        // Routers that are older than the specification only tell the session.
        let left = move |session, authid: Option<String>, authrole: Option<String>| {
            function(SessionLeft { session, authid, authrole })
        };
        self.client.subscribe("wamp.session.on_leave", left)
    }
}

/// Subscriptions to events that say who did it, and to what.
macro_rules! events {
    ($($(#[$doc:meta])* $of:ident.$name:ident = $topic:literal ($what:ty);)*) => {$(
        impl $of {
            $(#[$doc])*
            pub fn $name<F, Fut>(&self, function: F) -> Subscribe
            where
                F: Fn(SessionId, $what) -> Fut + Send + Sync + 'static,
                Fut: Future<Output = ()> + Send + 'static,
            {
                self.client.subscribe($topic, function)
            }
        }
    )*};
}

events! {
    /// Calls a function for every procedure, or pattern of procedures, that gets its first callee: the session, and
    /// what it registered.
    Registrations.on_create = "wamp.registration.on_create" (RegistrationDetails);
    /// Calls a function for every session that registers: the session, and the registration.
    Registrations.on_register = "wamp.registration.on_register" (RegistrationId);
    /// Calls a function for every session that unregisters, or is gone: the session, and the registration.
    Registrations.on_unregister = "wamp.registration.on_unregister" (RegistrationId);
    /// Calls a function for every registration that has lost its last callee: the session, and the registration.
    Registrations.on_delete = "wamp.registration.on_delete" (RegistrationId);
    /// Calls a function for every topic, or pattern of topics, that gets its first subscriber: the session, and what it
    /// subscribed to.
    Subscriptions.on_create = "wamp.subscription.on_create" (SubscriptionDetails);
    /// Calls a function for every session that subscribes: the session, and the subscription.
    Subscriptions.on_subscribe = "wamp.subscription.on_subscribe" (SubscriptionId);
    /// Calls a function for every session that unsubscribes, or is gone: the session, and the subscription.
    Subscriptions.on_unsubscribe = "wamp.subscription.on_unsubscribe" (SubscriptionId);
    /// Calls a function for every subscription that has lost its last subscriber: the session, and the subscription.
    Subscriptions.on_delete = "wamp.subscription.on_delete" (SubscriptionId);
}
