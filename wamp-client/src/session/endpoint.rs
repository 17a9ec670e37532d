//! What the program wants attached: to be set up anew in every session.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use tokio::sync::watch;
use wamp_proto::MatchPolicy;

use super::{Queue, Recovery};
use crate::handler::{BoxHandler, Declaration, Names, ProcedureOptions};

/// Names an endpoint across sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EndpointKey(pub(crate) u64);

/// A topic or procedure with its handler.
#[derive(Debug)]
pub(crate) struct Endpoint {
    pub(crate) key: EndpointKey,
    /// As written: parameters are filled in at every join.
    pub(crate) uri: Cow<'static, str>,
    pub(crate) matching: MatchPolicy,
    pub(crate) kind: EndpointKind,
    /// Learns when the router takes it back.
    pub(crate) revoked: watch::Sender<Option<Revocation>>,
}

/// The router has taken a subscription or registration back.
/// Specification: "Subscription Revocation", "Registration Revocation" (advanced profile).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revocation {
    /// Why, as far as the router tells.
    pub reason: Option<String>,
}

pub(crate) enum EndpointKind {
    Topic {
        get_retained: bool,
        queue: Queue,
        /// What it recovers with, if it has history.
        recovery: Option<Box<Recovery>>,
    },
    Procedure {
        options: ProcedureOptions,
        handler: BoxHandler,
        names: Names,
        /// What is told of it where the router takes that.
        declarations: Vec<Declaration>,
    },
}

impl EndpointKind {
    /// What is done with it at the router, for messages.
    pub(crate) fn verb(&self) -> &'static str {
        match self {
            Self::Topic { .. } => "subscribe to",
            Self::Procedure { .. } => "register",
        }
    }
}

impl fmt::Debug for EndpointKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Topic { .. } => "Topic",
            Self::Procedure { .. } => "Procedure",
        })
    }
}

/// All endpoints, in the order they were attached.
pub(crate) type Endpoints = BTreeMap<EndpointKey, Endpoint>;
