//! Ends a channel when it is over.

use std::pin::pin;
use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::channel::Patience;
use super::channels::ChannelId;
use super::{Channel, Channels, Endpoint};
use crate::server::{Slot, Stage};

/// However the task ends, the session has left and its id means nothing any more.
struct Kept {
    id: ChannelId,
    channel: Arc<Channel>,
    channels: Arc<Channels>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.channels.remove(self.id);
        self.channel.end();
    }
}

/// Keeps the channel until it is over, and holds its slot: that is dropped last.
pub(super) async fn keep(_slot: Slot, endpoint: Arc<Endpoint>, id: ChannelId, channel: Arc<Channel>) {
    let kept = Kept { id, channel, channels: endpoint.site.channels.clone() };
    let patience = Patience { connection: endpoint.settings.connections, between: endpoint.settings.session_timeout };
    let shared = endpoint.site.shared.clone();
    drop(endpoint);
    let mut closing = pin!(shared.reached(Stage::Closing));
    let mut shutting_down = false;
    while let Some(until) = kept.channel.until(&patience, Instant::now(), shutting_down) {
        tokio::select! {
            () = kept.channel.rung() => {}
            () = kept.channel.resumed() => {}
            () = sleep_until(until) => {}
            () = &mut closing, if !shutting_down => {
                shutting_down = true;
                kept.channel.finish("the router is shutting down");
            }
        }
    }
    tracing::debug!("long-poll transport ended");
}
