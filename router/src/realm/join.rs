//! Sessions come and go.

use std::borrow::Cow;
use std::sync::Arc;

use wamp_proto::message::options::{CloseDetails, WelcomeDetails};
use wamp_proto::message::{Goodbye, Message, Raw, Welcome};
use wamp_proto::{Roles, SessionId, to_vec};

use super::expiry::Expiry;
use super::{Member, Realm, random_id};
use crate::burst::Burst;
use crate::meta;
use crate::outbox::Outbox;
use crate::session::{Admission, Entrance, announced};
use crate::table;
use crate::transport::control::CloseCode;

/// The software named in WELCOME.
const AGENT: &str = concat!("wamp-router-", env!("CARGO_PKG_VERSION"));

/// What a session is told when the router ends it.
#[derive(Debug, Clone)]
pub(crate) struct Farewell {
    /// The reason of the GOODBYE.
    pub(crate) reason: Cow<'static, str>,
    pub(crate) message: Option<String>,
    /// How the transport is closed after it.
    pub(crate) code: CloseCode,
}

/// Who is told, by meta events, of what ends with a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tell {
    /// Whoever has subscribed to the events.
    Everybody,
    /// Nobody: all the others go as well.
    Nobody,
}

/// The router is going down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RealmClosed;

/// An id for a session that is to be.
pub(crate) fn random_session_id() -> SessionId {
    SessionId::known(random_id())
}

impl Realm {
    /// Lets a session join: sends it WELCOME, and tells those who want to know. Its id is the one
    /// it was to have, unless somebody else has got it since.
    pub(crate) fn join(
        &self,
        mut id: SessionId,
        admission: Admission,
        entrance: Arc<Entrance>,
        roles: Roles,
        outbox: &Arc<Outbox>,
        burst: &mut Burst,
    ) -> Result<Arc<Member>, RealmClosed> {
        burst.settle();
        let member = {
            let mut sessions = self.sessions.write();
            if sessions.closed {
                return Err(RealmClosed);
            }
            while sessions.members.contains_key(&id) {
                id = random_session_id();
            }
            let expiry = admission.expires.and_then(Expiry::at);
            let member = Member::new(id, admission.identity, expiry, entrance, roles, outbox.clone());
            // Nobody knows of the session before it is in the table, so nothing comes before this.
            let serializer = outbox.encoding().serializer;
            let extra = admission.authextra.map(|extra| to_vec(serializer, &extra).expect("a value can be encoded"));
            let extra = extra.as_deref().map(|extra| Raw::new(serializer, extra).expect("it is one value"));
            burst.send(outbox, &self.welcome(&member, extra));
            sessions.members.insert(id, member.clone());
            sessions.opened += 1;
            member
        };
        let (authid, authrole) = (&*member.identity().authid, &*member.identity().authrole);
        tracing::debug!(session = %member.id(), realm = self.name(), authid, authrole, "joined");
        meta::on_join(self, &member, burst);
        Ok(member)
    }

    fn welcome<'a>(&'a self, member: &'a Member, authextra: Option<Raw<'a>>) -> Message<'a> {
        let identity = member.identity();
        Message::Welcome(Welcome {
            session: member.id(),
            details: Box::new(WelcomeDetails {
                roles: announced::roles(self.options.history.is_some()),
                agent: Some(AGENT.into()),
                realm: Some(self.name().into()),
                authid: Some((&*identity.authid).into()),
                authrole: Some((&*identity.authrole).into()),
                authmethod: Some((&*identity.authmethod).into()),
                authprovider: Some((&*identity.authprovider).into()),
                publication_keys: Some(self.broker.keys().memory().into()),
                authextra,
            }),
        })
    }

    /// Takes a session out, with all that belongs to it. Does nothing if that has been done.
    pub(crate) fn leave(&self, member: &Arc<Member>, burst: &mut Burst) {
        if self.detach(member, Tell::Everybody, burst) {
            meta::on_leave(self, member, burst);
        }
    }

    /// Ends a session. Answers whether it is this call that did. That the session has left is for
    /// the caller to tell, by [`meta::on_leave`]; what else ended with it, `tell` says.
    pub(crate) fn dismiss(&self, member: &Arc<Member>, farewell: &Farewell, tell: Tell, burst: &mut Burst) -> bool {
        if !self.detach(member, tell, burst) {
            return false;
        }
        let goodbye = Message::Goodbye(Goodbye {
            details: CloseDetails { message: farewell.message.as_deref().map(Cow::Borrowed) },
            reason: Cow::Borrowed(&farewell.reason),
        });
        burst.send_last(&member.outbox, &goodbye, farewell.code);
        true
    }

    /// Ends all sessions, and lets nobody join any more.
    pub(super) fn close(&self, farewell: &Farewell, burst: &mut Burst) {
        self.sessions.write().closed = true;
        for member in self.members() {
            self.dismiss(&member, farewell, Tell::Nobody, burst);
        }
    }

    fn detach(&self, member: &Arc<Member>, tell: Tell, burst: &mut Burst) -> bool {
        if !member.begin_leaving() {
            return false;
        }
        burst.settle();
        table::remove(&mut self.sessions.write().members, &member.id());
        if let Some(expiry) = member.expiry() {
            self.expiring.remove(expiry, member.id());
        }
        {
            let _order = self.broker.in_order();
            let ended = self.broker.leave(member);
            if tell == Tell::Everybody {
                meta::subscriptions::on_unsubscribe(self, member.id(), &ended, burst);
            }
        }
        match tell {
            Tell::Everybody => self.dealer.leave(member, &self.tell_registrations(), burst),
            Tell::Nobody => self.dealer.leave(member, &|_, _, _, _| {}, burst),
        }
        meta::reflection::on_leave(self, member.id(), tell == Tell::Everybody, burst);
        tracing::debug!(session = %member.id(), realm = self.name(), "left");
        true
    }
}
