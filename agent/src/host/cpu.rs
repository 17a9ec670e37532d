//! How busy the processors are.

use std::time::{Duration, Instant};

use sysinfo::System;

use super::{part::CollectError, proc_file::ProcFile};
use crate::Percent;

/// Two readings closer than this say the same.
pub(super) const SHORTEST_INTERVAL: Duration = sysinfo::MINIMUM_CPU_UPDATE_INTERVAL;

/// The kernel counts processor time in hundredths of a second. Over a second that makes whole percents,
/// and a decimal would be noise that takes four bytes a core; it starts to mean something here.
const TENTHS_FROM: Duration = Duration::from_secs(5);

/// The use of every logical processor between two readings.
#[derive(Debug)]
pub(super) struct Cpu {
    /// None before the first reading, and after the set of processors changed.
    readings: Option<Readings>,
    /// Which processors are online: `sysinfo` goes on with those of its first reading.
    online: ProcFile,
}

#[derive(Debug)]
struct Readings {
    system: System,
    last: Instant,
    online: String,
}

impl Default for Cpu {
    fn default() -> Self {
        Self { readings: None, online: ProcFile::new("/sys/devices/system/cpu/online") }
    }
}

impl Cpu {
    /// `None` when there is no earlier reading to compare with.
    pub(super) fn read(&mut self) -> Result<Option<Vec<Percent>>, CollectError> {
        // Where this can't be read the processors are taken for fixed.
        let online = self.online.read_text().unwrap_or_default();
        if let Some(readings) = self.readings.as_mut().filter(|readings| readings.online == online) {
            return Ok(Some(readings.update()));
        }
        self.readings = Some(Readings::first(online.to_owned())?);
        Ok(None)
    }
}

impl Readings {
    fn first(online: String) -> Result<Self, CollectError> {
        let mut system = System::new().map_err(|_| CollectError::NotTold("processor times"))?;
        system.refresh_cpu_usage();
        if system.cpus().is_empty() {
            return Err(CollectError::NotTold("processor times"));
        }
        Ok(Self { system, last: Instant::now(), online })
    }

    fn update(&mut self) -> Vec<Percent> {
        let elapsed = self.last.elapsed();
        if elapsed >= SHORTEST_INTERVAL {
            self.last = Instant::now();
            self.system.refresh_cpu_usage();
        }
        let fine = elapsed >= TENTHS_FROM;
        let percent = |usage: f32| Percent::new(f64::from(if fine { usage } else { usage.round() }));
        self.system.cpus().iter().map(|cpu| percent(cpu.usage())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reading_only_primes() {
        let mut cpu = Cpu::default();
        assert_eq!(cpu.read().unwrap(), None);
        let percents = cpu.read().unwrap().unwrap();
        assert_eq!(percents.len(), std::fs::read_to_string("/proc/stat").unwrap().matches("\ncpu").count());
        assert!(percents.iter().all(|percent| (0.0..=100.0).contains(&percent.value())));
    }

    #[test]
    fn a_changed_set_of_processors_is_primed_anew() {
        let mut cpu = Cpu::default();
        cpu.read().unwrap();
        cpu.readings.as_mut().unwrap().online = "0-1023".to_owned();
        assert_eq!(cpu.read().unwrap(), None);
        assert!(cpu.read().unwrap().is_some());
    }
}
