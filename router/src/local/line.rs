//! A local session's connection to the router.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tracing::Instrument;
use wamp_proto::message::options::HelloDetails;
use wamp_proto::message::{Hello, Unsubscribe};
use wamp_proto::rawsocket::{FrameHeader, FrameKind, MAX_LENGTH};
use wamp_proto::{Features, Message, RequestId, Roles, Serializer, SubscriptionId, error};

use super::answer::CallError;
use super::waiting::{Heard, Topic, Waiting};
use crate::connection::{self, ConnectionSettings, Heartbeat, WampHandler};
use crate::outbox::{Encoding, Framing};
use crate::realm::{Realm, Realms};
use crate::session::{Applicant, Authenticator, Entrance, Identity, Origin, Place, Refusal, Verdict, span};

/// Bytes the pipe holds each way.
const PIPE: usize = 64 << 10;

/// Requests that may wait for the pipe. Further ones wait for their turn.
const REQUESTS: usize = 64;

const ENCODING: Encoding =
    Encoding { serializer: Serializer::Json, framing: Framing::RawSocket { max_length: MAX_LENGTH as u32 } };

/// The way to the router. Dropping it hangs up.
#[derive(Debug)]
pub(super) struct Line {
    frames: mpsc::UnboundedSender<Frame>,
    turns: Arc<Semaphore>,
    pub(super) waiting: Arc<Waiting>,
}

/// The right to send a request.
pub(super) type Turn = Option<OwnedSemaphorePermit>;

/// A frame on its way, and the turn it gives back.
#[derive(Debug)]
struct Frame(Vec<u8>, Turn);

/// Lets in whom the router itself vouches for.
#[derive(Debug)]
struct Known(Identity);

impl Authenticator for Known {
    fn meet(&self, _: &Applicant<'_>) -> Result<Verdict, Refusal> {
        Ok(Verdict::Admit(self.0.clone().into()))
    }
}

impl Line {
    pub(super) fn open(realm: &Arc<Realm>, identity: Identity) -> Arc<Self> {
        let entrance = Entrance::own(super::TRANSPORT);
        entrance.set_authenticator(Some(Arc::new(Known(identity))));
        let (near, far) = tokio::io::duplex(PIPE);
        let settings = ConnectionSettings {
            max_message: MAX_LENGTH,
            max_first_message: MAX_LENGTH,
            ping_interval: Duration::MAX,
            ..ConnectionSettings::default()
        };
        let realms: Realms = [realm.clone()].into_iter().collect();
        let handler = |outbox| WampHandler::new(Arc::new(realms), outbox, Arc::new(entrance), Origin::default());
        let connection = connection::run(far, Vec::new(), ENCODING, &Heartbeat::new(settings), handler);
        let span = span::connected(super::TRANSPORT, Place::ThisProcess, ENCODING.serializer);
        tokio::spawn(connection.instrument(span));

        let (frames, queue) = mpsc::unbounded_channel();
        let waiting = Arc::new(Waiting::default());
        tokio::spawn(run(near, queue, frames.downgrade(), waiting.clone()));
        let line = Self { frames, turns: Arc::new(Semaphore::new(REQUESTS)), waiting };
        let details = Box::new(HelloDetails { roles: roles(), ..Default::default() });
        let hello = Hello { realm: Some(realm.name().into()), details };
        // The queue was made just now.
        let _ = line.send(&Message::Hello(hello), None);
        Arc::new(line)
    }

    /// Waits for the right to send a request.
    pub(super) async fn turn(&self) -> Turn {
        // It is never closed.
        self.turns.clone().acquire_owned().await.ok()
    }

    /// Sends a message, after those before.
    pub(super) fn send(&self, message: &Message<'_>, turn: Turn) -> Result<(), CallError> {
        let frame = encode(message)?;
        self.frames.send(Frame(frame, turn)).map_err(|_| CallError::gone())
    }

    /// Sends a request, which is no longer waited for if it could not be sent.
    pub(super) fn send_or_forget(
        &self,
        message: &Message<'_>,
        request: RequestId,
        turn: Turn,
    ) -> Result<(), CallError> {
        self.send(message, turn).inspect_err(|_| {
            self.waiting.forget(request);
        })
    }

    /// Unsubscribes if nobody wants a topic's events any more.
    pub(super) fn release(&self, topic: &Topic) {
        if let Some(subscription) = self.waiting.release(topic) {
            unsubscribe(&self.frames, &self.waiting, subscription);
        }
    }
}

fn roles() -> Roles {
    let subscriber = Features::PATTERN_BASED_SUBSCRIPTION
        .with(Features::PUBLISHER_IDENTIFICATION)
        .with(Features::SUBSCRIPTION_REVOCATION);
    Roles {
        publisher: Some(Features::PUBLISHER_EXCLUSION.with(Features::SUBSCRIBER_BLACKWHITE_LISTING)),
        subscriber: Some(subscriber),
        caller: Some(Features::CALL_CANCELING),
        ..Roles::default()
    }
}

fn encode(message: &Message<'_>) -> Result<Vec<u8>, CallError> {
    let mut frame = Vec::new();
    ENCODING.encode(message, &mut frame).map_err(|large| {
        let why = format!("a message of {} bytes is longer than the {MAX_LENGTH} there may be", large.length);
        CallError::new(error::PAYLOAD_SIZE_EXCEEDED, &why)
    })?;
    Ok(frame)
}

fn unsubscribe(frames: &mpsc::UnboundedSender<Frame>, waiting: &Waiting, id: SubscriptionId) {
    let message = Message::Unsubscribe(Unsubscribe { request: waiting.number(), subscription: id });
    if let Ok(frame) = encode(&message) {
        // If there is no session any more, there is no subscription.
        let _ = frames.send(Frame(frame, None));
    }
}

/// Writes what is to be sent and takes what comes, until either side hangs up.
async fn run(
    pipe: DuplexStream,
    queue: mpsc::UnboundedReceiver<Frame>,
    frames: mpsc::WeakUnboundedSender<Frame>,
    waiting: Arc<Waiting>,
) {
    let (read, write) = tokio::io::split(pipe);
    let why = tokio::select! {
        why = hear(read, &frames, &waiting) => why,
        () = speak(write, queue) => CallError::gone(),
    };
    waiting.end(&why);
}

/// Writes until all that could say something have gone.
async fn speak(mut pipe: WriteHalf<DuplexStream>, mut queue: mpsc::UnboundedReceiver<Frame>) {
    while let Some(Frame(frame, turn)) = queue.recv().await {
        if pipe.write_all(&frame).await.is_err() {
            // The router has hung up; what it said last tells why.
            std::future::pending::<()>().await;
        }
        drop(turn);
    }
}

/// Takes what the router says; answers why it says no more.
async fn hear(
    mut pipe: ReadHalf<DuplexStream>,
    frames: &mpsc::WeakUnboundedSender<Frame>,
    waiting: &Waiting,
) -> CallError {
    let mut body = Vec::new();
    while let Ok(kind) = read(&mut pipe, &mut body).await {
        if kind != FrameKind::Message {
            continue;
        }
        let heard = match ENCODING.serializer.decode(&body) {
            Ok(message) => waiting.hear(&message),
            Err(error) => {
                tracing::error!(%error, "a message of the router is none");
                break;
            }
        };
        match heard {
            Heard::Nothing => {}
            Heard::Unwanted(id) => {
                if let Some(frames) = frames.upgrade() {
                    unsubscribe(&frames, waiting, id);
                }
            }
            Heard::Over(why) => return why,
        }
        if body.capacity() > PIPE {
            body = Vec::new();
        }
    }
    CallError::gone()
}

/// Reads one frame.
async fn read(pipe: &mut ReadHalf<DuplexStream>, body: &mut Vec<u8>) -> io::Result<FrameKind> {
    let mut header = [0; FrameHeader::SIZE];
    pipe.read_exact(&mut header).await?;
    let header = FrameHeader::decode(header).map_err(io::Error::other)?;
    body.resize(header.length, 0);
    pipe.read_exact(body).await?;
    Ok(header.kind)
}
