//! The open channels, by the ids their clients know.

use std::sync::Arc;

use ahash::HashMap;
use parking_lot::Mutex;

use super::Channel;

/// The open channels.
#[derive(Debug, Default)]
pub(in crate::http) struct Channels(Mutex<HashMap<ChannelId, Arc<Channel>>>);

/// Who knows it is the client: there is nothing else to tell by, so nobody must be able to guess it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct ChannelId(u128);

/// There are as many channels as there may be.
#[derive(Debug)]
pub(super) struct Full;

impl Channels {
    /// Adds one, if there are fewer than `max`.
    pub(super) fn insert(&self, id: ChannelId, channel: Arc<Channel>, max: usize) -> Result<(), Full> {
        let mut open = self.0.lock();
        if open.len() >= max {
            return Err(Full);
        }
        open.insert(id, channel);
        Ok(())
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Channel>> {
        self.0.lock().get(&ChannelId::parse(id)?).cloned()
    }

    pub(super) fn remove(&self, id: ChannelId) {
        self.0.lock().remove(&id);
    }
}

impl ChannelId {
    /// A new one, from the operating system's source of secrets.
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)?;
        Ok(Self(u128::from_be_bytes(bytes)))
    }

    fn parse(text: &str) -> Option<Self> {
        let plain = text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        plain.then(|| u128::from_str_radix(text, 16).ok().map(Self)).flatten()
    }

    /// As it stands in URLs.
    pub(super) fn text(self) -> String {
        format!("{:032x}", self.0)
    }
}

/// It is a secret.
impl std::fmt::Debug for ChannelId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChannelId(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_written_in_one_way_only() {
        for id in [ChannelId(0), ChannelId(u128::MAX), ChannelId::random().unwrap()] {
            assert_eq!(ChannelId::parse(&id.text()), Some(id));
        }
        let id = ChannelId(0xAB).text();
        for other in [&id[1..], &id.to_uppercase(), &id.replacen('0', "+", 1), &format!("0{id}"), ""] {
            assert_eq!(ChannelId::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn ids_differ_and_are_not_logged() {
        let (one, other) = (ChannelId::random().unwrap(), ChannelId::random().unwrap());
        assert_ne!(one, other);
        assert!(!format!("{one:?}").contains(&one.text()));
    }
}
