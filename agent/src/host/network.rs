//! Network traffic.

use std::{collections::BTreeMap, path::Path, time::Instant};

use super::{
    part::CollectError,
    proc_file::{Malformed, ProcFile},
};
use crate::PairRates;

/// Bytes per second received and sent by the network interfaces that lead out of the machine.
#[derive(Debug)]
pub(super) struct Network {
    counters: ProcFile,
    traffic: Traffic,
}

impl Default for Network {
    fn default() -> Self {
        Self { counters: ProcFile::new("/proc/net/dev"), traffic: Traffic::default() }
    }
}

impl Network {
    /// The rates since the last reading; zero at the first one.
    pub(super) fn read(&mut self) -> Result<[u64; 2], CollectError> {
        let text = self.counters.read_text()?;
        let rates = self.traffic.update(text, Instant::now());
        rates.map_err(|line| self.counters.malformed(line))
    }
}

#[derive(Debug, Default)]
struct Traffic {
    kinds: Kinds,
    rates: PairRates,
}

impl Traffic {
    fn update(&mut self, text: &str, now: Instant) -> Result<[u64; 2], Malformed> {
        let mut interfaces = Vec::new();
        // Two lines are headings.
        for line in text.lines().skip(2) {
            let (name, bytes) = parse(line).ok_or_else(|| Malformed(line.to_owned()))?;
            match self.kinds.of(name) {
                Kind::Loopback => {}
                kind => interfaces.push((kind, name, bytes)),
            }
        }
        // Traffic of a bridge, bond, tunnel or container passes a physical interface as well and would
        // count twice. Inside of a container there are only virtual ones.
        if interfaces.iter().any(|&(kind, ..)| kind == Kind::Physical) {
            interfaces.retain(|&(kind, ..)| kind == Kind::Physical);
        }
        Ok(self.rates.update(interfaces.into_iter().map(|(_, name, bytes)| (name, bytes)), now))
    }
}

/// The name and the bytes received and sent from a line of `/proc/net/dev`.
fn parse(line: &str) -> Option<(&str, [u64; 2])> {
    // A name may hold a colon (an alias), a counter can't.
    let (name, counters) = line.rsplit_once(':')?;
    let mut counters = counters.split_ascii_whitespace();
    let received = counters.next()?.parse().ok()?;
    let sent = counters.nth(7)?.parse().ok()?;
    Some((name.trim_start(), [received, sent]))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Talks to the machine itself.
    Loopback,
    /// Stands for a piece of hardware.
    Physical,
    /// Made by the kernel on top of others, or the machine's end of a pipe.
    Virtual,
}

/// The kinds of the interfaces seen, each looked up once.
#[derive(Debug, Default)]
struct Kinds(BTreeMap<String, Kind>);

impl Kinds {
    fn of(&mut self, name: &str) -> Kind {
        if let Some(&kind) = self.0.get(name) {
            return kind;
        }
        let kind = if name == "lo" {
            Kind::Loopback
        } else if Path::new("/sys/class/net").join(name).join("device").exists() {
            Kind::Physical
        } else {
            Kind::Virtual
        };
        // Machines that start containers make names without end.
        if self.0.len() >= 1024 {
            self.0.clear();
        }
        self.0.insert(name.to_owned(), kind);
        kind
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn lines_give_received_and_sent_bytes() {
        let line = "  eth0: 214190336    7912    0    0    0     0          0         0   829194    6135    0    0    0     0       0          0";
        assert_eq!(parse(line), Some(("eth0", [214_190_336, 829_194])));
        // Old kernels leave no space after the colon.
        assert_eq!(parse("eth0:1 2 3 4 5 6 7 8 9 10"), Some(("eth0", [1, 9])));
        assert_eq!(parse("eth0:1: 1 2 3 4 5 6 7 8 9 10"), Some(("eth0:1", [1, 9])));
        for bad in ["", "eth0", "eth0: 1 2", "eth0: x 2 3 4 5 6 7 8 9"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    /// The rates when every interface goes from 0 to 1000 bytes in a second.
    fn rates_of(interfaces: &[(&str, Kind)]) -> [u64; 2] {
        let text = |count: u64| {
            let line = |(name, _): &(&str, Kind)| format!("{name}: {count} 0 0 0 0 0 0 0 {count} 0\n");
            format!("heading\nheading\n{}", interfaces.iter().map(line).collect::<String>())
        };
        let kinds = interfaces.iter().map(|&(name, kind)| (name.to_owned(), kind)).collect();
        let mut traffic = Traffic { kinds: Kinds(kinds), ..Traffic::default() };
        let start = Instant::now();
        traffic.update(&text(0), start).unwrap();
        traffic.update(&text(1000), start + Duration::from_secs(1)).unwrap()
    }

    #[test]
    fn virtual_interfaces_count_only_where_there_are_no_physical_ones() {
        let (lo, eth, veth) = (("lo", Kind::Loopback), ("eth0", Kind::Physical), ("veth", Kind::Virtual));
        assert_eq!(rates_of(&[lo, eth, veth]), [1000, 1000]);
        assert_eq!(rates_of(&[lo, eth, ("eth1", Kind::Physical)]), [2000, 2000]);
        assert_eq!(rates_of(&[lo, veth]), [1000, 1000]);
        assert_eq!(rates_of(&[lo]), [0, 0]);
    }

    #[test]
    fn a_line_that_is_not_understood_is_named() {
        let malformed = Traffic::default().update("a\nb\neth0: one\n", Instant::now());
        assert_eq!(malformed, Err(Malformed("eth0: one".to_owned())));
    }

    #[test]
    fn this_machine_is_understood() {
        let mut network = Network::default();
        assert_eq!(network.read().unwrap(), [0, 0]);
        network.read().unwrap();
    }
}
