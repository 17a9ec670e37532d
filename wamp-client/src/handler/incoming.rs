//! A message on its way to its handler.

use std::sync::Arc;

use wamp_proto::{OwnedPayload, PublicationId, Serializer};

use super::{Details, Invocation, Particulars, Recipient, SessionContext};
use crate::WampError;
use crate::passthru::{Carried, Seal};
use crate::session::Receipt;

/// Where a message comes from: what those of one subscription or registration have in common.
#[derive(Debug)]
pub struct Origin {
    pub(crate) context: Arc<SessionContext>,
    /// The topic or procedure.
    pub(crate) uri: Arc<str>,
}

impl Origin {
    pub(crate) fn new(context: Arc<SessionContext>, uri: Arc<str>) -> Arc<Self> {
        Arc::new(Self { context, uri })
    }

    pub(crate) fn serializer(&self) -> Serializer {
        self.context.serializer()
    }
}

/// An event or a call, still encoded, and what the handler is to know besides.
#[derive(Debug)]
pub struct Received {
    /// Of an event.
    pub(crate) publication: Option<PublicationId>,
    /// Most have none: those that wait for their handler are to be small.
    pub(crate) particulars: Option<Box<Particulars>>,
    pub(crate) payload: OwnedPayload,
    /// Of a call.
    pub(crate) invocation: Option<Box<Invocation>>,
    /// Of an event that a test waits for.
    pub(crate) receipt: Option<Box<Receipt>>,
}

impl Received {
    // Inline: its parts are not to be gathered in memory before it is made.
    #[inline(always)]
    pub(crate) fn event(publication: PublicationId, payload: OwnedPayload) -> Self {
        Self { publication: Some(publication), particulars: None, payload, invocation: None, receipt: None }
    }

    /// An event once more, for another handler.
    pub(crate) fn again(&self) -> Self {
        let (particulars, payload) = (self.particulars.clone(), self.payload.clone());
        Self { publication: self.publication, particulars, payload, invocation: None, receipt: None }
    }

    /// All there is to know about it besides its arguments.
    pub(crate) fn details(&self, origin: &Origin) -> Details {
        let particulars = self.particulars.as_deref().cloned().unwrap_or_default();
        let Particulars { caller, trustlevel, retained, timeout, passthru, recovered } = particulars;
        let (uri, publication) = (Arc::clone(&origin.uri), self.publication);
        Details { uri, caller, publication, trustlevel, retained, timeout, passthru, recovered }
    }

    /// Who gets what its handler returns.
    pub(crate) fn recipient(&self, origin: &Origin) -> Recipient {
        match &self.invocation {
            Some(invocation) => Recipient::caller(origin.serializer(), invocation.parts(&origin.context)),
            None => Recipient::nobody(origin.serializer()),
        }
    }

    /// Decodes its arguments, where they are in passthru mode. Gives what its answer is to be encoded with.
    ///
    /// # Errors
    /// What the caller is told: the arguments can't be decoded.
    pub(crate) fn open(&mut self, origin: &Origin) -> Result<Seal, WampError> {
        let passthru = self.particulars.as_ref().and_then(|particulars| particulars.passthru.clone());
        let Some(passthru) = passthru else { return Ok(Seal::plain(origin.serializer())) };
        let carried = Carried { payload: std::mem::take(&mut self.payload), passthru: Some(passthru) };
        let (payload, seal) = origin.context.client.codecs().open(carried, &origin.uri, origin.serializer())?;
        self.payload = payload;
        if let Some(invocation) = &mut self.invocation {
            invocation.seal = seal.clone();
        }
        Ok(seal)
    }
}

/// A message, and where it comes from.
#[derive(Debug)]
pub(crate) struct Incoming {
    pub(crate) origin: Arc<Origin>,
    pub(crate) received: Received,
}

impl Incoming {
    pub(crate) fn new(
        origin: Arc<Origin>,
        publication: Option<PublicationId>,
        particulars: Option<Box<Particulars>>,
        payload: OwnedPayload,
    ) -> Self {
        Self { origin, received: Received { publication, particulars, payload, invocation: None, receipt: None } }
    }
}
