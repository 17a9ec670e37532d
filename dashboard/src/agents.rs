//! The agents inside of this program: the one of this machine, and those of simulated machines.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use wamp_agent::state::StateFile;
use wamp_agent::{Agent, AgentBuilder, Measure};
use wamp_dashboard::access::Access;

/// Agents that join at a time. More would only wait for each other.
const JOINING: usize = 64;

/// The file in the data folder that keeps the id of this machine.
const STATE_FILE: &str = "agent-id";

/// Agents that run, each in a session of its own.
#[derive(Debug)]
pub(crate) struct Agents {
    /// One task an agent.
    tasks: JoinSet<()>,
    joining: Arc<Semaphore>,
    /// Closed when they are to leave.
    stay: watch::Sender<()>,
    /// By which they prove who they are, where they have to.
    access: Option<Access>,
    /// Keeps this machine's id from being used twice.
    _state: Option<StateFile>,
}

impl Agents {
    /// No agent yet.
    pub(crate) fn new(access: Option<Access>) -> Self {
        let joining = Arc::new(Semaphore::new(JOINING));
        Self { tasks: JoinSet::new(), joining, stay: watch::Sender::new(()), access, _state: None }
    }

    /// Starts the agent of this machine, which keeps its id in the data folder.
    pub(crate) fn start_own(&mut self, url: &str, data: &Path) -> Result<()> {
        let state = StateFile::open(&data.join(STATE_FILE)).context("no agent for this machine")?;
        self.spawn(Agent::builder(url, state.id().clone()));
        self._state = Some(state);
        Ok(())
    }

    /// Starts the agents of simulated machines. They join one after the other, while the page
    /// can be looked at already.
    pub(crate) fn start_simulated(&mut self, url: &str, count: u32) {
        for number in simulated(count) {
            self.spawn(Agent::simulated(url, number));
        }
    }

    /// Has all agents leave, and waits for that.
    pub(crate) async fn stop(self) {
        let Self { mut tasks, stay, .. } = self;
        drop(stay);
        while tasks.join_next().await.is_some() {}
    }

    fn spawn<M: Measure>(&mut self, agent: AgentBuilder<M>) {
        let agent = match &self.access {
            Some(access) => {
                let key = access.own_agent(agent.id().clone().into());
                agent.key(key).build()
            }
            None => agent.build(),
        };
        let joining = Arc::clone(&self.joining);
        let mut stay = self.stay.subscribe();
        self.tasks.spawn(async move {
            let start = async {
                let _permit = joining.acquire().await;
                agent.start().await
            };
            let started = tokio::select! {
                started = start => started,
                _ = stay.changed() => return,
            };
            match started {
                Ok(agent) => {
                    // Nothing is ever sent: this ends when the sender is dropped.
                    let _ = stay.changed().await;
                    agent.stop().await;
                }
                Err(error) => tracing::error!(%error, "an agent can't join"),
            }
        });
    }
}

/// The numbers of so many simulated machines.
pub(crate) fn simulated(count: u32) -> impl Iterator<Item = u32> {
    1..=count
}
