//! What the router tells about itself: sessions, registrations, subscriptions.
//! Specification: "Session Meta API", "Registration Meta API", "Subscription Meta API" (advanced profile).
//!
//! ```text
//! sessions       who is there, and out with them
//! registrations  what is registered, and by whom
//! subscriptions  who is subscribed to what
//! history        what was published before
//! events         what happens from now on
//! ```

mod events;
mod history;
mod registrations;
mod sessions;
mod subscriptions;

use serde::{Deserialize, Serialize};
use wamp_proto::MatchPolicy;

pub use self::events::SessionLeft;
pub use self::history::{History, PastDetails, PastEvent, PastEvents};
pub use self::registrations::{RegistrationDetails, Registrations};
pub use self::sessions::{Kill, SessionDetails, Sessions};
pub use self::subscriptions::{SubscriptionDetails, Subscriptions};
use super::Client;

/// What the router tells about its realm, made by [`Client::meta`].
///
/// A router may allow it to some sessions only; the error is then `wamp.error.not_authorized`.
///
/// ```
/// # async fn f(client: wamp_client::Client) -> wamp_client::Result<()> {
/// for session in client.meta().sessions().list().await? {
///     let details = client.meta().sessions().get(session).await?;
///     println!("{session}: {:?}", details.authid);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Meta {
    client: Client,
}

impl Meta {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Who is there.
    pub fn sessions(&self) -> Sessions {
        Sessions { client: self.client.clone() }
    }

    /// What is registered, and by whom.
    pub fn registrations(&self) -> Registrations {
        Registrations { client: self.client.clone() }
    }

    /// Who is subscribed to what, and what was published before.
    pub fn subscriptions(&self) -> Subscriptions {
        Subscriptions { client: self.client.clone() }
    }
}

/// Ids of registrations or subscriptions, by the way they match.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct IdsByPolicy<Id> {
    /// Those of one URI.
    #[serde(default = "Vec::new")]
    pub exact: Vec<Id>,
    /// Those of all URIs that begin the same.
    #[serde(default = "Vec::new")]
    pub prefix: Vec<Id>,
    /// Those of URIs with any text in some components.
    #[serde(default = "Vec::new")]
    pub wildcard: Vec<Id>,
}

/// The options of a lookup.
#[derive(Debug, Serialize)]
struct LookupOptions {
    r#match: &'static str,
}

impl LookupOptions {
    fn new(policy: MatchPolicy) -> Self {
        Self { r#match: policy.as_str() }
    }
}
