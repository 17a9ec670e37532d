//! The handler's side of a call that is running.

use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use tokio::time::Instant;
use wamp_proto::{OwnedPayload, RequestId, Serializer};

use super::{Arguments, SessionContext};
use crate::passthru::{Carried, Seal};
use crate::session::Running;
use crate::{Client, Error, Result, WampError};

/// A call that is running, for the handler and its extractors.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    request: RequestId,
    /// The caller takes the result in parts.
    in_parts: bool,
    running: Weak<Alive>,
    /// What the answer is encoded with.
    pub(super) seal: Seal,
    /// The arguments that follow the first ones, for the one extractor that takes them.
    arguments: Option<Arc<Mutex<Option<mpsc::Receiver<Carried>>>>>,
}

impl Invocation {
    /// Both sides of it. `more` says how many arguments may wait, if there will be more than the first.
    pub(crate) fn new(
        request: RequestId,
        in_parts: bool,
        more: Option<usize>,
        serializer: Serializer,
    ) -> (Self, Running) {
        let alive = Arc::new(Alive::default());
        let (sender, receiver) = more.map(|waiting| mpsc::channel(waiting.max(1))).unzip();
        let invocation = Self {
            request,
            in_parts,
            running: Arc::downgrade(&alive),
            seal: Seal::plain(serializer),
            arguments: receiver.map(|receiver| Arc::new(Mutex::new(Some(receiver)))),
        };
        (invocation, Running { request, _alive: alive, arguments: sender })
    }

    /// Where parts of the result go, if the caller wants any.
    pub(super) fn parts(&self, context: &SessionContext) -> Option<PartSender> {
        self.in_parts.then(|| PartSender {
            client: context.client.clone(),
            request: self.request,
            running: self.running(),
            seal: self.seal.clone(),
        })
    }

    /// Dead when the call is over.
    pub(crate) fn running(&self) -> Weak<Alive> {
        Weak::clone(&self.running)
    }
}

/// There as long as its call is running: until it is answered, or its session ends.
#[derive(Debug, Default)]
pub(crate) struct Alive {
    last_part: Mutex<Option<Instant>>,
}

impl Alive {
    /// When the last part of the result was sent, if there was one.
    pub(crate) fn last_part(&self) -> Option<Instant> {
        *self.last_part.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn part_is_sent(&self) {
        *self.last_part.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

/// Takes parts of a result to the caller who wants them.
#[derive(Debug, Clone)]
pub(crate) struct PartSender {
    client: Client,
    request: RequestId,
    running: Weak<Alive>,
    seal: Seal,
}

impl PartSender {
    /// What parts are encoded in.
    pub(super) fn serializer(&self) -> Serializer {
        self.seal.serializer()
    }

    /// Sends a part, when there is room for it.
    ///
    /// # Errors
    /// [`Error::Lost`] when the call is over, [`Error::Passthru`] when its codec can't encode the part.
    pub(super) async fn send(&self, part: OwnedPayload) -> Result<()> {
        let part = self.seal.close(part, || "a part of a result".to_owned())?;
        match self.running.upgrade() {
            Some(running) => running.part_is_sent(),
            None => return Err(Error::Lost { reason: "the call is over".to_owned() }),
        }
        self.client.send_part(self.request, Weak::clone(&self.running), part).await
    }
}

/// The arguments of a call that follow the first ones.
#[derive(Debug)]
pub(super) struct MoreArguments {
    receiver: mpsc::Receiver<Carried>,
    context: SessionContext,
    uri: Arc<str>,
}

impl MoreArguments {
    /// None, where there will be no more, or another extractor has taken them.
    pub(super) fn of(arguments: &Arguments<'_>) -> Option<Self> {
        let more = arguments.invocation()?.arguments.as_ref()?;
        let receiver = more.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        Some(Self { receiver, context: arguments.context().clone(), uri: Arc::clone(arguments.uri()) })
    }

    /// The next ones, decoded; nothing after the last.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<OwnedPayload, WampError>>> {
        self.receiver.poll_recv(cx).map(|received| {
            let opened = self.context.client.codecs().open(received?, &self.uri, self.context.serializer());
            Some(opened.map(|(payload, _)| payload))
        })
    }
}
