//! `wamp.subscription.*`

use serde::Deserialize;
use wamp_proto::{MatchPolicy, SessionId, SubscriptionId};

use super::{History, IdsByPolicy, LookupOptions};
use crate::{Client, Result};

/// Who is subscribed to what in the realm. Made by [`Meta::subscriptions`](super::Meta::subscriptions).
#[derive(Debug, Clone)]
pub struct Subscriptions {
    pub(super) client: Client,
}

impl Subscriptions {
    /// All subscriptions.
    ///
    /// # Errors
    /// What [`Client::call`] has, here as for all of these.
    pub async fn list(&self) -> Result<IdsByPolicy<SubscriptionId>> {
        self.client.call("wamp.subscription.list").await
    }

    /// The subscription of exactly this topic or pattern.
    pub async fn lookup(&self, topic: &str, policy: MatchPolicy) -> Result<Option<SubscriptionId>> {
        self.client.call("wamp.subscription.lookup").arg(topic).arg(LookupOptions::new(policy)).await
    }

    /// The subscriptions that get an event on this topic.
    pub async fn matching(&self, topic: &str) -> Result<Vec<SubscriptionId>> {
        let found: Option<Vec<SubscriptionId>> = self.client.call("wamp.subscription.match").arg(topic).await?;
        Ok(found.unwrap_or_default())
    }

    /// What is known of one.
    ///
    /// # Errors
    /// `wamp.error.no_such_subscription` when there is none, here as for all that take an id.
    pub async fn get(&self, subscription: SubscriptionId) -> Result<SubscriptionDetails> {
        self.client.call("wamp.subscription.get").arg(subscription).await
    }

    /// The sessions that share it.
    pub async fn subscribers(&self, subscription: SubscriptionId) -> Result<Vec<SessionId>> {
        self.client.call("wamp.subscription.list_subscribers").arg(subscription).await
    }

    /// How many sessions share it.
    pub async fn count_subscribers(&self, subscription: SubscriptionId) -> Result<u64> {
        self.client.call("wamp.subscription.count_subscribers").arg(subscription).await
    }

    /// Takes it back from one of its subscribers, who is told why. Not in the specification, but known to Crossbar
    /// too.
    pub async fn remove_subscriber(
        &self,
        subscription: SubscriptionId,
        subscriber: SessionId,
        reason: Option<&str>,
    ) -> Result<()> {
        let call = self.client.call("wamp.subscription.remove_subscriber").arg(subscription).arg(subscriber);
        match reason {
            Some(reason) => call.kwarg("reason", reason).await,
            None => call.await,
        }
    }

    /// What was published before to those who have this subscription, where the router keeps it.
    ///
    /// ```
    /// use wamp_client::MatchPolicy;
    /// # async fn f(client: wamp_client::Client) -> wamp_client::Result<()> {
    /// let subscriptions = client.meta().subscriptions();
    /// if let Some(subscription) = subscriptions.lookup("com.example.temperature", MatchPolicy::Exact).await? {
    ///     for event in subscriptions.events(subscription).limit(10).reverse().await?.events {
    ///         println!("{}: {}", event.timestamp, event.arg::<f64>(0)?);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(&self, subscription: SubscriptionId) -> History {
        History::new(self.client.call_raw("wamp.subscription.get_events").arg(subscription))
    }
}

/// What is known of a subscription: the result of `wamp.subscription.get`, and an argument of
/// `wamp.subscription.on_create`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct SubscriptionDetails {
    /// The subscription.
    pub id: SubscriptionId,
    /// When it was made: ISO 8601.
    pub created: String,
    /// The topic, or the pattern of topics.
    pub uri: String,
    /// `exact`, `prefix` or `wildcard`.
    #[serde(rename = "match")]
    pub matching: String,
}
