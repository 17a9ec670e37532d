//! Processor time, from the operating system.

use std::fs;

/// What the threads of the peer are called.
pub(crate) const PEER: &str = "peer";

/// What this process has taken so far without the peer's threads, in seconds.
pub(crate) fn of_the_client() -> anyhow::Result<f64> {
    let mut nanoseconds = 0.0;
    for task in fs::read_dir("/proc/self/task")? {
        let path = task?.path();
        // A thread may end meanwhile.
        let Ok(name) = fs::read_to_string(path.join("comm")) else { continue };
        let Ok(text) = fs::read_to_string(path.join("schedstat")) else { continue };
        if name.trim_end() != PEER {
            nanoseconds += text.split_whitespace().next().unwrap_or("0").parse::<f64>()?;
        }
    }
    Ok(nanoseconds / 1e9)
}
