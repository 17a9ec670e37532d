//! Counts connections: in all, of a listener, and of an address.

use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;
use std::sync::Arc;

use ahash::HashMap;
use ipnet::IpNet;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Config;
use crate::metrics::rare::{self, OpenConnection};
use crate::session::{Origin, network};

/// Held by a connection for as long as it counts as one, in whatever protocol.
#[derive(Debug, Clone)]
pub(crate) struct Slot(#[expect(dead_code, reason = "held for its drop")] Arc<Held>);

#[derive(Debug)]
#[expect(dead_code, reason = "held for their drops")]
struct Held {
    all: OwnedSemaphorePermit,
    listener: Option<OwnedSemaphorePermit>,
    address: Option<AddressSlot>,
    counted: OpenConnection,
}

/// Why there is no room for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    Server,
    Listener,
    Address { address: IpAddr, limit: usize, first: bool },
}

impl Full {
    /// Counts it for the metrics.
    pub(crate) fn count(self) {
        let counter = match self {
            Full::Server => &rare::REFUSED_BY_SERVER,
            Full::Listener => &rare::REFUSED_BY_LISTENER,
            Full::Address { .. } => &rare::REFUSED_BY_ADDRESS,
        };
        counter.add(1);
    }

    /// Whether it has not been the same just before; where nobody knows, it is not.
    pub(crate) fn is_news(self) -> bool {
        matches!(self, Full::Address { first: true, .. })
    }
}

impl Display for Full {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Full::Server => f.write_str("too many connections"),
            Full::Listener => f.write_str("too many connections to this listener"),
            Full::Address { address, limit, .. } => write!(f, "more than {limit} connections from {address}"),
        }
    }
}

/// The places there are on a server.
#[derive(Debug)]
pub(super) struct Slots {
    all: Arc<Semaphore>,
    max: usize,
    addresses: Option<Arc<Addresses>>,
    trusted_proxies: Vec<IpNet>,
}

impl Slots {
    pub(super) fn new(config: &Config) -> Self {
        let max = config.max_connections.min(Semaphore::MAX_PERMITS);
        let addresses =
            config.max_connections_per_address.map(|limit| Arc::new(Addresses { limit, taken: Mutex::default() }));
        Self { all: Arc::new(Semaphore::new(max)), max, addresses, trusted_proxies: config.trusted_proxies.clone() }
    }

    /// A place for a connection, if there is one.
    pub(super) fn take(&self, listener: Option<&Arc<Semaphore>>, origin: &Origin) -> Result<Slot, Full> {
        let address = self.take_of_address(origin)?;
        let listener = match listener {
            Some(slots) => Some(slots.clone().try_acquire_owned().map_err(|_| Full::Listener)?),
            None => None,
        };
        let all = self.all.clone().try_acquire_owned().map_err(|_| Full::Server)?;
        Ok(Slot(Arc::new(Held { all, listener, address, counted: OpenConnection::new() })))
    }

    /// A place among those of the client's address; none if that is not counted.
    pub(super) fn take_of_address(&self, origin: &Origin) -> Result<Option<AddressSlot>, Full> {
        match (&self.addresses, origin.address()) {
            (Some(addresses), Some(address)) if !address.is_loopback() && !self.is_proxy(address) => {
                Addresses::take(addresses, address).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Whether a peer may say on whose behalf it comes.
    pub(super) fn trusts(&self, origin: &Origin) -> bool {
        match origin.peer {
            Some(peer) => self.is_proxy(peer.ip().to_canonical()),
            None => !self.trusted_proxies.is_empty(),
        }
    }

    pub(super) fn is_proxy(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address))
    }

    pub(super) fn taken(&self) -> usize {
        self.max - self.all.available_permits()
    }

    /// Waits until no place is taken.
    pub(super) async fn all_free(&self) {
        let all = u32::try_from(self.max).unwrap_or(u32::MAX);
        let _ = self.all.acquire_many(all).await;
    }
}

/// How many places each address has taken that has taken some.
#[derive(Debug)]
struct Addresses {
    limit: usize,
    taken: Mutex<HashMap<IpAddr, Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    count: usize,
    /// It was said in the log that there are no more.
    told: bool,
}

/// A place of an address.
#[derive(Debug)]
pub(crate) struct AddressSlot {
    addresses: Arc<Addresses>,
    network: IpAddr,
}

impl Addresses {
    fn take(addresses: &Arc<Self>, address: IpAddr) -> Result<AddressSlot, Full> {
        let network = network(address);
        let mut all = addresses.taken.lock();
        let taken = all.entry(network).or_default();
        if taken.count >= addresses.limit {
            let first = !std::mem::replace(&mut taken.told, true);
            if taken.count == 0 {
                all.remove(&network);
            }
            return Err(Full::Address { address: network, limit: addresses.limit, first });
        }
        taken.count += 1;
        Ok(AddressSlot { addresses: addresses.clone(), network })
    }
}

impl Drop for AddressSlot {
    fn drop(&mut self) {
        let mut all = self.addresses.taken.lock();
        if let Some(taken) = all.get_mut(&self.network) {
            taken.count -= 1;
            if taken.count == 0 {
                all.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn from(address: &str) -> Origin {
        Origin { peer: Some(SocketAddr::new(address.parse().unwrap(), 1)), ..Origin::default() }
    }

    fn slots() -> Slots {
        Slots::new(&Config {
            max_connections: 4,
            max_connections_per_address: Some(1),
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            ..Config::default()
        })
    }

    #[test]
    fn an_address_has_so_many_places_and_an_ipv6_network_too() {
        let slots = slots();
        for (one, same, other) in
            [("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::ffff:0:0:2", "2001:db8:0:1::1")]
        {
            let slot = slots.take(None, &from(one)).unwrap();
            let full = |first| Full::Address { address: network(one.parse().unwrap()), limit: 1, first };
            assert_eq!(slots.take(None, &from(same)).unwrap_err(), full(true));
            assert_eq!(slots.take(None, &from(same)).unwrap_err(), full(false), "it is said once");
            drop(slots.take(None, &from(other)).unwrap());
            drop(slot);
            drop(slots.take(None, &from(same)).unwrap());
        }
        assert_eq!(slots.taken(), 0);
        assert!(slots.addresses.as_ref().unwrap().taken.lock().is_empty(), "nothing is kept of who is gone");
    }

    #[test]
    fn this_machine_and_proxies_have_as_many_places_as_there_are() {
        let slots = slots();
        let taken: Vec<_> = ["127.0.0.1", "127.0.0.1", "10.1.2.3", "10.1.2.3"]
            .into_iter()
            .map(|address| slots.take(None, &from(address)).unwrap())
            .collect();
        assert_eq!(slots.take(None, &from("192.0.2.1")).unwrap_err(), Full::Server);
        drop(taken);
        let client = |address: &str| Origin { forwarded_for: Some(address.parse().unwrap()), ..from("10.1.2.3") };
        let slot = slots.take(None, &client("192.0.2.1")).unwrap();
        assert!(slots.take(None, &client("192.0.2.1")).is_err(), "whom a proxy names is counted");
        drop(slot);
    }

    #[test]
    fn a_listener_has_its_own() {
        let slots = slots();
        let listener = Arc::new(Semaphore::new(1));
        let slot = slots.take(Some(&listener), &Origin::default()).unwrap();
        assert_eq!(slots.take(Some(&listener), &Origin::default()).unwrap_err(), Full::Listener);
        drop(slots.take(None, &Origin::default()).unwrap());
        drop(slot);
        assert_eq!((slots.taken(), listener.available_permits()), (0, 1));
    }
}
