//! One run of the command.

use std::convert::Infallible;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};
use wamp_client::{Progress, Results, Value, WampError, uris};

use super::command::{Command, Invocation};
use crate::arguments;

/// What a command may write. Routers take no much larger messages.
const MOST_OUTPUT: u64 = 8 << 20;
/// What a caller gets of what it wrote to standard error.
const MOST_STDERR: usize = 4 << 10;
/// How long a command may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(2);

/// A command that is run for a call.
pub(super) struct Job {
    pub(super) command: Arc<Command>,
    pub(super) invocation: Invocation,
    pub(super) progress: Progress<Value>,
    /// Closed when the caller wants no result any more.
    pub(super) canceled: oneshot::Receiver<()>,
    /// True when this program ends.
    pub(super) stopped: watch::Receiver<bool>,
}

/// Why a command was ended.
enum Stop {
    Canceled,
    Leaving,
    TimedOut(Duration),
}

impl Job {
    /// Runs the command to its end, or ends it early with all it has started.
    pub(super) async fn run(mut self) -> Result<Results, WampError> {
        let program = self.command.program();
        let broken = |error: io::Error| WampError::runtime(format_args!("cannot run {program}: {error}"));
        let mut child = self.command.prepare(&self.invocation)?.spawn().map_err(broken)?;
        let pid = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let input = self.invocation.input();
        let stop = async {
            let limit = async {
                match self.command.timeout {
                    Some(limit) => {
                        sleep(limit).await;
                        limit
                    }
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = &mut self.canceled => Stop::Canceled,
                _ = self.stopped.wait_for(|stopped| *stopped) => Stop::Leaving,
                limit = limit => Stop::TimedOut(limit),
            }
        };
        let ended = tokio::select! {
            talked = talk(&mut child, input, &self.command, &self.progress) => Ok(talked),
            stop = stop => Err(stop),
        };
        let problem = match ended {
            Ok(Ok((said, status))) => return said.outcome(status, &self.command),
            Ok(Err(problem)) => problem,
            Err(Stop::Canceled) => WampError::new(uris::CANCELED),
            Err(Stop::Leaving) => WampError::new(uris::CANCELED).arg("the callee is leaving"),
            Err(Stop::TimedOut(limit)) => {
                WampError::new(uris::TIMEOUT).arg(format!("{program} took longer than {limit:?} and was ended"))
            }
        };
        end(&mut child, pid).await;
        Err(problem)
    }
}

/// Ends a process group: politely, then for certain.
async fn end(child: &mut Child, pid: Option<Pid>) {
    if let Some(pid) = pid {
        // Gone already: all the better, here and below.
        let _ = kill_process_group(pid, Signal::TERM);
        // Not waited for in the sense of the system: as long as it is not, nothing else can get the group's number.
        let gone = tokio::task::spawn_blocking(move || {
            waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
        });
        let _ = timeout(GRACE, gone).await;
        let _ = kill_process_group(pid, Signal::KILL);
    }
    let _ = child.wait().await;
}

/// What a command said.
struct Said {
    lines: Vec<Value>,
    output: String,
    stderr: Vec<u8>,
}

/// Gives the command its input and takes its output, all at once so that neither side waits for the other; then waits
/// for its end.
async fn talk(
    child: &mut Child,
    input: String,
    command: &Command,
    progress: &Progress<Value>,
) -> Result<(Said, ExitStatus), WampError> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let taken = async { tokio::try_join!(take(stdout, command, progress), async { Ok(last(stderr).await) }) };
    // What is left of the input when the output has ended is of no use.
    let ((lines, output), stderr) = tokio::select! {
        biased;
        taken = taken => taken?,
        never = give(stdin, input) => match never {},
    };
    let status = child.wait().await.map_err(WampError::runtime)?;
    Ok((Said { lines, output, stderr }, status))
}

/// Gives the command its input, and leaves the rest to others.
async fn give(stdin: Option<ChildStdin>, input: String) -> Infallible {
    if let Some(mut stdin) = stdin {
        // A command that does not read its input has its reasons.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    std::future::pending().await
}

/// Takes the output: its lines, if each is to be sent at once, else all of it.
async fn take(
    stdout: Option<ChildStdout>,
    command: &Command,
    progress: &Progress<Value>,
) -> Result<(Vec<Value>, String), WampError> {
    let unreadable = |error: io::Error| WampError::runtime(format_args!("cannot read the command's output: {error}"));
    let too_long =
        || WampError::new(uris::PAYLOAD_SIZE_EXCEEDED).arg(format!("the command wrote more than {MOST_OUTPUT} bytes"));
    let Some(stdout) = stdout else { return Ok(Default::default()) };
    let mut stdout = BufReader::new(stdout);
    let (mut lines, mut bytes) = (Vec::new(), Vec::new());
    if !command.progress {
        (&mut stdout).take(MOST_OUTPUT + 1).read_to_end(&mut bytes).await.map_err(unreadable)?;
        if bytes.len() as u64 > MOST_OUTPUT {
            return Err(too_long());
        }
        return Ok((lines, text(bytes)));
    }
    // Lines that are sent at once are not kept: there is no limit to how many.
    let mut left = MOST_OUTPUT;
    loop {
        bytes.clear();
        let read = (&mut stdout).take(left + 1).read_until(b'\n', &mut bytes).await.map_err(unreadable)?;
        if read == 0 {
            return Ok((lines, String::new()));
        }
        if read as u64 > left {
            return Err(too_long());
        }
        let line = value(text(std::mem::take(&mut bytes)), command.string);
        if progress.is_wanted() {
            progress.send(line).await.map_err(WampError::runtime)?;
        } else {
            left -= read as u64;
            lines.push(line);
        }
    }
}

/// The end of what the command complains about; it is shown here as well.
async fn last(stderr: Option<ChildStderr>) -> Vec<u8> {
    let mut last = Vec::new();
    if let Some(mut stderr) = stderr {
        // A complaint that can't be read is no reason to fail.
        let _ = pass_on(&mut stderr, &mut last).await;
    }
    last
}

async fn pass_on(stderr: &mut (impl AsyncRead + Unpin), last: &mut Vec<u8>) -> io::Result<()> {
    let mut bytes = [0; 4096];
    loop {
        let read = stderr.read(&mut bytes).await?;
        if read == 0 {
            return Ok(());
        }
        let _ = io::Write::write_all(&mut io::stderr(), &bytes[..read]);
        last.extend_from_slice(&bytes[..read]);
        last.drain(..last.len().saturating_sub(MOST_STDERR));
    }
}

impl Said {
    /// What it is worth, now that the command has ended.
    fn outcome(self, status: ExitStatus, command: &Command) -> Result<Results, WampError> {
        if !status.success() {
            return Err(failed(status, command, self.stderr));
        }
        Ok(match (command.progress, self.output.is_empty()) {
            (true, _) if self.lines.is_empty() => Results::new(),
            (true, _) => Results::new().arg(self.lines),
            (false, true) => Results::new(),
            (false, false) => Results::new().arg(value(self.output, command.string)),
        })
    }
}

fn failed(status: ExitStatus, command: &Command, stderr: Vec<u8>) -> WampError {
    let mut error = WampError::runtime(format_args!("{} failed: {status}", command.program()));
    if let Some(code) = status.code() {
        error = error.kwarg("exit_code", code);
    }
    if command.stderr { error.kwarg("stderr", text(stderr)) } else { error }
}

/// Output as text, without the end of its last line.
fn text(bytes: Vec<u8>) -> String {
    let mut text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

fn value(text: String, string: bool) -> Value {
    if string { Value::Str(text) } else { arguments::parse(&text) }
}
