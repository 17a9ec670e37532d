//! What one read of a connection sets off, gathered until its end.
//!
//! A connection reads as much as is there, routes every complete frame of it, and calls
//! [`Burst::end`]. Until then nothing is written: replies wait in the outboxes of their receivers,
//! and a run of events that all go to the same receivers is kept here, encoded once for each
//! encoding, and appended once to each receiver.
//!
//! Order is what makes this more than a buffer. A receiver gets what a connection causes in the
//! order it was caused, so whatever goes anywhere else than the gathered run first hands the run
//! to the outboxes (`settle`).

use std::sync::{Arc, Weak};

use fastrand::Rng;
use wamp_proto::{Message, PublicationId, SessionId};

use crate::broker::{Fanout, Group, Receiver, Route};
use crate::dealer::Called;
use crate::encoding::Outgoing;
use crate::metrics::latency::Measured;
use crate::metrics::tally::Tally;
use crate::outbox::{Append, Class, FrameTooLarge, Outbox};
use crate::realm::Member;
use crate::round::Round;
use crate::transport::control::CloseCode;

/// Bytes of one encoding a run gathers before it is handed out: more than what one read brings comes to, with a topic in
/// each event too, so that idle receivers are written to straight from here.
const RUN_BYTES: usize = 128 << 10;

/// Replies of a burst that are worth waiting for those of others. To wait costs as much as a few messages do.
const MANY: usize = 8;

/// Bytes of capacity a buffer may keep after a burst. Large messages are rare.
const KEPT_BYTES: usize = 2 * RUN_BYTES;

/// What one read of a connection sets off. See the [module](self).
///
/// It holds buffers worth keeping: have one per worker thread and use it again and again, but
/// never across an await.
#[derive(Debug, Default)]
pub struct Burst {
    /// Outboxes that were idle before this burst and have to be flushed at its end.
    touched: Vec<Arc<Outbox>>,
    run: Run,
    /// Whose publications go on with the run as long as they are like the last one: nothing else was done since.
    going_on: Option<SessionId>,
    /// Where the last publication went that no session made.
    pub(crate) route: Route,
    /// Empty, but for its room.
    fanouts: Vec<Arc<Fanout>>,
    /// Where publications have their ids from.
    random: Rng,
    /// Where the last call went.
    pub(crate) called: Called,
    /// Where single messages are encoded.
    scratch: Vec<u8>,
    /// Messages sent that are no events.
    replies: usize,
    /// Bytes appended to outboxes.
    appended: usize,
    /// What it counts for the metrics.
    pub(crate) tally: Tally,
    /// How long calls took that were answered.
    pub(crate) measured: Measured,
}

/// Events for the same receivers, one after the other.
#[derive(Debug, Default)]
struct Run {
    /// Nobody is a receiver of two of them: the order would be another one, by each of them.
    fanouts: Vec<Arc<Fanout>>,
    /// The receiver left out: the publisher, if so it wishes.
    except: Option<SessionId>,
    /// One for each of the fanouts' groups, and more that are empty.
    gathered: Vec<Gathered>,
}

/// What the receivers of one encoding get.
#[derive(Debug, Default)]
struct Gathered {
    frames: Vec<u8>,
    /// How many events they are.
    count: usize,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It is in the receiver's outbox.
    Queued,
    /// The receiver is gone, or so slow that it is as good as gone.
    Unreachable,
    /// No frame of the receiver's transport is large enough for it.
    TooLarge,
}

impl Burst {
    /// An empty burst.
    pub fn new() -> Self {
        Self::default()
    }

    /// The id of a new publication: any, and each as likely as all others.
    pub(crate) fn draw_publication_id(&mut self) -> PublicationId {
        PublicationId::known(1 + (self.random.u64(..) >> 11))
    }

    /// A list to look up fanouts in. Whoever takes it gives it back.
    pub(crate) fn take_fanouts(&mut self) -> Vec<Arc<Fanout>> {
        std::mem::take(&mut self.fanouts)
    }

    /// Gives the list back. What is in it is let go: receivers would be kept from going otherwise.
    pub(crate) fn give_back(&mut self, mut fanouts: Vec<Arc<Fanout>>) {
        fanouts.clear();
        self.fanouts = fanouts;
    }

    /// Sends one message that is not an event: it is queued now and written at the end of the burst.
    pub(crate) fn send(&mut self, outbox: &Arc<Outbox>, message: &impl Outgoing) -> Sent {
        self.settle();
        self.queue(outbox, message)
    }

    /// The same for a message to a publisher: what is gathered may go on if the publisher gets none of it.
    pub(crate) fn send_to_publisher(&mut self, publisher: &Member, message: &impl Outgoing) -> Sent {
        if self.run.except != Some(publisher.id()) {
            self.settle();
        }
        self.queue(&publisher.outbox, message)
    }

    fn queue(&mut self, outbox: &Arc<Outbox>, message: &impl Outgoing) -> Sent {
        self.scratch.clear();
        if let Err(FrameTooLarge { length }) = message.encode(outbox.encoding(), &mut self.scratch) {
            tracing::debug!(length, "message too large for its receiver's transport");
            return Sent::TooLarge;
        }
        let append = outbox.append(&self.scratch, Class::Reply);
        let sent = self.note(outbox, append);
        if sent == Sent::Queued {
            self.replies += 1;
            self.appended += self.scratch.len();
            self.tally.sent(message, self.scratch.len());
        }
        sent
    }

    /// Sends the last message a peer gets; its transport is closed after it with `code`.
    pub(crate) fn send_last(&mut self, outbox: &Arc<Outbox>, message: &Message<'_>, code: CloseCode) {
        self.settle();
        self.scratch.clear();
        // A farewell fits any frame; if it does not, the close has to do.
        let _ = outbox.encoding().encode(message, &mut self.scratch);
        self.tally.sent(message, self.scratch.len());
        outbox.finish_with(&self.scratch, code, "");
        self.touched.push(outbox.clone());
    }

    /// Sends one event to some of a fanout's receivers: those `admits` says yes to. `write` appends it as those of a
    /// group get it.
    pub(crate) fn send_event(
        &mut self,
        fanout: &Fanout,
        write: impl Fn(&Group, &mut Vec<u8>) -> Result<(), FrameTooLarge>,
        mut admits: impl FnMut(&Receiver) -> bool,
    ) {
        self.settle();
        for group in &fanout.groups {
            let mut frame = std::mem::take(&mut self.scratch);
            frame.clear();
            let mut receivers = 0;
            for receiver in group.receivers.iter().filter(|receiver| admits(receiver)) {
                if frame.is_empty()
                    && let Err(error) = write(group, &mut frame)
                {
                    too_large(group, error, &mut self.tally);
                    break;
                }
                receivers += usize::from(self.append_events(receiver, &frame));
            }
            self.tally.sent_events(receivers, receivers * frame.len());
            self.scratch = frame;
        }
    }

    /// Whether the last thing done was a publication of this session, and one that [goes on](Self::go_on).
    #[inline]
    pub(crate) fn goes_on_for(&self, publisher: SessionId) -> bool {
        self.going_on == Some(publisher)
    }

    /// Publications of this session like the one before it join the run unasked, until something else is done.
    pub(crate) fn go_on(&mut self, publisher: SessionId) {
        self.going_on = Some(publisher);
    }

    /// Something else is about to be done.
    #[inline]
    pub(crate) fn pause(&mut self) {
        self.going_on = None;
    }

    /// Whether events are gathered for all receivers of these fanouts but `except`.
    #[inline]
    pub(crate) fn gathers_for(&self, fanouts: &[Weak<Fanout>], except: Option<SessionId>) -> bool {
        self.run.goes_to(fanouts.iter().map(Weak::as_ptr), except)
    }

    /// Gathers events for all receivers of `fanouts` but `except` from now on. Nobody is a receiver of two of them.
    pub(crate) fn gather_for(&mut self, fanouts: &[Arc<Fanout>], except: Option<SessionId>) {
        if !self.run.goes_to(fanouts.iter().map(Arc::as_ptr), except) {
            self.settle();
            let groups = fanouts.iter().map(|fanout| fanout.groups.len()).sum::<usize>().max(self.run.gathered.len());
            self.run.gathered.resize_with(groups, Gathered::default);
            self.run.fanouts.extend_from_slice(fanouts);
            self.run.except = except;
        }
    }

    /// Adds one event to those that are gathered. `write` appends it as the receivers of a fanout's group get it.
    #[inline]
    pub(crate) fn gather(&mut self, write: impl Fn(&Fanout, &Group, &mut Vec<u8>) -> Result<(), FrameTooLarge>) {
        let mut full = false;
        let mut gathered = self.run.gathered.iter_mut();
        for fanout in &self.run.fanouts {
            for (group, Gathered { frames, count }) in fanout.groups.iter().zip(&mut gathered) {
                match write(fanout, group, frames) {
                    Ok(()) => *count += 1,
                    Err(error) => too_large(group, error, &mut self.tally),
                }
                full |= frames.len() >= RUN_BYTES;
            }
        }
        if full {
            self.settle();
        }
    }

    /// Hands the gathered run to the outboxes. Comes before anything else is appended anywhere.
    #[inline]
    pub(crate) fn settle(&mut self) {
        if !self.run.fanouts.is_empty() {
            self.settle_run();
        }
    }

    #[inline(never)]
    fn settle_run(&mut self) {
        self.hand_out(|burst, receiver, frames| burst.append_events(receiver, frames));
    }

    /// Ends the burst: every receiver it touched is written to, once.
    pub fn end(&mut self) {
        self.conclude();
        for outbox in self.touched.drain(..) {
            outbox.flush();
        }
    }

    /// Ends the burst as one of `round`: if it has sent many replies, their receivers are written to when that ends.
    pub(crate) fn end_in(&mut self, round: &Round) {
        if self.replies < MANY {
            return self.end();
        }
        let bytes = self.appended;
        self.conclude();
        round.add(&mut self.touched, bytes);
    }

    /// Hands out what there is of the run, and begins anew but for whom it has touched.
    fn conclude(&mut self) {
        self.hand_out(|_, receiver, frames| {
            // What an idle receiver gets goes to its socket straight from here, without a copy.
            receiver.outbox.send_if(frames, Class::Event, || receiver.subscriber.is_live()) != Append::Closed
        });
        self.measured.settle();
        self.route.clear();
        self.called.clear();
        (self.replies, self.appended) = (0, 0);
        let gathered = self.run.gathered.iter_mut().map(|gathered| &mut gathered.frames);
        for buffer in gathered.chain([&mut self.scratch]) {
            buffer.clear();
            buffer.shrink_to(KEPT_BYTES);
        }
    }

    /// Hands the run to all receivers; `each` answers whether one took it.
    fn hand_out(&mut self, mut each: impl FnMut(&mut Self, &Receiver, &[u8]) -> bool) {
        self.pause();
        if self.run.fanouts.is_empty() {
            return;
        }
        let Run { mut fanouts, mut gathered, except } = std::mem::take(&mut self.run);
        let groups = fanouts.iter().flat_map(|fanout| &fanout.groups);
        for (group, Gathered { frames, count }) in groups.zip(&mut gathered) {
            if !frames.is_empty() {
                let mut receivers = 0;
                for receiver in &group.receivers {
                    if Some(receiver.session) != except {
                        receivers += usize::from(each(self, receiver, frames));
                    }
                }
                self.tally.sent_events(receivers * std::mem::take(count), receivers * frames.len());
                frames.clear();
            }
        }
        fanouts.clear();
        self.run = Run { fanouts, gathered, except };
    }

    /// Answers whether the receiver is there: what it is too slow for was sent to it all the same.
    fn append_events(&mut self, receiver: &Receiver, frames: &[u8]) -> bool {
        let append = receiver.outbox.append_if(frames, Class::Event, || receiver.subscriber.is_live());
        self.appended += frames.len();
        self.note(&receiver.outbox, append);
        append != Append::Closed
    }

    fn note(&mut self, outbox: &Arc<Outbox>, append: Append) -> Sent {
        match append {
            Append::First => {
                self.touched.push(outbox.clone());
                Sent::Queued
            }
            Append::Queued => Sent::Queued,
            Append::Dropped | Append::Closed => Sent::Unreachable,
        }
    }
}

impl Run {
    /// Whether its events are for all receivers of these fanouts but `except`.
    #[inline]
    fn goes_to(&self, fanouts: impl ExactSizeIterator<Item = *const Fanout>, except: Option<SessionId>) -> bool {
        self.fanouts.len() == fanouts.len()
            && self.fanouts.iter().zip(fanouts).all(|(own, other)| Arc::as_ptr(own) == other)
            && self.except == except
    }
}

#[cold]
fn too_large(group: &Group, FrameTooLarge { length }: FrameTooLarge, tally: &mut Tally) {
    let receivers = group.receivers.len();
    tally.too_large(receivers);
    tracing::debug!(length, receivers, "event too large for its receivers' transport");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn publications_have_all_the_ids_there_are() {
        let mut burst = Burst::new();
        let drawn: Vec<u64> = (0..1000).map(|_| burst.draw_publication_id().get() - 1).collect();
        let all = (1 << 53) - 1;
        assert_eq!(drawn.iter().fold(0, |any, id| any | id), all, "each of 53 bits is set at times");
        assert_eq!(drawn.iter().fold(all, |every, id| every & id), 0, "and at times is not");
    }
}
