//! The functions that run when a session begins and when it ends.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tracing::warn;

use crate::handler::{BoxHook, SessionContext};

/// How long `on_join` functions have to stop, and `on_leave` functions to run, before the next session may begin.
const PATIENCE: Duration = Duration::from_secs(5);

/// All of the program's hooks.
#[derive(Default)]
pub(crate) struct Hooks {
    pub(crate) on_join: Vec<BoxHook>,
    pub(crate) on_leave: Vec<BoxHook>,
}

impl Hooks {
    /// Runs what is to run after a join. It ends with the session, at the latest.
    pub(crate) fn joined(&self, context: &SessionContext) -> JoinSet<()> {
        start(&self.on_join, "on_join", context)
    }

    /// Ends what [`joined`](Self::joined) started, then runs what is to run after a session.
    pub(crate) async fn left(&self, mut joined: JoinSet<()>, context: &SessionContext) {
        if timeout(PATIENCE, joined.shutdown()).await.is_err() {
            warn!("an on_join function does not stop: it blocks its thread");
        }
        let mut leaving = start(&self.on_leave, "on_leave", context);
        let ended = timeout(PATIENCE, async { while leaving.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            warn!("an on_leave function took too long and is dropped");
        }
    }
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hooks").field("on_join", &self.on_join.len()).field("on_leave", &self.on_leave.len()).finish()
    }
}

fn start(hooks: &[BoxHook], occasion: &'static str, context: &SessionContext) -> JoinSet<()> {
    let mut running = JoinSet::new();
    for hook in hooks {
        let (hook, context) = (hook.clone(), context.clone());
        running.spawn(async move {
            match AssertUnwindSafe(async { hook(context).await }).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => warn!(occasion, %error, "function failed"),
                Err(_) => warn!(occasion, "function panicked"),
            }
        });
    }
    running
}
