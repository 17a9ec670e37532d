//! The heartbeats of a server: one for all connections of the same settings.

use parking_lot::Mutex;
use tokio::task::JoinHandle;

use crate::connection::{ConnectionSettings, Heartbeat};

/// Every heartbeat there is. A way in that is replaced leaves its own behind: its sessions stay.
#[derive(Debug, Default)]
pub(super) struct Heartbeats(Mutex<Vec<(Heartbeat, JoinHandle<()>)>>);

impl Heartbeats {
    /// The heartbeat of connections with these settings; `begin` sees one that is new, while nobody goes through all.
    pub(super) fn of(&self, settings: ConnectionSettings, begin: impl FnOnce(&Heartbeat)) -> Heartbeat {
        let mut all = self.0.lock();
        if let Some((heartbeat, _)) = all.iter().find(|(heartbeat, _)| *heartbeat.settings() == settings) {
            return heartbeat.clone();
        }
        let heartbeat = Heartbeat::new(settings);
        begin(&heartbeat);
        all.push((heartbeat.clone(), tokio::spawn(heartbeat.clone().run())));
        heartbeat
    }

    pub(super) fn for_each(&self, act: impl Fn(&Heartbeat)) {
        self.0.lock().iter().for_each(|(heartbeat, _)| act(heartbeat));
    }

    /// Their tasks, which run for ever.
    pub(super) fn take_tasks(&self) -> Vec<JoinHandle<()>> {
        self.0.lock().drain(..).map(|(_, task)| task).collect()
    }
}
