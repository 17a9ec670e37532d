//! One connection, joined: the loop between the socket, the program's commands, its handlers and the machine.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep_until};
use tracing::info;
use wamp_proto::Serializer;
use wamp_proto::error::{self, close};

use super::endpoint::Endpoints;
use super::gathered::Gathered;
use super::heartbeat::{Beat, Heartbeat};
use super::invocations::Running;
use super::join::violation;
use super::machine::{Effect, Machine};
use super::recovery::{Asked, suspend};
use super::shutdown::{Shutdown, Work};
use super::{Abandoned, Command, Config, Endpoint, Hooks, Lifecycle, Outgoing};
use crate::app::Params;
use crate::handler::SessionContext;
use crate::passthru::Reply;
use crate::transport::{Socket, Turn};
use crate::{Error, ErrorKind, Result, WampError};

/// Messages that are taken before handlers get their turn. The shortest queue of events that is usual holds more.
const BURST: usize = 128;

/// What the link shares with those before and after it.
pub(super) struct Shared<'a> {
    pub(super) endpoints: &'a mut Endpoints,
    pub(super) params: &'a Params,
    pub(super) hooks: &'a Hooks,
    pub(super) commands: &'a mut mpsc::Receiver<Command>,
    pub(super) abandoned: &'a mut mpsc::UnboundedReceiver<Abandoned>,
    pub(super) work: &'a mut Work,
    pub(super) outgoing: &'a mut Outgoing,
    pub(super) lifecycle: &'a broadcast::Sender<Lifecycle>,
    /// Calls that may run at once.
    pub(super) most_invocations: usize,
    /// Arguments of one call that may wait for its procedure.
    pub(super) most_waiting: usize,
}

pub(super) struct Link {
    pub(super) socket: Socket,
    pub(super) serializer: Serializer,
    pub(super) machine: Machine,
    /// Events that have just come. None is left when a [burst](Self::burst) is over.
    pub(super) gathered: Gathered,
    heartbeat: Heartbeat,
    /// Goes off when something may be due. Set anew only then, and not with every sign of life.
    alarm: Pin<Box<Sleep>>,
    pub(super) context: Arc<SessionContext>,
    /// Endpoints the router has not answered about, of those that make the session complete.
    pub(super) missing: usize,
    /// When it has to be complete, and how long that is after its beginning.
    complete_by: (Instant, Duration),
    /// What is asked of the past, for subscriptions that missed something.
    pub(super) asking: JoinSet<Asked>,
    /// Everything is set up.
    is_ready: bool,
    /// The `on_join` functions, once the session is complete.
    joined: Option<JoinSet<()>>,
    /// The program is to stop.
    stopping: Option<Shutdown>,
    /// Its registrations, until the router has ended them.
    withdrawing: Vec<oneshot::Receiver<Result<()>>>,
    /// How long that may take.
    shutdown_timeout: Duration,
}

/// Why a link ended.
#[derive(Debug)]
pub(super) enum End {
    /// The program wants no more.
    Stopped(Shutdown),
    /// Anything else.
    Lost(Error),
}

/// Why no more is taken from a connection.
enum Ending {
    /// The router says goodbye, and waits for an answer.
    Goodbye(Error),
    /// The router broke the protocol: how.
    Violation(String),
    /// There is nothing more to be said.
    Error(Error),
}

impl Link {
    pub(super) fn new(socket: Socket, machine: Machine, context: Arc<SessionContext>, config: &Config) -> Self {
        let now = Instant::now();
        let heartbeat = Heartbeat::new(config.heartbeat, now);
        Self {
            socket,
            serializer: context.serializer(),
            machine,
            gathered: Gathered::new(context.client.receipts().cloned()),
            alarm: Box::pin(sleep_until(heartbeat.due())),
            heartbeat,
            context,
            missing: 0,
            complete_by: (now + config.connect_timeout, config.connect_timeout),
            asking: JoinSet::new(),
            is_ready: false,
            joined: None,
            stopping: None,
            withdrawing: Vec::new(),
            shutdown_timeout: config.shutdown_timeout,
        }
    }

    /// Sets everything up, then runs until the session ends. `ready` is called when all is set up.
    ///
    /// Also returns the `on_join` functions that are running.
    pub(super) async fn run(
        mut self,
        shared: &mut Shared<'_>,
        stop: &mut (impl Future<Output = ()> + Unpin),
        ready: impl FnOnce(),
    ) -> (End, JoinSet<()>) {
        let mut ready = Some(ready);
        let ended = match self.set_up(shared) {
            Ok(()) => self.drive(shared, stop, &mut ready).await,
            Err(error) => Err(error),
        };
        let end = match (ended, self.stopping.take()) {
            (Ok(shutdown), _) => End::Stopped(self.leave(shutdown, shared).await),
            (Err(_), Some(shutdown)) => End::Stopped(shutdown),
            (Err(error), None) => {
                // There still is a session; it only is not the one the program wants.
                if matches!(error.kind(), ErrorKind::Refused | ErrorKind::Setup) {
                    self.farewell(close::CLOSE_REALM).await;
                }
                End::Lost(error)
            }
        };
        let reason = match &end {
            End::Stopped(_) => "the App was stopped".to_owned(),
            End::Lost(Error::Lost { reason }) => reason.clone(),
            End::Lost(error) => error.to_string(),
        };
        let unanswered = self.machine.end(|| Error::Lost { reason: reason.clone() });
        for endpoint in unanswered.endpoints {
            shared.endpoints.remove(&endpoint);
        }
        shared.outgoing.publish_again(unanswered.publications);
        suspend(shared.endpoints);
        shared.work.invocations.orphan();
        (end, self.joined.unwrap_or_default())
    }

    /// What was running is done, or has had its time: leaves the realm.
    async fn leave(&mut self, mut shutdown: Shutdown, shared: &mut Shared<'_>) -> Shutdown {
        // What the program asked for before it asked to stop, or while it finished, comes before the goodbye.
        self.commands(shared);
        shutdown.abort(shared.work, |request| {
            let error = WampError::new(error::CANCELED).arg("the callee ended before the procedure did");
            self.machine.refuse(request, &error);
        });
        if let Some(joined) = &mut self.joined {
            joined.abort_all();
        }
        self.farewell(close::CLOSE_REALM).await;
        shutdown
    }

    fn set_up(&mut self, shared: &Shared<'_>) -> Result<()> {
        for endpoint in shared.endpoints.values() {
            let uri = shared.params.fill(endpoint.matching, &endpoint.uri)?;
            endpoint.revoked.send_replace(None);
            self.machine.attach(endpoint, &uri, None);
        }
        self.missing = shared.endpoints.len();
        self.set_alarm();
        Ok(())
    }

    /// Runs until the program is to stop, or the session is lost.
    async fn drive(
        &mut self,
        shared: &mut Shared<'_>,
        stop: &mut (impl Future<Output = ()> + Unpin),
        ready: &mut Option<impl FnOnce()>,
    ) -> Result<Shutdown> {
        loop {
            if self.missing == 0
                && let Some(ready) = ready.take()
            {
                info!(session = %self.context.session.id, realm = self.context.session.realm, "joined");
                ready();
                self.is_ready = true;
                self.joined = Some(shared.hooks.joined(&self.context));
            }
            self.withdrawing.retain_mut(|answered| matches!(answered.try_recv(), Err(TryRecvError::Empty)));
            let is_done = self.withdrawing.is_empty() && shared.work.is_done();
            let is_over = |shutdown: &mut Shutdown| is_done || Instant::now() >= shutdown.deadline;
            if let Some(shutdown) = self.stopping.take_if(is_over) {
                return Ok(shutdown);
            }
            self.flush(shared)?;
            if self.machine.due().is_some_and(|due| due < self.alarm.deadline()) {
                self.set_alarm();
            }
            tokio::select! {
                () = &mut *stop, if self.stopping.is_none() => self.stop(shared),
                turn = self.socket.turn() => self.burst(turn, shared).await?,
                Some(command) = shared.commands.recv(), if self.takes_commands(shared) => {
                    self.command(command, shared);
                    self.commands(shared);
                }
                // What clients have put into the outbox is written in the next round.
                () = poll_fn(|cx| self.machine.poll_frames(cx)) => {}
                Some(abandoned) = shared.abandoned.recv() => {
                    shared.outgoing.abandon(abandoned.call);
                    self.machine.abandon(abandoned);
                }
                (running, reply) = shared.work.invocations.next() => self.answer(running, reply, shared),
                Some(_) = shared.work.events.join_next(), if self.stopping.is_some() => {}
                Some(Ok(asked)) = self.asking.join_next(), if !self.asking.is_empty() => self.recovered(asked, shared),
                () = &mut self.alarm => self.beat()?,
            }
        }
    }

    /// Hands to the socket what is to be sent: first of all what has waited for the session.
    fn flush(&mut self, shared: &mut Shared<'_>) -> Result<()> {
        loop {
            let (is_congested, may_publish) = (self.socket.is_congested(), self.is_ready && shared.outgoing.is_empty());
            let (socket, commands) = (&mut self.socket, &shared.commands);
            self.machine.frames(is_congested, || may_publish && commands.is_empty(), |frame| socket.send(frame))?;
            if !self.is_ready || self.socket.is_congested() {
                return Ok(());
            }
            match shared.outgoing.next() {
                Some(command) => self.command(command, shared),
                None => return Ok(()),
            }
        }
    }

    /// Whether there is nothing older to be sent than what the program asks for now, and room for more.
    fn takes_commands(&self, shared: &Shared<'_>) -> bool {
        !self.socket.is_congested() && (!self.is_ready || shared.outgoing.is_empty())
    }

    /// The program is to stop: what is running may finish, and nothing else begins.
    fn stop(&mut self, shared: &mut Shared<'_>) {
        // What was asked for before comes before.
        self.commands(shared);
        self.stopping = Some(Shutdown::begin(self.shutdown_timeout, shared.endpoints));
        // Other callees are to get the calls from now on. Those that are on their way to this one are still answered.
        self.withdrawing = self.machine.withdraw();
        self.set_alarm();
    }

    /// The alarm went off.
    fn beat(&mut self) -> Result<()> {
        let now = Instant::now();
        self.machine.tell_overdue(now);
        let (complete_by, after) = self.complete_by;
        if self.missing > 0 && now >= complete_by {
            return Err(Error::Timeout { request: "subscriptions and registrations".to_owned(), after });
        }
        if now >= self.heartbeat.due() {
            match self.heartbeat.beat(now) {
                Beat::Ping => self.socket.ping()?,
                Beat::Dead => return Err(Error::Lost { reason: "the router does not answer pings".to_owned() }),
            }
        }
        self.set_alarm();
        Ok(())
    }

    fn set_alarm(&mut self) {
        let incomplete = (self.missing > 0).then_some(self.complete_by.0);
        let stopping = self.stopping.as_ref().map(|shutdown| shutdown.deadline);
        let due =
            [incomplete, stopping, self.machine.due()].into_iter().flatten().fold(self.heartbeat.due(), Instant::min);
        self.alarm.as_mut().reset(due);
    }

    /// Takes what has come, and what has come besides: what it leads to shares a write, and a handler is woken once for
    /// all its events.
    async fn burst(&mut self, first: Turn, shared: &mut Shared<'_>) -> Result<()> {
        let mut is_alive = first.is_sign_of_life();
        let mut ended = self.turn(first, shared);
        let mut taken = 1;
        // Without an await for each, which would move it about.
        poll_fn(|cx| {
            // What comes before all is set up is taken one by one: each may be what was missing.
            while ended.is_ok()
                && self.is_ready
                && taken < BURST
                && let Poll::Ready(turn) = self.socket.poll_turn(cx)
            {
                is_alive |= turn.is_sign_of_life();
                ended = self.turn(turn, shared);
                taken += 1;
            }
            self.gathered.hand_over(shared);
            Poll::Ready(())
        })
        .await;
        if let Err(ending) = ended {
            return Err(self.ending(*ending).await);
        }
        if is_alive {
            self.heartbeat.alive(Instant::now());
        }
        if taken == BURST {
            // Handlers may have no other thread, and their queues end somewhere.
            step_back().await;
        }
        Ok(())
    }

    // Inline: it is called where a frame is found, which is not to be moved for that.
    #[inline(always)]
    fn turn(&mut self, turn: Turn, shared: &mut Shared<'_>) -> Result<(), Box<Ending>> {
        match turn {
            Turn::Flushed | Turn::Alive => Ok(()),
            Turn::Closed(reason) => Err(Box::new(Ending::Error(Error::Lost { reason }))),
            Turn::Frame(frame) => match self.plain_event(frame, shared) {
                Ok(()) => Ok(()),
                Err(frame) => self.message(&frame, shared),
            },
        }
    }

    // Apart from events, for which next to nothing is to be kept.
    #[inline(never)]
    fn message(&mut self, frame: &Bytes, shared: &mut Shared<'_>) -> Result<(), Box<Ending>> {
        self.gathered.hand_over(shared);
        let ending = match self.machine.receive(frame) {
            Ok(None) => return Ok(()),
            Ok(Some(Effect::Goodbye { reason, message })) => Ending::Goodbye(Error::Closed { reason, message }),
            Ok(Some(effect)) => match self.effect(effect, shared) {
                Ok(()) => return Ok(()),
                Err(error) => Ending::Error(error),
            },
            Err(problem) => Ending::Violation(problem),
        };
        // Boxed: of each message it is looked at whether there is any.
        Err(Box::new(ending))
    }

    /// Says what is to be said at the end.
    async fn ending(&mut self, ending: Ending) -> Error {
        match ending {
            Ending::Goodbye(error) => {
                self.farewell(close::GOODBYE_AND_OUT).await;
                error
            }
            Ending::Violation(problem) => violation(&mut self.socket, self.serializer, &problem).await,
            Ending::Error(error) => error,
        }
    }

    /// Answers an invocation that is done, and the others that are. The answers share a write.
    fn answer(&mut self, running: Running, reply: Reply, shared: &mut Shared<'_>) {
        let mut next = Some((running, reply));
        while let Some((running, reply)) = next {
            // What the procedure asked for before it returned comes before its result.
            self.commands(shared);
            self.machine.answer(running.request, &reply);
            next = shared.work.invocations.next_done();
        }
    }

    /// Carries out the commands that are waiting. What they make shares a write.
    fn commands(&mut self, shared: &mut Shared<'_>) {
        for _ in 0..shared.commands.len() {
            let Ok(command) = shared.commands.try_recv() else { return };
            self.command(command, shared);
        }
    }

    fn command(&mut self, command: Command, shared: &mut Shared<'_>) {
        match command {
            Command::Call(call) if call.waits && !self.is_ready => shared.outgoing.call(call),
            Command::Call(call) => self.machine.call(call),
            Command::More(arguments) => self.machine.proceed(&arguments),
            Command::Progress(part) => {
                if part.running.strong_count() > 0 {
                    self.machine.progress(part.request, &part.payload);
                }
            }
            Command::Publish(publication) if !self.is_ready => shared.outgoing.publish(publication),
            Command::Publish(publication) => self.machine.publish(publication),
            Command::Attach(endpoint, answer) => self.attach(endpoint, answer, shared),
            Command::Detach(endpoint, answer) => {
                shared.endpoints.remove(&endpoint);
                self.machine.detach(endpoint, answer);
            }
        }
    }

    fn attach(&mut self, endpoint: Endpoint, answer: oneshot::Sender<Result<()>>, shared: &mut Shared<'_>) {
        match shared.params.fill(endpoint.matching, &endpoint.uri) {
            Ok(uri) => {
                self.machine.attach(&endpoint, &uri, Some(answer));
                shared.endpoints.insert(endpoint.key, endpoint);
            }
            Err(error) => drop(answer.send(Err(error))),
        }
    }
}

/// Lets the tasks run that are ready. Unlike tokio's own `yield_now` it does not ask the operating system what else is
/// ready before it goes on, which for every burst is a system call: the runtime does so now and then.
async fn step_back() {
    let mut has_waited = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
