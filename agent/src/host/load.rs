//! Load averages and uptime.

use sysinfo::System;

use super::part::CollectError;
use crate::Load;

/// The load averages of 1, 5 and 15 minutes.
pub(super) fn averages() -> Result<[Load; 3], CollectError> {
    let load = System::load_average().map_err(|_| CollectError::NotTold("load average"))?;
    Ok([load.one, load.five, load.fifteen].map(Load::new))
}

/// Seconds since the machine was started.
pub(super) fn uptime() -> Result<u64, CollectError> {
    System::uptime().map_err(|_| CollectError::NotTold("uptime"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_and_uptime_are_those_of_proc() {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap();
        let fifteen: f32 = load.split(' ').nth(2).unwrap().parse().unwrap();
        assert!((averages().unwrap()[2].value() - fifteen).abs() < 0.1);

        let text = std::fs::read_to_string("/proc/uptime").unwrap();
        let seconds: f64 = text.split(' ').next().unwrap().parse().unwrap();
        assert!((uptime().unwrap() as f64 - seconds).abs() < 5.0);
    }
}
