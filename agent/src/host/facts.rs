//! What the system says about itself.

use sysinfo::System;

use crate::{Facts, facts::VERSION};

/// What the machine calls itself.
pub(super) fn host_name() -> Option<String> {
    System::host_name().ok().filter(|name| !name.is_empty())
}

/// The facts; what the system doesn't tell is empty.
pub(super) fn read() -> Facts {
    let (cpu, cores) = processors();
    Facts {
        os: operating_system(),
        kernel: System::kernel_version().unwrap_or_default(),
        arch: System::cpu_arch(),
        cpu,
        cores,
        boot: System::boot_time().unwrap_or(0),
        version: VERSION.to_owned(),
        simulated: false,
    }
}

fn operating_system() -> String {
    let name = System::name().unwrap_or_default();
    match System::os_version() {
        Ok(version) if !version.is_empty() => format!("{name} {version}"),
        _ => name,
    }
}

fn processors() -> (String, usize) {
    let Ok(mut system) = System::new() else {
        return (String::new(), 0);
    };
    system.refresh_cpu_usage();
    let model = system.cpus().first().map(|cpu| cpu.brand().to_owned());
    (model.unwrap_or_default(), system.cpus().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_facts_are_those_of_this_machine() {
        let facts = read();
        assert_eq!(facts.arch, std::env::consts::ARCH);
        assert_eq!(facts.kernel, std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap().trim());
        assert!(facts.cores > 0 && !facts.os.is_empty() && !facts.cpu.is_empty(), "{facts:?}");
        assert!(!facts.simulated && facts.boot > 1_000_000_000);
        assert!(host_name().is_some());
    }
}
