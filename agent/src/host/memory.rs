//! Memory and swap.

use sysinfo::System;

use super::part::CollectError;
use crate::Space;

/// How much memory and swap are in use.
#[derive(Debug, Default)]
pub(super) struct Memory {
    system: Option<System>,
}

impl Memory {
    /// Memory, then swap.
    ///
    /// Used memory is what could not be had by dropping caches: the total without `MemAvailable`, as
    /// `free` has it.
    pub(super) fn read(&mut self) -> Result<(Space, Space), CollectError> {
        const WHAT: CollectError = CollectError::NotTold("size of the memory");
        let system = match &mut self.system {
            Some(system) => system,
            none => none.insert(System::new().map_err(|_| WHAT)?),
        };
        system.refresh_memory();
        let used = |total: u64, free: u64| Space { used: total.saturating_sub(free), total };
        match system.total_memory() {
            0 => Err(WHAT),
            total => Ok((used(total, system.available_memory()), used(system.total_swap(), system.free_swap()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_that_of_meminfo() {
        let (memory, swap) = Memory::default().read().unwrap();
        let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap();
        let total = |name: &str| -> u64 {
            let line = meminfo.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
        };
        assert_eq!((memory.total, swap.total), (total("MemTotal:"), total("SwapTotal:")));
        assert!(0 < memory.used && memory.used < memory.total);
        assert!(swap.used <= swap.total);
    }
}
