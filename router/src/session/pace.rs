//! How fast the messages of a session may come.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::time::{Sleep, sleep_until};

use super::{Session, State, closed};
use crate::burst::Burst;
use crate::connection::Flow;
use crate::metrics::rare;
use crate::realm::{BeyondRate, LIMIT_EXCEEDED, MessageRate};
use crate::transport::control::CloseCode;

/// Keeps a session to its rate: a token bucket, told by the time at which it would be full again.
#[derive(Debug)]
pub(super) struct Pace {
    rate: MessageRate,
    /// After the first message.
    full: Option<Instant>,
    /// It has to wait until then.
    rest: Option<Rest>,
    logged: bool,
}

#[derive(Debug)]
struct Rest {
    until: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    pub(super) fn new(rate: MessageRate) -> Self {
        Self { rate, full: None, rest: None, logged: false }
    }

    /// Takes account of a message. Answers when the next one may come, if not now.
    fn message(&mut self, now: Instant) -> Option<Instant> {
        let each = Duration::from_secs(1) / self.rate.per_second.get();
        let full = self.full.map_or(now, |full| full.max(now)) + each;
        self.full = Some(full);
        let next = full.checked_sub(each * self.rate.burst.get())?;
        (next > now).then_some(next)
    }
}

impl Session {
    /// A message was handled; there may have been too many of late.
    #[inline]
    pub(super) fn keep_pace(&mut self, burst: &mut Burst, now: Instant) -> Flow {
        match &self.state {
            State::Joined(joined) if joined.pace.is_some() => self.keep_to_rate(burst, now),
            _ => Flow::Continue,
        }
    }

    /// Few sessions have one to keep to, and all messages come by here.
    #[inline(never)]
    fn keep_to_rate(&mut self, burst: &mut Burst, now: Instant) -> Flow {
        let State::Joined(joined) = &mut self.state else { return Flow::Continue };
        let Some(pace) = &mut joined.pace else { return Flow::Continue };
        let Some(until) = pace.message(now) else { return Flow::Continue };
        rare::RATE_LIMITED.add(1);
        let limit = pace.rate.per_second;
        match pace.rate.beyond {
            BeyondRate::Pause => {
                pace.rest = Some(Rest { until, timer: None });
                if !std::mem::replace(&mut pace.logged, true) {
                    let span = self.span();
                    span.in_scope(|| tracing::info!(limit, "too many messages a second: its messages have to wait"));
                }
                Flow::Pause
            }
            BeyondRate::Disconnect => {
                self.span().in_scope(|| tracing::info!(limit, "disconnected: too many messages a second"));
                let message = format!("the session's limit of {limit} messages a second is exceeded");
                self.abort(LIMIT_EXCEEDED, &message, CloseCode::POLICY, burst)
            }
        }
    }

    /// Whether its messages have to wait.
    pub(super) fn is_resting(&self) -> bool {
        let State::Joined(joined) = &self.state else { return false };
        joined.pace.as_ref().is_some_and(|pace| pace.rest.is_some())
    }

    pub(super) fn poll_rest(&mut self, cx: &mut Context<'_>, now: Instant) -> Poll<Flow> {
        let State::Joined(joined) = &mut self.state else { return Poll::Ready(Flow::Continue) };
        if joined.member.has_left() {
            self.state = State::Over;
            return Poll::Ready(closed(CloseCode::NORMAL));
        }
        let Some(pace) = &mut joined.pace else { return Poll::Ready(Flow::Continue) };
        if let Some(Rest { until, timer }) = &mut pace.rest
            && *until > now
        {
            ready!(timer.get_or_insert_with(|| Box::pin(sleep_until((*until).into()))).as_mut().poll(cx));
        }
        pace.rest = None;
        Poll::Ready(Flow::Continue)
    }
}
