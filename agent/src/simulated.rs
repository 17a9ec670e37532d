//! Machines that exist only as figures, for a demonstration.

use std::time::{SystemTime, UNIX_EPOCH};

use fastrand::Rng;
use tokio::time::Instant;

use crate::{Facts, Figures, Load, MachineId, Measure, Parts, Percent, Space, facts::VERSION};

const GIB: u64 = 1 << 30;

/// A machine that doesn't exist but moves like one.
///
/// What it is (its role, size and disks) follows from its number alone, so it is the same after a restart. How
/// its figures move is random: each swings slowly around what its role usually does, with a rush now and
/// then. [`Facts::simulated`] says what it is.
#[derive(Debug)]
pub struct Simulated {
    number: u32,
    role: &'static Role,
    cores: usize,
    memory: u64,
    disks: Vec<Disk>,
    started: Instant,
    /// Seconds it was up when it came into being.
    uptime: u64,
    random: Rng,
    /// How busy it is, `0.0..=1.0`.
    busy: Swing,
    memory_used: Swing,
    traffic: Swing,
    throughput: Swing,
    load: [f64; 3],
}

/// What a machine is there for, and the share of its means it takes for that.
#[derive(Debug)]
struct Role {
    name: &'static str,
    busy: f64,
    memory: f64,
    /// Bytes per second at full traffic, received and sent.
    traffic: [f64; 2],
    /// Bytes per second at full throughput, read and written.
    throughput: [f64; 2],
    mount: &'static str,
}

const ROLES: [Role; 5] = [
    Role { name: "web", busy: 0.25, memory: 0.45, traffic: [2e6, 2e7], throughput: [2e5, 1e6], mount: "/var/www" },
    Role { name: "db", busy: 0.35, memory: 0.8, traffic: [5e6, 9e6], throughput: [6e7, 4e7], mount: "/var/lib/db" },
    Role { name: "build", busy: 0.6, memory: 0.5, traffic: [4e6, 1e6], throughput: [3e7, 9e7], mount: "/srv/build" },
    Role { name: "cache", busy: 0.15, memory: 0.9, traffic: [3e7, 3e7], throughput: [1e4, 1e5], mount: "/var/cache" },
    Role { name: "files", busy: 0.08, memory: 0.3, traffic: [9e6, 5e7], throughput: [5e7, 2e7], mount: "/srv/files" },
];

#[derive(Debug)]
struct Disk {
    mount: &'static str,
    total: u64,
    used: Swing,
}

impl Simulated {
    /// The machine of this number.
    pub fn new(number: u32) -> Self {
        let mut nature = Rng::with_seed(u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let role = &ROLES[nature.usize(..ROLES.len())];
        let size = nature.u32(1..=4);
        let usual = |usual: f64, nature: &mut Rng| (usual * (0.6 + 0.8 * nature.f64())).clamp(0.01, 0.97);
        let disk = |mount, gib: u64, nature: &mut Rng| Disk {
            mount,
            total: gib * GIB,
            used: Swing::around(0.15 + 0.8 * nature.f64(), 0.002),
        };
        let mut disks = vec![disk("/", 40, &mut nature)];
        if nature.bool() {
            disks.push(disk(role.mount, 250 << nature.u32(..4), &mut nature));
        }
        Self {
            number,
            role,
            cores: 1 << size,
            memory: (4 << size) * GIB,
            disks,
            started: Instant::now(),
            uptime: nature.u64(3600..200 * 24 * 3600),
            busy: Swing::around(usual(role.busy, &mut nature), 0.08),
            memory_used: Swing::around(usual(role.memory, &mut nature), 0.01),
            traffic: Swing::around(usual(0.3, &mut nature), 0.1),
            throughput: Swing::around(usual(0.2, &mut nature), 0.1),
            load: [0.0; 3],
            random: Rng::new(),
        }
    }

    /// The id of this machine: "demo-7".
    pub fn id(&self) -> MachineId {
        let id = format!("demo-{}", self.number).parse();
        id.expect("a short word and a number make a machine id")
    }

    /// What it calls itself: its role and number, "web-7".
    pub fn name(&self) -> String {
        format!("{}-{}", self.role.name, self.number)
    }

    /// An address in the block that is reserved for measurements between networks, 198.18.0.0/15: no machine
    /// really has it.
    pub fn ip(&self) -> String {
        let [_, high, middle, low] = (self.number % (1 << 17)).to_be_bytes();
        format!("198.{}.{middle}.{low}", 18 + high)
    }

    fn cpus(&mut self) -> Vec<Percent> {
        let busy = self.busy.value;
        let random = &mut self.random;
        // Some cores do more of the work than others, and it changes.
        (0..self.cores).map(|_| Percent::new(((busy * (0.4 + 1.2 * random.f64())).min(1.0) * 100.0).round())).collect()
    }

    fn move_on(&mut self) {
        for swing in [&mut self.busy, &mut self.memory_used, &mut self.traffic, &mut self.throughput] {
            swing.step(&mut self.random);
        }
        for disk in &mut self.disks {
            disk.used.step(&mut self.random);
        }
        let runnable = self.busy.value * self.cores as f64;
        for (load, inertia) in self.load.iter_mut().zip([0.98, 0.996, 0.999]) {
            *load = if *load == 0.0 { runnable } else { *load * inertia + runnable * (1.0 - inertia) };
        }
    }

    fn rates(&mut self, full: [f64; 2], level: f64) -> [u64; 2] {
        full.map(|full| (full * level * (0.7 + 0.6 * self.random.f64())) as u64)
    }
}

impl Measure for Simulated {
    fn facts(&mut self) -> Facts {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Facts {
            os: "Simulated Linux 1".to_owned(),
            kernel: "6.0.0".to_owned(),
            arch: "x86_64".to_owned(),
            cpu: "Simulated".to_owned(),
            cores: self.cores,
            boot: now.as_secs().saturating_sub(self.uptime),
            version: VERSION.to_owned(),
            simulated: true,
        }
    }

    async fn prime(&mut self) {}

    async fn measure(&mut self, parts: Parts) -> Figures {
        self.move_on();
        let mut figures = Figures {
            net: Some(self.rates(self.role.traffic, self.traffic.value)),
            uptime: Some(self.uptime + self.started.elapsed().as_secs()),
            ..Figures::default()
        };
        if parts.cpus {
            figures.cpus = Some(self.cpus());
            figures.load = Some(self.load.map(Load::new));
        }
        if parts.memory {
            let swap = 2 * GIB;
            let swapped = (self.memory_used.value - 0.7).max(0.0) * 0.5;
            figures.memory = Some(share(self.memory, self.memory_used.value));
            figures.swap = Some(share(swap, swapped));
        }
        if parts.disks {
            let disks = self.disks.iter();
            let space = |disk: &Disk| (disk.mount.to_owned(), share(disk.total, disk.used.value));
            figures.disks = Some(disks.map(space).collect());
            figures.io = Some(self.rates(self.role.throughput, self.throughput.value));
        }
        figures
    }
}

/// Whole pages of `total`.
fn share(total: u64, part: f64) -> Space {
    Space { used: ((total as f64 * part) as u64).min(total) & !4095, total }
}

/// A share that wanders around what is usual for it.
#[derive(Debug)]
struct Swing {
    value: f64,
    usual: f64,
    /// How far it goes in one step.
    restless: f64,
    /// Steps that a rush goes on.
    rush: u32,
}

impl Swing {
    fn around(usual: f64, restless: f64) -> Self {
        Self { value: usual, usual, restless, rush: 0 }
    }

    fn step(&mut self, random: &mut Rng) {
        if self.rush > 0 {
            self.rush -= 1;
        } else if random.u32(..300) == 0 {
            self.rush = random.u32(5..30);
        }
        let target = if self.rush > 0 { self.usual + self.restless * 5.0 } else { self.usual };
        let pull = (target - self.value) * 0.15;
        let push = (random.f64() - 0.5) * self.restless;
        self.value = (self.value + pull + push).clamp(0.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_figures_are_possible_and_move() {
        for number in 0..50 {
            let mut machine = Simulated::new(number);
            assert!(machine.facts().simulated);
            let first = machine.measure(Parts::ALL).await;
            for _ in 0..500 {
                let figures = machine.measure(Parts::ALL).await;
                let cpus = figures.cpus.as_ref().unwrap();
                assert_eq!(cpus.len(), machine.facts().cores);
                assert!(cpus.iter().all(|percent| (0.0..=100.0).contains(&percent.value())));
                let disks = figures.disks.as_ref().unwrap().iter().map(|(_, space)| *space);
                for space in disks.chain(figures.memory).chain(figures.swap) {
                    assert!(space.used <= space.total && space.total > 0);
                }
            }
            assert_ne!(machine.measure(Parts::ALL).await, first);
        }
    }

    #[test]
    fn a_machine_is_the_same_after_a_restart_and_different_from_the_others() {
        let nature = |number| {
            let mut machine = Simulated::new(number);
            (machine.id(), machine.name(), machine.ip(), machine.facts().cores, machine.memory)
        };
        assert_eq!(nature(7), nature(7));
        assert_eq!(nature(7).0.as_str(), "demo-7");
        let ids: std::collections::BTreeSet<_> = (0..5000).map(|number| nature(number).2).collect();
        assert_eq!(ids.len(), 5000);
        assert_eq!(nature(70_000).2, "198.19.17.112");
    }

    #[tokio::test]
    async fn hidden_parts_are_not_measured() {
        let parts = Parts { cpus: false, memory: false, disks: false };
        let Figures { cpus, memory, swap, disks, net, io, load, uptime } = Simulated::new(1).measure(parts).await;
        assert!(cpus.is_none() && memory.is_none() && swap.is_none() && disks.is_none());
        assert!(io.is_none() && load.is_none() && net.is_some() && uptime.is_some());
    }
}
