//! The machine this runs on.
//!
//! Processors, memory, load and the facts come from `sysinfo`. Three parts don't, on Linux, and these are the
//! reasons (figures of a 2-core virtual machine with four interfaces, per reading):
//!
//! - **Network**: `sysinfo` reads nine files an interface below `/sys/class/net`, 340 µs in all, and takes
//!   a file it can't read for a counter at zero. `/proc/net/dev` is one file and 17 µs.
//! - **Disk space**: `sysinfo` calls statvfs itself, one mount after the other, so one that hangs stops the
//!   caller; and it exposes only the space available to users, from which the percentage of `df` can't be had.
//! - **Disk throughput**: comes with its list of disks, hence with the same statvfs.
//!
//! Processors (10 µs) and memory (12 µs) cost what the bare read of the file costs.

mod cpu;
mod disks;
mod facts;
mod io;
mod load;
mod memory;
mod network;
mod part;
mod proc_file;

use crate::{Facts, Figures, Measure, Parts};

use self::{cpu::Cpu, disks::Disks, io::Io, memory::Memory, network::Network, part::Part};

/// Measures the machine this runs on.
///
/// Every metric has a collector of its own. One that fails is logged when it begins to fail and when it
/// works again, and its part of the sample is absent meanwhile; the others don't notice.
#[derive(Debug, Default)]
pub struct Host {
    cpu: Cpu,
    memory: Memory,
    disks: Disks,
    network: Network,
    io: Io,
    parts: States,
}

/// Which collectors work.
#[derive(Debug)]
struct States {
    cpu: Part,
    memory: Part,
    disks: Part,
    network: Part,
    io: Part,
    load: Part,
    uptime: Part,
}

impl Default for States {
    fn default() -> Self {
        Self {
            cpu: Part::new("cpu"),
            memory: Part::new("memory"),
            disks: Part::new("disks"),
            network: Part::new("network"),
            io: Part::new("disk io"),
            load: Part::new("load"),
            uptime: Part::new("uptime"),
        }
    }
}

impl Host {
    /// Nothing is read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What the machine calls itself.
    pub fn name() -> Option<String> {
        facts::host_name()
    }
}

impl Measure for Host {
    fn facts(&mut self) -> Facts {
        facts::read()
    }

    async fn prime(&mut self) {
        self.parts.cpu.check(self.cpu.read());
        self.parts.network.check(self.network.read());
        self.parts.io.check(self.io.read());
        tokio::time::sleep(cpu::SHORTEST_INTERVAL).await;
    }

    async fn measure(&mut self, parts: Parts) -> Figures {
        let mut figures = Figures {
            net: self.parts.network.check(self.network.read()),
            uptime: self.parts.uptime.check(load::uptime()),
            ..Figures::default()
        };
        if parts.cpus {
            figures.cpus = self.parts.cpu.check(self.cpu.read()).flatten();
            figures.load = self.parts.load.check(load::averages());
        }
        if parts.memory {
            let memory = self.parts.memory.check(self.memory.read());
            (figures.memory, figures.swap) = memory.unzip();
        }
        if parts.disks {
            figures.io = self.parts.io.check(self.io.read());
            figures.disks = self.parts.disks.check(self.disks.read().await);
        }
        figures
    }
}
