//! Whom the bursts of a thread are still to write to, until its round ends.
//!
//! Under load many connections have something to read at a time, and what they cause goes to the same few receivers:
//! the calls of many callers to one callee, its results back to them. A write for each burst would be most of what
//! that costs. So whom a burst of many messages touches is written to at the end of the thread's round: once all
//! connections that had something to read have had their turn. A few messages are not kept waiting.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::yield_now;

use crate::outbox::Outbox;

/// Bytes that wait for the end of a round. A receiver must not be taken for slow that has only not been written to.
const MOST_BYTES: usize = 64 << 10;

/// What the bursts of one thread leave to the end of its round. See the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Round(Arc<Owed>);

/// The outboxes to flush. The task that ends the round may run on another thread than the one that began it.
#[derive(Debug, Default)]
struct Owed(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    outboxes: Vec<Arc<Outbox>>,
    bytes: usize,
    /// There is a task that will flush them.
    ends: bool,
}

impl Round {
    /// Leaves the outboxes that a burst has appended so many bytes to until the end of the round; or flushes them,
    /// and all others that wait for it, if that is too much to wait or there is no runtime to end it.
    pub(crate) fn add(&self, touched: &mut Vec<Arc<Outbox>>, bytes: usize) {
        let mut state = self.0.0.lock();
        state.outboxes.append(touched);
        state.bytes += bytes;
        let full = state.bytes >= MOST_BYTES;
        if !full && state.ends {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) if !full => {
                state.ends = true;
                drop(state);
                let end = End(self.0.clone());
                // It goes on when the thread has nothing else to do and has looked for more to read.
                runtime.spawn(async move {
                    yield_now().await;
                    drop(end);
                });
            }
            _ => {
                drop(state);
                self.0.flush();
            }
        }
    }
}

impl Owed {
    fn flush(&self) {
        let mut outboxes = {
            let mut state = self.0.lock();
            state.bytes = 0;
            std::mem::take(&mut state.outboxes)
        };
        for outbox in outboxes.drain(..) {
            outbox.flush();
        }
        let mut state = self.0.lock();
        if state.outboxes.is_empty() {
            // The next round need not make room again.
            state.outboxes = outboxes;
        }
    }
}

/// Ends the round when it is dropped, and be it with the runtime: what is owed is flushed in any case.
#[derive(Debug)]
struct End(Arc<Owed>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.0.lock().ends = false;
        self.0.flush();
    }
}

#[cfg(test)]
mod tests {
    use wamp_proto::Serializer;

    use super::*;
    use crate::outbox::{Append, Class, Encoding, Framing};

    fn outbox() -> Arc<Outbox> {
        Outbox::detached(Encoding { serializer: Serializer::Json, framing: Framing::WebSocket })
    }

    /// A burst that appends so many bytes to an outbox.
    fn burst(round: &Round, outbox: &Arc<Outbox>, bytes: usize) {
        let mut touched = Vec::new();
        if outbox.append(&vec![b'x'; bytes], Class::Reply) == Append::First {
            touched.push(outbox.clone());
        }
        round.add(&mut touched, bytes);
        assert!(touched.is_empty());
    }

    #[tokio::test]
    async fn bursts_of_one_round_are_written_at_its_end() {
        let (round, one, other) = (Round::default(), outbox(), outbox());
        for _ in 0..2 {
            burst(&round, &one, 1);
            burst(&round, &other, 2);
            burst(&round, &one, 3);
            assert_eq!((one.drain().len(), other.drain().len()), (0, 0));
            // The round's end begins to wait after this task does.
            yield_now().await;
            yield_now().await;
            assert_eq!((one.drain().len(), other.drain().len()), (4, 2));
        }
    }

    #[tokio::test]
    async fn a_round_gathers_only_so_much() {
        let (round, one, other) = (Round::default(), outbox(), outbox());
        burst(&round, &one, 1);
        burst(&round, &other, MOST_BYTES - 2);
        assert_eq!(one.queued(), 1);
        burst(&round, &other, 1);
        assert_eq!((one.queued(), other.queued()), (0, 0));
    }

    #[test]
    fn what_is_owed_is_written_without_a_runtime_or_when_it_ends() {
        let (round, outbox) = (Round::default(), outbox());
        burst(&round, &outbox, 1);
        assert_eq!(outbox.queued(), 0);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { burst(&round, &outbox, 1) });
        assert_eq!(outbox.queued(), 1);
        drop(runtime);
        assert_eq!(outbox.queued(), 0);
    }
}
