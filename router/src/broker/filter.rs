//! Which subscribers a publication is for.

use wamp_proto::SessionId;
use wamp_proto::message::options::{Audience as Restrictions, PublishOptions};

use crate::history::Audience;
use crate::realm::Member;

/// The restrictions a publisher puts on the receivers of one publication. All of them must hold.
///
/// Specification: "Subscriber Black- and Whitelisting" and "Publisher Exclusion" (advanced profile).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    /// The publisher, if it is not to get its own event.
    pub(crate) except: Option<SessionId>,
    lists: Option<Box<Lists>>,
}

/// The lists of a publication that has any; sorted, a publisher may send very long ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Lists {
    eligible: Option<Box<[SessionId]>>,
    eligible_authid: Option<Box<[Box<str>]>>,
    eligible_authrole: Option<Box<[Box<str>]>>,
    exclude: Box<[SessionId]>,
    exclude_authid: Box<[Box<str>]>,
    exclude_authrole: Box<[Box<str>]>,
}

impl Filter {
    #[inline]
    pub(crate) fn new(publisher: SessionId, options: &PublishOptions<'_>) -> Self {
        Self {
            except: options.exclude_me.unwrap_or(true).then_some(publisher),
            lists: options.audience.as_ref().map(|audience| Box::new(Lists::new(audience))),
        }
    }

    /// Whether it admits some sessions and not others by their ids.
    pub(crate) fn is_by_session(&self) -> bool {
        self.lists.as_ref().is_some_and(|lists| lists.eligible.is_some() || !lists.exclude.is_empty())
    }

    /// What it says of authids and authroles.
    pub(crate) fn audience(&self) -> Audience {
        self.lists.as_ref().map_or_else(Audience::default, |lists| Audience {
            eligible_authid: lists.eligible_authid.as_deref().map(<[_]>::to_vec),
            eligible_authrole: lists.eligible_authrole.as_deref().map(<[_]>::to_vec),
            exclude_authid: lists.exclude_authid.to_vec(),
            exclude_authrole: lists.exclude_authrole.to_vec(),
        })
    }

    /// Whether it admits everybody, the publisher aside.
    pub(crate) fn is_open(&self) -> bool {
        self.lists.is_none()
    }

    /// Whether a subscriber may get the event.
    pub(crate) fn admits(&self, member: &Member) -> bool {
        self.except != Some(member.id()) && self.lists.as_ref().is_none_or(|lists| lists.admit(member))
    }
}

impl Lists {
    fn new(audience: &Restrictions<'_>) -> Self {
        Self {
            eligible: audience.eligible.as_deref().map(sorted),
            eligible_authid: audience.eligible_authid.as_deref().map(sorted_strings),
            eligible_authrole: audience.eligible_authrole.as_deref().map(sorted_strings),
            exclude: audience.exclude.as_deref().map(sorted).unwrap_or_default(),
            exclude_authid: audience.exclude_authid.as_deref().map(sorted_strings).unwrap_or_default(),
            exclude_authrole: audience.exclude_authrole.as_deref().map(sorted_strings).unwrap_or_default(),
        }
    }

    fn admit(&self, member: &Member) -> bool {
        let session = member.id();
        let authid = &member.identity().authid;
        let authrole = &member.identity().authrole;
        self.eligible.as_ref().is_none_or(|list| has(list, &session))
            && self.eligible_authid.as_ref().is_none_or(|list| has(list, authid))
            && self.eligible_authrole.as_ref().is_none_or(|list| has(list, authrole))
            && !has(&self.exclude, &session)
            && !has(&self.exclude_authid, authid)
            && !has(&self.exclude_authrole, authrole)
    }
}

fn has<T: Ord>(list: &[T], item: &T) -> bool {
    list.binary_search(item).is_ok()
}

fn sorted(list: &[SessionId]) -> Box<[SessionId]> {
    let mut list: Box<[_]> = list.into();
    list.sort_unstable();
    list
}

fn sorted_strings<S: AsRef<str>>(list: &[S]) -> Box<[Box<str>]> {
    let mut list: Box<[Box<str>]> = list.iter().map(|item| item.as_ref().into()).collect();
    list.sort_unstable();
    list
}
