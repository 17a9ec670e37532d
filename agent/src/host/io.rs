//! Disk throughput.

use std::{collections::BTreeMap, path::Path, time::Instant};

use super::{
    part::CollectError,
    proc_file::{Malformed, ProcFile},
};
use crate::PairRates;

/// A sector of `/proc/diskstats` has this size, whatever that of the device is.
const SECTOR: u64 = 512;

/// Bytes per second read from and written to the disks.
#[derive(Debug)]
pub(super) struct Io {
    counters: ProcFile,
    throughput: Throughput,
}

impl Default for Io {
    fn default() -> Self {
        Self { counters: ProcFile::new("/proc/diskstats"), throughput: Throughput::default() }
    }
}

impl Io {
    /// The rates since the last reading; zero at the first one.
    pub(super) fn read(&mut self) -> Result<[u64; 2], CollectError> {
        let text = self.counters.read_text()?;
        let rates = self.throughput.update(text, Instant::now());
        rates.map_err(|line| self.counters.malformed(line))
    }
}

#[derive(Debug, Default)]
struct Throughput {
    /// Whether a device is a whole physical disk, each looked up once.
    is_disk: BTreeMap<String, bool>,
    rates: PairRates,
}

impl Throughput {
    /// Counted in sectors, which are the numbers that wrap, and turned into bytes at the end.
    fn update(&mut self, text: &str, now: Instant) -> Result<[u64; 2], Malformed> {
        let mut disks = Vec::new();
        for line in text.lines() {
            let (name, sectors) = parse(line).ok_or_else(|| Malformed(line.to_owned()))?;
            if self.is_disk(name) {
                disks.push((name, sectors));
            }
        }
        Ok(self.rates.update(disks, now).map(|sectors| sectors.saturating_mul(SECTOR)))
    }

    /// Partitions, and devices stacked on others (LVM, RAID, encryption, loops), would count twice;
    /// a disk in memory is none. All of these have no hardware behind them in sysfs.
    fn is_disk(&mut self, name: &str) -> bool {
        if let Some(&known) = self.is_disk.get(name) {
            return known;
        }
        // sysfs writes the slash of a name (cciss/c0d0) as an exclamation mark.
        let is_disk = Path::new("/sys/block").join(name.replace('/', "!")).join("device").exists();
        self.is_disk.insert(name.to_owned(), is_disk);
        is_disk
    }
}

/// The name and the sectors read and written from a line of `/proc/diskstats`.
fn parse(line: &str) -> Option<(&str, [u64; 2])> {
    let mut fields = line.split_ascii_whitespace().skip(2);
    let name = fields.next()?;
    let read = fields.nth(2)?.parse().ok()?;
    let written = fields.nth(3)?.parse().ok()?;
    Some((name, [read, written]))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const VDA: &str =
        " 254       0 vda 68490 25389 4263978 24598 21893 21617 2202440 5042 0 15676 30238 8012 49 620744 497 3165 100";

    #[test]
    fn lines_give_sectors_read_and_written() {
        assert_eq!(parse(VDA), Some(("vda", [4_263_978, 2_202_440])));
        for bad in ["", "254 0 vda", "254 0 vda 1 2 3 4 5 6", "254 0 vda 1 2 x 4 5 6 7"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn whole_disks_count_and_everything_on_top_of_them_does_not() {
        let known = [("sda", true), ("sdb", true), ("sda1", false), ("dm-0", false), ("loop0", false)];
        let mut throughput = Throughput {
            is_disk: known.map(|(name, is_disk)| (name.to_owned(), is_disk)).into(),
            ..Throughput::default()
        };
        let text = |sectors: u64| -> String {
            known.map(|(name, _)| format!("8 0 {name} 1 1 {sectors} 1 1 1 {sectors} 1\n")).concat()
        };
        let start = Instant::now();
        assert_eq!(throughput.update(&text(10), start), Ok([0, 0]));
        let later = throughput.update(&text(12), start + Duration::from_secs(1));
        assert_eq!(later, Ok([2 * 2 * 512, 2 * 2 * 512]));
        assert_eq!(throughput.update("nonsense", start), Err(Malformed("nonsense".to_owned())));
    }

    #[test]
    fn this_machine_is_understood() {
        let mut io = Io::default();
        assert_eq!(io.read().unwrap(), [0, 0]);
        io.read().unwrap();
    }
}
