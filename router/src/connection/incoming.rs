//! The messages of one read.

use std::borrow::Cow;
use std::sync::Arc;

use crate::outbox::{Append, Class, Outbox};
use crate::transport::control::CloseCode;
use crate::transport::{Decoder, Event, FrameError, Message};

/// Whether a handler wants more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flow {
    /// The next message, please.
    Continue,
    /// The next message, please, but not before [`Handler::poll`](super::Handler::poll) is ready.
    Pause,
    /// Close the connection, once everything queued for the peer is written.
    Close(CloseCode, Cow<'static, str>),
}

/// The messages of one read, for a [`Handler`](super::Handler) to handle.
#[derive(Debug)]
pub struct Incoming<'a> {
    decoder: &'a mut Decoder,
    input: &'a mut [u8],
    outbox: &'a Arc<Outbox>,
    consumed: usize,
    outcome: Outcome,
    /// A pong was queued in an idle outbox.
    owes_flush: bool,
}

/// How the messages of a read ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Continue,
    Pause,
    Close(CloseCode, Cow<'static, str>),
    PeerClosed(Option<CloseCode>),
    Failed(FrameError),
}

impl<'a> Incoming<'a> {
    pub(super) fn new(decoder: &'a mut Decoder, input: &'a mut [u8], outbox: &'a Arc<Outbox>) -> Self {
        Self { decoder, input, outbox, consumed: 0, outcome: Outcome::Continue, owes_flush: false }
    }

    /// Calls `handle` with each message until it wants no more, or there is no more.
    ///
    /// Pings are answered and close frames taken note of on the way.
    pub fn for_each(&mut self, mut handle: impl FnMut(Message<'_>) -> Flow) {
        while self.outcome == Outcome::Continue {
            let step = match self.decoder.next(&mut self.input[self.consumed..]) {
                Ok(step) => step,
                Err(error) => {
                    self.outcome = Outcome::Failed(error);
                    return;
                }
            };
            self.consumed += step.consumed;
            match step.event {
                None => return,
                Some(Event::Message(message)) => match handle(message) {
                    Flow::Continue => {}
                    Flow::Pause => self.outcome = Outcome::Pause,
                    Flow::Close(code, reason) => self.outcome = Outcome::Close(code, reason),
                },
                Some(Event::Ping(payload)) => {
                    let mut pong = Vec::with_capacity(payload.len() + 4);
                    self.outbox.encoding().framing.pong_frame(payload, &mut pong);
                    self.owes_flush |= self.outbox.append(&pong, Class::Reply) == Append::First;
                }
                Some(Event::Pong) => {}
                Some(Event::Close(code)) => self.outcome = Outcome::PeerClosed(code),
            }
        }
    }

    /// What came of it, and how much of the input was used.
    pub(super) fn finish(self) -> (Outcome, usize) {
        if self.owes_flush {
            self.outbox.flush();
        }
        (self.outcome, self.consumed)
    }
}
