//! Keeps an application running.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::process::{Output, Place, Process};
use super::{WsgiSettings, lines};

/// Pauses before an application is started again: the first, and the longest.
const PAUSE: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);

/// How an application is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Starting,
    Ready,
    /// It does not run, and is tried again later.
    Down,
}

/// Keeps an application running as long as it is there itself.
#[derive(Debug)]
pub(super) struct Supervisor {
    socket: PathBuf,
    condition: watch::Receiver<Condition>,
    #[expect(dead_code, reason = "held for its drop")]
    stop: oneshot::Sender<()>,
}

/// Ready when an application is to end.
type Stopped = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Supervisor {
    /// Starts an application, to run until `ending` says so or the supervisor is dropped, and then for the seconds it
    /// needs to end in order.
    pub(super) fn start(
        settings: WsgiSettings,
        mut ending: watch::Receiver<bool>,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let place = Place::new()?;
        let socket = place.socket().to_owned();
        let (condition, seen) = watch::channel(Condition::Starting);
        let (stop, dropped) = oneshot::channel::<()>();
        let stopped = Box::pin(async move {
            tokio::select! {
                _ = dropped => {}
                _ = ending.wait_for(|ending| *ending) => {}
            }
        });
        // Of the highest level, so that it is there whatever the filter lets through.
        let span = tracing::error_span!("wsgi", module = settings.module, object = settings.object);
        let task = tokio::spawn(supervise(settings, place, condition, stopped).instrument(span));
        Ok((Self { socket, condition: seen, stop }, task))
    }

    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    pub(super) fn condition(&self) -> watch::Receiver<Condition> {
        self.condition.clone()
    }
}

async fn supervise(settings: WsgiSettings, place: Place, condition: watch::Sender<Condition>, mut stopped: Stopped) {
    let mut pause = PAUSE;
    loop {
        condition.send_replace(Condition::Starting);
        let since = Instant::now();
        let Some(why) = run(&settings, &place, &condition, &mut stopped).await else { return };
        let was_ready = *condition.borrow() == Condition::Ready;
        condition.send_replace(Condition::Down);
        if was_ready && since.elapsed() > LONGEST {
            pause = PAUSE;
        }
        tracing::error!(why, again_in = ?pause, "the Python application does not run");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = &mut stopped => return,
        }
        pause = (pause * 2).min(LONGEST);
    }
}

/// Runs it once. Answers why it ended; nothing if that was wanted.
pub(super) async fn run(
    settings: &WsgiSettings,
    place: &Place,
    condition: &watch::Sender<Condition>,
    stopped: &mut Stopped,
) -> Option<String> {
    // Nothing the application prints by accident is taken for the launcher's word.
    let token = format!("{:032x}", fastrand::u128(..));
    let (mut process, output) = match Process::start(settings, place, &token).await {
        Ok(started) => started,
        Err(error) => return Some(error.to_string()),
    };
    let why = Arc::new(Mutex::new(None));
    let span = tracing::error_span!("process", id = process.id());
    let mut listening = tokio::spawn(listen(output, token, condition.clone(), why.clone()).instrument(span));
    let ended = tokio::select! {
        ended = process.ended() => Some(ended),
        () = stopped => None,
    };
    if ended.is_none() {
        process.end().await;
    }
    // Its last words are in the pipe already; whoever else has it open is not waited for.
    if tokio::time::timeout(PAUSE, &mut listening).await.is_err() {
        listening.abort();
    }
    let ended = ended?;
    let told = why.lock().take();
    Some(told.unwrap_or_else(|| match ended {
        Ok(status) => format!("it has ended by itself: {status}"),
        Err(error) => error.to_string(),
    }))
}

/// Puts what the application writes into the log, and learns from the launcher how it is.
async fn listen(output: Output, token: String, condition: watch::Sender<Condition>, why: Arc<Mutex<Option<String>>>) {
    let stdout = lines::each(output.stdout, |line| match line.strip_prefix(&token).map(str::trim_start) {
        None => tracing::info!(line, "stdout"),
        Some(word) => match word.split_once(' ') {
            Some(("ready", server)) => {
                tracing::info!(server, "the Python application runs");
                condition.send_replace(Condition::Ready);
            }
            Some(("failed", reason)) => *why.lock() = Some(reason.to_owned()),
            _ => {}
        },
    });
    let stderr = lines::each(output.stderr, |line| tracing::info!(line, "stderr"));
    tokio::join!(stdout, stderr);
}
