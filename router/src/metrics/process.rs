//! What the operating system says of the process, under the names all Prometheus libraries use.

use std::fs;
use std::time::{Duration, SystemTime};

use rustix::param::{clock_ticks_per_second, page_size};
use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use super::text::Text;

/// The columns of `/proc/self/stat` behind the program's name, from 0; see proc_pid_stat(5).
mod column {
    pub(super) const UTIME: usize = 11;
    pub(super) const STIME: usize = 12;
    pub(super) const THREADS: usize = 17;
    pub(super) const START: usize = 19;
    pub(super) const VIRTUAL: usize = 20;
    pub(super) const RESIDENT: usize = 21;
}

/// Adds what is known. Where there is no `/proc`, that is nothing.
pub(super) fn describe(text: &mut Text) {
    if let Some(stat) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(columns) {
        let second = clock_ticks_per_second() as f64;
        let cpu = (stat[column::UTIME] + stat[column::STIME]) as f64 / second;
        text.counter("process_cpu_seconds_total", "Processor time used, in seconds.").sample(&[], cpu);
        text.gauge("process_threads", "Threads.").sample(&[], stat[column::THREADS]);
        text.gauge("process_virtual_memory_bytes", "Virtual memory.").sample(&[], stat[column::VIRTUAL]);
        let resident = stat[column::RESIDENT] * page_size() as u64;
        text.gauge("process_resident_memory_bytes", "Resident memory.").sample(&[], resident);
        let started = started(stat[column::START] as f64 / second);
        text.gauge("process_start_time_seconds", "When it started, in seconds since 1970.").sample(&[], started);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        // One of them reads the directory.
        text.gauge("process_open_fds", "Open file descriptors.").sample(&[], open.count().saturating_sub(1));
    }
    if let Some(most) = getrlimit(Resource::Nofile).current {
        text.gauge("process_max_fds", "File descriptors there may be.").sample(&[], most);
    }
}

/// The numbers behind the program's name, which may have spaces and parentheses in it.
fn columns(stat: &str) -> Option<Vec<u64>> {
    let (_, numbers) = stat.rsplit_once(") ")?;
    // Some may be negative; none of those that matter.
    let columns: Vec<u64> = numbers.split(' ').map(|number| number.trim().parse().unwrap_or(0)).collect();
    (columns.len() > column::RESIDENT).then_some(columns)
}

/// Seconds since 1970, of seconds since the system was started.
fn started(after_boot: f64) -> f64 {
    let uptime = clock_gettime(ClockId::Boottime);
    let uptime = uptime.tv_sec as f64 + uptime.tv_nsec as f64 / 1e9;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    // The clocks are read one after the other: hundredths would be pretended.
    (now.as_secs_f64() - uptime + after_boot).round()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_moves_no_column() {
        let stat = "42 (a) b) c) S 1 2 3 4 -1 6 7 8 9 10 700 300 13 14 15 16 4 18 500 1000 25 27\n";
        let columns = columns(stat).unwrap();
        assert_eq!((columns[column::UTIME], columns[column::STIME]), (700, 300));
        assert_eq!((columns[column::THREADS], columns[column::START]), (4, 500));
        assert_eq!((columns[column::VIRTUAL], columns[column::RESIDENT]), (1000, 25));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_described() {
        let mut text = Text::default();
        describe(&mut text);
        let text = text.finish();
        for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"] {
            let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            assert!(value.is_some_and(|value| value.parse::<f64>().unwrap() >= 0.0), "{name}: {text}");
        }
    }
}
