//! How often somebody may fail to prove who they are.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use ahash::AHashMap;
use ipnet::IpNet;
use parking_lot::Mutex;

use super::Origin;

/// How often clients of one address may fail to prove who they are: so many times at once, and as many again each time
/// [`per`](Self::per) is over. Further ones are refused unheard, until some time has passed.
///
/// An address is an IPv4 address or an IPv6 network of 64 bits, which is what one customer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedLogins {
    /// Failures at once; with 0 there is no limit.
    pub limit: u32,
    /// The time after which as many are allowed again.
    pub per: Duration,
}

impl Default for FailedLogins {
    /// Ten in a minute.
    fn default() -> Self {
        Self { limit: 10, per: Duration::from_secs(60) }
    }
}

/// Addresses that failures are known of. When there are more, one that nothing is held against for much longer is
/// forgotten, or any.
const MAX_ADDRESSES: usize = 10_000;

/// The failures of each address.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// With none, everybody may fail as often as they like.
    limit: Option<FailedLogins>,
    /// Whoever comes from there comes for others.
    proxies: Vec<IpNet>,
    addresses: Mutex<AHashMap<IpAddr, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    /// When all of them are forgotten.
    until: Instant,
    /// The log has it that there were too many.
    told: bool,
}

/// There were too many. It may be tried again after this time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooMany(pub(crate) Duration);

impl Attempts {
    pub(crate) fn new(limit: FailedLogins, proxies: Vec<IpNet>) -> Self {
        Self { limit: Some(limit).filter(|limit| limit.limit > 0), proxies, addresses: Mutex::default() }
    }

    /// Whom a client's failures are held against. Nobody, if it comes from this machine: from a program here, or by a
    /// proxy, behind which may be everybody.
    pub(super) fn whose(&self, origin: &Origin) -> Option<IpAddr> {
        let address = origin.address().filter(|address| !address.is_loopback())?;
        let is_proxy = origin.forwarded_for.is_none() && self.proxies.iter().any(|proxies| proxies.contains(&address));
        (self.limit.is_some() && !is_proxy).then(|| super::entrance::network(address))
    }

    /// Whether an address may try.
    pub(super) fn check(&self, whose: Option<IpAddr>, now: Instant) -> Result<(), TooMany> {
        let (Some(limit), Some(address)) = (self.limit, whose) else { return Ok(()) };
        let mut addresses = self.addresses.lock();
        let Some(failures) = addresses.get_mut(&address) else { return Ok(()) };
        limit.one_more(failures.until, now).map(drop).inspect_err(|TooMany(wait)| failures.tell(address, *wait))
    }

    /// Lets an address try. It counts as a failure until it is [taken back](Self::succeeded).
    pub(super) fn begin(&self, whose: Option<IpAddr>, now: Instant) -> Result<(), TooMany> {
        let (Some(limit), Some(address)) = (self.limit, whose) else { return Ok(()) };
        let mut addresses = self.addresses.lock();
        if addresses.len() >= MAX_ADDRESSES && !addresses.contains_key(&address) {
            make_room(&mut addresses, now);
        }
        let failures = addresses.entry(address).or_insert(Failures { until: now, told: false });
        match limit.one_more(failures.until, now) {
            Ok(until) => failures.until = until,
            Err(TooMany(wait)) => {
                failures.tell(address, wait);
                return Err(TooMany(wait));
            }
        }
        Ok(())
    }

    /// It was no failure.
    pub(super) fn succeeded(&self, whose: Option<IpAddr>, now: Instant) {
        let (Some(limit), Some(address)) = (self.limit, whose) else { return };
        let mut addresses = self.addresses.lock();
        let Some(failures) = addresses.get_mut(&address) else { return };
        match failures.until.checked_sub(limit.weight()).filter(|until| *until > now) {
            Some(until) => failures.until = until,
            None => _ = addresses.remove(&address),
        }
    }
}

impl FailedLogins {
    /// How long one failure is remembered.
    fn weight(self) -> Duration {
        self.per / self.limit
    }

    /// Until when one failure more is remembered.
    fn one_more(self, until: Instant, now: Instant) -> Result<Instant, TooMany> {
        let next = until.max(now) + self.weight();
        match (next - now).checked_sub(self.per) {
            Some(wait) if !wait.is_zero() => Err(TooMany(wait)),
            _ => Ok(next),
        }
    }
}

impl Failures {
    fn tell(&mut self, address: IpAddr, wait: Duration) {
        if !std::mem::replace(&mut self.told, true) {
            tracing::warn!(%address, ?wait, "too many failed logins from this address");
        }
    }
}

fn make_room(addresses: &mut AHashMap<IpAddr, Failures>, now: Instant) {
    addresses.retain(|_, failures| failures.until > now);
    if addresses.len() >= MAX_ADDRESSES
        && let Some(any) = addresses.keys().next().copied()
    {
        addresses.remove(&any);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn attempts() -> Attempts {
        Attempts::new(FailedLogins { limit: 3, per: 30 * SECOND }, vec!["10.0.0.0/8".parse().unwrap()])
    }

    fn from(address: &str) -> Origin {
        Origin { peer: Some((address.parse::<IpAddr>().unwrap(), 1).into()), ..Origin::default() }
    }

    #[test]
    fn so_many_failures_are_borne_and_forgotten_one_by_one() {
        let attempts = attempts();
        let whose = attempts.whose(&from("192.0.2.1"));
        let start = Instant::now();
        for _ in 0..3 {
            attempts.check(whose, start).unwrap();
            attempts.begin(whose, start).unwrap();
        }
        assert_eq!(attempts.begin(whose, start), Err(TooMany(10 * SECOND)));
        assert_eq!(attempts.check(whose, start + 4 * SECOND), Err(TooMany(6 * SECOND)));
        attempts.begin(attempts.whose(&from("192.0.2.2")), start).unwrap();
        attempts.begin(whose, start + 10 * SECOND).unwrap();
        attempts.begin(whose, start + 11 * SECOND).unwrap_err();
        // After the whole time, all is well again.
        for _ in 0..3 {
            attempts.begin(whose, start + 60 * SECOND).unwrap();
        }
        attempts.begin(whose, start + 60 * SECOND).unwrap_err();
    }

    #[test]
    fn who_succeeds_has_not_failed() {
        let attempts = attempts();
        let whose = attempts.whose(&from("192.0.2.1"));
        let now = Instant::now();
        for _ in 0..100 {
            attempts.begin(whose, now).unwrap();
            attempts.succeeded(whose, now);
        }
        assert!(attempts.addresses.lock().is_empty());
        // Of guesses made at once each counts until it is known to be right.
        for _ in 0..3 {
            attempts.begin(whose, now).unwrap();
        }
        attempts.begin(whose, now).unwrap_err();
        attempts.succeeded(whose, now);
        attempts.begin(whose, now).unwrap();
    }

    #[test]
    fn a_network_is_one_and_this_machine_and_proxies_are_none() {
        let attempts = attempts();
        let whose = |address: &str| attempts.whose(&from(address));
        assert_eq!(whose("2001:db8::1"), whose("2001:db8::ffff"));
        assert_ne!(whose("2001:db8::1"), whose("2001:db8:0:1::1"));
        assert_eq!(whose("::ffff:192.0.2.1"), whose("192.0.2.1"));
        for nobody in ["127.0.0.1", "::1", "10.1.2.3"] {
            assert_eq!(whose(nobody), None, "{nobody}");
        }
        let behind = Origin { forwarded_for: Some("192.0.2.1".parse().unwrap()), ..from("10.1.2.3") };
        assert_eq!(attempts.whose(&behind), whose("192.0.2.1"));
        assert_eq!(attempts.whose(&Origin::default()), None, "a unix socket has no address");
        assert_eq!(Attempts::new(FailedLogins { limit: 0, per: SECOND }, Vec::new()).whose(&behind), None);
    }

    #[test]
    fn so_many_addresses_are_known_and_no_more() {
        let attempts = attempts();
        let now = Instant::now();
        for number in 0..MAX_ADDRESSES as u128 + 10 {
            attempts.begin(Some(IpAddr::from((number << 64).to_be_bytes())), now).unwrap();
        }
        assert_eq!(attempts.addresses.lock().len(), MAX_ADDRESSES);
    }
}
