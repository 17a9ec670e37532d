//! Disk space, by mount.

mod mounts;
mod prober;

use std::{io, path::Path};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{StatVfs, statvfs},
};

use self::{
    mounts::{Mount, worth_showing},
    prober::Prober,
};
use super::{part::CollectError, proc_file::ProcFile};
use crate::Space;

/// The space of the file systems that keep things.
///
/// `used / total` is the percentage that `df` shows (which rounds up). To that end the total is what users
/// can have: the reserve that some file systems keep for root counts as neither used nor there.
#[derive(Debug)]
pub(super) struct Disks {
    mountinfo: ProcFile,
    mounts: Vec<Mount>,
    prober: Prober,
}

impl Default for Disks {
    fn default() -> Self {
        Self { mountinfo: ProcFile::new("/proc/self/mountinfo"), mounts: Vec::new(), prober: Prober::new(ask) }
    }
}

impl Disks {
    /// The space of those that answer, by mount point.
    pub(super) async fn read(&mut self) -> Result<Vec<(String, Space)>, CollectError> {
        if self.mounts_changed() {
            self.mounts = worth_showing(self.mountinfo.read()?);
        }
        Ok(self.prober.ask(&self.mounts).await)
    }

    /// The kernel says whether anything was mounted since it was last asked; reading the list every time
    /// would cost more than all the rest of a measurement.
    fn mounts_changed(&self) -> bool {
        let Some(file) = self.mountinfo.file() else {
            return true;
        };
        let mut waiting = [PollFd::new(file, PollFlags::PRI)];
        match poll(&mut waiting, Some(&Timespec::default())) {
            Ok(_) => !waiting[0].revents().is_empty(),
            Err(_) => true,
        }
    }
}

/// Asks the system; blocks as long as the file system does.
fn ask(point: &Path) -> io::Result<Space> {
    Ok(space(&statvfs(point)?))
}

fn space(stat: &StatVfs) -> Space {
    let block = stat.f_frsize;
    let used = stat.f_blocks.saturating_sub(stat.f_bfree);
    // Some file systems tell a negative number when even the reserve is in use.
    let available = if (stat.f_bavail as i64) < 0 { 0 } else { stat.f_bavail };
    Space { used: used.saturating_mul(block), total: used.saturating_add(available).saturating_mul(block) }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[tokio::test]
    async fn percentages_are_those_of_df() {
        let mut disks = Disks::default();
        let measured = disks.read().await.unwrap();
        assert_eq!(measured[0].0, "/");
        for (mount, space) in measured {
            let df = Command::new("df").args(["--output=pcent,target", "--", &mount]).output().unwrap();
            let df = String::from_utf8(df.stdout).unwrap();
            let percent: f64 = df.lines().nth(1).unwrap().trim().split('%').next().unwrap().parse().unwrap();
            let ours = space.used as f64 / space.total as f64 * 100.0;
            assert!((ours - percent).abs() <= 1.0, "{mount}: {ours} is not {percent}");
        }
    }

    #[tokio::test]
    async fn the_list_of_mounts_is_read_only_when_it_changed() {
        let mut disks = Disks::default();
        assert!(disks.mounts_changed());
        disks.read().await.unwrap();
        assert!(!disks.mounts_changed());
    }

    #[test]
    fn the_reserve_is_neither_used_nor_there() {
        let mut stat = statvfs("/").unwrap();
        (stat.f_frsize, stat.f_blocks, stat.f_bfree, stat.f_bavail) = (4096, 1000, 400, 350);
        assert_eq!(space(&stat), Space { used: 600 * 4096, total: 950 * 4096 });
        // The reserve itself is in use.
        (stat.f_bfree, stat.f_bavail) = (20, -30_i64 as u64);
        assert_eq!(space(&stat), Space { used: 980 * 4096, total: 980 * 4096 });
    }
}
