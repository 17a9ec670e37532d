//! What one client gets to read.

use std::time::Duration;

use axum::body::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;
use wamp_proto::PublicationId;

use super::past::{Page, Past};
use crate::local::{LocalEvent, LocalEvents, LocalSession};

/// Keeps a connection alive, and says nothing.
const COMMENT: Bytes = Bytes::from_static(b":\n\n");

/// The events for one client.
#[derive(Debug)]
pub(super) struct Feed {
    events: LocalEvents,
    stage: Stage,
    heartbeat: Duration,
    _place: OwnedSemaphorePermit,
}

#[derive(Debug)]
enum Stage {
    /// Nothing was said yet.
    New(Option<Past>),
    /// What was missed is being told.
    Past(Past),
    /// What comes is told; but not again what was told of the past.
    Live(Option<Past>),
}

/// An event, as it is told.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    pub(super) topic: &'a str,
    pub(super) publication: PublicationId,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) args: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kwargs: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) publisher: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) publisher_authid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) publisher_authrole: Option<&'a str>,
}

impl Feed {
    pub(super) fn new(
        session: LocalSession,
        events: LocalEvents,
        last: Option<PublicationId>,
        heartbeat: Duration,
        place: OwnedSemaphorePermit,
    ) -> Self {
        let past = last.map(|last| Past::new(session, events.id(), events.topic(), last));
        Self { events, stage: Stage::New(past), heartbeat, _place: place }
    }

    /// What is to be written next; `None` at the end.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.events.dropped() > 0 {
                tracing::warn!("slow consumer of server-sent events disconnected");
                return None;
            }
            match &mut self.stage {
                Stage::New(past) => {
                    let past = past.take();
                    self.stage = past.map_or(Stage::Live(None), Stage::Past);
                    // What is before the client then knows that it is connected.
                    return Some(COMMENT);
                }
                Stage::Past(past) => match past.next().await {
                    Page::Text(text) => return Some(text),
                    Page::End => {
                        let Stage::Past(past) = std::mem::replace(&mut self.stage, Stage::Live(None)) else { continue };
                        self.stage = Stage::Live(Some(past));
                    }
                },
                Stage::Live(past) => match timeout(self.heartbeat, self.events.next()).await {
                    Err(_) => return Some(COMMENT),
                    Ok(None) => return None,
                    Ok(Some(event)) if past.as_ref().is_some_and(|past| past.was_told(event.publication)) => {}
                    Ok(Some(event)) => return Some(live(&event).into()),
                },
            }
        }
    }
}

fn live(event: &LocalEvent) -> Vec<u8> {
    let told = Told {
        topic: &event.topic,
        publication: event.publication,
        args: event.args.as_deref(),
        kwargs: event.kwargs.as_deref(),
        publisher: event.publisher.map(wamp_proto::SessionId::get),
        publisher_authid: event.publisher_authid.as_deref(),
        publisher_authrole: event.publisher_authrole.as_deref(),
    };
    let mut text = Vec::new();
    told.write(&mut text);
    text
}

impl Told<'_> {
    /// Writes it as a server-sent event.
    pub(super) fn write(&self, text: &mut Vec<u8>) {
        let start = format!("id: {}\ndata: ", self.publication);
        text.extend_from_slice(start.as_bytes());
        let data = text.len();
        // Neither a map with keys that are no texts nor a writer that fails.
        let _ = serde_json::to_writer(&mut *text, self);
        // Arguments are as their publisher wrote them. Line breaks between values are but spaces.
        text[data..].iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
        text.extend_from_slice(b"\n\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_two_lines_however_it_was_written() {
        let args = RawValue::from_string("[1,\r\n \"a\\nb\"]".into()).unwrap();
        let told = Told {
            topic: "com.example",
            publication: PublicationId::known(7),
            args: Some(&args),
            kwargs: None,
            publisher: None,
            publisher_authid: Some("joe"),
            publisher_authrole: None,
        };
        let mut text = Vec::new();
        told.write(&mut text);
        let expected = r#"{"topic":"com.example","publication":7,"args":[1,   "a\nb"],"publisher_authid":"joe"}"#;
        assert_eq!(String::from_utf8(text).unwrap(), format!("id: 7\ndata: {expected}\n\n"));
    }
}
