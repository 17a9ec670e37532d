//! `wamp register`.

mod command;
mod job;

use std::sync::Arc;
use std::time::Instant;

use clap::{Args, ValueEnum};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use wamp_client::{Caller, InvocationPolicy, Kwargs, Procedure, Progress, Rest, Results, Value, WampError, uris};

use self::command::{Command, Invocation};
use self::job::Job;
use crate::arguments::Arguments;
use crate::failure::Failure;
use crate::output::{Output, tell};
use crate::render::{self, ASIDE, NAME};
use crate::subscribe::Matching;
use crate::target::Target;

pub(crate) const EXAMPLES: &str = "\
Examples:
  wamp register com.example.date -- date
  wamp register com.example.sum -- jq '.args | add'
  wamp register com.example.greet -- sh -c 'echo \"hello $WAMP_ARG_1\"'
  wamp register com.example.ping --argv -- ping -c 1 --
  wamp register com.example.build --progress --timeout 10m -- make

The command is run anew for each call, without a shell. It gets the arguments
  on standard input   as JSON: {\"args\":[…],\"kwargs\":{…}}
  in the environment  WAMP_ARG_1 … and WAMP_KWARG_name …, texts bare, the rest
                      as JSON (none, if larger than 64 KiB together);
                      WAMP_PROCEDURE; WAMP_CALLER, where it is disclosed
  with --argv         after its own, too. Whoever calls chooses them: end your
                      own with --, where the command knows that, so that they
                      are not taken for options

What it writes to standard output is the result: JSON if it reads as JSON, else text, at most 8 MiB. With \
--progress each line is a part of the result; a caller who takes no parts gets the list of all lines. If it ends with \
another code than 0 the call fails with wamp.error.runtime_error and the keyword argument exit_code.

A call that is canceled or takes longer than --timeout ends the command and all it has started: SIGTERM, and SIGKILL \
two seconds later. So does Ctrl-C here.";

/// Offer a shell command as a procedure
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// The procedure, or a pattern of procedures
    #[arg(value_name = "PROC")]
    procedure: String,

    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,

    /// Add the positional arguments of the call to those of the command
    #[arg(long)]
    argv: bool,

    /// Send each line of output at once, as a part of the result
    #[arg(long)]
    progress: bool,

    /// The output is text, whatever it reads as
    #[arg(short, long)]
    string: bool,

    /// What the command writes to standard error goes to the caller, too, if the call fails: the last 4 KiB
    #[arg(long)]
    stderr: bool,

    /// How many may run at once; further calls are refused
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    concurrency: u32,

    /// How procedures are compared: exact, prefix or wildcard
    #[arg(short, long = "match", value_name = "POLICY", default_value = "exact", hide_possible_values = true)]
    matching: Matching,

    /// Which of several callees gets a call: single, roundrobin, random, first or last
    #[arg(long, value_name = "POLICY", default_value = "single", hide_possible_values = true)]
    invoke: Invoke,

    /// Take the procedure over from whoever has registered it
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Invoke {
    Single,
    Roundrobin,
    Random,
    First,
    Last,
}

impl From<Invoke> for InvocationPolicy {
    fn from(invoke: Invoke) -> Self {
        match invoke {
            Invoke::Single => Self::Single,
            Invoke::Roundrobin => Self::RoundRobin,
            Invoke::Random => Self::Random,
            Invoke::First => Self::First,
            Invoke::Last => Self::Last,
        }
    }
}

pub(crate) async fn run(flags: Flags, target: &Target, output: Output) -> Result<(), Failure> {
    let command = Command {
        words: flags.command.clone(),
        argv: flags.argv,
        progress: flags.progress,
        string: flags.string,
        stderr: flags.stderr,
        timeout: target.timeout,
    };
    command.check()?;
    let (stop, stopped) = watch::channel(false);
    // Closed when the last job is gone.
    let (alive, mut jobs) = mpsc::channel::<()>(1);
    let done = target
        .long_session(async |client| {
            // When a signal ends this the jobs end at once, so that the session need not wait for them.
            let _stop = StopOnDrop(stop);
            let callee = Callee {
                command: Arc::new(command),
                places: Arc::new(Semaphore::new(usize::try_from(flags.concurrency).unwrap_or(usize::MAX))),
                stopped,
                alive,
                told: output.for_people().then_some(output.clock),
            };
            let register = client.register(flags.procedure.clone(), callee.handler());
            let register = register.matching(flags.matching.into()).invoke(flags.invoke.into());
            register.concurrency(flags.concurrency).force_reregister(flags.force).await?;
            output.remark(format_args!("registered {}; Ctrl-C ends", flags.procedure));
            std::future::pending().await
        })
        .await;
    jobs.recv().await;
    done
}

struct StopOnDrop(watch::Sender<bool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.send_replace(true);
    }
}

/// What every call needs.
#[derive(Clone)]
struct Callee {
    command: Arc<Command>,
    places: Arc<Semaphore>,
    stopped: watch::Receiver<bool>,
    alive: mpsc::Sender<()>,
    /// With which clock a person is told of each call.
    told: Option<crate::clock::Clock>,
}

impl Callee {
    fn handler(
        self,
    ) -> impl Fn(Procedure, Caller, Rest<Value>, Kwargs<Value>, Progress<Value>) -> HandlerFuture + Send + Sync + 'static
    {
        move |Procedure(procedure), caller, Rest(args), Kwargs(kwargs), progress| {
            let kwargs = match kwargs {
                Value::Map(entries) => entries,
                _ => Vec::new(),
            };
            let invocation = Invocation { procedure, caller, arguments: Arguments { args, kwargs } };
            Box::pin(self.clone().answer(invocation, progress))
        }
    }

    async fn answer(self, invocation: Invocation, progress: Progress<Value>) -> Result<Results, WampError> {
        let busy = || WampError::new(uris::UNAVAILABLE).arg("too many calls of this procedure are running");
        // A router that knows the limit keeps to it.
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| busy())?;
        let started = Instant::now();
        let procedure = invocation.procedure.clone();
        // Dropped with this future when the call is canceled.
        let (_running, canceled) = oneshot::channel::<()>();
        let job = Job { command: Arc::clone(&self.command), invocation, progress, canceled, stopped: self.stopped };
        let alive = self.alive;
        let told = self.told;
        let job = tokio::spawn(async move {
            let _kept = (alive, place);
            let outcome = job.run().await;
            if let Some(clock) = told {
                let problem = outcome.as_ref().err().map(|error| format!(": {error}")).unwrap_or_default();
                let (time, taken) = (clock.time_of_day(), started.elapsed());
                let (procedure, problem) = (render::plain(&procedure), render::plain(&problem));
                tell(format_args!("{ASIDE}{time}{ASIDE:#} {NAME}{procedure}{NAME:#} {taken:.0?}{problem}"));
            }
            outcome
        });
        job.await.unwrap_or_else(|_| Err(WampError::runtime("the command could not be run")))
    }
}

type HandlerFuture = std::pin::Pin<Box<dyn Future<Output = Result<Results, WampError>> + Send>>;
