//! Asks mounts for their space without ever waiting long for one of them.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    sync::{Arc, mpsc as std_mpsc},
    thread,
    time::Duration,
};

use tokio::{sync::mpsc, time};
use tracing::{info, warn};

use super::mounts::Mount;
use crate::Space;

/// A local file system answers in microseconds, one across the network mostly in milliseconds.
const PATIENCE: Duration = Duration::from_millis(200);

/// Threads that only ask for space need little.
const STACK: usize = 64 * 1024;

/// What is asked. Blocks, perhaps for ever.
type Probe = dyn Fn(&Path) -> io::Result<Space> + Send + Sync;

/// A thread for each mount, all asked at once.
///
/// statvfs can't be cancelled: on a network file system whose server is gone it returns when the server
/// does, or never. Such a mount keeps its one thread and is not asked again until it has answered; it costs
/// the round in which it stops answering [`PATIENCE`] and later rounds nothing. The threads are none of the
/// runtime's, so they don't keep the program from ending either.
pub(super) struct Prober {
    probe: Arc<Probe>,
    lanes: HashMap<u32, Lane>,
    round: u64,
    patience: Duration,
    answer: mpsc::UnboundedSender<Answer>,
    answers: mpsc::UnboundedReceiver<Answer>,
}

/// The thread of one mount.
struct Lane {
    /// The thread ends when this is dropped and its present question answered.
    ask: std_mpsc::Sender<u64>,
    /// It has a question it has not answered.
    busy: bool,
    health: Health,
}

struct Answer {
    mount: u32,
    round: u64,
    space: io::Result<Space>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Answers,
    Fails,
    Hangs,
}

impl Prober {
    pub(super) fn new(probe: impl Fn(&Path) -> io::Result<Space> + Send + Sync + 'static) -> Self {
        let (answer, answers) = mpsc::unbounded_channel();
        Self { probe: Arc::new(probe), lanes: HashMap::new(), round: 0, patience: PATIENCE, answer, answers }
    }

    /// The space of those mounts that answer, in their order.
    pub(super) async fn ask(&mut self, mounts: &[Mount]) -> Vec<(String, Space)> {
        self.lanes.retain(|&id, _| mounts.iter().any(|mount| mount.id == id));
        // What came too late for its own round at least frees its thread.
        while let Ok(late) = self.answers.try_recv() {
            self.free(late.mount);
        }
        self.round += 1;
        let asked = mounts.iter().filter(|mount| self.ask_one(mount)).count();
        let mut spaces = self.collect(asked).await;

        let mut answered = Vec::with_capacity(asked);
        for mount in mounts {
            let health = match spaces.remove(&mount.id) {
                Some(Ok(space)) => {
                    // Nothing can be kept there (an automounter, a pseudo file system at the root).
                    if space.total > 0 {
                        answered.push((mount.point.to_string_lossy().into_owned(), space));
                    }
                    Ok(Health::Answers)
                }
                Some(Err(error)) => Err(error),
                None => Ok(Health::Hangs),
            };
            if let Some(lane) = self.lanes.get_mut(&mount.id) {
                lane.note(health, &mount.point);
            }
        }
        answered
    }

    /// Whether the mount could be asked; one that still owes an answer can't.
    fn ask_one(&mut self, mount: &Mount) -> bool {
        let lane = match self.lanes.entry(mount.id) {
            std::collections::hash_map::Entry::Occupied(lane) => lane.into_mut(),
            std::collections::hash_map::Entry::Vacant(free) => {
                match Lane::start(mount, self.probe.clone(), self.answer.clone()) {
                    Ok(lane) => free.insert(lane),
                    Err(error) => {
                        warn!(mount = %mount.point.display(), %error, "no thread to ask a mount");
                        return false;
                    }
                }
            }
        };
        if lane.busy {
            return false;
        }
        lane.busy = lane.ask.send(self.round).is_ok();
        lane.busy
    }

    /// Waits for `asked` answers of this round, within patience.
    async fn collect(&mut self, asked: usize) -> HashMap<u32, io::Result<Space>> {
        let deadline = time::Instant::now() + self.patience;
        let mut spaces = HashMap::with_capacity(asked);
        while spaces.len() < asked {
            let Ok(Some(answer)) = time::timeout_at(deadline, self.answers.recv()).await else {
                break;
            };
            self.free(answer.mount);
            // An answer to an earlier question is as old as that question.
            if answer.round == self.round {
                spaces.insert(answer.mount, answer.space);
            }
        }
        spaces
    }

    fn free(&mut self, mount: u32) {
        if let Some(lane) = self.lanes.get_mut(&mount) {
            lane.busy = false;
        }
    }
}

impl Lane {
    fn start(mount: &Mount, probe: Arc<Probe>, answer: mpsc::UnboundedSender<Answer>) -> io::Result<Self> {
        let (ask, asked) = std_mpsc::channel();
        let (mount, point): (u32, PathBuf) = (mount.id, mount.point.clone());
        thread::Builder::new().name("statvfs".to_owned()).stack_size(STACK).spawn(move || {
            for round in asked {
                let space = probe(&point);
                if answer.send(Answer { mount, round, space }).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { ask, busy: false, health: Health::Answers })
    }

    /// Logs when the mount begins to answer otherwise than before.
    fn note(&mut self, health: Result<Health, io::Error>, point: &Path) {
        let before = self.health;
        self.health = *health.as_ref().unwrap_or(&Health::Fails);
        if before == self.health {
            return;
        }
        let mount = point.display();
        match health {
            Ok(Health::Answers) => info!(%mount, "mount answers again"),
            Ok(_) => warn!(%mount, "mount doesn't answer"),
            Err(error) => warn!(%mount, %error, "mount can't be asked for its space"),
        }
    }
}

impl std::fmt::Debug for Prober {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prober").field("mounts", &self.lanes.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
