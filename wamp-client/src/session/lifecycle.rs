//! What becomes of the program's sessions, for those who want to know.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use tokio::sync::broadcast::{Receiver, Sender, error::RecvError};

use super::Recovered;
use crate::Error;
use crate::handler::SessionInfo;

/// Events that wait for a reader. One that is further behind loses the oldest.
const WAITING: usize = 64;

/// Something that happened to the program's session.
///
/// Made by [`Client::lifecycle`](crate::Client::lifecycle) and [`App::lifecycle`](crate::App::lifecycle).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Lifecycle {
    /// A try to get a session begins.
    Connecting {
        /// The router's address.
        url: String,
    },
    /// The try came to nothing.
    Failed(Error),
    /// There is a session, and everything is set up in it.
    Joined(Arc<SessionInfo>),
    /// The session that was joined is over.
    Lost(Error),
    /// The next try comes after this time.
    Retrying {
        /// How long that is.
        after: Duration,
    },
    /// A subscription with history has got what it missed while there was no session.
    Recovered {
        /// Its topic.
        topic: Arc<str>,
        /// How many events that were.
        events: u64,
        /// Whether it was all of them.
        recovered: Recovered,
    },
    /// A handler is so slow that events of its subscription were dropped. Told of the 1st, 2nd, 4th, 8th … of them.
    Dropped {
        /// The topic of the last one.
        topic: Arc<str>,
        /// How many were dropped so far.
        events: u64,
    },
    /// This reader was so slow that it missed so many events before this one.
    Missed(u64),
    /// The program has ended: because it was stopped, or of this error. There are no more events.
    Stopped(Option<Error>),
}

/// The program's [`Lifecycle`] as a stream. It ends after [`Lifecycle::Stopped`].
///
/// 64 events wait for a slow reader; it then loses the oldest, and is told how many.
#[must_use = "streams do nothing unless polled"]
pub struct LifecycleEvents {
    events: BoxStream<'static, Lifecycle>,
}

impl LifecycleEvents {
    pub(crate) fn new(receiver: Receiver<Lifecycle>) -> Self {
        let events = stream::unfold(Some(receiver), |receiver| async move {
            let mut receiver = receiver?;
            let event = match receiver.recv().await {
                Ok(event) => event,
                Err(RecvError::Lagged(missed)) => Lifecycle::Missed(missed),
                Err(RecvError::Closed) => return None,
            };
            let is_last = matches!(event, Lifecycle::Stopped(_));
            Some((event, (!is_last).then_some(receiver)))
        });
        Self { events: events.boxed() }
    }

    /// Of a program that has ended.
    pub(crate) fn ended() -> Self {
        Self { events: stream::empty().boxed() }
    }

    /// The next event; nothing after the last.
    ///
    /// # Cancel safety
    /// Cancel safe: no event is lost.
    pub async fn next(&mut self) -> Option<Lifecycle> {
        self.events.next().await
    }
}

impl Stream for LifecycleEvents {
    type Item = Lifecycle;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Lifecycle>> {
        self.events.poll_next_unpin(cx)
    }
}

impl fmt::Debug for LifecycleEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LifecycleEvents").finish_non_exhaustive()
    }
}

/// Where events are told.
pub(crate) fn channel() -> Sender<Lifecycle> {
    Sender::new(WAITING)
}
