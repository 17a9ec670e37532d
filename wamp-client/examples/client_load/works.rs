//! The programs that are measured.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::bail;
use wamp_client::{App, Client, Running, State, handlers, register, subscribe};

use crate::Progress;
use crate::frames::Speech;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Events,
    Event,
    Publish,
    Acknowledged,
    Call,
    Calls,
    Answer,
    Answers,
}

/// With it a payload has about 128 bytes.
pub(crate) fn name() -> &'static str {
    const { str::from_utf8(&[b'x'; 112]) }.unwrap_or_default()
}

#[subscribe("com.example.load")]
async fn on_event(progress: State<Arc<Progress>>, number: u64, name: String) {
    let expected = progress.count();
    assert!(number == expected && name.len() == 112, "event {expected} was due, and {number} came");
}

#[register("com.example.load")]
async fn answer(number: u64, name: String) -> String {
    assert!(number < u64::MAX);
    name
}

impl Work {
    pub(crate) fn named(name: &str) -> anyhow::Result<Self> {
        Ok(match name {
            "events" => Self::Events,
            "event" => Self::Event,
            "publish" => Self::Publish,
            "acknowledged" => Self::Acknowledged,
            "call" => Self::Call,
            "calls" => Self::Calls,
            "answer" => Self::Answer,
            "answers" => Self::Answers,
            other => bail!("there is no work {other:?}"),
        })
    }

    pub(crate) fn has_events(self) -> bool {
        matches!(self, Self::Events | Self::Event)
    }

    /// How many of a session are under way at once.
    pub(crate) fn in_flight(self) -> u64 {
        match self {
            // As far ahead as the router's own benchmark lets a publisher be.
            Self::Events => 1024,
            Self::Acknowledged | Self::Answers => 256,
            Self::Calls => 16,
            _ => 1,
        }
    }

    /// Starts the program. What it does is counted in `progress`.
    pub(crate) async fn start(
        self,
        speech: Speech,
        address: SocketAddr,
        progress: &Arc<Progress>,
    ) -> anyhow::Result<Vec<Running>> {
        let mut running = Vec::new();
        for _ in 0..if self == Self::Calls { 16 } else { 1 } {
            let app = App::new(speech.url(address)).serializer(speech.serializer()).state(Arc::clone(progress));
            let app = match self {
                // All that are on their way may wait, and none is to be dropped.
                Self::Events | Self::Event => app.mount(handlers![on_event]).event_queue(2048),
                Self::Answer | Self::Answers => app.mount(handlers![answer]),
                _ => app,
            };
            running.push(app.start().await?);
        }
        for client in running.iter().map(Running::client) {
            let tasks = match self {
                Self::Publish => 1,
                Self::Acknowledged | Self::Call | Self::Calls => self.in_flight(),
                _ => 0,
            };
            for _ in 0..tasks {
                tokio::spawn(ask(self, client.clone(), Arc::clone(progress)));
            }
        }
        Ok(running)
    }
}

/// Asks again and again.
async fn ask(work: Work, client: Client, progress: Arc<Progress>) -> wamp_client::Result<()> {
    for number in 0_u64.. {
        match work {
            // The peer counts those that have come.
            Work::Publish => client.publish("com.example.load").arg(number).arg(name()).await?,
            Work::Acknowledged => {
                client.publish("com.example.load").arg(number).arg(name()).acknowledge().await?;
                progress.count();
            }
            _ => {
                let name: String = client.call("com.example.load").arg(number).arg(name()).await?;
                assert_eq!(name.len(), 112);
                progress.count();
            }
        }
    }
    Ok(())
}
