//! The end of a session in good order. Specification: "Session Closing" (basic profile).

use std::time::Duration;

use tokio::time::timeout;
use tracing::debug;
use wamp_proto::error::close;

use super::link::Link;
use super::machine::Effect;
use crate::transport::Turn;

/// How long each part of it may take.
const PATIENCE: Duration = Duration::from_secs(2);

impl Link {
    /// Says goodbye, waits for the router's (if this is not the answer to it), and closes the connection.
    pub(super) async fn farewell(&mut self, reason: &str) {
        self.machine.goodbye(reason);
        if timeout(PATIENCE, self.exchange_goodbyes(reason == close::GOODBYE_AND_OUT)).await.is_err() {
            debug!("router did not answer the goodbye in time");
        }
        if timeout(PATIENCE, self.socket.close()).await.is_err() {
            debug!("connection did not close in time");
        }
    }

    async fn exchange_goodbyes(&mut self, is_answer: bool) {
        let socket = &mut self.socket;
        if self.machine.frames(false, || false, |frame| socket.send(frame)).is_err() {
            return;
        }
        loop {
            match self.socket.turn().await {
                Turn::Closed(_) => return,
                Turn::Flushed if is_answer => return,
                Turn::Flushed | Turn::Alive => {}
                Turn::Frame(frame) => {
                    // Answers to requests still reach whoever waits for them; all else comes too late.
                    if let Ok(Some(Effect::Goodbye { .. } | Effect::Abort { .. })) = self.machine.receive(&frame) {
                        return;
                    }
                }
            }
        }
    }
}
