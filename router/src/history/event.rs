//! An event as it is stored.

use std::mem::size_of;

use serde::{Deserialize, Serialize};
use wamp_proto::message::options::Passthru;
use wamp_proto::{OwnedPayload, PublicationId, SessionId};

use crate::clock::Timestamp;
use crate::session::Identity;

/// A past event.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// The publication.
    pub publication: PublicationId,
    /// When the router got it.
    pub time: Timestamp,
    /// What it was published to.
    pub topic: Box<str>,
    /// What belongs to it besides its payload.
    pub details: Details,
    /// The arguments, as the publisher encoded them.
    pub payload: OwnedPayload,
}

/// What belongs to an event besides its payload.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Who published it, if subscribers were told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher: Option<Publisher>,
    /// How far the router trusted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trustlevel: Option<u64>,
    /// `ppt_scheme`, and so on with the other keys of payload passthru mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ppt_scheme: Option<Box<str>>,
    /// `ppt_serializer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ppt_serializer: Option<Box<str>>,
    /// `ppt_cipher`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ppt_cipher: Option<Box<str>>,
    /// `ppt_keyid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ppt_keyid: Option<Box<str>>,
    /// Who may get it.
    pub audience: Audience,
}

/// A publisher that disclosed itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publisher {
    /// Its session, which may be long gone.
    pub session: SessionId,
    /// Its authid.
    pub authid: Box<str>,
    /// Its role.
    pub authrole: Box<str>,
}

/// Which principals a publisher wants to get an event. What it says of sessions is not here:
/// such events are not stored.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Audience {
    /// Only these authids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eligible_authid: Option<Vec<Box<str>>>,
    /// Only these roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eligible_authrole: Option<Vec<Box<str>>>,
    /// Not these authids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_authid: Vec<Box<str>>,
    /// Not these roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude_authrole: Vec<Box<str>>,
}

impl Audience {
    /// Whether a session may get the event.
    pub fn admits(&self, identity: &Identity) -> bool {
        let Identity { authid, authrole, .. } = identity;
        self.eligible_authid.as_ref().is_none_or(|list| list.contains(authid))
            && self.eligible_authrole.as_ref().is_none_or(|list| list.contains(authrole))
            && !self.exclude_authid.contains(authid)
            && !self.exclude_authrole.contains(authrole)
    }

    fn size(&self) -> usize {
        let lists = [self.eligible_authid.as_deref(), self.eligible_authrole.as_deref()];
        let lists = lists.into_iter().flatten().chain([&*self.exclude_authid, &*self.exclude_authrole]);
        lists.flatten().map(|item| size_of::<Box<str>>() + item.len()).sum()
    }
}

impl StoredEvent {
    /// The memory it takes, about.
    pub fn size(&self) -> usize {
        let payload = self.payload.as_payload();
        let Details { publisher, trustlevel: _, ppt_scheme, ppt_serializer, ppt_cipher, ppt_keyid, audience } =
            &self.details;
        let texts = [ppt_scheme, ppt_serializer, ppt_cipher, ppt_keyid];
        size_of::<Self>()
            + self.topic.len()
            + payload.args().map_or(0, <[u8]>::len)
            + payload.kwargs().map_or(0, <[u8]>::len)
            + publisher.as_ref().map_or(0, |publisher| publisher.authid.len() + publisher.authrole.len())
            + texts.into_iter().flatten().map(|text| text.len()).sum::<usize>()
            + audience.size()
    }
}

impl Details {
    pub(crate) fn with_passthru(self, passthru: Option<&Passthru<'_>>) -> Self {
        let Some(passthru) = passthru else { return self };
        let Passthru { scheme, serializer, cipher, keyid } = passthru;
        let owned = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(Into::into);
        Self {
            ppt_scheme: owned(scheme),
            ppt_serializer: owned(serializer),
            ppt_cipher: owned(cipher),
            ppt_keyid: owned(keyid),
            ..self
        }
    }
}
